# SPDX-License-Identifier: Apache-2.0
"""A table that the polling relay has used is taken over as it stands."""

import pytest

from testing.integration.outbox import VERSIONS
from testing.servers.deadline import wait_until


def _rows(outbox, topic):
    """One row of each state that the polling relay leaves behind."""
    pending = outbox.insert(topic, '"pending"')
    claimed = outbox.insert(topic, '"claimed"', batch_id='b' * 36,
                            push_started_at='2020-01-01 00:00:00')
    done = outbox.insert(topic, '"done"', push_attempts=1,
                         push_completed_at='2020-01-01 00:00:00')
    errored = outbox.insert(topic, '"errored"', errored=1, push_attempts=3,
                            error_reason='too large')
    return pending, claimed, done, errored


@pytest.mark.parametrize('version', VERSIONS)
def test_pending_and_claimed_rows_are_published_done_and_errored_are_not(
        relay, outbox, topic, read, version):
    outbox.create(version, polling_relay=True)
    _, _, _, errored = _rows(outbox, topic)
    relay.start().wait_ready()
    outbox.insert(topic, '"new"')
    reader = read(topic)
    reader.wait_for(lambda records: b'"new"' in reader.values(), 'the new row')
    assert sorted(reader.read_to_end(), key=lambda one: one.offset)
    assert reader.values() == [b'"pending"', b'"claimed"', b'"new"']
    assert outbox.row(errored, 'errored', 'error_reason') == (1, 'too large')


def test_published_rows_are_marked_so_that_the_image_can_be_swapped_back(
        relay, outbox, topic, read):
    outbox.create(polling_relay=True)
    pending, claimed, _, _ = _rows(outbox, topic)
    relay.start().wait_ready()
    new = outbox.insert(topic, '"new"')
    read(topic).wait_count(3)
    for row in (pending, claimed, new):
        wait_until(lambda row=row: outbox.row(row, 'push_completed_at')[0],
                   f'row {row} is marked')


def test_rows_are_marked_after_those_of_the_polling_relay_are_pruned(
        relay, outbox, topic):
    outbox.create()  # By hand: no record of its migrations.
    outbox.insert(topic, '"done"', batch_id='b' * 36, push_attempts=1,
                  push_started_at='2020-01-01 00:00:00',
                  push_completed_at='2020-01-01 00:00:00')
    relay.start().wait_ready()
    wait_until(lambda: outbox.count() == 0, 'its row is pruned')
    relay.stop()
    relay.start().wait_ready()
    new = outbox.insert(topic, '"new"')
    wait_until(lambda: outbox.row(new, 'push_completed_at')[0],
               'the new row is marked')


def test_done_rows_are_pruned_and_errored_ones_can_be_sent_again(
        relay, outbox, topic, read):
    outbox.create(polling_relay=True)
    _, _, done, errored = _rows(outbox, topic)
    relay.start().wait_ready().wait_streaming()
    reader = read(topic)
    reader.wait_count(2)
    outbox.execute(f'UPDATE {outbox.name} SET errored = 0 '
                   f'WHERE id = {errored}')
    assert reader.wait_count(3)[2].value == b'"errored"'
    wait_until(lambda: outbox.row(errored, 'push_completed_at')[0],
               'it is marked as completed')
    wait_until(lambda: not outbox.row(done, 'id'), 'the done one is pruned')
    reader.read_to_end()
    assert len(reader.records) == 3 == outbox.count()


def test_keys_stay_in_the_partitions_of_the_polling_relay(
        relay, outbox, new_topic, read):
    topic = new_topic(8)
    outbox.create(polling_relay=True)
    relay.start().wait_ready()
    keys = [f'customer-{number}' for number in range(50)]
    for key in keys:
        outbox.insert(topic, f'"{key}"', key=key)
    for record in read(topic).wait_count(len(keys)):
        hashed = 0x811c9dc5
        for byte in record.key:
            hashed = (hashed ^ byte) * 0x01000193 & 0xffffffff
        signed = hashed - (1 << 32) if hashed >> 31 else hashed
        # Go's remainder has the dividend's sign, which was dropped.
        assert record.partition == abs(signed) % 8, record.key


def test_table_made_by_hand_is_accepted(relay, outbox, topic, read):
    outbox.execute(f"""CREATE TABLE {outbox.name} (
      topic VARCHAR(100) NULL,
      `key` VARCHAR(255) NULL,
      note TEXT NULL,
      payload_headers TEXT NULL,
      payload_json LONGTEXT NULL,
      errored INT NULL DEFAULT 0,
      id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      push_attempts INT NULL DEFAULT 0,
      error_reason TEXT NULL,
      batch_id VARCHAR(40) NULL,
      push_started_at DATETIME NULL,
      push_completed_at DATETIME NULL,
      partition_key VARCHAR(255) NULL,
      created_at DATETIME NULL) DEFAULT CHARACTER SET utf8mb4""")
    before = outbox.insert(topic, '{"a":1}', None, note='mine')
    relay.start().wait_ready()
    outbox.insert(topic, '{ "b" : 2 }', '{"h": "x"}', key='k')
    reader = read(topic)
    first, second = reader.wait_count(2)
    assert (first.key, first.value, first.headers) == (None, b'{"a":1}', ())
    assert (second.key, second.value, second.headers) == (
        b'k', b'{ "b" : 2 }', (('h', b'x'),))
    assert outbox.row(before, 'note') == ('mine',)
