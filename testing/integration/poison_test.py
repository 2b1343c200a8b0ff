# SPDX-License-Identifier: Apache-2.0
"""Rows that Kafka will not take, and topics it does not have."""

import random

import pytest

from testing.integration.outbox import make_outbox
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
    relay.start().wait_ready().wait_streaming()
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

    wait_until(lambda: relay.metric('outbox_relay_poison_rows') == 1
               and relay.metric('kafka_outbox_total_size') == 101,
               'the poison row is counted')

    # Plain SQL sends it again, once the topic takes it.
    kafka.configure_topic(topic, max_message_bytes=1000000)
    outbox.execute(f'UPDATE {outbox.name} SET errored = 0 WHERE id = {row}')
    reader.wait_count(101)
    assert reader.values()[-1] == _LARGE.encode()
    # It is a published row now, and no second one beside that.
    wait_until(lambda: relay.metric('outbox_relay_poison_rows') == 0
               and relay.metric('kafka_outbox_total_size') == 101,
               'it is counted once')


def test_more_poison_rows_a_minute_than_the_limit_are_held_as_an_outage(
        make_relay, outbox, new_topic, read, kafka):
    topic = new_topic(1, max_message_bytes=2000)
    outbox.create()
    relay = make_relay(outbox, kafka, '--poison-limit=2')
    relay.start().wait_ready().wait_streaming()
    outbox.insert(topic, '"before"')
    rows = [outbox.insert(topic, _LARGE) for _ in range(3)]
    outbox.insert(topic, '"behind"')
    wait_until(lambda: relay.status()['state'] == 'holding', 'it holds')
    assert relay.metric('outbox_relay_holding') == 1
    assert relay.says('kafka.breaker_open', '--poison-limit')
    assert relay.get('/readyz')[0] == 200
    for row in rows[:2]:
        _errored(outbox, row)
    assert outbox.row(rows[2], 'errored', 'push_attempts') == (0, 0)
    reader = read(topic)
    reader.read_to_end()
    assert reader.values() == [b'"before"']

    kafka.configure_topic(topic, max_message_bytes=1000000)
    reader.wait_count(3)
    assert reader.values()[1:] == [_LARGE.encode(), b'"behind"']
    wait_until(lambda: relay.status()['state'] == 'streaming',
               'it holds no more')
    assert relay.metric('outbox_relay_holding') == 0
    assert relay.says('kafka.breaker_closed')
    assert outbox.count('errored = 1') == 2
    outbox.execute(f'UPDATE {outbox.name} SET errored = 0 WHERE errored = 1')
    reader.wait_count(5)


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
    row = outbox.insert(topic, '2', '[1]')
    outbox.insert(topic, '3')
    assert relay.wait_exit() == 1
    assert relay.says('relay.halted') and relay.says('process.failed',
                                                     '--on-poison=skip')
    reader = read(topic)
    reader.read_to_end()
    assert reader.values() == [b'1']
    # The cure that it names.
    make_relay(outbox, kafka, '--on-poison=skip').start().wait_ready()
    reader.wait_for(lambda records: records[-1].value == b'3', 'the rest')
    _errored(outbox, row)


# How long librdkafka hopes that an unknown topic is only new.
_SOON = '--kafka-config=topic.metadata.propagation.max.ms=1000'
# Nothing that waits for the end of such a grace can pass in time.
_LONG_GRACE = ('--topic-error-grace=1h', _SOON)
_SHORT_GRACE = ('--topic-error-grace=1s', _SOON)


def _assert_held_alone(relay, outbox, held, reader, value):
    """The other topic's record has come while the topic's row waits."""
    reader.wait_for(lambda records: value in reader.values(),
                    'the other topic goes on')
    assert outbox.row(held, 'errored', 'push_attempts') == (0, 0)
    assert relay.metric('outbox_relay_held_topics') == 1
    assert relay.metric('outbox_relay_rows_total', outcome='poison') == 0


