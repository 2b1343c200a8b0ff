# SPDX-License-Identifier: Apache-2.0
"""Rows that Kafka will not take, and topics it does not have."""

import random

import pytest

from testing.servers.deadline import wait_until

# What a broker limits is the compressed batch: no letters that repeat.
_LARGE = '"%s"' % random.Random(1).randbytes(2500).hex()


def _errored(outbox, row):
    return wait_until(lambda: (outbox.row(row, 'errored') or (0,))[0] == 1,
                      f'row {row} is recorded as errored')


def test_too_large_row_is_recorded_and_its_neighbours_published_once(
        relay, outbox, new_topic, read, kafka):
    topic = new_topic(1, max_message_bytes=2000)
    outbox.create()
    relay.start().wait_ready()
    with outbox.connect(autocommit=False) as session:
        for number in range(50):
            outbox.insert(topic, str(number), session=session)
        row = outbox.insert(topic, _LARGE, session=session)
        for number in range(50, 100):
            outbox.insert(topic, str(number), session=session)
        session.commit()
    reader = read(topic)
    reader.wait_count(100)
    _errored(outbox, row)
    attempts, reason = outbox.row(row, 'push_attempts', 'error_reason')
    assert attempts == 3
    assert 'large' in reason.lower() or 'size' in reason.lower()
    reader.read_to_end()
    assert reader.values() == [str(number).encode() for number in range(100)]

    # Plain SQL sends it again, once the topic takes it.
    kafka.configure_topic(topic, max_message_bytes=1000000)
    outbox.execute(f'UPDATE {outbox.name} SET errored = 0 WHERE id = {row}')
    reader.wait_count(101)
    assert reader.values()[-1] == _LARGE.encode()


@pytest.mark.parametrize('headers', ['[1]', '"text"', '7'])
def test_headers_that_are_no_object_make_the_row_poison(
        relay, outbox, topic, read, headers):
    outbox.create()
    relay.start().wait_ready()
    row = outbox.insert(topic, '1', headers)
    outbox.insert(topic, '2')
    assert [record.value for record in read(topic).wait_count(1)] == [b'2']
    _errored(outbox, row)
    assert 'payload_headers' in outbox.row(row, 'error_reason')[0]


def test_poison_can_halt_instead(make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--on-poison=halt').start().wait_ready()
    outbox.insert(topic, '1')
    outbox.insert(topic, '2', '[1]')
    outbox.insert(topic, '3')
    read(topic).wait_count(1)
    wait_until(lambda: 'halt' in relay.text(), 'the relay says it halts')
    reader = read(topic)
    reader.read_to_end()
    assert reader.values() == [b'1']


def test_topic_that_does_not_exist_holds_its_rows_alone_then_poisons_them(
        make_relay, outbox, own_kafka, read):
    broker = own_kafka({'auto.create.topics.enable': 'false'})
    topic = broker.create_topic('there')
    outbox.create()
    make_relay(outbox, broker, '--topic-error-grace=3s').start().wait_ready()
    row = outbox.insert('nowhere', '"lost"')
    outbox.insert(topic, '"found"')
    reader = read(topic, broker=broker)
    assert reader.wait_count(1)[0].value == b'"found"'
    _errored(outbox, row)
    assert outbox.row(row, 'error_reason')[0]


def test_topic_made_within_the_grace_gets_its_rows(make_relay, outbox,
                                                   own_kafka, read):
    broker = own_kafka({'auto.create.topics.enable': 'false'})
    outbox.create()
    relay = make_relay(outbox, broker, '--topic-error-grace=60s')
    relay.start().wait_ready()
    outbox.insert('later', '1')
    outbox.insert('later', '2')
    wait_until(lambda: 'later' in relay.text(), 'the log names the topic')
    broker.create_topic('later')
    reader = read('later', broker=broker)
    reader.wait_count(2)
    assert reader.read_to_end() and reader.values() == [b'1', b'2']


def test_topic_that_is_not_authorised_does_not_stop_the_others(
        make_relay, outbox, own_kafka, read):
    broker = own_kafka(security='SASL_SSL', acls=True)
    for name in ('allowed', 'forbidden'):
        broker.create_topic(name)
    broker.allow('relay', 'Write', 'allowed')
    outbox.create()
    make_relay(
        outbox, broker.secure_address, '--topic-error-grace=3s',
        '--kafka-config=security.protocol=SASL_SSL',
        '--kafka-config=sasl.mechanisms=PLAIN',
        '--kafka-config=sasl.username=relay',
        '--kafka-config=sasl.password=relay',
        f'--kafka-config=ssl.ca.location={broker.authority.certificate}',
    ).start().wait_ready()
    row = outbox.insert('forbidden', '1')
    outbox.insert('allowed', '2')
    reader = read('allowed', broker=broker)
    assert reader.wait_count(1)[0].value == b'2'
    _errored(outbox, row)
    assert 'authori' in outbox.row(row, 'error_reason')[0].lower()


def test_poison_row_that_is_gone_is_kept_whole_beside_the_checkpoint(
        relay, server, outbox, new_topic, read):
    topic = new_topic(1, max_message_bytes=2000)
    outbox.create()
    relay.start().wait_ready()
    with outbox.connect(autocommit=False) as session:
        row = outbox.insert(topic, _LARGE, key='k', session=session)
        with session.cursor() as cursor:
            cursor.execute(f'DELETE FROM {outbox.name} WHERE id = %s', (row,))
        session.commit()
    outbox.insert(topic, '"after"')
    read(topic).wait_count(1)
    dead = f'`{outbox.schema}`.kafka_outbox_dead'
    wait_until(lambda: server.execute(f'SELECT COUNT(*) FROM {dead}'
                                      ) == ((1,),), 'the dead row is kept')
