# SPDX-License-Identifier: Apache-2.0
"""What a broker lets the relay's account do."""

import pytest

from testing.servers.deadline import wait_until


@pytest.fixture
def properties(directory):
    """Writes a client.properties with this password; returns its path."""
    def write(password):
        path = directory / 'client.properties'
        path.write_text('security.protocol=SASL_PLAINTEXT\n'
                        'sasl.mechanism=PLAIN\nsasl.username=relay\n'
                        f'sasl.password={password}\n')
        return str(path)
    return write


def test_password_that_is_corrected_needs_no_restart(
        make_relay, outbox, own_kafka, properties, read):
    broker = own_kafka(security='SASL_PLAINTEXT')
    outbox.create()
    topic = broker.create_topic('secrets')
    relay = make_relay(
        outbox, broker.secure_address,
        variables={'KAFKA_CONFIG_FILE': properties('of yesterday')})
    relay.waits('kafka', 'refuses to authenticate', 'sasl.password')
    properties('relay')
    relay.wait_ready()
    outbox.insert(topic, '"sent"')
    assert read(topic, broker=broker).wait_count(1)[0].value == b'"sent"'
    assert 'of yesterday' not in relay.text()


def test_check_says_that_an_idempotent_producer_is_not_allowed(
        make_relay, outbox, own_kafka, properties):
    broker = own_kafka(security='SASL_PLAINTEXT', acls=True)
    outbox.create()
    # By a property, whose brokers are named all the same.
    relay = make_relay(
        outbox, broker.secure_address,
        f'--kafka-config=bootstrap.servers={broker.secure_address}',
        variables={'KAFKA_HOST': None,
                   'KAFKA_CONFIG_FILE': properties('relay')})

    def check(word):
        """A broker that has just started may be asked too early."""
        def told():
            code, text = relay.run('check')
            return word in text and (code, text)
        return wait_until(told, word)
    code, told = check('IdempotentWrite')
    assert code == 1
    line, = [line for line in told.splitlines() if 'IdempotentWrite' in line]
    assert 'kafka-acls' in line and 'FAIL' in line.upper()
    assert f'Kafka answers at {broker.secure_address}' in told
    broker.allow('relay', 'Write', 'any')
    code, told = check('takes an idempotent producer')
    assert code == 0, told


def test_run_names_what_an_account_lacks_that_may_not_be_idempotent(
        make_relay, outbox, own_kafka, properties, read):
    broker = own_kafka(security='SASL_PLAINTEXT', acls=True)
    topic = broker.create_topic('denied')
    outbox.create()
    relay = make_relay(
        outbox, broker.secure_address,
        variables={'KAFKA_CONFIG_FILE': properties('relay')}).start()
    outbox.insert(topic, '"waits"')
    wait_until(lambda: relay.says('kafka.unreachable', 'IdempotentWrite'),
               'the right is named')
    assert relay.running()
    broker.allow('relay', 'Write', topic)
    assert read(topic, broker=broker).wait_count(1)[0].value == b'"waits"'
