# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the servers or the table is said in one line.

It names the setting and the cure. Where waiting cannot help, the exit code is
not 0; where it can, the relay retries, a metric says so, and it goes on once
the cause is mended. What is wrong with the settings themselves: settings_test.
"""

import random
import socket

import pytest

from testing.integration.outbox import (create_user, grant_replication,
                                        make_outbox)
from testing.servers.certificates import Authority
from testing.servers.deadline import wait_until
from testing.servers.free_port import free_port


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


def test_checkpoint_file_in_no_folder_is_named_before_mysql_answers(
        make_relay, outbox, kafka, directory):
    missing = str(directory / 'no-such-directory/checkpoint')
    relay = make_relay(outbox.create(), kafka,
                       variables={'RELAY_CHECKPOINT_FILE': missing})
    code, output = relay.run('check')
    assert code == 1
    assert any('FAIL' in line and missing in line
               for line in output.splitlines()), output
    relay.environment['DB_PORT'] = str(free_port())
    relay.refuses(missing, '--checkpoint-file', 'RELAY_CHECKPOINT_FILE')


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


def test_secrets_are_in_no_log(make_relay, outbox, kafka):
    outbox.create()
    secrets = {'DB_PASS': 'database-secret', 'LOG_LEVEL': 'debug'}
    relay = make_relay(outbox, kafka, variables=secrets)
    relay.refuses('DB_PASS')
    broker = make_relay(outbox, kafka.secure_address, variables={
        'LOG_LEVEL': 'debug', 'KAFKA_CONFIG':
        'security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n'
        'sasl.username=relay\nsasl.password=kafka-secret\n'
        f'ssl.ca.location={kafka.authority.certificate}'})
    broker.waits('kafka', 'refuses to authenticate')
    for path in ('/', '/status', '/metrics'):
        code, page = broker.get(path)
        assert code == 200 and 'kafka-secret' not in page, path
    assert 'database-secret' not in relay.text()
    for secret in ('kafka-secret', 'relay-password'):
        assert secret not in broker.text(), secret


def test_rows_are_in_no_log_and_on_no_page(make_relay, server, outbox, kafka,
                                           new_topic):
    topic = new_topic(1, max_message_bytes=2000)
    large = random.Random(1).randbytes(2500).hex()
    outbox.create()
    relay = make_relay(outbox, kafka, variables={'LOG_LEVEL': 'debug'})
    relay.start().wait_ready().wait_streaming()
    # One that is sent, one that is poison, one whose row is gone as well, and
    # headers that are none.
    outbox.insert(topic, '"the-payload"', '{"the-name": "the-header"}',
                  key='the-key', partition_key='the-partition')
    outbox.insert(topic, f'"the-payload {large}"',
                  '{"the-name": "the-header"}', key='the-key')
    with outbox.connect(autocommit=False) as session:
        gone = outbox.insert(topic, f'"the-payload {large}"',
                             '{"the-name": "the-header"}', key='the-key',
                             session=session)
        with session.cursor() as cursor:
            cursor.execute(f'DELETE FROM {outbox.name} WHERE id = {gone}')
        session.commit()
    outbox.insert(topic, '"the-payload"', '["the-header"]')
    wait_until(lambda: outbox.count('errored = 1') == 2, 'two are poison')
    wait_until(lambda: server.execute(
        f'SELECT COUNT(*) FROM `{outbox.schema}`.kafka_outbox_dead'
    ) == ((1,),), 'one is dead')
    wait_until(lambda: topic in relay.get('/status')[1], 'it is shown')
    shown = {path: relay.get(path)[1] for path in ('/', '/status', '/metrics')}
    assert topic in shown['/status'] and topic in shown['/']
    shown['log'] = relay.text()
    assert shown['log'].count('row.poisoned') == 3
    for place, text in shown.items():
        for part in ('payload', 'header', 'name', 'key', 'partition'):
            assert f'the-{part}' not in text, place
        assert large[:20] not in text, place


@pytest.mark.usefixtures('statement_format')
def test_check_names_every_fault_with_its_cure(make_relay, server, outbox,
                                               kafka):
    outbox.execute(f'CREATE TABLE {outbox.name} (id BIGINT PRIMARY KEY, '
                   'topic VARCHAR(255))')
    create_user(server, 'few', 'few', outbox.schema, 'SELECT', 'INSERT',
                'CREATE')
    grant_replication(server, 'few')
    server.execute("REVOKE REPLICATION SLAVE ON *.* FROM few@'%'")
    code, output = make_relay(outbox, kafka, variables={
        'DB_USER': 'few', 'DB_PASS': 'few', 'SKIP_MIGRATIONS': 'true',
    }).run('check')
    assert code == 1
    for words in (
            ('fail', 'binlog_format is STATEMENT', "binlog_format = 'ROW'"),
            ('warn', 'binlog_row_metadata', 'FULL'),
            ('fail', "'payload_json' is missing", 'ADD COLUMN'),
            ('fail', 'GRANT REPLICATION SLAVE ON *.* TO'),
            ('fail', 'GRANT', 'UPDATE', 'DELETE', outbox.schema),
            ('ok', 'Kafka answers')):
        assert any(all(word.lower() in line.lower() for word in words)
                   for line in output.splitlines()), (words, output)


def test_check_is_content_with_what_the_tests_use(make_relay, outbox, kafka):
    outbox.create()
    code, output = make_relay(outbox, kafka).run('check')
    assert code == 0, output
