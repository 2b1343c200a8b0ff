# SPDX-License-Identifier: Apache-2.0
"""Rows that the log will not bring, and servers that change: nothing is lost,
whenever the relay ends."""

import itertools
import threading
import time

import pytest

from testing.integration.faults import (assert_healed_after_a_purge,
                                        purge_past_the_checkpoint)
from testing.integration.outbox import make_outbox
from testing.integration.topic_reader import TopicReader
from testing.servers.deadline import wait_until

pytestmark = pytest.mark.faults
_FAST = ('--checkpoint-interval=100ms',)
_MIB = 1 << 20


def _bytes(payloads):
    return {payload.encode() for payload in payloads}


def _numbers(first, last):
    return [str(number) for number in range(first, last + 1)]


def _insert_now_and_then(over, outbox, topic):
    with outbox.connect() as session:
        for number in itertools.count(1):
            outbox.insert(topic, str(number), session=session)
            if over.wait(0.03):
                return


def _saved(outbox):
    return outbox.execute('SELECT gtids, log_file, log_offset FROM '
                          'kafka_outbox_checkpoint')


def _insert_as_statement(outbox, topic, payload):
    with outbox.connect() as session, session.cursor() as cursor:
        cursor.execute("SET SESSION binlog_format = 'STATEMENT'")
        cursor.execute(
            f'INSERT INTO {outbox.name} (topic, payload_json, '
            f"payload_headers) VALUES ('{topic}', '{payload}', '{{}}')")


def _wait_compared(relay):
    """Waits for the sweep that every first start ends with."""
    wait_until(lambda: relay.says('sweep.finished', 'table was compared'),
               'the first sweep alongside')


def _wait_all(reader, payloads, timeout=120):
    reader.wait_for(lambda records: _bytes(payloads) <= set(reader.values()),
                    'every row', timeout)


def _skip_and_truncate(make_relay, outbox, kafka, while_down):
    outbox.create()
    outbox.insert_many('skipped', _numbers(1, 30))
    relay = make_relay(outbox, kafka, '--start=latest', *_FAST)
    relay.start().wait_ready().wait_streaming()
    if while_down:
        relay.stop()
    outbox.execute(f'TRUNCATE {outbox.name}')
    return relay


def test_statement_under_ids_that_were_skipped_is_published(
        make_relay, outbox, kafka, topic, read):
    relay = _skip_and_truncate(make_relay, outbox, kafka, while_down=False)
    _insert_as_statement(outbox, topic, '1')
    _wait_all(read(topic), ['1'])
    assert relay.running()


def test_purged_rows_under_ids_that_were_skipped_are_published(
        make_relay, own_server, kafka, topic, read):
    outbox = make_outbox(own_server())
    relay = _skip_and_truncate(make_relay, outbox, kafka, while_down=True)
    outbox.insert_many(topic, _numbers(1, 20))
    purge_past_the_checkpoint(outbox)
    relay.start().wait_ready()
    _wait_all(read(topic), _numbers(1, 20))
    assert_healed_after_a_purge(relay)


@pytest.mark.parametrize('end', ['kill', 'stop'])
def test_statement_that_was_read_is_swept_after_a_restart(
        make_relay, outbox, own_kafka, end):
    broker = own_kafka()
    topic = broker.create_topic('events')
    outbox.create()
    relay = make_relay(outbox, broker, '--shutdown-timeout=1s', *_FAST)
    relay.start().wait_ready().wait_streaming()
    outbox.insert(topic, '1')
    reader = TopicReader(broker.address, topic)
    reader.wait_count(1)
    relay.wait_acknowledged()
    broker.kill()  # The sweep can begin, and not end.
    before = _saved(outbox)
    _insert_as_statement(outbox, topic, '2')
    wait_until(lambda: relay.says('stream.statement'), 'it is read')
    wait_until(lambda: _saved(outbox) != before, 'it is passed')
    getattr(relay, end)()
    broker.start()
    relay.start().wait_ready()
    _wait_all(reader, ['1', '2'])
    reader.close()


