# SPDX-License-Identifier: Apache-2.0
"""A server that encrypts its binlog: read live, and refused as a file."""

import functools
import json
import subprocess

import pytest

from testing.integration.conftest import start
from testing.integration.outbox import make_outbox
from testing.integration.relay_process import binary
from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer


class _EncryptingMysql(MysqlServer):
    """MySQL with a keyring in its own directory.

    The server looks for its list of components beside its program, and for
    their settings beside their libraries: both are linked into the directory.
    """

    def command(self, root):
        programs = self.directory / 'programs'
        plugins = self.directory / 'plugins'
        for folder, source, names in (
                (programs, root / 'usr/sbin', ('mysqld', 'mysqld.unwrapped')),
                (plugins, root / 'usr/lib/mysql/plugin',
                 ('component_keyring_file.so',))):
            folder.mkdir(exist_ok=True)
            for name in names:
                if not (folder / name).is_symlink():
                    (folder / name).symlink_to(source / name)
        (programs / 'mysqld.my').write_text(
            json.dumps({'components': 'file://component_keyring_file'}))
        (plugins / 'component_keyring_file.cnf').write_text(json.dumps(
            {'path': str(self.directory / 'keyring'), 'read_only': False}))
        return [programs / 'mysqld', *super().command(root)[1:],
                f'--plugin-dir={plugins}', '--binlog-encryption=ON']


class _EncryptingMariadb(MariadbServer):
    """MariaDB with a key in a file of its own directory."""

    def command(self, root):
        keys = self.directory / 'keys'
        keys.write_text(f'1;{"5a" * 32}\n')
        return super().command(root) + [
            f'--plugin-dir={self.key_plugin()}',
            '--plugin-load-add=file_key_management',
            f'--file-key-management-filename={keys}', '--encrypt-binlog=ON']


_KINDS = {'mysql': _EncryptingMysql, 'mariadb': _EncryptingMariadb,
          'mariadb-11.8': functools.partial(_EncryptingMariadb,
                                            version='11.8')}


@pytest.fixture
def server(directory, pytestconfig):
    instance = start(_KINDS[pytestconfig.getoption('--database')](
        directory / 'sql-encrypting'))
    yield instance
    instance.kill()


def test_encrypted_log_is_read_live_and_refused_as_a_file(
        server, make_relay, kafka, topic, read):
    outbox = make_outbox(server).create()
    relay = make_relay(outbox, kafka)
    reader = read(topic)
    # Two logs, and the second time from a position within one.
    for first in (0, 2):
        relay.start().wait_ready()
        outbox.insert(topic, f'{{"n": {first}}}')
        server.execute('FLUSH BINARY LOGS')
        outbox.insert(topic, f'{{"n": {first + 1}}}')
        records = reader.wait_count(first + 2)
        assert [record.value for record in records] == [
            b'{"n": %d}' % n for n in range(first + 2)]
        assert relay.stop() == 0

    log, *_ = server.execute('SHOW BINARY LOGS')[0]
    assert b'kafka_outbox' not in (server.datadir / log).read_bytes()
    decoded = subprocess.run([binary(), 'decode', server.datadir / log],
                             capture_output=True, check=False)
    assert decoded.returncode == 1
    assert not decoded.stdout
    # MySQL's file is encrypted whole, MariaDB's behind an event that says so.
    for said in ((b'the file is encrypted (binlog_encryption=ON)',
                  b'mysqlbinlog --read-from-remote-server')
                 if server.name == 'MySQL' else
                 (b'the rest of the file is encrypted',
                  b'mariadb-binlog --read-from-remote-server')):
        assert said in decoded.stderr
