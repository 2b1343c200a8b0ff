# SPDX-License-Identifier: Apache-2.0
"""Ended at any moment, the relay goes on where it must."""

import random
import signal
import threading

import pytest

from testing.integration.outbox import make_outbox
from testing.servers.deadline import wait_until


def _insert_in_background(outbox, topic, rows, transaction_rows=10):
    """A thread that commits rows "0", "1", … in small transactions."""
    def write():
        with outbox.connect(autocommit=False) as session:
            for first in range(0, rows, transaction_rows):
                outbox.insert_many(
                    topic, [str(number) for number in
                            range(first, min(first + transaction_rows, rows))],
                    session=session)
                session.commit()
    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_graceful_stop_repeats_nothing(relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready()
    writer = _insert_in_background(outbox, topic, 20000)
    reader = read(topic)
    for wanted in (2000, 6000, 12000):
        reader.wait_count(wanted)
        assert relay.stop() == 0
        # A signal that comes before main() ends any process.
        relay.start().wait_ready()
    writer.join()
    reader.wait_count(20000)
    assert relay.stop() == 0
    relay.start().wait_ready()
    outbox.insert(topic, '"end"')
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    assert reader.values() == [str(number).encode()
                               for number in range(20000)] + [b'"end"']


@pytest.mark.faults
@pytest.mark.parametrize('attempt', range(3))
def test_resumes_after_sigkill_with_rows_in_flight_and_none_missing(
        relay, outbox, topic, read, attempt):
    rows = 50000
    outbox.create()
    relay.start().wait_ready()
    writer = _insert_in_background(outbox, topic, rows, 50)
    reader = read(topic)
    kills = 0
    while writer.is_alive() or len(reader.records) < rows:
        if kills < 5:
            target = len(reader.records) + random.randrange(1, rows // 6)
            reader.wait_count(min(target, rows), timeout=120)
            relay.kill()
            relay.start()
            kills += 1
        elif len(set(reader.values())) == rows:
            break
        else:
            reader.poll()
            assert relay.running(), relay.text()[-2000:]
    writer.join()
    reader.wait_for(lambda records: len(set(reader.values())) == rows,
                    'every row', timeout=120)
    records = reader.read_to_end()
    # Each restart goes back, never beyond what was saved; between two
    # restarts the order is that of the commits.
    steps_back = sum(1 for before, after in zip(records, records[1:])
                     if int(after.value) <= int(before.value))
    gaps = sum(1 for before, after in zip(records, records[1:])
               if int(after.value) > int(before.value) + 1)
    assert gaps == 0
    assert steps_back <= kills


def test_changes_made_while_it_was_down_are_published(relay, outbox, topic,
                                                      read):
    outbox.create()
    relay.start().wait_ready()
    outbox.insert(topic, '1')
    reader = read(topic)
    reader.wait_count(1)
    assert relay.stop() == 0
    outbox.insert(topic, '2')
    relay.start()
    reader.wait_count(2)
    assert reader.values() == [b'1', b'2']


@pytest.mark.faults
def test_goes_on_after_its_dump_connection_is_killed(relay, outbox, topic,
                                                     read, server):
    outbox.create()
    relay.start().wait_ready()
    reader = read(topic)
    for number in range(1, 4):
        outbox.insert(topic, str(number))
        reader.wait_count(number)
        for (thread,) in server.execute(
                'SELECT id FROM information_schema.processlist '
                "WHERE command LIKE 'Binlog Dump%' AND user = 'relay'"):
            server.execute(f'KILL {thread}')
    outbox.insert(topic, '4')
    reader.wait_count(4)
    assert reader.read_to_end() and reader.values() == [
        str(number).encode() for number in range(1, 5)]
    assert relay.running()


@pytest.mark.faults
@pytest.mark.parametrize('end', ['kill', 'stop'])
def test_goes_on_after_the_database_restarts(make_relay, own_server, kafka,
                                             topic, read, end):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka).start().wait_ready()
    reader = read(topic)
    outbox.insert(topic, '1')
    reader.wait_count(1)
    getattr(server, end)()
    wait_until(lambda: relay.get('/livez')[0] == 200, 'alive in the outage')
    server.start()
    outbox.insert(topic, '2')
    reader.wait_count(2)
    assert reader.read_to_end() and reader.values() == [b'1', b'2']
    assert relay.running()


@pytest.mark.faults
def test_rows_are_found_when_the_log_was_purged_past_the_checkpoint(
        make_relay, own_server, kafka, topic, read):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka).start().wait_ready()
    outbox.insert(topic, '"before"')
    reader = read(topic)
    reader.wait_count(1)
    relay.stop()
    outbox.insert_many(topic, [str(number) for number in range(100)])
    server.execute('FLUSH BINARY LOGS')
    last = server.execute('SHOW BINARY LOGS')[-1][0]
    server.execute(f"PURGE BINARY LOGS TO '{last}'")
    relay.start()
    reader.wait_for(lambda records: len(set(reader.values())) == 101,
                    'the rows whose log is gone')
    outbox.insert(topic, '"after"')
    reader.wait_for(lambda records: records[-1].value == b'"after"', 'the end')
    relay.wait_ready()


def test_sigint_ends_it_as_sigterm_does(relay, outbox):
    outbox.create()
    relay.start().wait_ready()
    relay.signal(signal.SIGINT)
    assert relay.wait_exit() == 0
