# SPDX-License-Identifier: Apache-2.0
"""Only published rows are deleted, after the retention, and all of them."""

import time

from testing.integration.faults import paused
from testing.servers.deadline import wait_until

_FAST = ('--retention=1s', '--checkpoint-interval=100ms')


def test_published_rows_are_pruned_after_the_retention(make_relay, outbox,
                                                       kafka, topic, read):
    outbox.create()
    make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert_many(topic, [str(number) for number in range(5000)])
    read(topic).wait_count(5000)
    wait_until(lambda: outbox.count() == 0, 'the table is empty')


def test_rows_are_kept_during_the_retention(make_relay, outbox, kafka, topic,
                                            read):
    outbox.create()
    relay = make_relay(outbox, kafka, '--retention=1h').start().wait_ready()
    outbox.insert(topic)
    read(topic).wait_count(1)
    relay.stop()
    code, output = relay.run('--cleanup')
    assert (code, outbox.count()) == (0, 1), output


def test_row_that_commits_late_with_a_small_id_is_published_not_deleted(
        make_relay, outbox, kafka, topic, read):
    retention = 3
    outbox.create()
    relay = make_relay(
        outbox, kafka, f'--retention={retention}s',
        '--checkpoint-interval=100ms').start().wait_ready().wait_streaming()
    reader = read(topic)
    with outbox.connect(autocommit=False) as session:
        # Its id lies amid those that come first, for a DELETE by range.
        outbox.insert_many(topic, [str(number) for number in range(500)])
        late = outbox.insert(topic, '"late"', session=session)
        outbox.insert_many(topic, [str(number) for number in range(500)])
        reader.wait_count(1000)
        relay.wait_acknowledged()
        with paused(kafka):
            # From here on it is there to be deleted, and not published.
            session.commit()
            wait_until(lambda: outbox.count() == 1, 'the others are pruned')
            assert outbox.row(late, 'errored', 'push_completed_at') == (
                0, None)
            resumed = time.monotonic()
    record = reader.wait_count(1001)[-1]
    assert record.value == b'"late"'
    wait_until(lambda: outbox.count() == 0, 'the late one is pruned too')
    assert time.monotonic() - resumed >= retention, 'as soon as published'


def test_one_pass_deletes_what_the_polling_relay_completed_an_hour_ago(
        make_relay, outbox, kafka):
    outbox.create(polling_relay=True)
    old = outbox.insert('t', push_completed_at='2020-01-01 00:00:00')
    outbox.execute(f'INSERT INTO {outbox.name} (topic, payload_json, '
                   'payload_headers, push_completed_at) '
                   "VALUES ('t', '{}', '{}', NOW())")
    pending = outbox.insert('t')
    relay = make_relay(outbox, kafka)
    code, output = relay.run('--cleanup', '--dry-run')
    assert (code, outbox.count()) == (0, 3), output
    code, output = relay.run('--cleanup')
    assert code == 0, output
    assert outbox.row(old, 'id') is None
    assert outbox.row(pending, 'id') and outbox.count() == 2


def test_optimize_exits_with_zero(make_relay, outbox, kafka):
    outbox.create()
    code, output = make_relay(outbox, kafka).run('--optimize')
    assert code == 0, output


def test_errored_rows_are_never_pruned(make_relay, outbox, kafka, topic,
                                       read):
    outbox.create()
    broken = outbox.insert(topic, errored=1, error_reason='kept')
    make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert(topic, '"pruned"')
    read(topic).wait_count(1)
    wait_until(lambda: outbox.count() == 1, 'only the errored one')
    assert outbox.row(broken, 'errored') == (1,)
