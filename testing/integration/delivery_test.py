# SPDX-License-Identifier: Apache-2.0
"""What is published, in which order, and what is not."""

import json
import random
import threading
import zlib

import pytest

from testing.integration.murmur2 import murmur2
from testing.integration.outbox import make_outbox
from testing.integration.topic_reader import by_partition
from testing.servers.deadline import wait_until


def test_committed_row_arrives_with_key_and_headers(relay, outbox, topic,
                                                    read):
    outbox.create()
    relay.start().wait_ready()
    outbox.insert(topic, '{"name": "Zoë 🐘", "n": 1}',
                  '{"traceparent": "00-ab-cd-01", "attempt": 3, "off": null, '
                  '"flag": true, "list": [1, "a"]}', key='order-7')
    record, = read(topic).wait_count(1)
    assert record.key == b'order-7'
    assert record.value == '{"n": 1, "name": "Zoë 🐘"}'.encode() or (
        record.value == '{"name": "Zoë 🐘", "n": 1}'.encode())
    assert dict(record.headers) == {
        'traceparent': b'00-ab-cd-01', 'attempt': b'3', 'off': None,
        'flag': b'true', 'list': b'[1, "a"]'}


def test_empty_key_is_null_and_null_value_is_a_tombstone(relay, outbox, topic,
                                                         read):
    outbox.create()
    outbox.execute(f'ALTER TABLE {outbox.name} MODIFY payload_json JSON NULL')
    relay.start().wait_ready()
    outbox.insert(topic, None, key='gone')
    outbox.insert(topic, '{}', key='')
    first, second = read(topic).wait_count(2)
    assert (first.key, first.value) == (b'gone', None)
    assert (second.key, second.value) == (None, b'{}')


def test_relay_creates_the_table_it_reads(relay, outbox, topic, read):
    relay.start().wait_ready()
    assert outbox.exists()
    for table in (outbox.table, 'kafka_outbox_checkpoint',
                  'kafka_outbox_ledger', 'kafka_outbox_dead',
                  'kafka_outbox_owner'):
        assert relay.says('migration.applied',
                          f'CREATE TABLE IF NOT EXISTS `{outbox.schema}`.'
                          f'`{table}`')
    outbox.insert(topic, '{"first": true}')
    assert read(topic).wait_count(1)[0].value == b'{"first": true}'
    relay.stop()
    said = relay.text().count('migration.applied')
    relay.start().wait_ready()
    assert relay.text().count('migration.applied') == said


def _write_and_note_commits(outbox, topic, writer, rows, turns):
    """Commits rows in transactions of up to ten. The last thing that each
    does is to take a turn: a row lock that it holds until its commit, so that
    turns are in commit order while ids and statements of all writers mix."""
    with outbox.connect(autocommit=False) as session:
        pending = []
        for number in range(rows):
            outbox.insert(topic, f'[{writer}, {number}]', session=session,
                          key=f'key-{(writer + number) % 5}')
            pending.append((writer, number))
            if number % 10 == writer or number == rows - 1:
                with session.cursor() as cursor:
                    cursor.execute('UPDATE turns SET turn = turn + 1')
                    cursor.execute('SELECT turn FROM turns')
                    turn, = cursor.fetchone()
                session.commit()
                for place, row in enumerate(pending):
                    turns[row] = turn, place
                pending = []


