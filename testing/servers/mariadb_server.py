# SPDX-License-Identifier: Apache-2.0
"""A private MariaDB: 10.11 of Debian bookworm, or 11.8 of trixie."""

from testing.servers import cache, debian_packages
from testing.servers.sql_server import SqlServer

_SUITES = {'10.11': 'bookworm', '11.8': 'trixie'}
_PROGRAMS = ('usr/sbin/mariadbd', 'usr/bin/mariadb',
             'usr/bin/my_print_defaults', 'usr/bin/resolveip')


class MariadbServer(SqlServer):
    """Row format and sized for tests; `arguments` come last and so win."""

    name = 'MariaDB'

    def __init__(self, directory, arguments=(), *, version='10.11', **options):
        super().__init__(directory, arguments, **options)
        self._suite = _SUITES[version]

    def fetch(self):
        return cache.entry(
            f'mariadb-{self._suite}', lambda folder: debian_packages.unpack(
                self._suite, ['mariadb-server-core', 'mariadb-client-core'],
                _PROGRAMS, folder, self._owner))

    def key_plugin(self):
        """The folder with file_key_management.so, which is none of the
        server's core packages and fetched for who encrypts."""
        path = 'usr/lib/mysql/plugin/file_key_management.so'
        folder = cache.entry(
            f'mariadb-{self._suite}-keys',
            lambda folder: debian_packages.unpack_file(
                self._suite, 'mariadb-server', path, folder, self._owner))
        return (folder / path).parent

    def initialize(self, root):
        # --force: not even `localhost` need be known to the resolver. And a
        # server that starts deletes whatever looks temporary in its tmpdir.
        return [root / 'usr/bin/mariadb-install-db', '--no-defaults', '--force',
                f'--basedir={root / "usr"}', f'--datadir={self.datadir}',
                f'--tmpdir={self.directory}',
                '--auth-root-authentication-method=normal', '--skip-test-db',
                '--user=root']

    def command(self, root):
        share = root / 'usr/share/mysql'
        if not share.exists():
            share = root / 'usr/share/mariadb'
        return [
            root / 'usr/sbin/mariadbd', '--no-defaults',
            f'--basedir={root / "usr"}', f'--lc-messages-dir={share}',
            f'--character-sets-dir={share / "charsets"}',
            f'--plugin-dir={root / "usr/lib/mysql/plugin"}',
            '--innodb-buffer-pool-size=512M', '--innodb-log-file-size=32M',
            '--server-id=1', '--log-bin=binlog', '--binlog-format=ROW',
            '--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0']
