# SPDX-License-Identifier: Apache-2.0
"""Kafka goes away for a minute: nothing is lost, memory stays flat."""

import threading
import time

import pytest

from testing.integration.outbox import make_outbox
from testing.integration.topic_reader import TopicReader
from testing.servers.deadline import wait_until
from testing.servers.mock_cluster import (OUT_OF_ORDER_SEQUENCE_NUMBER,
                                          MockCluster)

pytestmark = pytest.mark.faults
_OUTAGE_SECONDS = 60
_MIB = 1 << 20


@pytest.mark.parametrize('way', ['pause', 'kill'])
def test_broker_outage_with_inserts_going_on_loses_nothing(
        make_relay, outbox, own_kafka, way):
    broker = own_kafka()
    topic = broker.create_topic('events', 2)
    outbox.create()
    relay = make_relay(outbox, broker).start().wait_ready()
    filler = 'x' * 900
    stop = threading.Event()
    written = [0]

    def write():
        with outbox.connect() as session:
            while not stop.is_set():
                first = written[0]
                outbox.insert_many(
                    topic, [f'"{number} {filler}"'
                            for number in range(first, first + 100)],
                    session=session, key='one')
                written[0] += 100
                stop.wait(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: written[0] >= 2000, 'some rows')
        getattr(broker, way)()
        sizes = []
        end = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < end:
            sizes.append(relay.resident_bytes())
            assert relay.get('/livez')[0] == 200
            stop.wait(1)
        broker.resume() if way == 'pause' else broker.start()
        wait_until(lambda: written[0] >= 60000, 'more rows', 120)
    finally:
        stop.set()
        writer.join()
    reader = TopicReader(broker.address, topic)
    reader.wait_for(
        lambda records: len({record.value for record in records})
        == written[0], 'every row', timeout=180)
    reader.read_to_end()
    numbers = [int(value[1:].split()[0]) for value in reader.values()]
    assert numbers == sorted(numbers)
    assert numbers == list(range(written[0])), 'repeats'
    # Flat after the queue has filled: the last third against the first.
    third = len(sizes) // 3
    assert max(sizes[-third:]) < max(sizes[:third]) + 16 * _MIB, sizes
    assert max(sizes) < 128 * _MIB, sizes
    reader.close()


def test_half_dead_database_is_replaced_when_it_answers_again(
        make_relay, own_server, kafka, topic, read):
    server = own_server()
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka, '--db-read-timeout=2s')
    relay.start().wait_ready()
    outbox.insert(topic, '1')
    reader = read(topic)
    reader.wait_count(1)
    server.pause()
    wait_until(lambda: relay.text().count('reconnect') or
               relay.metric('outbox_relay_reconnects_total') > 0,
               'the silent connection is given up', 60)
    server.resume()
    outbox.insert(topic, '2')
    reader.wait_count(2)
    assert reader.values() == [b'1', b'2']


def test_producer_that_dies_of_a_fatal_error_is_replaced_and_loses_nothing(
        make_relay, outbox):
    cluster = MockCluster()
    topic = cluster.create_topic('events', 2)
    outbox.create()
    relay = make_relay(outbox, cluster.address).start().wait_ready()
    reader = TopicReader(cluster.address, topic)
    for batch in range(3):
        cluster.fail_produce(OUT_OF_ORDER_SEQUENCE_NUMBER)
        outbox.insert_many(topic, [str(number) for number in
                                   range(batch * 1000, batch * 1000 + 1000)],
                           key='one')
        reader.wait_for(lambda records: len(set(reader.values())) ==
                        batch * 1000 + 1000, 'every row')
    assert relay.metric('outbox_relay_reconnects_total', side='kafka') >= 1
    first_seen = list(dict.fromkeys(int(value) for value in reader.values()))
    assert first_seen == list(range(3000))
    relay.stop()
    reader.close()
    cluster.close()
