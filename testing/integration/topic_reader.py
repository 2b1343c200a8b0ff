# SPDX-License-Identifier: Apache-2.0
"""Reads topics with a consumer that is not ours."""

import collections
import dataclasses
import time
import typing

from confluent_kafka import Consumer, KafkaError, TopicPartition

from testing.servers.deadline import PATIENCE


@dataclasses.dataclass(frozen=True)
class Record:
    """What a consumer sees of one record; None is Kafka's null."""
    topic: str
    partition: int
    offset: int
    key: typing.Optional[bytes]
    value: typing.Optional[bytes]
    headers: tuple
    timestamp_ms: int


class TopicReader:
    """All records of some topics from their beginning, in `records`."""

    def __init__(self, address, *topics, **configuration):
        self.records = []
        self._consumer = Consumer({
            'bootstrap.servers': address, 'group.id': 'tests',
            'enable.auto.commit': False, 'enable.partition.eof': True,
            'allow.auto.create.topics': False, 'log_level': 0,
            'error_cb': lambda error: None, **configuration})
        self._ends = set()
        self._partitions = set()
        for topic in topics:
            known = self._consumer.list_topics(topic, 30).topics[topic]
            assert not known.error, known.error
            self._partitions |= {(topic, number)
                                 for number in known.partitions}
        self._consumer.assign([TopicPartition(topic, number, 0)
                               for topic, number in self._partitions])

    def poll(self, timeout=0.1):
        """Takes what has arrived; returns how many records that were."""
        before = len(self.records)
        for message in self._consumer.consume(10000, timeout):
            place = (message.topic(), message.partition())
            if message.error():
                if message.error().code() == KafkaError._PARTITION_EOF:
                    self._ends.add(place)
                continue
            self._ends.discard(place)
            self.records.append(Record(
                message.topic(), message.partition(), message.offset(),
                message.key(), message.value(),
                tuple(message.headers() or ()), message.timestamp()[1]))
        return len(self.records) - before

    def wait_for(self, condition, what, timeout=PATIENCE):
        """Polls until `condition(records)`; returns the records."""
        end = time.monotonic() + timeout
        while not condition(self.records):
            if time.monotonic() > end:
                raise TimeoutError(
                    f'not within {timeout} s: {what} '
                    f'({len(self.records)} records read)')
            self.poll()
        return self.records

    def wait_count(self, count, timeout=PATIENCE):
        """Polls until there are at least `count` records; returns them."""
        return self.wait_for(lambda records: len(records) >= count,
                             f'{count} records', timeout)

    def wait_all(self, payloads, timeout=PATIENCE):
        """Polls until each of the payloads is the value of a record."""
        wanted = {payload.encode() for payload in payloads}
        return self.wait_for(lambda records: wanted <= set(self.values()),
                             'every row', timeout)

    def read_to_end(self, timeout=PATIENCE):
        """Everything up to what are now the ends; returns the records."""
        self._ends.clear()
        self._consumer.assign([TopicPartition(
            topic, number, 1 + max(
                (record.offset for record in self.records
                 if (record.topic, record.partition) == (topic, number)),
                default=-1)) for topic, number in self._partitions])
        end = time.monotonic() + timeout
        while self._ends < self._partitions:
            assert time.monotonic() < end, 'a partition has no end'
            self.poll()
        return self.records

    def values(self):
        return [record.value for record in self.records]

    def close(self):
        self._consumer.close()


def by_partition(records):
    """{(topic, partition): [record…]} in the order of the offsets."""
    found = collections.defaultdict(list)
    for record in sorted(records, key=lambda one: one.offset):
        found[record.topic, record.partition].append(record)
    return found
