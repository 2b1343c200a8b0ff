# SPDX-License-Identifier: Apache-2.0
"""Ended at any moment, the relay goes on where it must."""

import collections
import contextlib
import random
import signal
import threading
import time

import pymysql
import pytest

from testing.integration.faults import (assert_goes_on_after_a_purge, paused,
                                        purge_past_the_checkpoint)
from testing.integration.outbox import make_outbox
from testing.integration.randomness import seeded_random
from testing.integration.saved_state import saved_ids, saved_position
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
    relay.start().wait_ready().wait_streaming()
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


def test_graceful_stop_before_a_poison_row_repeats_nothing(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--kafka-queue-bytes=1MiB',
                       '--shutdown-timeout=60s')
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    outbox.insert(topic, '"first"')
    reader.wait_count(1)
    relay.wait_acknowledged()
    payloads = [f'"{number:01000}"' for number in range(3000)]
    with paused(kafka):
        with outbox.connect(autocommit=False) as session:
            outbox.insert_many(topic, payloads, session=session)
            row = outbox.insert(topic, '1', '[1]', session=session)
            session.commit()
        wait_until(lambda: relay.metric('kafka_outbox_queue_size') > 500,
                   'the queue is full')
        threads = relay.threads()
        relay.signal(signal.SIGTERM)
        wait_until(lambda: relay.threads() < threads,
                   'nothing more is recorded beside the stream')
    assert relay.wait_exit() == 0
    assert outbox.row(row, 'errored') == (1,)
    relay.start().wait_ready()
    outbox.insert(topic, '"end"')
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    assert reader.values() == [b'"first"', *(payload.encode()
                                             for payload in payloads),
                               b'"end"']


def test_connection_that_brings_nothing_moves_no_position_back(
        make_relay, outbox, kafka, topic, read, directory):
    """A dump by GTID names a place before what it sends: the head of the file,
    or where an index of it leads, as MariaDB 11.4 has it. Its checkpoint in a
    file, the relay itself writes nothing that would follow."""
    relay = make_relay(
        outbox, kafka, '--checkpoint-interval=100ms',
        f'--checkpoint-file={directory}/{outbox.schema}.checkpoint')
    reader = read(topic)
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, [f'"{"x" * 900}"'] * 1000, chunk=10)
    reader.wait_count(1000)
    relay.stop()

    def position():
        file, offset = relay.status()['checkpoint']['position'].split(':')
        return file, int(offset)
    seen = []
    for connection in (2, 3, 4):
        relay.start()
        wait_until(lambda: relay.text().count('stream.connected') ==
                   connection, 'the stream')
        seen.append(position())
        relay.stop()
    outbox.insert(topic, '"end"')
    relay.start().wait_ready()
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    assert len(reader.values()) == 1001
    assert not relay.says('stream.history_rewritten')
    assert seen[0][1] > 900_000 and seen == sorted(seen)


def _number(record):
    """Of a payload that is a number, or a list that begins with one."""
    return int(record.value.strip(b'[').split(b',')[0])


def _assert_order(records, ends):
    """Between two ends of the relay stands a run of rows in commit order; a
    new run may go back, but leaves nothing out."""
    numbers = [_number(record) for record in records]
    steps = list(zip(numbers, numbers[1:]))
    assert [step for step in steps if step[1] > step[0] + 1] == []
    assert sum(after <= before for before, after in steps) <= ends


_IN_FLIGHT = 50000