@pytest.mark.mysql
def test_first_start_beside_a_writer_repeats_nothing(
        make_relay, own_server, kafka, new_topic, read):
    """What is committed while the place to begin at is asked for comes by the
    log and stands in the table."""
    # Each commit is in the log long before it is executed, and seldom is
    # another behind it by then.
    server = own_server('--binlog-group-commit-sync-delay=20000')
    for _ in range(8):
        outbox = make_outbox(server).create()
        topic = new_topic()
        over = threading.Event()
        writer = threading.Thread(target=_insert_now_and_then,
                                  args=(over, outbox, topic))
        writer.start()
        try:
            wait_until(lambda: outbox.count() > 5, 'rows before the start')
            relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
            relay.wait_streaming()
        finally:
            over.set()
            writer.join()
        reader = read(topic)
        outbox.insert(topic, '"end"')
        reader.wait_for(lambda records: b'"end"' in reader.values(), 'the end')
        relay.stop()
        assert len(reader.read_to_end()) == outbox.count()


def test_row_that_is_logged_nowhere_is_found_by_the_interval(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--sweep-interval=2s', *_FAST)
    relay.start().wait_ready()
    _wait_compared(relay)
    with outbox.connect() as session, session.cursor() as cursor:
        cursor.execute('SET SESSION sql_log_bin = 0')
        outbox.insert(topic, '1', session=session)
    reader = read(topic)
    reader.wait_count(1)
    assert relay.metric('outbox_relay_sweeps_total', reason='interval') >= 1


def test_interval_goes_on_over_restarts(make_relay, outbox, kafka, topic,
                                        read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--sweep-interval=10s', *_FAST)
    relay.start().wait_ready()
    _wait_compared(relay)
    with outbox.connect() as session, session.cursor() as cursor:
        cursor.execute('SET SESSION sql_log_bin = 0')
        outbox.insert(topic, '1', session=session)
    reader = read(topic)
    end = time.monotonic() + 120
    lives = 3
    while not reader.poll(lives):
        # No process lives for the interval.
        assert time.monotonic() < end, 'there is no sweep'
        lives = min(lives + 1, 8)
        relay.stop()
        relay.start().wait_ready()
    assert reader.values() == [b'1']


def test_new_rows_under_old_ids_are_not_deleted_before_they_are_published(
        make_relay, outbox, own_kafka):
    broker = own_kafka()
    topic = broker.create_topic('events', max_message_bytes=4 * _MIB)
    outbox.create()
    relay = make_relay(outbox, broker, '--retention=8s',
                       '--kafka-queue-bytes=1MiB', *_FAST)
    relay.start().wait_ready().wait_streaming()
    reader = TopicReader(broker.address, topic)
    outbox.insert_many(topic, _numbers(1, 20))
    reader.wait_count(20)
    relay.wait_acknowledged()
    broker.kill()
    # Reading stops in the middle of these, before the TRUNCATE.
    filler = '"' + 'x' * (_MIB // 2) + '"'
    for _ in range(8):
        outbox.insert(topic, filler)
    outbox.execute(f'TRUNCATE {outbox.name}')
    new = _numbers(101, 140)
    outbox.insert_many(topic, new)
    time.sleep(9)  # The retention of the first twenty.
    held = 0
    for _ in range(3):
        wait_until(lambda last=held:
                   relay.metric('outbox_relay_cleanup_held_seconds') > last,
                   'another pass over the table that keeps the rows')
        held = relay.metric('outbox_relay_cleanup_held_seconds')
    assert outbox.count() == len(new)
    broker.start()
    _wait_all(reader, new)
    wait_until(lambda: outbox.count() == 0, 'all is pruned in the end', 120)
    reader.close()


@pytest.mark.parametrize('way', ['first start', 'purge'])
def test_killed_again_and_again_while_it_publishes_from_the_table(
        make_relay, own_server, kafka, topic, read, way):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka, *_FAST)
    if way == 'purge':
        relay.start().wait_ready()
        outbox.insert(topic, '0')
        read(topic).wait_count(1)
        relay.stop()
    rows = _numbers(1, 30000)
    outbox.insert_many(topic, rows, chunk=1000)
    if way == 'purge':
        server.execute('FLUSH BINARY LOGS')
        last = server.execute('SHOW BINARY LOGS')[-1][0]
        server.execute(f"PURGE BINARY LOGS TO '{last}'")
    reader = read(topic)
    for kill in range(4):
        relay.start()
        reader.wait_count(5000 * (kill + 1), timeout=120)
        relay.kill()
    late = outbox.insert(topic, '"late"')
    relay.start().wait_ready()
    _wait_all(reader, rows + ['"late"'])
    assert outbox.row(late, 'errored') == (0,)
    if way == 'first start':
        assert not relay.says('ledger.voided')


def test_stop_in_the_middle_of_a_large_transaction_repeats_nothing(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--shutdown-timeout=120s',
                       *_FAST).start().wait_ready()
    rows = _numbers(1, 100000)
    with outbox.connect(autocommit=False) as session:
        outbox.insert_many(topic, rows, session=session, chunk=5000)
        session.commit()
    reader = read(topic)
    reader.wait_count(1)
    assert relay.stop(timeout=130) == 0
    relay.start().wait_ready()
    outbox.insert(topic, '"end"')
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    reader.read_to_end()
    assert reader.values() == [row.encode() for row in rows] + [b'"end"']


def test_statements_of_one_minute_are_one_sweep_and_none_is_left_out(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    reader = read(topic)
    for number in range(1, 4):
        _insert_as_statement(outbox, topic, str(number))
    reader.wait_count(3, timeout=150)
    assert relay.metric('outbox_relay_sweeps_total', reason='statement') <= 2


def _replica_of(source, own_server):
    replica = own_server('--server-id=2', '--read-only=ON')
    source.execute("CREATE USER repl@'%' IDENTIFIED BY 'repl'")
    source.execute("GRANT REPLICATION SLAVE ON *.* TO repl@'%'")
    replica.execute(
        f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{source.host}', "
        f"SOURCE_PORT = {source.port}, SOURCE_USER = 'repl', "
        "SOURCE_PASSWORD = 'repl', SOURCE_AUTO_POSITION = 1, "
        'GET_SOURCE_PUBLIC_KEY = 1')
    replica.execute('START REPLICA')
    return replica


def _executed(server):
    return server.execute('SELECT @@global.gtid_executed')[0][0]


def _uuid(server):
    return server.execute('SELECT @@global.server_uuid')[0][0]


def _caught_up(source, replica):
    wanted = _executed(source)
    wait_until(lambda: replica.execute(
        'SELECT GTID_SUBSET(%s, @@global.gtid_executed)', (wanted,))[0][0],
        'the replica has everything')


def _promote(replica):
    replica.execute('STOP REPLICA')
    replica.execute('RESET REPLICA ALL')
    replica.execute('SET GLOBAL super_read_only = OFF')
    replica.execute('SET GLOBAL read_only = OFF')


@pytest.mark.mysql
def test_switchover_under_open_connections_is_followed(
        make_relay, own_server, kafka, topic, read):
    old = own_server()
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(outbox, kafka, *_FAST, variables={
        'DB_HOST': f'127.0.0.1:{old.port},127.0.0.1:{new.port}',
        'DB_PORT': None}).start().wait_ready().wait_streaming()
    outbox.insert_many(topic, _numbers(1, 100))
    reader = read(topic)
    reader.wait_count(100)
    assert relay.metric('outbox_relay_active') == 1
    old.execute('SET GLOBAL super_read_only = ON')
    wait_until(lambda: relay.metric('outbox_relay_active') == 0,
               'it publishes no more')
    assert relay.status()['state'] == 'waiting'
    _caught_up(old, new)
    _promote(new)
    outbox.server = new
    outbox.insert_many(topic, _numbers(101, 200))
    reader.wait_count(200, timeout=60)
    reader.read_to_end()
    assert reader.values() == [row.encode() for row in _numbers(1, 200)]
    assert relay.metric('outbox_relay_active') == 1
    assert not relay.says('ledger.voided')
    assert not relay.says('stream.history_rewritten')
    saved = _saved(outbox)
    outbox.insert(topic, '"saved"')
    wait_until(lambda: _saved(outbox) != saved, 'a save on the new primary')


@pytest.mark.mysql
def test_failover_that_lost_transactions_is_gone_along_with(
        make_relay, own_server, kafka, topic, read):
    old = own_server()
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(
        outbox, kafka, '--failover-grace=3s', *_FAST, variables={
            'DB_HOST': f'127.0.0.1:{old.port},127.0.0.1:{new.port}',
            'DB_PORT': None}).start().wait_ready()
    outbox.insert_many(topic, _numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    _caught_up(old, new)
    new.execute('STOP REPLICA')
    outbox.insert_many(topic, _numbers(51, 60))  # Only the old one has them.
    reader.wait_count(60)
    before = _saved(outbox)
    outbox.insert(topic, '"saved"')
    wait_until(lambda: _saved(outbox) != before, 'a save')
    uuid = _uuid(old)
    old.kill()
    _promote(new)
    outbox.server = new
    rows = _numbers(1001, 1030)  # Under the ids of those that were lost.
    outbox.insert_many(topic, rows)
    _wait_all(reader, rows)
    assert relay.running() and not relay.says('stream.history_rewritten')
    assert relay.says('stream.transactions_lost', f'gtids={uuid}:')
    assert relay.metric('outbox_relay_failover_lost_transactions_total') >= 2
    before = _saved(outbox)
    outbox.insert(topic, '"saved there"')
    wait_until(lambda: _saved(outbox) != before, 'a save on the new primary')
    assert new.execute('SELECT GTID_SUBSET(%s, @@global.gtid_executed)',
                       (_saved(outbox)[0][0],))[0][0]


@pytest.mark.mysql
def test_primary_that_counts_anew_what_a_failover_lost_is_read(
        make_relay, own_server, kafka, topic, read):
    old = own_server('--read-only=ON')
    old.execute('SET GLOBAL read_only = OFF')
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(
        outbox, kafka, '--failover-grace=1s', *_FAST, variables={
            'DB_HOST': f'127.0.0.1:{old.port},127.0.0.1:{new.port}',
            'DB_PORT': None}).start().wait_ready().wait_streaming()
    outbox.insert_many(topic, _numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    _caught_up(old, new)
    new.execute('STOP REPLICA')
    for number in range(51, 61):
        outbox.insert(topic, str(number))
    reader.wait_count(60)
    relay.wait_acknowledged()
    uuid = _uuid(old)
    old.kill()
    _promote(new)
    outbox.server = new
    outbox.insert(topic, '"new"')
    _wait_all(reader, ['"new"'])
    relay.wait_acknowledged()
    # The old one is built anew of what the new one has, and takes over.
    old.start()
    new.execute('SET GLOBAL super_read_only = ON')
    outbox.server = old
    outbox.execute('RESET BINARY LOGS AND GTIDS')
    outbox.execute('SET GLOBAL gtid_purged = %s', (_executed(new),))
    rows = _numbers(2001, 2060)
    with outbox.connect() as session:
        for row in rows:
            outbox.insert(topic, row, session=session)
    assert f'{uuid}:1-' in _executed(old), 'its numbers go on'
    new.kill()
    old.execute('SET GLOBAL read_only = OFF')
    _wait_all(reader, rows)
    assert not relay.says('stream.history_rewritten')


@pytest.mark.mariadb
def test_new_rows_under_ids_that_a_failover_lost_are_published(
        make_relay, own_server, kafka, topic, read):
    """MariaDB's sets compare by number: the new primary seems to lack nothing
    once it has committed as many transactions as were lost."""
    old = own_server()
    new = own_server('--server-id=2', '--log-slave-updates')
    old.execute("CREATE USER repl@'%' IDENTIFIED BY 'repl'")
    old.execute("GRANT REPLICATION SLAVE ON *.* TO repl@'%'")
    new.execute(
        f"CHANGE MASTER TO MASTER_HOST = '{old.host}', MASTER_PORT = "
        f"{old.port}, MASTER_USER = 'repl', MASTER_PASSWORD = 'repl', "
        'MASTER_USE_GTID = slave_pos')
    new.execute('START SLAVE')
    outbox = make_outbox(old).create()
    # Where ids begin anew the ledger is never believed.
    outbox.execute(f'ALTER TABLE {outbox.name} AUTO_INCREMENT = 1000')
    relay = make_relay(
        outbox, kafka, '--failover-grace=1s', *_FAST, variables={
            'DB_HOST': f'127.0.0.1:{old.port},127.0.0.1:{new.port}',
            'DB_PORT': None}).start().wait_ready().wait_streaming()
    outbox.insert_many(topic, _numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    count = f'SELECT COUNT(*) FROM {outbox.name}'
    wait_until(lambda: new.execute(count)[0][0] == 50,
               'the replica has everything')
    new.execute('STOP SLAVE')
    outbox.insert_many(topic, _numbers(51, 60))  # Only the old one has them.
    reader.wait_count(60)
    relay.wait_acknowledged()
    old.kill()
    outbox.server = new
    rows = _numbers(1001, 1030)  # Under the ids of those that were lost.
    with outbox.connect() as session:
        for row in rows:
            outbox.insert(topic, row, session=session)
    # As many commits as the old one has, of the relay's saves too.
    for _ in range(100):
        outbox.execute('FLUSH TABLES')
    new.execute('RESET SLAVE ALL')
    _wait_all(reader, rows)
    assert relay.says('ledger.voided')


@pytest.mark.mysql
def test_stream_that_goes_back_behind_a_failover_sends_the_new_rows(
        make_relay, own_server, kafka, topic, read):
    old = own_server()
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(
        outbox, kafka, '--failover-grace=3s', '--on-topic-error=hold',
        '--kafka-config=topic.metadata.refresh.interval.ms=1000', *_FAST,
        variables={'DB_HOST': f'127.0.0.1:{old.port},127.0.0.1:{new.port}',
                   'DB_PORT': None}).start().wait_ready().wait_streaming()
    held = f'{topic}-held'
    outbox.insert(held, '"held"')
    wait_until(lambda: relay.says('kafka.topic_held', held), 'it is held', 60)
    outbox.insert_many(topic, _numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    _caught_up(old, new)
    new.execute('STOP REPLICA')
    for number in _numbers(51, 60):  # Only the old one has them.
        outbox.insert(topic, number)
    reader.wait_count(60)
    old.kill()
    _promote(new)
    outbox.server = new
    wait_until(lambda: relay.says('stream.connected', f':{new.port}'),
               'the new primary is read', 60)
    kafka.create_topic(held)  # The stream goes back for its row.
    read(held).wait_count(1)
    rows = _numbers(1001, 1030)  # Under the ids of those that were lost.
    for number in rows:
        outbox.insert(topic, number)
    _wait_all(reader, rows)
    assert relay.running() and not relay.says('stream.history_rewritten')
    _wait_compared(relay)


@pytest.mark.mysql
def test_history_that_begins_anew_is_noticed(make_relay, own_server, kafka,
                                             topic, read):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert_many(topic, _numbers(1, 30))
    reader = read(topic)
    reader.wait_count(30)
    relay.stop()
    server.execute('RESET BINARY LOGS AND GTIDS')
    outbox.insert(topic, '"after"')
    relay.start()
    _wait_all(reader, ['"after"'])
    assert relay.says('stream.history_rewritten')
