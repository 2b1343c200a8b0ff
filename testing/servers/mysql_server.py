# SPDX-License-Identifier: Apache-2.0
"""A private MySQL: the one of Debian sid."""

from testing.servers import cache, debian_packages
from testing.servers.sql_server import SqlServer

_PROGRAMS = ('usr/sbin/mysqld', 'usr/bin/mysql', 'usr/bin/mysqlbinlog')


class MysqlServer(SqlServer):
    """GTIDs on and sized for tests; `arguments` come last and so win."""

    name = 'MySQL'

    def fetch(self):
        return cache.entry('mysql-sid', lambda folder: debian_packages.unpack(
            'sid', ['mysql-server-core', 'mysql-client-core'], _PROGRAMS,
            folder, self._owner))

    def _base(self, root):
        share = root / 'usr/share/mysql'
        return [
            root / 'usr/sbin/mysqld', '--no-defaults',
            f'--basedir={root / "usr"}', f'--lc-messages-dir={share}',
            f'--character-sets-dir={share / "charsets"}',
            f'--plugin-dir={root / "usr/lib/mysql/plugin"}',
            '--secure-file-priv=', '--innodb-redo-log-capacity=32M',
            '--innodb-buffer-pool-size=512M', '--auto-generate-certs=OFF']

    def initialize(self, root):
        return self._base(root) + ['--initialize-insecure', '--user=root',
                                   f'--datadir={self.datadir}',
                                   f'--tmpdir={self.directory}']

    def command(self, root):
        return self._base(root) + [
            '--mysqlx=OFF', '--server-id=1', '--log-bin=binlog',
            '--gtid-mode=ON', '--enforce-gtid-consistency=ON',
            '--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0']
