# SPDX-License-Identifier: Apache-2.0
"""The figures at /metrics against what a test did itself."""

import random

import pytest

from testing.integration.faults import paused
from testing.integration.outbox import make_outbox
from testing.servers.deadline import wait_until

_LARGE = '"%s"' % random.Random(1).randbytes(2500).hex()
_FAST = '--checkpoint-interval=100ms'


def _wait_for(relay, name, value, **labels):
    wait_until(lambda: relay.metric(name, **labels) == value,
               f'{name}{labels} is {value}')


def test_figures_of_rows_are_those_of_the_rows(make_relay, outbox, kafka,
                                               new_topic):
    outbox.create()
    outbox.execute('CREATE TABLE foreign_rows (id INT)')
    topic = new_topic(1, max_message_bytes=2000)
    # A row is to be there still when it is changed.
    relay = make_relay(outbox, kafka, '--retention=20s', _FAST)
    relay.start().wait_ready().wait_streaming()
    metric = relay.metric
    rows = 'outbox_relay_rows_total'
    before = relay.metrics()
    assert metric('outbox_relay_active') == 1
    for _ in range(3):
        outbox.execute('INSERT INTO foreign_rows VALUES (1)')
    with outbox.connect(autocommit=False) as session:
        outbox.insert_many(topic, ['"payload"'] * 10, key='key',
                           session=session)
        session.commit()
    _wait_for(relay, rows, 10, outcome='published')
    _wait_for(relay, 'outbox_relay_bytes_total', 10 * len('key"payload"'))
    transactions = 'outbox_relay_transactions_total'
    _wait_for(relay, transactions, 1, kind='outbox')
    # What the relay writes itself is foreign, too.
    assert metric(transactions, kind='foreign') - before[
        transactions + '{kind="foreign"}'] >= 3
    assert metric('outbox_relay_binlog_bytes_total') - before[
        'outbox_relay_binlog_bytes_total'] > 10 * len('key"payload"')
    _wait_for(relay, 'outbox_relay_commit_to_ack_seconds_count', 10)
    assert 0 < metric('outbox_relay_commit_to_ack_seconds_sum') < 10 * 60

    row = outbox.insert(topic, _LARGE)
    _wait_for(relay, rows, 1, outcome='poison')
    _wait_for(relay, 'outbox_relay_poison_rows', 1)
    assert metric('outbox_relay_delivery_failures_total', fault='row') >= 3
    assert metric('outbox_relay_upserts_total') == 0
    # It is mended, and then sent again; any other change in place counts.
    change = f"UPDATE {outbox.name} SET payload_json = '1' WHERE id = "
    outbox.execute(change + str(row))
    outbox.execute(change + str(outbox.insert(topic, '2')))
    _wait_for(relay, 'outbox_relay_upserts_total', 1)
    assert metric(rows, outcome='requeued') == 0
    outbox.execute(f'UPDATE {outbox.name} SET errored = 0 WHERE id = {row}')
    _wait_for(relay, rows, 1, outcome='requeued')
    _wait_for(relay, rows, 12, outcome='published')
    assert metric(rows, outcome='swept') == 0

    _wait_for(relay, 'outbox_relay_cleanup_rows_total', 12)
    _wait_for(relay, 'outbox_relay_ledger_rows', 0)
    assert metric('outbox_relay_cleanup_failures_total') == 0
    assert outbox.count() == 0


