# SPDX-License-Identifier: Apache-2.0
"""The private servers themselves: started, disturbed, ended."""

import os
import pathlib
import signal
import subprocess
import sys

import pymysql
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from testing.servers.cache import ServerUnavailable
from testing.servers.deadline import wait_until
from testing.servers.kafka_broker import KafkaBroker
from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer
from testing.servers.temporary_directory import temporary_directory

_HERE = pathlib.Path(__file__).parent


def _start(kind, **options):
    instance = kind(temporary_directory(), **options)
    try:
        return instance.start()
    except ServerUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope='module', params=[
    (MysqlServer, {}), (MariadbServer, {'version': '10.11'}),
    (MariadbServer, {'version': '11.8'})],
                ids=['MySQL', 'MariaDB-10.11', 'MariaDB-11.8'])
def sql_server(request):
    kind, options = request.param
    instance = _start(kind, **options)
    yield instance
    instance.stop()


def test_sql_server_restarts_in_place_with_other_arguments(sql_server):
    sql_server.execute('CREATE DATABASE restarted')
    port = sql_server.port
    sql_server.restart(['--binlog-row-metadata=FULL'])
    assert sql_server.execute(
        'SELECT @@port, @@binlog_row_metadata') == ((port, 'FULL'),)
    assert sql_server.execute("SHOW DATABASES LIKE 'restarted'")


def test_sql_server_keeps_commits_through_sigkill(sql_server):
    sql_server.execute('CREATE DATABASE kept')
    sql_server.execute('CREATE TABLE kept.t (id INT PRIMARY KEY)')
    sql_server.execute('INSERT INTO kept.t VALUES (1), (2)')
    sql_server.kill()
    with pytest.raises(pymysql.err.OperationalError):
        sql_server.connect()
    sql_server.start()
    assert sql_server.execute('SELECT COUNT(*) FROM kept.t') == ((2,),)


def test_sql_server_offers_tls_for_its_address(sql_server):
    with pymysql.connect(
            host=sql_server.host, port=sql_server.port, user='admin',
            password='admin', ssl_ca=str(sql_server.authority.certificate),
            ssl_verify_cert=True, ssl_verify_identity=True) as session:
        with session.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            assert cursor.fetchone()[1]


def test_paused_server_answers_nobody_until_resumed(sql_server):
    sql_server.pause()
    with pytest.raises(pymysql.err.OperationalError):
        sql_server.connect(read_timeout=1, connect_timeout=1)
    sql_server.resume()
    assert sql_server.execute('SELECT 1') == ((1,),)


def test_nothing_of_a_process_runs_when_pause_returns(sql_server):
    def states():
        return {task.read_text().rpartition(') ')[2][0] for task in
                pathlib.Path(f'/proc/{sql_server.pid}/task').glob('*/stat')}
    for _ in range(20):
        sql_server.pause()
        seen = states()
        sql_server.resume()
        assert seen == {'T'}
        assert sql_server.execute('SELECT 1') == ((1,),)


@pytest.mark.parametrize('version', ['10.11', '11.8'])
def test_mariadb_is_made_in_a_temporary_directory_of_its_own(
        monkeypatch, version):
    """In a shared one another server that starts takes its files away."""
    monkeypatch.setenv('TMPDIR', str(temporary_directory() / 'nowhere'))
    _start(MariadbServer, version=version).stop()


def test_broker_limits_messages_by_topic_and_keeps_them_through_sigkill():
    broker = _start(KafkaBroker)
    try:
        broker.create_topic('small', max_message_bytes=1000)
        for size, arrives in ((10, True), (2000, False)):
            sent = subprocess.run(
                ['kcat', '-P', '-b', broker.address, '-t', 'small', '-X',
                 'message.timeout.ms=60000'], input=b'v' * size,
                capture_output=True, check=False)
            assert (b'too large' not in sent.stderr) == arrives, sent.stderr
        broker.kill()
        broker.start()
        read = subprocess.run(
            ['kcat', '-C', '-b', broker.address, '-t', 'small', '-e', '-q',
             '-m', '60'], capture_output=True, check=True)
        assert read.stdout == b'v' * 10 + b'\n'
    finally:
        broker.stop()


def test_broker_refuses_what_its_acls_do_not_allow():
    broker = _start(KafkaBroker, security='SASL_SSL', acls=True)
    try:
        for topic in ('mine', 'theirs'):
            broker.create_topic(topic)
        broker.allow('relay', 'Write', 'mine')

        def error(topic):
            return subprocess.run(
                ['kcat', '-P', '-b', broker.secure_address, '-t', topic,
                 '-X', 'security.protocol=SASL_SSL',
                 '-X', f'ssl.ca.location={broker.authority.certificate}',
                 '-X', 'sasl.mechanisms=PLAIN', '-X', 'sasl.username=relay',
                 '-X', 'sasl.password=relay'], input=b'v',
                capture_output=True, check=False).stderr
        # The controller has the rule first, then the broker.
        wait_until(lambda: b'authorization failed' not in error('mine'),
                   'it takes what is allowed')
        assert b'authorization failed' in error('theirs')
    finally:
        broker.stop()


@pytest.mark.parametrize('kind', ['mariadb', 'kafka'])
def test_instance_and_its_directory_go_when_the_owner_is_killed(kind):
    owner = subprocess.Popen(['sleep', '600'])
    started = subprocess.run(
        [_HERE / kind, 'start', '--owner', str(owner.pid)],
        capture_output=True, text=True, check=False)
    if started.returncode == 3:
        owner.kill()
        pytest.skip(started.stderr.strip())
    values = dict(line.split('=', 1) for line in started.stdout.splitlines())
    pid = int(values['pid'])
    os.kill(pid, signal.SIGSTOP)  # not even a hanging one stays
    owner.kill()
    owner.wait()
    wait_until(lambda: not os.path.exists(f'/proc/{pid}'), f'{kind} ended')
    wait_until(lambda: not os.path.exists(values['directory']),
               'its directory is gone')
