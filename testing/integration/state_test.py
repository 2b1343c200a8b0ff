# SPDX-License-Identifier: Apache-2.0
"""The relay's own state: who owns a table, where it is kept, what is still
true of it after the log or the table went another way."""

import random
import time

import pytest

from testing.integration.faults import (assert_healed_after_a_purge,
                                        purge_past_the_checkpoint)
from testing.integration.outbox import (USER, create_user,
                                        grant_replication, make_outbox,
                                        numbers)
from testing.integration.saved_state import saved_position
from testing.servers.deadline import wait_until

_FAST = ('--checkpoint-interval=100ms',)
# What a broker limits is the compressed batch: no letters that repeat.
_LARGE = '"%s"' % random.Random(1).randbytes(2500).hex()
_POLLING_RELAYS_CONDITION = (
    '((batch_id IS NULL AND push_started_at IS NULL) OR (batch_id IS NOT NULL '
    'AND push_completed_at IS NULL AND push_started_at < NOW())) '
    'AND errored = 0')


def _publish(relay, outbox, topic, reader, payloads):
    """Inserts rows, waits until they have arrived and the ledger has them."""
    before = saved_position(outbox)
    outbox.insert_many(topic, payloads)
    reader.wait_all(payloads)
    wait_until(lambda: saved_position(outbox) != before, 'a save')
    relay.stop()


def test_second_relay_with_an_overlapping_schema_is_refused_by_name(
        make_relay, server, kafka, topic, read):
    both, other = make_outbox(server), make_outbox(server)
    first = make_relay([both, other], kafka, *_FAST).start().wait_ready()
    other.insert(topic)
    read(topic).wait_count(1)
    wait_until(lambda: saved_position(both)[0], 'a save')
    second = make_relay(other, kafka)
    second.refuses(f'`{other.schema}`', f'`{both.schema}`', 'DELETE FROM')
    assert first.running()


@pytest.mark.parametrize('may_create', (True, False))
def test_order_of_schemas_may_change(make_relay, server, kafka, new_topic,
                                     read, may_create):
    one, two = make_outbox(server), make_outbox(server)
    topic = new_topic(1, max_message_bytes=2000)
    first = make_relay([one, two], kafka, *_FAST).start().wait_ready()
    two.insert(topic, '1')
    read(topic).wait_count(1)
    first.stop()
    variables = {}
    if not may_create:
        for outbox in (one, two):
            create_user(server, 'modest', 'password', outbox.schema, 'SELECT',
                        'INSERT', 'UPDATE', 'DELETE')
        grant_replication(server, 'modest')
        variables = {'DB_USER': 'modest', 'DB_PASS': 'password'}
    second = make_relay([two, one], kafka, *_FAST, variables=variables)
    code, output = second.run('check')
    assert code == 0, output
    second.start().wait_ready().wait_streaming()
    two.insert(topic, '2')
    reader = read(topic)
    reader.wait_count(2)
    # Too large for the topic, and gone: only the old state schema can keep it.
    with two.connect(autocommit=False) as session:
        row = two.insert(topic, _LARGE, session=session)
        with session.cursor() as cursor:
            cursor.execute(f'DELETE FROM {two.name} WHERE id = {row}')
        session.commit()
    wait_until(lambda: one.execute(
        'SELECT schema_name, row_id FROM kafka_outbox_dead')
               == ((two.schema, str(row)),), 'the dead letter')
    second.stop()
    reader.read_to_end()
    assert reader.values() == [b'1', b'2']


def test_server_id_of_another_reader_is_not_taken(make_relay, server, kafka,
                                                  topic, read):
    one, two = make_outbox(server), make_outbox(server)
    if 'MariaDB' in server.execute('SELECT VERSION()')[0][0]:
        # Without it MariaDB tells nobody who reads.
        server.execute(f"GRANT REPLICATION MASTER ADMIN ON *.* TO {USER}@'%'")
    first = make_relay(one, kafka, '--relay-server-id=77').start()
    wait_until(lambda: first.says('stream.connected'), 'the first one')
    second = make_relay(two, kafka, '--relay-server-id=77').start()
    wait_until(lambda: second.says('server_id 77', '--relay-server-id'),
               'the refusal')
    assert not first.says('stream.disconnected'), 'it was ended by the second one'
    first.stop()
    two.insert(topic)
    read(topic).wait_count(1)


def test_checkpoint_in_a_file_needs_no_right_to_create(
        make_relay, outbox, server, kafka, topic, read, directory):
    outbox.create()
    create_user(server, 'poor', 'password', outbox.schema, 'SELECT', 'INSERT',
                'UPDATE', 'DELETE')
    grant_replication(server, 'poor')
    poor = {'DB_USER': 'poor', 'DB_PASS': 'password',
            'SKIP_MIGRATIONS': 'true'}
    path = directory / f'{outbox.schema}.checkpoint'
    flags = (f'--checkpoint-file={path}', *_FAST)
    reader = read(topic)
    first = make_relay(outbox, kafka, *flags, variables=poor)
    first.start().wait_ready()
    outbox.insert(topic, '1')
    reader.wait_count(1)
    make_relay(outbox, kafka, *flags, variables=poor).refuses(
        str(path), 'in use by another outbox-relay')
    first.stop()
    outbox.insert(topic, '2')
    second = make_relay(outbox, kafka, *flags, variables=poor)
    second.start().wait_ready()
    reader.wait_count(2)
    second.stop()
    reader.read_to_end()
    assert reader.values() == [b'1', b'2']


