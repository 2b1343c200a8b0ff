#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs outbox.sql on a private MySQL and keeps its binlog as outbox.binlog."""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from testing.servers.mysql_server import MysqlServer


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = MysqlServer(pathlib.Path(directory) / 'server',
                             ['--binlog-row-metadata=FULL'])
        server.start()
        try:
            with server.connect() as session, session.cursor() as cursor:
                cursor.execute('CREATE DATABASE shop CHARACTER SET utf8mb4')
                cursor.execute('USE shop')
                cursor.execute('FLUSH BINARY LOGS')
                cursor.execute('SHOW BINARY LOGS')
                log = cursor.fetchall()[-1][0]
                text = '\n'.join(line for line in
                                 (HERE / 'outbox.sql').read_text().splitlines()
                                 if not line.startswith('--'))
                for statement in text.split(';\n'):
                    if statement.strip():
                        cursor.execute(statement.strip().rstrip(';'))
                session.commit()
                cursor.execute('FLUSH BINARY LOGS')
                cursor.execute('SELECT @@log_bin_basename')
                folder = pathlib.Path(cursor.fetchone()[0]).parent
                recorded = (folder / log).read_bytes()
        finally:
            server.stop()
    (HERE / 'outbox.binlog').write_bytes(recorded)


main()
