# SPDX-License-Identifier: Apache-2.0
"""Rows that the log will not bring, and servers that change: nothing is lost,
whenever the relay ends."""

import itertools
import threading
import time

import pytest

from testing.integration.faults import (assert_healed_after_a_purge,
                                        purge_past_the_checkpoint)
from testing.integration.outbox import make_outbox, numbers
from testing.integration.saved_state import saved_place
from testing.integration.topic_reader import TopicReader
from testing.servers.deadline import wait_until

pytestmark = pytest.mark.faults
_FAST = ('--checkpoint-interval=100ms',)
_MIB = 1 << 20


def _insert_now_and_then(over, outbox, topic):
    with outbox.connect() as session:
        for number in itertools.count(1):
            outbox.insert(topic, str(number), session=session)
            if over.wait(0.03):
                return


def _insert_as_statement(outbox, topic, payload):
    with outbox.connect() as session, session.cursor() as cursor:
        cursor.execute("SET SESSION binlog_format = 'STATEMENT'")
        cursor.execute(
            f'INSERT INTO {outbox.name} (topic, payload_json, '
            f"payload_headers) VALUES ('{topic}', '{payload}', '{{}}')")


def _skip_and_truncate(make_relay, outbox, kafka, while_down):
    outbox.create()
    outbox.insert_many('skipped', numbers(1, 30))
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
    read(topic).wait_all(['1'])
    assert relay.running()


def test_purged_rows_under_ids_that_were_skipped_are_published(
        make_relay, own_server, kafka, topic, read):
    outbox = make_outbox(own_server())
    relay = _skip_and_truncate(make_relay, outbox, kafka, while_down=True)
    outbox.insert_many(topic, numbers(1, 20))
    purge_past_the_checkpoint(outbox)
    relay.start().wait_ready()
    read(topic).wait_all(numbers(1, 20))
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
    before = saved_place(outbox)
    _insert_as_statement(outbox, topic, '2')
    wait_until(lambda: relay.says('stream.statement'), 'it is read')
    wait_until(lambda: saved_place(outbox) != before, 'it is passed')
    getattr(relay, end)()
    broker.start()
    relay.start().wait_ready()
    reader.wait_all(['1', '2'])
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
    relay.wait_compared()
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
    relay.wait_compared()
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
    relay = make_relay(outbox, broker, '--retention=15s',
                       '--kafka-queue-bytes=1MiB', *_FAST)
    relay.start().wait_ready().wait_streaming()
    reader = TopicReader(broker.address, topic)
    outbox.insert_many(topic, numbers(1, 20))
    reader.wait_count(20)
    relay.wait_acknowledged()
    broker.kill()
    # Reading stops in the middle of these, before the TRUNCATE.
    filler = '"' + 'x' * (_MIB // 2) + '"'
    for _ in range(8):
        outbox.insert(topic, filler)
    outbox.execute(f'TRUNCATE {outbox.name}')
    new = numbers(101, 140)
    outbox.insert_many(topic, new)
    time.sleep(16)  # The retention of the first twenty.
    held = 0
    for _ in range(3):
        wait_until(lambda last=held:
                   relay.metric('outbox_relay_cleanup_held_seconds') > last,
                   'another pass over the table that keeps the rows')
        held = relay.metric('outbox_relay_cleanup_held_seconds')
    assert outbox.count() == len(new)
    broker.start()
    reader.wait_all(new)
    wait_until(lambda: outbox.count() == 0, 'all is pruned in the end')
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
    rows = numbers(1, 30000)
    outbox.insert_many(topic, rows, chunk=1000)
    if way == 'purge':
        server.execute('FLUSH BINARY LOGS')
        last = server.execute('SHOW BINARY LOGS')[-1][0]
        server.execute(f"PURGE BINARY LOGS TO '{last}'")
    reader = read(topic)
    for kill in range(4):
        relay.start()
        reader.wait_count(5000 * (kill + 1))
        relay.kill()
    late = outbox.insert(topic, '"late"')
    relay.start().wait_ready()
    reader.wait_all(rows + ['"late"'])
    assert outbox.row(late, 'errored') == (0,)
    if way == 'first start':
        assert not relay.says('ledger.voided')


def test_stop_in_the_middle_of_a_large_transaction_repeats_nothing(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--shutdown-timeout=120s',
                       *_FAST).start().wait_ready()
    rows = numbers(1, 100000)
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


@pytest.mark.mysql
def test_history_that_begins_anew_is_noticed(make_relay, own_server, kafka,
                                             topic, read):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert_many(topic, numbers(1, 30))
    reader = read(topic)
    reader.wait_count(30)
    relay.stop()
    server.execute('RESET BINARY LOGS AND GTIDS')
    outbox.insert(topic, '"after"')
    relay.start()
    reader.wait_all(['"after"'])
    assert relay.says('stream.history_rewritten')
