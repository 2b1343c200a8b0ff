#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records the binlog fixtures again, from live servers.

    testing/testdata/regenerate.py [NAME… | PATH.sql…]

Each NAME.sql says in its first lines which server and options made NAME.binlog, and is executed statement by statement:

    -- server: mysql | mariadb 10.11        flavour (and version) of testing/servers; "by hand, …" is left alone
    -- option: --binlog-row-metadata=FULL   further arguments of the server, one a line
    -- session: b                           what follows runs in another session, opened when first named
    -- restart                              the server is stopped and started again; all sessions are gone
    -- fails                                the next statement is meant to fail
    -- whole                                all log files from the first on, one behind the other in one
    -- replica                              the log is that of a MariaDB which replicates what was recorded

What was written from `-- record` on, to the end of the file, is the fixture: the log begins there anew. `-- record-here`
begins with the log file that is written there, and leaves what the server remembers of earlier ones. The version that
the server told stands beside it in NAME.version. The golden files are written by the tests themselves:

    bazel test //cdc:recorded_binlog_test //relay/command:decode_command_test --test_env=UPDATE_GOLDEN=$PWD/testing/testdata \\
        --spawn_strategy=local

Look at every difference before committing it.
"""

import pathlib
import sys
import tempfile

import pymysql

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from testing.servers.mariadb_server import MariadbServer  # noqa: E402
from testing.servers.mysql_server import MysqlServer  # noqa: E402


def steps(text):
    """Directives as ('name', 'value'), statements as ('sql', text)."""
    statement = []
    for line in text.splitlines():
        if line.startswith('-- '):
            name, _, value = line[3:].partition(':')
            yield name.strip(), value.strip()
            continue
        statement.append(line)
        if line.rstrip().endswith(';'):
            yield 'sql', '\n'.join(statement).rstrip().rstrip(';')
            statement = []


class Recording:
    def __init__(self, path):
        self.path = path
        self.steps = list(steps(path.read_text()))
        self.sessions = {}
        self.session = 'a'
        self.fails = False

    def server(self, directory, *more):
        flavour, *version = dict(self.steps)['server'].split()
        options = [value for name, value in self.steps if name == 'option']
        options += more
        if flavour == 'mysql':
            return MysqlServer(directory, options)
        return MariadbServer(directory, options, version=version[0])

    def execute(self, server, sql):
        if self.session not in self.sessions:
            self.sessions[self.session] = server.connect()
        try:
            with self.sessions[self.session].cursor() as cursor:
                cursor.execute(sql)
        except pymysql.err.MySQLError:
            if not self.fails:
                raise
        self.fails = False

    def run(self):
        with tempfile.TemporaryDirectory() as directory:
            server = self.server(directory)
            server.start()
            try:
                self.play(server)
                if ('replica', '') in self.steps:
                    self.keep_replicas(server)
                else:
                    self.keep(server)
            finally:
                server.stop()

    def keep_replicas(self, source):
        replica = self.server(source.directory / 'replica', '--server-id=2',
                              '--log-slave-updates=ON')
        replica.start()
        try:
            replica.execute('RESET MASTER')
            replica.execute(
                f"CHANGE MASTER TO MASTER_HOST='{source.host}', "
                f"MASTER_PORT={source.port}, MASTER_USER='admin', "
                "MASTER_PASSWORD='admin', MASTER_USE_GTID=slave_pos")
            replica.execute('START SLAVE')
            position = source.execute('SELECT @@gtid_binlog_pos')[0][0]
            if replica.execute('SELECT MASTER_GTID_WAIT(%s, 60)',
                               (position,)) != ((0,),):
                raise RuntimeError(replica.execute('SHOW SLAVE STATUS'))
            replica.execute('STOP SLAVE')
            self.keep(replica)
        finally:
            replica.stop()

    def keep(self, server):
        version = server.execute('SELECT version()')[0][0]
        logs = [row[0] for row in server.execute('SHOW BINARY LOGS')]
        server.execute('FLUSH BINARY LOGS')
        target = self.path.with_suffix('.binlog')
        first = logs.index(self.first_log) if self.first_log in logs else 0
        whole = ('whole', '') in self.steps
        # Only the first has the four bytes that a file begins with.
        target.write_bytes(b''.join(
            (server.datadir / log).read_bytes()[4 if number else 0:]
            for number, log in enumerate(
                logs[first:] if whole else logs[first:first + 1])))
        target.chmod(0o644)
        self.path.with_suffix('.version').write_text(version + '\n')
        print(f'{target.name}: {target.stat().st_size} bytes, {version}')

    def play(self, server):
        reset = 'RESET BINARY LOGS AND GTIDS' if isinstance(
            server, MysqlServer) else 'RESET MASTER'
        for name, value in self.steps:
            if name == 'record':
                server.execute(reset)
                self.first_log = server.execute('SHOW BINARY LOGS')[0][0]
            elif name == 'record-here':
                self.first_log = server.execute('SHOW BINARY LOGS')[-1][0]
            elif name == 'session':
                self.session = value
            elif name == 'restart':
                for session in self.sessions.values():
                    session.close()
                self.sessions = {}
                server.restart()
            elif name == 'fails':
                self.fails = True
            elif name == 'sql':
                self.execute(server, value)


def main():
    names = sys.argv[1:] or sorted(p.stem for p in HERE.glob('*.sql'))
    for name in names:
        path = pathlib.Path(name)
        recording = Recording(path if path.suffix else HERE / f'{name}.sql')
        if dict(recording.steps)['server'].startswith('by hand'):
            print(f'{recording.path.name}: was recorded by hand')
        else:
            recording.run()


if __name__ == '__main__':
    main()
