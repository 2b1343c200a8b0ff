# SPDX-License-Identifier: Apache-2.0
"""What private MySQL and MariaDB servers have in common."""

import pathlib
import shutil

import pymysql

from testing.servers.certificates import Authority
from testing.servers.deadline import PATIENCE, wait_until
from testing.servers.free_port import free_port
from testing.servers.supervised_process import SupervisedProcess


class SqlServer:
    """One private server below `directory`, on a port and a socket there.

    The flavour gives the programs: `fetch()` the root of the unpacked
    packages, `initialize(root)` the command that makes `datadir`,
    `command(root)` the server's, without the arguments of all.
    TLS is always offered, with a certificate for 127.0.0.1 and localhost by
    `authority`. `root` without a password comes in by the socket, and
    `admin` with the password `admin` by TCP; both may do everything.
    """

    def __init__(self, directory, arguments=(), *, owner=None, port=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.datadir = self.directory / 'data'
        self.socket = self.directory / 'sql.sock'
        self.log = self.directory / 'server.log'
        self.host = '127.0.0.1'
        self.port = port or free_port()
        self.arguments = list(arguments)
        self.authority = Authority(self.directory / 'tls')
        self._owner = owner
        self._process = None

    # The flavour's part.
    name = None

    def fetch(self):
        raise NotImplementedError

    def initialize(self, root):
        raise NotImplementedError

    def command(self, root):
        raise NotImplementedError

    @property
    def pid(self):
        return self._process.pid

    def start(self, timeout=PATIENCE):
        """Starts the server, made first where there is none, and waits until
        it answers."""
        root = self.fetch()
        fresh = not self.datadir.exists()
        if fresh:
            making = SupervisedProcess(self.initialize(root), self.log,
                                       owner=self._owner)
            if making.wait(120) != 0:
                last = making.last_lines()
                shutil.rmtree(self.datadir, ignore_errors=True)
                raise RuntimeError(f'{self.name} cannot be made: {last}')
        certificate, key = self.authority.issue('server')
        self._process = SupervisedProcess(
            self.command(root) + [
                f'--datadir={self.datadir}', f'--socket={self.socket}',
                f'--pid-file={self.directory / "server.pid"}',
                f'--port={self.port}', f'--bind-address={self.host}',
                f'--tmpdir={self.directory}', '--user=root',
                f'--ssl-ca={self.authority.certificate}',
                f'--ssl-cert={certificate}', f'--ssl-key={key}',
            ] + self.arguments, self.log, owner=self._owner)
        wait_until(self._answers, f'{self.name} answers', timeout)
        if fresh:
            with self.connect() as session, session.cursor() as cursor:
                cursor.execute('SET SESSION sql_log_bin = 0')
                cursor.execute("CREATE USER admin@'%' IDENTIFIED BY 'admin'")
                cursor.execute(
                    "GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION")
        return self

    def _answers(self):
        if not self._process.running():
            raise RuntimeError(
                f'{self.name} ended: {self._process.last_lines()}')
        try:
            self.connect().close()
            return True
        except pymysql.err.OperationalError:
            return False

    def restart(self, arguments=None):
        """Stops it if it runs; starts it again, in place. `arguments`, when
        given, replace the ones it had."""
        self.stop()
        if arguments is not None:
            self.arguments = list(arguments)
        return self.start()

    def stop(self):
        if self._process:
            self._process.stop(60)

    def kill(self):
        if self._process:
            self._process.kill()

    def log_end(self):
        """(file, offset) of the binary log's end."""
        return self.execute('SHOW BINARY LOGS')[-1][:2]

    def pause(self):
        self._process.pause()

    def resume(self):
        self._process.resume()

    def running(self):
        return self._process is not None and self._process.running()

    def connect(self, database=None, user='root', password='', **options):
        """A new autocommit session by the socket (`pymysql`)."""
        options.setdefault('autocommit', True)
        options.setdefault('charset', 'utf8mb4')
        return pymysql.connect(unix_socket=str(self.socket), user=user,
                               password=password, database=database,
                               **options)

    def execute(self, sql, parameters=None, database=None):
        """Runs one statement in a session of its own; returns its rows."""
        with self.connect(database) as session, session.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()
