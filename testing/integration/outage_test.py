# SPDX-License-Identifier: Apache-2.0
"""One side goes away: nothing is lost, memory stays flat."""

import contextlib
import threading
import time

import pytest

from testing.integration.faults import paused
from testing.integration.outbox import make_outbox
from testing.integration.topic_reader import TopicReader
from testing.servers.deadline import wait_until
from testing.servers.mock_cluster import (OUT_OF_ORDER_SEQUENCE_NUMBER,
                                          MockCluster)

pytestmark = pytest.mark.faults
_OUTAGE_SECONDS = 60
_MIB = 1 << 20
# What the producer's queue may hold, and what the whole process may.
_QUEUE_BYTES = 16 * _MIB
_RESIDENT_BYTES = 64 * _MIB
# What an end may take beyond --shutdown-timeout, on a busy machine.
_MARGIN = 20


class _Side:
    """A broker, and a relay and a writer of its own."""

    def __init__(self, broker, outbox, make_relay):
        self.broker = broker
        self.topic = broker.create_topic('outage', 2)
        self.outbox = outbox
        self.relay = make_relay(outbox, broker).start().wait_ready()
        self.written = 0
        self._writer = None

    def write_until(self, stop):
        self._writer = threading.Thread(target=self._write, args=(stop,))
        self._writer.start()

    def _write(self, stop):
        filler = 'x' * 900
        with self.outbox.connect() as session:
            while not stop.is_set():
                self.outbox.insert_many(
                    self.topic, [f'"{number} {filler}"' for number in
                                 range(self.written, self.written + 100)],
                    session=session, key='one')
                self.written += 100
                stop.wait(0.05)

    def join(self):
        if self._writer:
            self._writer.join()

    def published(self):
        return self.relay.metric('outbox_relay_rows_total',
                                 outcome='published')


def _watch_outage(sides):
    """Samples resident memory for a minute, and until what was written would
    not fit the queue twice; returns {side: sizes from the time on when the
    queue was full}."""
    before = {side: side.written for side in sides}
    sizes = {side: [] for side in sides}
    end = time.monotonic() + _OUTAGE_SECONDS
    stuck = {}

    def written(side):
        return (side.written - before[side]) * 900

    def over():
        for side in sides:
            if (written(side) > _QUEUE_BYTES and side.relay.metric(
                    'outbox_relay_queue_bytes') > 0.8 * _QUEUE_BYTES):
                sizes[side].append(side.relay.resident_bytes())
                stuck.setdefault(side, side.published())
            assert side.relay.get('/livez')[0] == 200
        return time.monotonic() > end and all(
            written(side) > 2 * _QUEUE_BYTES and len(sizes[side]) >= 6
            for side in sides)

    wait_until(over, 'the outage', 4 * _OUTAGE_SECONDS, interval=1)
    for side in sides:
        assert side.published() == stuck[side], 'there was no outage'
        assert not side.relay.connected('kafka')
    return sizes


