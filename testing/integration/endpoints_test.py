# SPDX-License-Identifier: Apache-2.0
"""Health, readiness, metrics and status over HTTP."""

import pytest

from testing.integration.outbox import create_user, make_outbox
from testing.servers.deadline import wait_until


def _wait_well(relay, path):
    """A server that is busy for a second is no answer to a probe."""
    wait_until(lambda: relay.get(path)[0] == 200, path)


def test_health_and_metrics_tell_what_happened(relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready()
    for path in ('/livez', '/readyz', '/healthz', '/healthz?readiness=1',
                 '/metrics', '/status'):
        _wait_well(relay, path)
    outbox.insert_many(topic, [str(number) for number in range(10)])
    read(topic).wait_count(10)
    wait_until(lambda: relay.metric('kafka_outbox_queue_size') == 0
               and relay.metric('kafka_outbox_total_size') == 10,
               'the queue is empty and the table holds ten')
    assert relay.status()


@pytest.mark.faults
def test_readiness_of_the_polling_relay_turns_false_and_true_with_its_sides(
        relay, outbox, server, kafka):
    outbox.create()
    relay.start().wait_ready()
    readiness = '/healthz?readiness=1'
    for side in (server, kafka):
        _wait_well(relay, readiness)
        side.stop()
        wait_until(lambda: relay.get(readiness)[0] == 503,
                   f'not ready without {side.name}')
        assert relay.get('/livez')[0] == 200
        # Ours never means an outage: a rollout must be possible during one.
        assert relay.get('/readyz')[0] == 200
        side.start()
        _wait_well(relay, readiness)


def test_polling_disabled_makes_the_table_and_serves_http_only(
        make_relay, server, outbox, kafka, topic, read):
    relay = make_relay(outbox, kafka, variables={'POLLING_DISABLED': 'true'})
    relay.start()
    wait_until(outbox.exists, 'the table is made')
    wait_until(lambda: relay.says('migration.applied', outbox.name),
               'the log says so')
    outbox.insert(topic, '"not polled"')
    relay.wait_ready()
    # Another relay takes what comes later, of another table: time enough.
    other = make_outbox(server).create()
    make_relay(other, kafka).start().wait_ready()
    other.insert(topic, '"polled"')
    reader = read(topic)
    reader.wait_count(1)
    reader.read_to_end()
    assert reader.values() == [b'"polled"']
    assert relay.status()['state'] == 'polling disabled'
    assert not relay.connected('kafka') and not relay.connected('mysql')
    for path in ('/livez', '/healthz', '/healthz?readiness=1'):
        _wait_well(relay, path)
    # Neither a checkpoint nor a ledger.
    assert {name for (name,) in outbox.execute('SHOW TABLES')
            if 'migrations' not in name} == {outbox.table}
    assert outbox.row(1, 'errored', 'push_completed_at') == (0, None)
    outbox.insert(topic, errored=1)
    outbox.insert(topic, push_completed_at='2020-01-01 00:00:00')
    wait_until(lambda: relay.metric('kafka_outbox_total_size') == 3,
               'the rows are counted', 300)
    assert relay.metric('kafka_outbox_queue_size') == 1
    assert relay.metric('outbox_relay_poison_rows') == 1
    assert relay.stop() == 0


def test_polling_disabled_needs_no_kafka_host_and_no_replication_grants(
        make_relay, server):
    outbox = make_outbox(server)
    create_user(server, 'plain', 'plain', outbox.schema, 'SELECT', 'INSERT',
                'CREATE', 'ALTER', 'INDEX')
    relay = make_relay(outbox, '', variables={
        'POLLING_DISABLED': 'true', 'KAFKA_HOST': None, 'DB_USER': 'plain',
        'DB_PASS': 'plain'}).start()
    wait_until(outbox.exists, 'the table is made')
    assert relay.running()
