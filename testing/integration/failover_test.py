# SPDX-License-Identifier: Apache-2.0
"""The log goes on at another server: nothing that it has is lost."""

import pytest

from testing.integration.outbox import make_outbox, numbers
from testing.integration.saved_state import saved_place
from testing.servers.deadline import wait_until

pytestmark = pytest.mark.faults
_FAST = ('--checkpoint-interval=100ms',)


def _between(*servers):
    """Settings that name all of them."""
    return {'DB_HOST': ','.join(f'{server.host}:{server.port}'
                                for server in servers), 'DB_PORT': None}


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


def _fifty_on_both(old, new, outbox, topic, read):
    """Rows 1 to 50 are published, and on both servers; what follows is on the
    old one alone. Returns the topic's reader."""
    outbox.insert_many(topic, numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    _caught_up(old, new)
    new.execute('STOP REPLICA')
    return reader


def _saved_anew(outbox, topic, row):
    """Inserts a row, and waits for a save at another place."""
    before = saved_place(outbox)
    outbox.insert(topic, row)
    wait_until(lambda: saved_place(outbox) != before, 'a save')


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
    relay = make_relay(outbox, kafka, *_FAST,
                       variables=_between(old, new))
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, numbers(1, 100))
    reader = read(topic)
    reader.wait_count(100)
    assert relay.metric('outbox_relay_active') == 1
    old.execute('SET GLOBAL super_read_only = ON')
    wait_until(lambda: relay.metric('outbox_relay_active') == 0,
               'it publishes no more')
    wait_until(lambda: relay.status()['state'] == 'waiting', 'it waits')
    _caught_up(old, new)
    _promote(new)
    outbox.server = new
    outbox.insert_many(topic, numbers(101, 200))
    reader.wait_count(200)
    reader.read_to_end()
    assert reader.values() == [row.encode() for row in numbers(1, 200)]
    assert relay.metric('outbox_relay_active') == 1
    assert not relay.says('ledger.voided')
    assert not relay.says('stream.history_rewritten')
    _saved_anew(outbox, topic, '"saved"')


@pytest.mark.mysql
def test_failover_that_lost_transactions_is_gone_along_with(
        make_relay, own_server, kafka, topic, read):
    old = own_server()
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(outbox, kafka, '--failover-grace=3s', *_FAST,
                       variables=_between(old, new))
    relay.start().wait_ready()
    reader = _fifty_on_both(old, new, outbox, topic, read)
    outbox.insert_many(topic, numbers(51, 60))  # Only the old one has them.
    reader.wait_count(60)
    _saved_anew(outbox, topic, '"saved"')
    uuid = _uuid(old)
    old.kill()
    _promote(new)
    outbox.server = new
    rows = numbers(1001, 1030)  # Under the ids of those that were lost.
    outbox.insert_many(topic, rows)
    reader.wait_all(rows)
    assert relay.running() and not relay.says('stream.history_rewritten')
    assert relay.says('stream.transactions_lost', f'gtids={uuid}:')
    assert relay.metric('outbox_relay_failover_lost_transactions_total') >= 2
    _saved_anew(outbox, topic, '"saved there"')
    assert new.execute('SELECT GTID_SUBSET(%s, @@global.gtid_executed)',
                       (saved_place(outbox)[0][0],))[0][0]


@pytest.mark.mysql
def test_primary_that_counts_anew_what_a_failover_lost_is_read(
        make_relay, own_server, kafka, topic, read):
    old = own_server('--read-only=ON')
    old.execute('SET GLOBAL read_only = OFF')
    new = _replica_of(old, own_server)
    outbox = make_outbox(old).create()
    relay = make_relay(outbox, kafka, '--failover-grace=1s', *_FAST,
                       variables=_between(old, new))
    relay.start().wait_ready().wait_streaming()
    reader = _fifty_on_both(old, new, outbox, topic, read)
    for number in range(51, 61):
        outbox.insert(topic, str(number))
    reader.wait_count(60)
    relay.wait_acknowledged()
    uuid = _uuid(old)
    old.kill()
    _promote(new)
    outbox.server = new
    outbox.insert(topic, '"new"')
    reader.wait_all(['"new"'])
    relay.wait_acknowledged()
    # The old one is built anew of what the new one has, and takes over.
    old.start()
    new.execute('SET GLOBAL super_read_only = ON')
    outbox.server = old
    outbox.execute('RESET BINARY LOGS AND GTIDS')
    outbox.execute('SET GLOBAL gtid_purged = %s', (_executed(new),))
    rows = numbers(2001, 2060)
    with outbox.connect() as session:
        for row in rows:
            outbox.insert(topic, row, session=session)
    assert f'{uuid}:1-' in _executed(old), 'its numbers go on'
    new.kill()
    old.execute('SET GLOBAL read_only = OFF')
    reader.wait_all(rows)
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
    relay = make_relay(outbox, kafka, '--failover-grace=1s', *_FAST,
                       variables=_between(old, new))
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, numbers(1, 50))
    reader = read(topic)
    reader.wait_count(50)
    count = f'SELECT COUNT(*) FROM {outbox.name}'
    wait_until(lambda: new.execute(count)[0][0] == 50,
               'the replica has everything')
    new.execute('STOP SLAVE')
    outbox.insert_many(topic, numbers(51, 60))  # Only the old one has them.
    reader.wait_count(60)
    relay.wait_acknowledged()
    old.kill()
    outbox.server = new
    rows = numbers(1001, 1030)  # Under the ids of those that were lost.
    with outbox.connect() as session:
        for row in rows:
            outbox.insert(topic, row, session=session)
    # As many commits as the old one has, of the relay's saves too.
    for _ in range(100):
        outbox.execute('FLUSH TABLES')
    new.execute('RESET SLAVE ALL')
    reader.wait_all(rows)
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
        variables=_between(old, new)).start().wait_ready().wait_streaming()
    held = f'{topic}-held'
    outbox.insert(held, '"held"')
    wait_until(lambda: relay.says('kafka.topic_held', held), 'it is held')
    reader = _fifty_on_both(old, new, outbox, topic, read)
    for number in numbers(51, 60):  # Only the old one has them.
        outbox.insert(topic, number)
    reader.wait_count(60)
    old.kill()
    _promote(new)
    outbox.server = new
    wait_until(lambda: relay.says('stream.connected', f':{new.port}'),
               'the new primary is read')
    kafka.create_topic(held)  # The stream goes back for its row.
    read(held).wait_count(1)
    rows = numbers(1001, 1030)  # Under the ids of those that were lost.
    for number in rows:
        outbox.insert(topic, number)
    reader.wait_all(rows)
    assert relay.running() and not relay.says('stream.history_rewritten')
    relay.wait_compared()