def test_broker_outage_of_a_minute_with_inserts_going_on_loses_nothing(
        make_relay, server, kafka, own_kafka):
    # Both ways in the same minute.
    paused_one, killed_one = sides = [
        _Side(broker, make_outbox(server).create(), make_relay)
        for broker in (kafka, own_kafka())]
    stop = threading.Event()
    try:
        for side in sides:
            side.write_until(stop)
        wait_until(lambda: all(side.published() >= 2000 for side in sides),
                   'some rows')
        paused_one.broker.pause()
        killed_one.broker.kill()
        sizes = _watch_outage(sides)
        paused_one.broker.resume()
        killed_one.broker.start()
        wait_until(lambda: all(side.relay.connected('kafka')
                               for side in sides), 'both answer again')
        target = {side: side.written + 2000 for side in sides}
        wait_until(lambda: all(side.written >= target[side]
                               for side in sides), 'more rows')
    finally:
        paused_one.broker.resume()
        stop.set()
        for side in sides:
            side.join()
    for side in sides:
        with contextlib.closing(TopicReader(side.broker.address,
                                            side.topic)) as reader:
            reader.wait_count(side.written)
            reader.read_to_end()
            numbers = [int(value[1:].split()[0]) for value in reader.values()]
            assert numbers == list(range(side.written))
        # Flat, once the queue is full.
        seen = sizes[side]
        print('resident MiB:', [size // _MIB for size in seen])
        half = len(seen) // 2
        assert max(seen[half:]) < max(seen[:half]) + 4 * _MIB, seen
        assert max(seen) < _RESIDENT_BYTES, seen


def test_sigterm_while_kafka_is_away_ends_in_time_and_loses_nothing(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--shutdown-timeout=2s')
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    outbox.insert(topic, '0')
    reader.wait_count(1)
    relay.wait_acknowledged()
    with paused(kafka):
        outbox.insert_many(topic, [str(number) for number in range(1, 1000)])
        wait_until(lambda: relay.metric('kafka_outbox_queue_size') == 999,
                   'rows wait for Kafka')
        relay.stop(timeout=2 + _MARGIN)
        assert relay.says('process.stopping', '--shutdown-timeout')
    relay.start().wait_ready()
    reader.wait_for(lambda records: len(set(reader.values())) == 1000,
                    'every row')


@pytest.mark.parametrize('way', ['pause', 'kill'])
def test_sigterm_while_mysql_is_away_ends_in_time_and_loses_nothing(
        make_relay, outbox, server, kafka, topic, read, way):
    outbox.create()
    # Marking has its own questions to the server at the end.
    relay = make_relay(outbox, kafka, '--shutdown-timeout=2s',
                       '--mark-completed=on')
    relay.start().wait_ready()
    reader = read(topic)
    outbox.insert(topic, '0')
    reader.wait_count(1)
    getattr(server, way)()
    try:
        # The last save fails, and that is said.
        relay.stop(timeout=2 + _MARGIN, expected=1)
        assert relay.says('process.failed')
    finally:
        server.resume() if way == 'pause' else server.start()
    outbox.insert(topic, '1')
    relay.start().wait_ready()
    reader.wait_for(lambda records: b'1' in reader.values(), 'the rest')


def test_checkpoint_file_is_saved_though_mysql_hangs_at_the_stop(
        make_relay, outbox, server, kafka, topic, read, directory):
    outbox.create()
    relay = make_relay(
        outbox, kafka, '--shutdown-timeout=2s', '--mark-completed=on',
        '--checkpoint-interval=10m',
        f'--checkpoint-file={directory}/{outbox.schema}.checkpoint')
    relay.start().wait_ready().wait_streaming()
    outbox.insert_many(topic, [str(n) for n in range(1, 101)])
    reader = read(topic)
    reader.wait_count(100)
    relay.wait_acknowledged()
    with paused(server):
        relay.stop(timeout=2 + _MARGIN, expected=1)  # Not all could be done.
    relay.start().wait_ready()
    outbox.insert(topic, '101')
    reader.wait_for(lambda records: b'101' in reader.values(), 'the rest')
    assert len(reader.read_to_end()) == 101


def test_half_dead_database_is_replaced_when_it_answers_again(
        make_relay, outbox, server, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--db-read-timeout=2s')
    relay.start().wait_ready()
    outbox.insert(topic, '1')
    reader = read(topic)
    reader.wait_count(1)
    with paused(server):
        wait_until(lambda: relay.metric('outbox_relay_connected',
                                        side='mysql') == 0,
                   'the silent connection is given up')
        assert not relay.connected('mysql')
    outbox.insert(topic, '2')
    reader.wait_count(2)
    assert reader.values() == [b'1', b'2']


def test_producer_that_dies_of_a_fatal_error_is_replaced_and_loses_nothing(
        make_relay, outbox):
    cluster = MockCluster()
    topic = cluster.create_topic('events', 2)
    outbox.create()
    # A batch is one request: the mock cluster checks no sequences, and what
    # comes behind a request that it fails would not be refused.
    relay = make_relay(
        outbox, cluster.address, '--kafka-config=batch.num.messages=1000',
        '--kafka-config=linger.ms=60000').start().wait_ready()
    reader = TopicReader(cluster.address, topic)
    for batch in range(3):
        cluster.fail_produce(OUT_OF_ORDER_SEQUENCE_NUMBER)
        outbox.insert_many(topic, [str(number) for number in
                                   range(batch * 1000, batch * 1000 + 1000)],
                           key='one', chunk=1000)
        reader.wait_for(lambda records: len(set(reader.values())) ==
                        batch * 1000 + 1000, 'every row')
    assert relay.metric('outbox_relay_reconnects_total', side='kafka') >= 1
    first_seen = list(dict.fromkeys(int(value) for value in reader.values()))
    assert first_seen == list(range(3000))
    relay.stop()
    reader.close()
    cluster.close()