def test_order_per_partition_is_commit_order_under_eight_concurrent_writers(
        relay, outbox, new_topic, read):
    outbox.create()
    outbox.execute('CREATE TABLE turns (turn INT NOT NULL)')
    outbox.execute('INSERT INTO turns VALUES (0)')
    topic = new_topic(4)
    relay.start().wait_ready().wait_streaming()
    rows_each, writers, turns = 500, 8, {}
    threads = [threading.Thread(target=_write_and_note_commits,
                                args=(outbox, topic, writer, rows_each, turns))
               for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == rows_each * writers
    in_id_order = [turns[tuple(json.loads(payload))]
                   for (payload,) in outbox.execute(
                       f'SELECT payload_json FROM {outbox.name} ORDER BY id')]
    assert in_id_order != sorted(in_id_order), 'no two writers ever met'
    reader = read(topic)
    reader.wait_count(len(turns))
    records = reader.read_to_end()
    assert len(records) == len(turns)
    assert len({record.value for record in records}) == len(records)
    partitions_of_key = {}
    parts = by_partition(records)
    assert len(parts) > 1
    for part in parts.values():
        order = [turns[tuple(json.loads(record.value))] for record in part]
        assert order == sorted(order)
        for record in part:
            partitions_of_key.setdefault(record.key, set()).add(
                record.partition)
    assert all(len(places) == 1 for places in partitions_of_key.values())


def test_nothing_of_a_rolled_back_transaction_is_published(
        relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready()
    with outbox.connect(autocommit=False) as session:
        for number in range(10):
            outbox.insert(topic, f'"rolled back {number}"', session=session)
            session.rollback()
            outbox.insert(topic, f'"kept {number}"', session=session)
            with session.cursor() as cursor:
                cursor.execute('SAVEPOINT s')
                outbox.insert(topic, '"undone"', session=session)
                cursor.execute('ROLLBACK TO SAVEPOINT s')
            session.commit()
        outbox.insert(topic, '"never committed"', session=session)
        outbox.insert(topic, '"end"')
        reader = read(topic)
        reader.wait_for(lambda records: records
                        and records[-1].value == b'"end"', 'the end')
    assert reader.values() == [f'"kept {number}"'.encode()
                               for number in range(10)] + [b'"end"']


def test_update_in_the_inserting_transaction_is_what_is_sent(
        relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready().wait_streaming()
    with outbox.connect(autocommit=False) as session:
        row = outbox.insert(topic, '"draft"', session=session)
        with session.cursor() as cursor:
            cursor.execute(f"UPDATE {outbox.name} SET payload_json = "
                           "'\"final\"', `key` = 'k' WHERE id = %s", (row,))
        session.commit()
        deleted = outbox.insert(topic, '"deleted at once"', session=session)
        with session.cursor() as cursor:
            cursor.execute(f'DELETE FROM {outbox.name} WHERE id = %s',
                           (deleted,))
        session.commit()
    records = read(topic).wait_count(2)
    assert [(record.key, record.value) for record in records] == [
        (b'k', b'"final"'), (None, b'"deleted at once"')]


def test_later_update_of_a_row_is_no_message(relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready()
    row = outbox.insert(topic, '"once"')
    reader = read(topic)
    reader.wait_count(1)
    outbox.execute(f"UPDATE {outbox.name} SET payload_json = '\"changed\"' "
                   f'WHERE id = {row}')
    outbox.insert(topic, '"end"')
    reader.wait_for(lambda records: records[-1].value == b'"end"', 'the end')
    assert reader.values() == [b'"once"', b'"end"']


def test_rows_of_before_the_first_start_are_published_in_id_order(
        relay, outbox, topic, read):
    outbox.create()
    outbox.insert_many(topic, [str(number) for number in range(3000)])
    relay.start()
    reader = read(topic)
    reader.wait_count(3000)
    outbox.insert(topic, '"after"')
    reader.wait_count(3001)
    assert reader.read_to_end() and reader.values() == [
        str(number).encode() for number in range(3000)] + [b'"after"']


def test_several_schemas_are_served_by_one_relay(make_relay, server, kafka,
                                                 topic, read):
    outboxes = [make_outbox(server).create() for _ in range(3)]
    make_relay(outboxes, kafka).start().wait_ready()
    for number, outbox in enumerate(outboxes):
        outbox.insert(topic, f'"of {number}"')
    reader = read(topic)
    reader.wait_count(3)
    assert sorted(reader.values()) == [b'"of 0"', b'"of 1"', b'"of 2"']


def test_rows_of_one_id_in_several_schemas_are_kept_apart(
        make_relay, server, kafka, new_topic, topic, read):
    small = new_topic(1, max_message_bytes=2000)
    large = '"%s"' % random.Random(1).randbytes(2500).hex()
    flags = ('--retention=1s', '--checkpoint-interval=100ms')
    first, second, added = [make_outbox(server).create() for _ in range(3)]
    relay = make_relay([first, second], kafka, *flags).start().wait_ready()
    relay.wait_streaming()
    # The ids 1 and 2 are in both: poison here, published and pruned there.
    for outbox, poison in ((first, 2), (second, 1)):
        for row in (1, 2):
            where, payload = (small, large) if row == poison else (
                topic, f'"{outbox.schema} {row}"')
            assert outbox.insert(where, payload) == row
    for outbox, poison in ((first, 2), (second, 1)):
        wait_until(lambda: outbox.execute(  # pylint: disable=W0640
            f'SELECT id, errored FROM {outbox.name}') == ((poison, 1),),
            f'of {outbox.schema} only the poison row is left')
    relay.stop()

    added.insert(topic, '"of before"')
    relay = make_relay([first, second, added], kafka, *flags)
    relay.start().wait_ready()
    reader = read(topic)
    reader.wait_count(3)
    # Only the second's comes again.
    kafka.configure_topic(small, max_message_bytes=1000000)
    second.execute(f'UPDATE {second.name} SET errored = 0 WHERE id = 1')
    again = read(small)
    again.wait_count(1)
    wait_until(lambda: second.count() == added.count() == 0, 'are pruned')
    assert first.execute(f'SELECT id, errored FROM {first.name}') == ((2, 1),)
    for each, values in ((again, {large}), (reader, {
            f'"{first.schema} 1"', f'"{second.schema} 2"', '"of before"'})):
        each.read_to_end()
        assert sorted(each.values()) == sorted(
            value.encode() for value in values)


def test_table_of_another_name_is_followed(make_relay, server, kafka, topic,
                                           read):
    outbox = make_outbox(server, table='events').create()
    decoy = make_outbox(server).create()
    make_relay(outbox, kafka).start().wait_ready()
    decoy.insert(topic, '"of no interest"')
    outbox.insert(topic, '"wanted"')
    assert read(topic).wait_count(1)[0].value == b'"wanted"'


@pytest.fixture
def compressed(server):
    """Binary logs compressed, in each server's own manner; what events show
    it."""
    if server.name == 'MySQL':
        variable, event = 'binlog_transaction_compression', (
            'Transaction_payload')
    else:
        variable, event = 'log_bin_compress', 'Write_rows_compressed'
    server.execute(f'SET GLOBAL {variable} = ON')
    yield event
    server.execute(f'SET GLOBAL {variable} = OFF')


def test_compressed_transactions_are_read(relay, outbox, topic, read, server,
                                          compressed):
    outbox.create()
    relay.start().wait_ready()
    server.execute('FLUSH BINARY LOGS')
    log = server.execute('SHOW BINARY LOGS')[-1][0]
    payloads = [f'"{number} {"x" * 900}"' for number in range(2000)]
    outbox.insert_many(topic, payloads)
    events = {event[2] for event in server.execute(
        f"SHOW BINLOG EVENTS IN '{log}'")}
    assert any(event.startswith(compressed) for event in events), events
    reader = read(topic)
    reader.wait_count(2000)
    reader.read_to_end()
    assert reader.values() == [payload.encode() for payload in payloads]


@pytest.mark.mysql
def test_minimal_row_image_still_gives_the_whole_record(relay, outbox, topic,
                                                        read):
    outbox.create()
    relay.start().wait_ready().wait_streaming()
    with outbox.connect() as session:
        with session.cursor() as cursor:
            cursor.execute("SET SESSION binlog_row_image = 'MINIMAL'")
        outbox.insert(topic, '"minimal"', session=session)
    record, = read(topic).wait_count(1)
    assert (record.key, record.value) == (None, b'"minimal"')


def test_partition_follows_partition_key_by_the_chosen_partitioner(
        make_relay, outbox, kafka, new_topic, read):
    outbox.create()
    topic = new_topic(8)
    make_relay(outbox, kafka, '--partitioner=murmur2').start().wait_ready()
    keys = [f'customer-{number}' for number in range(50)]
    for key in keys:
        outbox.insert(topic, f'"{key}"', partition_key=key, key='other')
    reader = read(topic)
    reader.wait_count(len(keys))
    for record in reader.records:
        assert record.partition == murmur2(record.value.strip(b'"')) % 8
        assert record.key == b'other'


def test_choice_of_partitioner_is_kept_until_it_is_forced(
        make_relay, outbox, kafka, new_topic, read):
    outbox.create()
    topic = new_topic(8)
    make_relay(outbox, kafka, '--partitioner=murmur2').start().wait_ready(
        ).wait_streaming().stop()
    other = make_relay(outbox, kafka, '--partitioner=crc32')
    other.refuses('--force-partitioner')
    other.start('--force-partitioner').wait_ready().wait_streaming().stop()
    # Said once, it is the choice that is kept.
    other.start().wait_ready()
    keys = [f'customer-{number}' for number in range(50)]
    for key in keys:
        outbox.insert(topic, key=key)
    for record in read(topic).wait_count(len(keys)):
        assert record.partition == zlib.crc32(record.key) % 8
