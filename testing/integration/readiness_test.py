# SPDX-License-Identifier: Apache-2.0
"""Ready is what a rollout may wait for: that it can do no more by itself."""

from testing.integration.outbox import make_outbox


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
    assert relay.get('/readyz')[0] == 200


def test_relay_that_waits_for_the_polling_relay_to_stop_is_ready(
        relay, outbox, topic, read):
    outbox.create()
    row = outbox.insert(topic, '"claimed"', batch_id='b' * 36)
    change = f'UPDATE {outbox.name} SET push_started_at = %s WHERE id = {row}'
    outbox.execute(change.replace('%s', 'NOW()'))
    relay.start().wait_ready()
    assert relay.says('a polling relay is at work')
    assert relay.status()['state'] == 'waiting'
    outbox.execute(change.replace('%s', 'NOW() - INTERVAL 1 HOUR'))
    assert read(topic).wait_count(1)[0].value == b'"claimed"'