@contextlib.contextmanager
def _all_in_flight(relay, outbox, kafka, topic, reader):
    """Row 0 is published and saved; rows 1 to _IN_FLIGHT are in the relay's
    queue, and the broker, which is paused, has acknowledged none of them."""
    outbox.create()
    relay.start().wait_ready()
    outbox.insert(topic, '0')
    reader.wait_count(1)
    wait_until(lambda: saved_ids(outbox), 'the first row is saved as done')
    # No filler that lz4 makes small: the producer may hand over few requests
    # at once, and what these hold is not lost with the relay.
    filler = random.Random(1)
    with paused(kafka):
        outbox.insert_many(topic, [
            f'[{number}, "{filler.randbytes(300).hex()}"]'
            for number in range(1, _IN_FLIGHT + 1)])
        wait_until(lambda: relay.metric('kafka_outbox_queue_size') ==
                   _IN_FLIGHT == relay.metric('outbox_relay_queue_records'),
                   'every row is in the queue and none acknowledged')
        yield


def _read_after_kill(relay, reader):
    """What the topic has when the relay, started again, has sent all."""
    relay.start()
    reader.wait_for(
        lambda records: len(set(reader.values())) == _IN_FLIGHT + 1,
        'every row')
    records = reader.read_to_end()
    _assert_order(records, 1)
    assert [_number(record) for record in records].count(0) == 1
    return records


@pytest.fixture
def deep_queue_relay(make_relay, outbox, kafka):
    return make_relay(outbox, kafka, '--kafka-queue-bytes=256MiB',
                      '--checkpoint-interval=100ms')


@pytest.mark.faults
def test_resumes_after_sigkill_with_fifty_thousand_rows_in_flight(
        deep_queue_relay, outbox, kafka, topic, read):
    reader = read(topic)
    with _all_in_flight(deep_queue_relay, outbox, kafka, topic, reader):
        saved = saved_position(outbox)
        deep_queue_relay.kill()
    assert saved_position(outbox) == saved
    assert saved_ids(outbox) == {1}
    records = _read_after_kill(deep_queue_relay, reader)
    # Of what was sent after the checkpoint, most was in the relay alone.
    assert len(records) - (_IN_FLIGHT + 1) < _IN_FLIGHT - 10000


@pytest.mark.faults
def test_resumes_after_sigkill_while_fifty_thousand_rows_are_acknowledged(
        deep_queue_relay, outbox, kafka, topic, read):
    relay, reader = deep_queue_relay, read(topic)
    rows = seeded_random().randrange(1, _IN_FLIGHT // 2)
    with _all_in_flight(relay, outbox, kafka, topic, reader):
        pass
    while relay.metric('outbox_relay_rows_total', outcome='published') < rows:
        assert relay.running()
    relay.kill()
    saved = saved_ids(outbox)
    assert saved == set(range(1, len(saved) + 1))
    numbers = [_number(record) for record in _read_after_kill(relay, reader)]
    # The rows come in transactions of 500; the last one may be saved in part.
    done = (len(saved) - 1) // 500 * 500
    again = [number for number, count in collections.Counter(numbers).items()
             if count > 1]
    assert min(again, default=_IN_FLIGHT) > done


@contextlib.contextmanager
def _damaged(server, text):
    """One bit of the log's only `text` is another one."""
    log = server.datadir / server.log_end()[0]
    at = log.read_bytes().index(text)
    assert text not in log.read_bytes()[at + 1:]

    def write(byte):
        with log.open('r+b') as file:
            file.seek(at)
            file.write(bytes([byte]))
    write(text[0] ^ 1)
    try:
        yield
    finally:
        write(text[0])


@pytest.mark.faults
def test_damaged_event_is_never_published_and_read_again_until_it_is_sound(
        make_relay, own_server, kafka, topic, read):
    # It checks nothing itself when it sends its log. No copy as a statement.
    server = own_server('--loose-binlog-annotate-row-events=OFF')
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka, '--checkpoint-interval=100ms')
    relay.start().wait_ready().wait_streaming()
    relay.stop()
    values = [f'"number {number:03}"' for number in range(100)]
    for value in values:
        outbox.insert(topic, value)
    reader = read(topic)
    with _damaged(server, b'number 050'):
        relay.start()
        wait_until(lambda: relay.text().count('stream.damaged') > 1,
                   'it is tried again')
        assert relay.says('stream.damaged', 'checksum')
        reader.wait_count(50)
        assert len(reader.read_to_end()) == 50, 'all before it and no more'
    reader.wait_count(100)
    assert reader.values() == [value.encode() for value in values]
    assert relay.stop() == 0


