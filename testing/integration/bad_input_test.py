# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the servers or the table is said in one line.

It names the setting and the cure. Where waiting cannot help, the exit code is
not 0; where it can, the relay retries.
"""

import socket

import pytest

from testing.integration.outbox import create_user, make_outbox
from testing.servers.certificates import Authority


@pytest.fixture
def with_variables(make_relay, outbox, kafka):
    """Makes a relay with some variables changed, on an existing table."""
    outbox.create()
    return lambda **variables: make_relay(outbox, kafka, variables=variables)


def test_wrong_password(with_variables):
    with_variables(DB_PASS='wrong').refuses('DB_PASS')


def test_unknown_host(with_variables):
    with_variables(DB_HOST='no-such-host.invalid').waits(
        'DB_HOST', 'no-such-host.invalid')


def test_database_that_does_not_answer(with_variables):
    with_variables(DB_PORT='1').waits('DB_HOST')


def test_user_without_replication_slave(with_variables, server, outbox):
    create_user(server, 'blind', 'blind', outbox.schema, 'SELECT', 'INSERT',
                'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX')
    server.execute("GRANT REPLICATION CLIENT ON *.* TO blind@'%'")
    with_variables(DB_USER='blind', DB_PASS='blind').refuses(
        'REPLICATION SLAVE', 'GRANT')


def test_log_bin_off(make_relay, own_server, kafka):
    outbox = make_outbox(own_server('--skip-log-bin')).create()
    make_relay(outbox, kafka).refuses('log_bin')


def test_statement_format(make_relay, own_server, kafka):
    outbox = make_outbox(own_server('--binlog-format=STATEMENT')).create()
    make_relay(outbox, kafka).refuses('binlog_format', 'ROW')


def test_missing_table_with_migrations_off(make_relay, outbox, kafka):
    make_relay(outbox, kafka, variables={'SKIP_MIGRATIONS': 'true'}).refuses(
        'kafka_outbox', 'SKIP_MIGRATIONS')


def test_table_that_lacks_a_needed_column(make_relay, outbox, kafka):
    outbox.execute(f'CREATE TABLE {outbox.name} (id BIGINT PRIMARY KEY, '
                   'topic VARCHAR(255))')
    make_relay(outbox, kafka, variables={'SKIP_MIGRATIONS': 'true'}).refuses(
        'payload_json', 'kafka_outbox')


def test_kafka_unreachable_at_start(with_variables):
    with_variables(KAFKA_HOST='127.0.0.1:1').waits('KAFKA_HOST',
                                                   '127.0.0.1:1')


def test_database_certificate_of_another_authority(with_variables, directory):
    other = Authority(directory / 'other-authority', 'somebody else')
    with_variables(DB_TLS='verify-ca',
                   DB_TLS_CA=str(other.certificate)).refuses('DB_TLS_CA')


def test_database_certificate_of_the_right_authority(with_variables, server):
    with_variables(DB_TLS='verify-identity',
                   DB_TLS_CA=str(server.authority.certificate)
                   ).start().wait_ready()


def test_kafka_certificate_of_another_authority(make_relay, outbox, own_kafka,
                                                directory):
    broker = own_kafka(security='SSL')
    other = Authority(directory / 'other-authority', 'somebody else')
    outbox.create()
    make_relay(outbox, broker.secure_address,
               '--kafka-config=security.protocol=SSL',
               f'--kafka-config=ssl.ca.location={other.certificate}').waits(
                   'ssl.ca.location')


def test_http_port_that_is_taken(with_variables):
    relay = with_variables()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('0.0.0.0', relay.http_port))
        taken.listen()
        relay.refuses('--http-port', str(relay.http_port))


def test_secrets_are_in_no_log(with_variables):
    relay = with_variables(LOG_LEVEL='debug').start().wait_ready()
    relay.stop()
    assert 'relay-password' not in relay.text()


def test_check_names_every_fault_with_its_cure(make_relay, own_server, kafka):
    server = own_server('--binlog-format=STATEMENT')
    outbox = make_outbox(server).create()
    code, output = make_relay(outbox, kafka).run('check')
    assert code != 0
    assert 'binlog_format' in output and 'ROW' in output


def test_check_is_content_with_what_the_tests_use(make_relay, outbox, kafka):
    outbox.create()
    code, output = make_relay(outbox, kafka).run('check')
    assert code == 0, output
