# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the servers or the table is said in one line.

It names the setting and the cure. Where waiting cannot help, the exit code is
not 0; where it can, the relay retries, a metric says so, and it goes on once
the cause is mended. What is wrong with the settings themselves: settings_test.
"""

import socket

import pytest

from testing.integration.outbox import (create_user, grant_replication,
                                        make_outbox)
from testing.servers.certificates import Authority
from testing.servers.deadline import wait_until


@pytest.fixture
def with_variables(make_relay, outbox, kafka):
    """Makes a relay with some variables changed, on an existing table."""
    outbox.create()
    return lambda **variables: make_relay(outbox, kafka, variables=variables)


def test_wrong_password(with_variables):
    with_variables(DB_PASS='wrong').refuses(
        'DB_PASS', '--db-pass', 'check the user and its password')


def test_unknown_host(with_variables):
    relay = with_variables(DB_HOST='no-such-host.invalid').waits(
        'mysql', 'sql.failed', 'DB_HOST', 'no-such-host.invalid',
        'check it and the DNS')
    wait_until(lambda: relay.text().count('sql.failed') > 2, 'tries on')


def test_database_that_does_not_answer(relay, outbox, server, topic, read):
    outbox.create()
    server.stop()
    relay.waits(
        'mysql', 'sql.failed', 'DB_HOST', 'DB_PORT', str(server.port),
        'check host, port')
    server.start()
    relay.goes_on('mysql')
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)


def test_user_without_replication_slave(with_variables, server, outbox):
    create_user(server, 'blind', 'blind', outbox.schema, 'SELECT', 'INSERT',
                'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX')
    grant_replication(server, 'blind')
    server.execute("REVOKE REPLICATION SLAVE ON *.* FROM blind@'%'")
    with_variables(DB_USER='blind', DB_PASS='blind').refuses(
        'REPLICATION SLAVE', 'GRANT REPLICATION SLAVE ON *.* TO')


def test_log_bin_off(make_relay, own_server, kafka):
    outbox = make_outbox(own_server('--skip-log-bin')).create()
    make_relay(outbox, kafka).refuses(
        'log_bin is OFF', 'put log_bin=', 'restart')


@pytest.fixture
def statement_format(server):
    """New sessions log statements."""
    server.execute("SET GLOBAL binlog_format = 'STATEMENT'")
    yield
    server.execute("SET GLOBAL binlog_format = 'ROW'")


@pytest.mark.usefixtures('statement_format')
def test_statement_format(relay, outbox):
    outbox.create()
    relay.refuses(
        'binlog_format is STATEMENT', "binlog_format = 'ROW'")


def test_missing_table_with_migrations_off(make_relay, outbox, kafka):
    make_relay(outbox, kafka, variables={'SKIP_MIGRATIONS': 'true'}).refuses(
        'kafka_outbox', 'does not exist', 'unset SKIP_MIGRATIONS')


def test_table_that_lacks_a_needed_column(make_relay, outbox, kafka):
    outbox.execute(f'CREATE TABLE {outbox.name} (id BIGINT PRIMARY KEY, '
                   'topic VARCHAR(255))')
    make_relay(outbox, kafka, variables={'SKIP_MIGRATIONS': 'true'}).refuses(
        "'payload_json' is missing",
        f'ALTER TABLE {outbox.name} ADD COLUMN `payload_json`')


def test_spill_directory_that_takes_no_file(make_relay, outbox, kafka,
                                            directory):
    missing = str(directory / 'no-such-directory')
    relay = make_relay(outbox.create(), kafka,
                       variables={'RELAY_SPILL_DIRECTORY': missing})
    code, output = relay.run('check')
    assert code == 1
    assert any('FAIL' in line and missing in line
               for line in output.splitlines()), output
    relay.refuses(missing, '--spill-directory/RELAY_SPILL_DIRECTORY')


def test_kafka_unreachable_at_start(relay, outbox, kafka, topic, read):
    kafka.stop()
    outbox.create()
    relay.waits('kafka', 'kafka.unreachable', 'KAFKA_HOST', '--kafka-host',
                kafka.address)
    outbox.insert(topic, '1')
    kafka.start()
    relay.goes_on('kafka')
    assert read(topic).wait_count(1)


def test_database_certificate_of_another_authority(with_variables, directory):
    other = Authority(directory / 'other-authority', 'somebody else')
    with_variables(DB_TLS='verify-ca',
                   DB_TLS_CA=str(other.certificate)).refuses(
                       'DB_TLS_CA', 'give the CA that signed it')


def test_database_certificate_of_the_right_authority(with_variables, server):
    with_variables(DB_TLS='verify-identity',
                   DB_TLS_CA=str(server.authority.certificate)
                   ).start().wait_ready()


def test_kafka_certificate_of_another_authority(make_relay, outbox, kafka,
                                                directory, topic, read):
    kafka.allow('relay', 'Write', topic)
    other = Authority(directory / 'other-authority', 'somebody else')
    outbox.create()
    relay = make_relay(
        outbox, kafka.secure_address,
        '--kafka-config=security.protocol=SASL_SSL',
        '--kafka-config=sasl.mechanisms=PLAIN',
        '--kafka-config=sasl.username=relay',
        '--kafka-config=sasl.password=relay',
        f'--kafka-config=ssl.ca.location={other.certificate}').waits(
            'kafka', 'kafka.unreachable', 'ssl.ca.location', 'TLS_ENABLE')
    outbox.insert(topic, '1')
    # Mended on the broker's side: its certificate is the other one's now.
    kafka.authority = other
    kafka.restart()
    relay.goes_on('kafka')
    assert read(topic).wait_count(1)


def test_http_port_that_is_taken(with_variables):
    relay = with_variables()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('0.0.0.0', relay.http_port))
        taken.listen()
        relay.refuses(f'--http-port={relay.http_port}', 'HTTP_PORT',
                      'is taken', 'give another port')


def test_secrets_are_in_no_log(with_variables):
    relay = with_variables(LOG_LEVEL='debug').start().wait_ready()
    relay.stop()
    assert 'relay-password' not in relay.text()


@pytest.mark.usefixtures('statement_format')
def test_check_names_every_fault_with_its_cure(relay, outbox):
    outbox.create()
    code, output = relay.run('check')
    assert code != 0
    assert 'binlog_format' in output and 'ROW' in output


def test_check_is_content_with_what_the_tests_use(make_relay, outbox, kafka):
    outbox.create()
    code, output = make_relay(outbox, kafka).run('check')
    assert code == 0, output