@pytest.mark.faults
def test_figures_of_an_outage_rise_and_fall_with_it(make_relay, outbox, kafka,
                                                    topic):
    outbox.create()
    relay = make_relay(outbox, kafka, '--retention=5s', _FAST)
    relay.start().wait_ready().wait_streaming()
    metric = relay.metric
    waiting = ('outbox_relay_lag_seconds', 'outbox_relay_queue_bytes',
               'outbox_relay_source_ahead_bytes',
               'outbox_relay_stalled_seconds')
    outbox.insert(topic)
    _wait_for(relay, 'outbox_relay_rows_total', 1, outcome='published')
    _wait_for(relay, 'outbox_relay_lag_seconds', 0)
    with paused(kafka):
        outbox.insert_many(topic, ['"payload"'] * 5)
        for name in waiting:
            wait_until(lambda: metric(name) > 0,  # pylint: disable=W0640
                       f'{name} rises')
        _wait_for(relay, 'outbox_relay_queue_records', 5)
        for name in ('outbox_relay_lag_seconds',
                     'outbox_relay_stalled_seconds'):
            seen = metric(name)
            wait_until(lambda: metric(name) > seen,  # pylint: disable=W0640
                       f'{name} goes on rising')
    for name in waiting:
        _wait_for(relay, name, 0)
    assert metric('outbox_relay_rows_total', outcome='published') == 6


def test_time_until_the_log_is_purged_is_the_servers(relay, outbox, server):
    outbox.create()
    name = 'binlog_expire_logs_seconds'
    before, = server.execute(f'SELECT @@global.{name}')[0]
    server.execute(f'SET GLOBAL {name} = 7200')
    try:
        relay.start().wait_ready()
        wait_until(lambda: 3600 < relay.metric(
            'outbox_relay_seconds_to_purge') <= 7200, 'less than two hours')
    finally:
        server.execute(f'SET GLOBAL {name} = {before}')


def test_saves_that_fail_are_counted_and_tried_again(make_relay, outbox,
                                                     kafka, topic, read):
    outbox.create()
    relay = make_relay(outbox, kafka, _FAST)
    relay.start().wait_ready().wait_streaming()
    saves = 'outbox_relay_checkpoint_saves_total'
    outbox.insert(topic, '1')
    reader = read(topic)
    reader.wait_count(1)
    wait_until(lambda: relay.metric(saves, result='ok'), 'a save')
    assert relay.metric(saves, result='failed') == 0
    outbox.execute('RENAME TABLE kafka_outbox_checkpoint TO away')
    outbox.insert(topic, '2')
    wait_until(lambda: relay.metric(saves, result='failed'), 'one that fails')
    age = relay.metric('outbox_relay_checkpoint_age_seconds')
    wait_until(lambda: relay.metric('outbox_relay_checkpoint_age_seconds')
               > age, 'the last one ages')
    good = relay.metric(saves, result='ok')
    outbox.execute('RENAME TABLE away TO kafka_outbox_checkpoint')
    wait_until(lambda: relay.metric(saves, result='ok') > good, 'a save')
    reader.wait_count(2)


def test_time_to_purge_runs_on_while_the_server_does_not_answer(
        make_relay, own_server, kafka):
    server = own_server('--binlog-expire-logs-seconds=86400')
    relay = make_relay(make_outbox(server).create(), kafka)
    relay.start().wait_ready().wait_streaming()
    name = 'outbox_relay_seconds_to_purge'
    wait_until(lambda: relay.metric(name) <= 86400, 'it is known')
    with paused(server):
        before = relay.metric(name)
        # Further than from one of its answers to the next.
        wait_until(lambda: relay.metric(name) < before - 8, 'it runs on')


@pytest.mark.parametrize('retention', ['1h', 'off'])
def test_total_size_has_what_the_polling_relay_completed(
        make_relay, outbox, kafka, topic, retention):
    outbox.create(polling_relay=True)
    for _ in range(3):
        row = outbox.insert(topic, '"done"', batch_id='b' * 36)
        outbox.execute(f'UPDATE {outbox.name} SET push_started_at = NOW(), '
                       f'push_completed_at = NOW() WHERE id = {row}')
    relay = make_relay(outbox, kafka, f'--retention={retention}')
    relay.start().wait_ready()
    _wait_for(relay, 'kafka_outbox_total_size', 3)
    outbox.insert_many(topic, ['"new"'] * 2)
    wait_until(lambda: outbox.count('push_completed_at IS NOT NULL') == 5,
               'they are marked')
    _wait_for(relay, 'kafka_outbox_total_size', 5)