def test_topic_that_does_not_exist_holds_its_rows_alone_then_poisons_them(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, *_LONG_GRACE).start().wait_ready()
    reader = read(topic)
    row = outbox.insert('nowhere', '"lost"')
    wait_until(lambda: relay.says('kafka.topic_held', 'nowhere'),
               'the log names the topic')
    outbox.insert(topic, '"found"')
    _assert_held_alone(relay, outbox, row, reader, b'"found"')
    relay.stop()
    make_relay(outbox, kafka, *_SHORT_GRACE).start().wait_ready()
    _errored(outbox, row)
    assert 'topic' in outbox.row(row, 'error_reason')[0].lower()
    outbox.insert(topic, '"end"')
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    # "found" stands behind the held row, which no checkpoint can pass: it
    # may come again.
    assert set(reader.values()) == {b'"found"', b'"end"'}


def test_topic_made_within_the_grace_gets_its_rows(make_relay, outbox, kafka,
                                                   read):
    outbox.create()
    relay = make_relay(outbox, kafka, *_LONG_GRACE).start().wait_ready()
    outbox.insert('later', '1')
    outbox.insert('later', '2')
    wait_until(lambda: relay.says('kafka.topic_held', 'later'),
               'the log names the topic')
    kafka.create_topic('later')
    reader = read('later')
    reader.wait_count(2)
    assert reader.read_to_end() and reader.values() == [b'1', b'2']
    wait_until(lambda: relay.metric('outbox_relay_held_topics') == 0,
               'no topic is held any more')


def test_topic_is_held_past_its_grace_on_request(
        make_relay, server, outbox, kafka, read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--on-topic-error=hold', *_SHORT_GRACE)
    relay.start().wait_ready().wait_streaming()
    row = outbox.insert('held', '1')
    wait_until(lambda: relay.says('kafka.topic_held', 'held'),
               'the log names the topic')
    # The same grace, begun later, is over for one that does not hold.
    other = make_outbox(server).create()
    make_relay(other, kafka, *_SHORT_GRACE).start().wait_ready()
    _errored(other, other.insert('held', '2'))
    assert outbox.row(row, 'errored', 'push_attempts') == (0, 0)
    assert relay.metric('outbox_relay_held_topics') == 1
    kafka.create_topic('held')
    assert [record.value for record in read('held').wait_count(1)] == [b'1']


def test_topic_that_is_not_authorised_does_not_stop_the_others(
        make_relay, outbox, kafka, read):
    for name in ('allowed', 'forbidden'):
        kafka.create_topic(name)
    kafka.allow('relay', 'Write', 'allowed')
    outbox.create()
    flags = ('--kafka-config=security.protocol=SASL_SSL',
             '--kafka-config=sasl.mechanisms=PLAIN',
             '--kafka-config=sasl.username=relay',
             '--kafka-config=sasl.password=relay',
             f'--kafka-config=ssl.ca.location={kafka.authority.certificate}')
    relay = make_relay(outbox, kafka.secure_address, *_LONG_GRACE, *flags)
    relay.start().wait_ready()
    reader = read('allowed')
    row = outbox.insert('forbidden', '1')
    wait_until(lambda: relay.says('kafka.topic_held', 'forbidden'),
               'the log names the topic')
    outbox.insert('allowed', '2')
    _assert_held_alone(relay, outbox, row, reader, b'2')
    relay.stop()
    make_relay(outbox, kafka.secure_address, *_SHORT_GRACE,
               *flags).start().wait_ready()
    _errored(outbox, row)
    assert 'authori' in outbox.row(row, 'error_reason')[0].lower()


def test_poison_row_that_is_gone_is_kept_whole_beside_the_checkpoint(
        relay, server, outbox, new_topic, read):
    topic = new_topic(1, max_message_bytes=2000)
    outbox.create()
    relay.start().wait_ready().wait_streaming()
    with outbox.connect(autocommit=False) as session:
        row = outbox.insert(topic, _LARGE, '{"a": "b"}', key='k',
                            session=session)
        with session.cursor() as cursor:
            cursor.execute(f'DELETE FROM {outbox.name} WHERE id = %s', (row,))
        session.commit()
    outbox.insert(topic, '"after"')
    read(topic).wait_count(1)
    dead = f'`{outbox.schema}`.kafka_outbox_dead'
    kept = wait_until(lambda: server.execute(
        'SELECT row_id, topic, `key`, partition_key, payload_json, '
        f'payload_headers, error_reason FROM {dead}'), 'the dead row is kept')
    assert [kept[0][:-1]] == [(str(row), topic.encode(), b'k', b'',
                               _LARGE.encode(), b'{"a": "b"}')]
    assert len(kept) == 1 and 'MSG_SIZE_TOO_LARGE' in kept[0][-1]
