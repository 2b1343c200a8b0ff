# SPDX-License-Identifier: Apache-2.0
"""A server that encrypts its binlog: read live, and refused as a file."""

import json
import subprocess

import pytest

from testing.integration.conftest import start
from testing.integration.outbox import make_outbox
from testing.integration.relay_process import binary
from testing.servers.mysql_server import MysqlServer


class _EncryptingServer(MysqlServer):
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


@pytest.mark.mysql
def test_encrypted_log_is_read_live_and_refused_as_a_file(
        directory, make_relay, kafka, topic, read):
    server = start(_EncryptingServer(directory / 'sql-encrypting'))
    try:
        outbox = make_outbox(server).create()
        relay = make_relay(outbox, kafka).start().wait_ready()
        outbox.insert(topic, '{"n": 1}')
        assert read(topic).wait_count(1)[0].value == b'{"n": 1}'
        assert relay.stop() == 0
        log, *_, encrypted = server.execute('SHOW BINARY LOGS')[0]
        assert encrypted == 'Yes'
        decoded = subprocess.run([binary(), 'decode', server.datadir / log],
                                 capture_output=True, check=False)
        assert decoded.returncode == 1
        assert not decoded.stdout
        assert b'the file is encrypted (binlog_encryption=ON)' in (
            decoded.stderr)
        assert b'mysqlbinlog --read-from-remote-server' in decoded.stderr
    finally:
        server.kill()
