#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""record.py mysql|mariadb: runs KIND.sql on a private server and keeps its binlog with what SELECT prints.

Writes, beside this file:
  KIND_full.binlog     binlog_row_metadata=FULL
  KIND_minimal.binlog  MINIMAL (MySQL), NO_LOG (MariaDB): the servers' defaults
  KIND.golden          the tables as information_schema and SELECT show them before each later statement

Lines of a golden file, cells separated by tabs, bytes outside printable ASCII as \\ooo, NULL as \\N:
  server  version
  table   name
  column  name, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, default kind, default
  insert  cells of `after`
  update  cells of `before`, cells of `after`
  delete  cells of `before`
"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

import pymysql

from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer

SERVERS = {'mysql': MysqlServer, 'mariadb': MariadbServer}


def escaped(cell):
    if cell is None:
        return '\\N'
    return ''.join(
        chr(byte) if 0x20 <= byte < 0x7f and byte != 0x5c else f'\\{byte:03o}'
        for byte in cell)


def statements(text):
    lines = [line for line in text.splitlines() if not line.startswith('--')]
    for statement in '\n'.join(lines).split(';\n'):
        if statement.strip():
            yield statement.strip().rstrip(';')


class Recorder:

    def __init__(self, server):
        self.raw = pymysql.connect(unix_socket=str(server.socket),
                                   user='root', conv={}, use_unicode=False,
                                   charset='utf8mb4', autocommit=True)
        self.cursor = self.raw.cursor()
        self.lines = []

    def run(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def rows(self, table, columns):
        """The rows by id."""
        names = ', '.join(f'`{name}`' for name in columns)
        found = self.run(f'SELECT {names} FROM {table} ORDER BY id')
        return {row[0]: [escaped(cell) for cell in row] for row in found}

    def layout(self, table):
        found = self.run(
            'SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, '
            "IFNULL(CHARACTER_SET_NAME, ''), COLUMN_DEFAULT, EXTRA, "
            'IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA '
            f"= 'types' AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION")
        names = []
        for name, kind, declared, charset, default, extra, nullable in found:
            names.append(name.decode())
            extra = extra.decode().lower()
            text = '' if default is None else default.decode().strip("'")
            if ('generated' in extra or 'auto_increment' in extra
                    or 'current_timestamp' in text.lower()):
                default_kind, text = 'expression', ''
            elif default is None or text == 'NULL':
                default_kind = 'null' if nullable == b'YES' else 'none'
                text = ''
            else:
                default_kind = 'constant'
            cells = [escaped(cell) for cell in (name, kind, declared, charset)]
            self.lines.append('\t'.join(['column'] + cells +
                                        [default_kind, text]))
        return names

    def play(self, text):
        columns = {}
        for sql in statements(text):
            word, _, rest = sql.partition(' ')
            table = rest.replace('INTO ', '').replace('TABLE ', '').replace(
                'FROM ', '').split()[0]
            if word in ('INSERT', 'UPDATE', 'DELETE'):
                before = self.rows(table, columns[table])
            self.run(sql)
            if word == 'CREATE':
                self.lines.append(f'table\t{table}')
                columns[table] = self.layout(table)
            if word in ('INSERT', 'UPDATE', 'DELETE'):
                after = self.rows(table, columns[table])
                for key in sorted(before.keys() | after.keys(), key=int):
                    old, new = before.get(key), after.get(key)
                    if old == new:
                        continue
                    kind = ('insert' if old is None else
                            'delete' if new is None else 'update')
                    self.lines.append('\t'.join([f'{kind} {table}'] +
                                                (old or []) + (new or [])))


def record(kind, metadata, directory):
    server = SERVERS[kind](directory / metadata,
                           ['--default-time-zone=+00:00', '--sql-mode='])
    server.start()
    try:
        recorder = Recorder(server)
        recorder.run('SET NAMES utf8mb4')
        recorder.run('CREATE DATABASE types CHARACTER SET utf8mb4')
        recorder.run('USE types')
        recorder.run(f'SET GLOBAL binlog_row_metadata = {metadata}')
        recorder.run('FLUSH BINARY LOGS')
        log = recorder.run('SHOW BINARY LOGS')[-1][0].decode()
        version = recorder.run('SELECT VERSION()')[0][0].decode()
        recorder.lines.append(f'server\t{version}')
        recorder.play((HERE / f'{kind}.sql').read_text())
        recorder.run('FLUSH BINARY LOGS')
        basename = recorder.run('SELECT @@log_bin_basename')[0][0].decode()
        bytes_of_log = (pathlib.Path(basename).parent / log).read_bytes()
        return bytes_of_log, '\n'.join(recorder.lines) + '\n'
    finally:
        server.stop()


def main():
    kind = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        full, golden = record(kind, 'FULL', directory)
        (HERE / f'{kind}_full.binlog').write_bytes(full)
        (HERE / f'{kind}.golden').write_text(golden)
        default = 'MINIMAL' if kind == 'mysql' else 'NO_LOG'
        minimal, _ = record(kind, default, directory)
        (HERE / f'{kind}_minimal.binlog').write_bytes(minimal)


main()