@pytest.mark.faults
def test_resumes_after_sigkill_at_random_moments_and_repeats_only_what_no_checkpoint_has(
        make_relay, outbox, kafka, topic, read):
    rng = seeded_random()
    outbox.create()
    relay = make_relay(outbox, kafka, '--checkpoint-interval=100ms',
                       '--kafka-queue-bytes=1MiB')
    outbox.insert_many(topic, [str(number) for number in range(20000)])
    stop = threading.Event()
    written = [20000]
    ends = []  # (the log's end behind these rows, how many are written)

    def write():
        with outbox.connect() as session:
            while not stop.is_set():
                outbox.insert_many(
                    topic, [str(number) for number in
                            range(written[0], written[0] + 50)],
                    session=session)
                written[0] += 50
                ends.append((outbox.server.log_end(), written[0]))
                stop.wait(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    kills = []  # (when in milliseconds, the ids that the checkpoint has, and
    #              its place in the log when that is where rows came from)

    def kill():
        relay.kill()
        place = saved_position(outbox) if relay.says(
            'stream.connected') else None
        kills.append((time.time() * 1000, saved_ids(outbox), place))

    start_takes = 0.3
    in_start = after_save = 0
    try:
        # One moment that no chance may leave out: the sweep of the table.
        with paused(kafka):
            relay.start()
            wait_until(lambda: relay.says('sweep.started'), 'the sweep')
            kill()
            assert not relay.says('sweep.finished')
        while len(kills) < 9 or not (in_start and after_save):
            assert len(kills) < 60, (in_start, after_save)
            said = len(relay.text())
            relay.start()
            time.sleep(rng.uniform(0, 2 * start_takes))
            kill()
            run = relay.text()[said:]
            in_start += 'stream.connected' not in run
            after_save += kills[-1][1] > kills[-2][1]
            # As many behind the start as in it, however busy the machine.
            start_takes *= 0.8 if 'stream.connected' in run else 1.3
    finally:
        stop.set()
        writer.join()
    print(f'{len(kills)} kills, {in_start} before the log was read, '
          f'{after_save} after a save')
    relay.start()
    reader = read(topic)
    reader.wait_for(lambda records: len(set(reader.values())) == written[0],
                    'every row')
    records = reader.read_to_end()
    _assert_order(records, len(kills))
    ids = {payload.encode(): row_id for row_id, payload in outbox.execute(
        f'SELECT id, payload_json FROM {outbox.name}')}
    for number, (moment, saved, place) in enumerate(kills):
        again = {record.value for record in records
                 if record.timestamp_ms > moment
                 and ids[record.value] in saved}
        if place:
            # A transaction that was acknowledged in part is read once more.
            before = max((rows for end, rows in ends if end <= place),
                         default=0)
            again = {value for value in again if int(value) < before}
        assert not again, (number, len(again), min(again))


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
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)

    def dumps():
        return [thread for (thread,) in server.execute(
            'SELECT id FROM information_schema.processlist '
            "WHERE command LIKE 'Binlog Dump%' AND user = 'relay'")]

    def reconnects():
        return relay.metric('outbox_relay_reconnects_total', side='mysql')

    for number in range(1, 4):
        outbox.insert(topic, str(number))
        reader.wait_count(number)
        thread = max(wait_until(dumps, 'the dump connection is seen'))
        before = reconnects()
        server.execute(f'KILL {thread}')
        wait_until(lambda: reconnects() > before,  # pylint: disable=W0640
                   'the connection is missed')
        wait_until(lambda: max(dumps(), default=0) > thread, 'another one')
    outbox.insert(topic, '4')
    reader.wait_count(4)
    assert reader.read_to_end() and reader.values() == [
        str(number).encode() for number in range(1, 5)]