def test_state_of_a_newer_version_is_refused(make_relay, outbox, kafka):
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    relay.stop()
    outbox.execute('UPDATE kafka_outbox_checkpoint SET format = 99')
    make_relay(outbox, kafka).refuses('format 99', 'newer')


@pytest.mark.parametrize('grown', (5, 40, 80))
def test_new_rows_under_old_ids_are_published_after_a_purge(
        make_relay, outbox, kafka, topic, read, grown):
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    reader = read(topic)
    _publish(relay, outbox, topic, reader, numbers(1, 60))
    outbox.execute(f'TRUNCATE {outbox.name}')
    new = numbers(1001, 1000 + grown)
    outbox.insert_many(topic, new)
    purge_past_the_checkpoint(outbox)
    relay.start().wait_ready()
    reader.wait_for(lambda records: {payload.encode() for payload in new}
                    <= set(reader.values()), 'every new row')
    assert_healed_after_a_purge(relay)


def test_purge_repeats_nothing_when_the_ledger_surely_holds(
        make_relay, outbox, kafka, topic, read):
    outbox.create()
    outbox.execute(f'ALTER TABLE {outbox.name} AUTO_INCREMENT = 1000')
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    reader = read(topic)
    _publish(relay, outbox, topic, reader, numbers(1, 60))
    outbox.insert_many(topic, numbers(61, 90))
    purge_past_the_checkpoint(outbox)
    relay.start().wait_ready()
    reader.wait_count(90)
    assert_healed_after_a_purge(relay)
    relay.stop()
    reader.read_to_end()
    assert sorted(map(int, reader.values())) == list(range(1, 91))


def test_optimize_beside_a_relay_repeats_nothing(make_relay, outbox, kafka,
                                                 topic, read):
    relay = make_relay(outbox, kafka, '--retention=4s', *_FAST)
    relay.start().wait_ready()
    outbox.insert_many(topic, numbers(1, 20))
    reader = read(topic)
    reader.wait_count(20)
    time.sleep(1.1)  # CREATE_TIME counts whole seconds.
    code, output = relay.run('--optimize')
    assert code == 0, output
    wait_until(lambda: outbox.count() == 0, 'the rows are pruned')
    reader.read_to_end()
    assert len(reader.records) == 20
    assert not relay.says('ledger.voided')


def test_truncate_lets_ids_come_back_and_their_rows_are_pruned_too(
        make_relay, outbox, kafka, topic, read):
    relay = make_relay(outbox, kafka, '--retention=3s', *_FAST)
    relay.start().wait_ready()
    reader = read(topic)
    outbox.insert_many(topic, numbers(1, 20))
    reader.wait_count(20)
    # A sweep that is under way may publish rows again.
    wait_until(lambda: relay.says('sweep.finished', 'table was compared'),
               'the first start is over')
    outbox.execute(f'TRUNCATE {outbox.name}')
    outbox.insert_many(topic, numbers(101, 130))
    reader.wait_count(50)
    wait_until(lambda: outbox.count() == 0, 'the rows are pruned')
    reader.read_to_end()
    assert len(reader.records) == 50


def test_rows_of_a_table_that_is_renamed_in_are_published(
        make_relay, outbox, kafka, topic, read):
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready(
        ).wait_streaming()
    outbox.execute(f'CREATE TABLE prepared LIKE {outbox.name}')
    outbox.execute('INSERT INTO prepared (topic, payload_json, '
                   f"payload_headers) VALUES ('{topic}', '1', '{{}}')")
    outbox.execute(f'RENAME TABLE {outbox.name} TO retired, '
                   f'prepared TO {outbox.name}')
    outbox.insert(topic, '2')
    reader = read(topic)
    reader.wait_count(2)
    assert sorted(reader.values()) == [b'1', b'2']
    assert relay.running()


def test_other_schemas_go_on_while_a_table_is_gone(make_relay, server, kafka,
                                                   topic, read):
    one, two = make_outbox(server), make_outbox(server)
    relay = make_relay([one, two], kafka, *_FAST).start().wait_ready()
    one.insert(topic, '1')
    reader = read(topic)
    reader.wait_count(1)
    one.execute(f'CREATE TABLE spare LIKE {one.name}')
    one.execute(f'DROP TABLE {one.name}')
    two.insert(topic, '2')
    reader.wait_count(2)
    one.execute(f'RENAME TABLE spare TO {one.name}')
    one.insert(topic, '3')
    reader.wait_count(3)
    assert relay.running() and relay.stop() == 0


def test_polling_relay_put_back_finds_nothing_to_claim(make_relay, outbox,
                                                       kafka, topic, read):
    outbox.create(polling_relay=True)
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert_many(topic, numbers(1, 3000))
    read(topic).wait_count(3000)
    assert relay.stop() == 0
    assert outbox.count(_POLLING_RELAYS_CONDITION) == 0
    assert outbox.count() == 3000
