# SPDX-License-Identifier: Apache-2.0
"""MySQL with gtid_mode=OFF: file and position say how far the relay is."""

import threading

import pytest

from testing.integration.conftest import start
from testing.integration.faults import (assert_goes_on_after_a_purge,
                                        assert_healed_after_a_purge, paused,
                                        purge_past_the_checkpoint)
from testing.integration.outbox import numbers
from testing.integration.saved_state import saved_ids
from testing.servers.deadline import wait_until

pytestmark = [pytest.mark.mysql, pytest.mark.faults]


@pytest.fixture(scope='module')
def shared_server(directory, database_kind):
    """In the place of the session's, for the tests of this file."""
    server = start(database_kind(directory / 'sql-without-gtids',
                                 ['--gtid-mode=OFF']))
    yield server
    server.kill()


@pytest.fixture
def relay(make_relay, outbox, kafka):
    """A relay that saves as it goes, on an existing table."""
    outbox.create()
    return make_relay(outbox, kafka, '--checkpoint-interval=100ms')


def _assert_all_once(reader, count):
    """1 to `count` have come, in order, and nothing else."""
    reader.wait_count(count)
    reader.read_to_end()
    assert reader.values() == [number.encode()
                               for number in numbers(1, count)]


def _assert_none_from_the_table(relay):
    """No sweep had to find what the log was to bring."""
    assert relay.metric('outbox_relay_rows_total', outcome='swept') == 0


def test_waiting_rows_then_the_log_then_what_came_while_it_was_down(
        relay, outbox, topic, read):
    outbox.insert_many(topic, numbers(1, 100))
    relay.start().wait_ready().wait_streaming()
    assert relay.says('stream.connected', 'by=position')
    reader = read(topic)
    outbox.insert_many(topic, numbers(101, 200))
    reader.wait_count(200)
    relay.stop()
    outbox.insert_many(topic, numbers(201, 300))
    outbox.server.execute('FLUSH BINARY LOGS')
    outbox.insert_many(topic, numbers(301, 400))
    relay.start().wait_ready()
    _assert_all_once(reader, 400)
    _assert_none_from_the_table(relay)
    assert not relay.says('stream.history_rewritten')


def test_sigkill_loses_nothing_and_repeats_nothing_that_was_saved(
        relay, outbox, kafka, topic, read):
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, numbers(1, 100))
    wait_until(lambda: len(saved_ids(outbox)) == 100, 'the first are saved')
    with paused(kafka):
        outbox.insert_many(topic, numbers(101, 1000))
        wait_until(lambda: relay.metric('kafka_outbox_queue_size') == 900,
                   'the others are in flight')
        relay.kill()
    relay.start().wait_ready()
    reader = read(topic)
    reader.wait_for(lambda records: len(set(reader.values())) == 1000,
                    'every row')
    _assert_none_from_the_table(relay)
    values = [int(value) for value in reader.values()]
    assert list(dict.fromkeys(values)) == list(range(1, 1001))
    assert values.count(100) == 1


def test_killed_dump_and_restarted_server_repeat_nothing(
        relay, outbox, server, topic, read):
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    outbox.insert_many(topic, numbers(1, 100))
    reader.wait_count(100)

    def dumps():
        return [thread for (thread,) in server.execute(
            'SELECT id FROM information_schema.processlist '
            "WHERE command = 'Binlog Dump' AND user = 'relay'")]

    thread = max(wait_until(dumps, 'the dump is seen'))
    server.execute(f'KILL {thread}')
    wait_until(lambda: max(dumps(), default=0) > thread, 'another one')
    outbox.insert_many(topic, numbers(101, 200))
    reader.wait_count(200)
    server.kill()
    server.start()
    outbox.insert_many(topic, numbers(201, 300))
    _assert_all_once(reader, 300)
    _assert_none_from_the_table(relay)
    assert not relay.says('stream.history_rewritten')
    assert not relay.says('stream.purged')


def test_rows_are_found_when_the_log_was_purged_past_the_checkpoint(
        relay, outbox, topic, read):
    relay.start().wait_ready().wait_streaming()
    outbox.insert(topic, '0')
    reader = read(topic)
    reader.wait_count(1)
    relay.stop()
    outbox.insert_many(topic, numbers(1, 100))
    purge_past_the_checkpoint(outbox)
    assert_goes_on_after_a_purge(relay, outbox, topic, reader, 101)


def _set_modes(server, *modes):
    for mode in modes:
        server.execute(f'SET GLOBAL gtid_mode = {mode}')


@pytest.fixture
def without_gtids_afterwards(server):
    """Leaves the mode as it was; the GTIDs of before stay on the server."""
    yield
    _set_modes(server, 'ON_PERMISSIVE', 'OFF_PERMISSIVE', 'OFF')


@pytest.mark.usefixtures('without_gtids_afterwards')
def test_mode_that_is_turned_on_is_followed_while_rows_are_written(
        relay, outbox, server, topic, read):
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    stop = threading.Event()
    written = [0]

    def write():
        with outbox.connect() as session:
            while not stop.is_set():
                written[0] += 1
                outbox.insert(topic, str(written[0]), session=session)
                stop.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for mode in ('OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'):
            reader.wait_count(len(reader.records) + 50)
            _set_modes(server, mode)
        reader.wait_count(len(reader.records) + 50)
    finally:
        stop.set()
        writer.join()
    reader.wait_count(written[0])
    relay.stop()
    relay.start()
    wait_until(lambda: relay.says('stream.connected', 'by=gtid'),
               'GTIDs decide now')
    outbox.insert(topic, str(written[0] + 1))
    _assert_all_once(reader, written[0] + 1)
    assert not relay.says('stream.history_rewritten')
    assert not relay.says('stream.purged')


@pytest.mark.usefixtures('without_gtids_afterwards')
def test_mode_that_is_turned_on_while_it_is_down_loses_and_repeats_nothing(
        relay, outbox, server, topic, read):
    # The first hundred ids prove nothing of a ledger whose log has a gap.
    outbox.execute(f'ALTER TABLE {outbox.name} AUTO_INCREMENT = 1000')
    # Of an earlier time with GTIDs: a checkpoint has a set, too.
    _set_modes(server, 'OFF_PERMISSIVE', 'ON_PERMISSIVE')
    server.execute('CREATE DATABASE IF NOT EXISTS with_gtid')
    server.execute('DROP DATABASE with_gtid')
    _set_modes(server, 'OFF_PERMISSIVE', 'OFF')
    assert server.execute('SELECT @@gtid_executed') != (('',),)
    reader = read(topic)
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, numbers(1, 50))
    reader.wait_count(50)
    relay.stop()
    # The server will not send these any more; the table has them.
    outbox.insert_many(topic, numbers(51, 100))
    _set_modes(server, 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON')
    outbox.insert_many(topic, numbers(101, 200))
    relay.start()
    _assert_all_once(reader, 200)
    assert_healed_after_a_purge(relay)