def _write_through_restarts(outbox, topic, writer, stop):
    """Commits rows until `stop`; when the server is gone, connects again. A
    commit whose answer did not come may have happened: the table tells."""
    number = 0
    while not stop.is_set():
        try:
            with outbox.connect(autocommit=False) as session:
                while not stop.is_set():
                    outbox.insert_many(
                        topic, [f'"{writer} {number + more}"'
                                for more in range(10)],
                        session=session, key=f'k{writer}')
                    number += 10
                    session.commit()
                    stop.wait(0.005)
        except (pymysql.err.OperationalError, pymysql.err.InterfaceError,
                OSError):
            stop.wait(0.05)


@pytest.mark.faults
@pytest.mark.parametrize('end', ['kill', 'stop'])
def test_database_that_restarts_under_load_loses_and_repeats_nothing(
        relay, outbox, server, new_topic, read, end):
    outbox.create()
    topic = new_topic(4)
    relay.start().wait_ready()
    reader = read(topic)
    stop = threading.Event()
    writers = [threading.Thread(target=_write_through_restarts,
                                args=(outbox, topic, writer, stop))
               for writer in range(4)]
    for writer in writers:
        writer.start()
    try:
        reader.wait_count(1000)
        open_one = outbox.connect(autocommit=False)
        outbox.insert(topic, '"never committed"', session=open_one)
        getattr(server, end)()
        wait_until(lambda: not relay.connected('mysql'),
                   'the loss is noticed')
        assert relay.get('/livez')[0] == 200
        server.start()
        wait_until(lambda: relay.connected('mysql'), 'connected again')
        assert relay.metric('outbox_relay_reconnects_total',
                            side='mysql') >= 1
        reader.wait_count(len(reader.records) + 1000)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    reader.wait_count(outbox.count())
    reader.read_to_end()
    assert sorted(reader.values()) == sorted(
        payload.encode() for (payload,) in outbox.execute(
            f'SELECT payload_json FROM {outbox.name}'))
    assert b'"never committed"' not in reader.values()


@pytest.mark.faults
def test_rows_are_found_when_the_log_was_purged_past_the_checkpoint(
        relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready()
    outbox.insert(topic, '"before"')
    reader = read(topic)
    reader.wait_count(1)
    relay.stop()
    outbox.insert_many(topic, [str(number) for number in range(100)])
    purge_past_the_checkpoint(outbox)
    assert_goes_on_after_a_purge(relay, outbox, topic, reader, 101)
    relay.wait_ready()


def test_rows_before_a_start_at_latest_are_never_published_nor_deleted(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    outbox.insert_many(topic, ['"before"'] * 3)
    relay = make_relay(outbox, kafka, '--start=latest', '--retention=1s',
                       '--sweep-interval=1s', '--checkpoint-interval=100ms')
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    outbox.insert(topic, '1')
    reader.wait_count(1)
    relay.stop()
    outbox.insert(topic, '2')
    relay.start().wait_ready()
    reader.wait_count(2)
    wait_until(lambda: relay.metric('outbox_relay_sweeps_total',
                                    reason='interval') >= 2,
               'the table was compared')
    wait_until(lambda: outbox.count() == 3, 'what was published is pruned')
    outbox.insert(topic, '3')
    reader.wait_count(3)
    wait_until(lambda: outbox.count() == 3, 'and the last one')
    assert reader.read_to_end() and reader.values() == [b'1', b'2', b'3']
    assert outbox.execute('SELECT DISTINCT payload_json, errored, '
                          f'push_completed_at FROM {outbox.name}') == (
                              ('"before"', 0, None),)


def test_sigint_ends_it_as_sigterm_does(relay, outbox):
    outbox.create()
    relay.start().wait_ready()
    relay.signal(signal.SIGINT)
    assert relay.wait_exit() == 0
