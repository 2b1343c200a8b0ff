# SPDX-License-Identifier: Apache-2.0
"""Ready is what a rollout may wait for: that it can do no more by itself."""

from testing.integration.outbox import make_outbox
from testing.servers.deadline import wait_until


def test_relay_beside_a_server_that_is_no_primary_is_ready_and_idle(
        make_relay, own_server, kafka, topic, read):
    server = own_server()
    outbox = make_outbox(server).create()
    server.execute('SET GLOBAL read_only = ON')
    relay = make_relay(outbox, kafka).start().wait_ready()
    outbox.insert(topic, '"waits"')
    assert relay.status()['state'] == 'waiting'
    server.execute('SET GLOBAL read_only = OFF')
    assert read(topic).wait_count(1)[0].value == b'"waits"'
    relay.wait_ready()


def test_relay_that_waits_for_the_polling_relay_to_stop_is_ready(
        relay, outbox, topic, read):
    outbox.create()
    row = outbox.insert(topic, '"claimed"', batch_id='b' * 36)
    change = f'UPDATE {outbox.name} SET push_started_at = %s WHERE id = {row}'
    outbox.execute(change.replace('%s', 'NOW()'))
    relay.start().wait_ready()
    assert relay.says('a polling relay is at work')
    status = relay.status()
    assert status['state'] == 'waiting'
    assert status['cleanup']['retention_seconds'] == 3600
    outbox.execute(change.replace('%s', 'NOW() - INTERVAL 1 HOUR'))
    assert read(topic).wait_count(1)[0].value == b'"claimed"'


def test_relay_that_loses_its_server_before_it_asked_kafka_is_not_ready(
        make_relay, own_server, kafka, topic):
    server = own_server()
    outbox = make_outbox(server).create()
    outbox.insert(topic, '"claimed"', batch_id='b' * 36)
    outbox.execute(f'UPDATE {outbox.name} SET push_started_at = NOW()')
    relay = make_relay(outbox, kafka).start().wait_ready()
    server.stop()
    wait_until(lambda: relay.get('/readyz')[0] == 503, 'it is not ready')
    wait_until(lambda: relay.status()['state'] == 'starting', 'it starts')
    server.start()
    relay.wait_ready()
    assert relay.status()['state'] == 'waiting'


def test_start_that_can_never_succeed_ends_with_the_statement_and_the_cure(
        relay, outbox, topic, read):
    outbox.execute(f"""CREATE TABLE {outbox.name} (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      batch_id CHAR(36) NULL,
      push_started_at DATETIME NULL,
      push_completed_at DATETIME NULL,
      topic VARCHAR(255) NOT NULL,
      payload_json JSON NOT NULL,
      payload_headers JSON NOT NULL,
      push_attempts TINYINT NOT NULL DEFAULT 0,
      errored TINYINT NOT NULL DEFAULT 0,
      error_reason VARCHAR(255) NOT NULL DEFAULT '',
      created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
      note VARCHAR(15800) NOT NULL DEFAULT '') CHARACTER SET utf8mb4""")
    relay.refuses(outbox.name, 'Row size too large', 'ALTER TABLE',
                  'partition_key', 'migrate --print', 'SKIP_MIGRATIONS')
    outbox.insert(topic, '"taken as it is"')
    relay.environment['SKIP_MIGRATIONS'] = 'true'
    relay.start()
    assert read(topic).wait_count(1)[0].value == b'"taken as it is"'
