# SPDX-License-Identifier: Apache-2.0
"""The polling relay's two TLS variables, for both sides, and the socket."""

import pytest

from testing.integration.conftest import start
from testing.integration.outbox import create_user, grant_replication
from testing.servers.kafka_broker import KafkaBroker


@pytest.fixture(scope='module')
def tls_kafka(directory):
    """A broker whose second listener knows nothing but TLS."""
    broker = start(KafkaBroker(directory / 'kafka-tls', security='SSL'))
    yield broker
    broker.kill()


@pytest.fixture
def kafka(tls_kafka):
    return tls_kafka


@pytest.fixture
def make_tls_relay(make_relay, server, outbox, kafka):
    """Makes relays with TLS_ENABLE, of a user who is let in by TLS alone."""
    outbox.create()
    create_user(server, 'tls', 'tls', outbox.schema, 'SELECT', 'INSERT',
                'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX')
    grant_replication(server, 'tls')
    server.execute("ALTER USER tls@'%' REQUIRE SSL")
    return lambda *flags, **variables: make_relay(
        outbox, kafka.secure_address, *flags, variables={
            'DB_USER': 'tls', 'DB_PASS': 'tls', 'TLS_ENABLE': 'true',
            **variables})


def test_tls_enable_is_for_both_sides(make_tls_relay, server, outbox, kafka,
                                      topic, read):
    make_tls_relay(
        f'--kafka-config=ssl.ca.location={kafka.authority.certificate}',
        DB_TLS_CA=str(server.authority.certificate)).start().wait_ready()
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)[0].value == b'1'


def test_tls_skip_verify_peer_takes_unknown_authorities_of_both_sides(
        make_tls_relay, outbox, topic, read):
    make_tls_relay(TLS_SKIP_VERIFY_PEER='true').start().wait_ready()
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)[0].value == b'1'


def test_tls_enable_alone_refuses_unknown_authorities_of_both_sides(
        make_tls_relay, server):
    make_tls_relay().refuses('DB_TLS_CA')
    make_tls_relay(DB_TLS_CA=str(server.authority.certificate)).waits(
        'kafka', 'kafka.unreachable', 'ssl.ca.location')


def test_tls_user_is_refused_without_tls(make_tls_relay):
    make_tls_relay(TLS_ENABLE='false').refuses('DB_PASS')


def test_database_by_its_socket(make_relay, server, outbox, kafka, topic,
                                read):
    outbox.create()
    relay = make_relay(outbox, kafka, variables={
        'DB_HOST': None, 'DB_PORT': None, 'DB_SOCKET': str(server.socket)})
    relay.start().wait_ready().wait_streaming()
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)[0].value == b'1'
    assert str(server.socket) in relay.status()['source']['host']
