#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""record.py mysql|mariadb: lets a private server die while it writes a transaction, and keeps its log.

Writes, beside this file:
  KIND_died.binlog    the file as the dead server left it
  KIND_next.binlog    the one that it began when it was started again
  KIND.version        what the server said of itself

The server is killed behind its first write of the transaction into the log. MySQL cuts the file back when it starts
again, which only shows in what is printed; MariaDB leaves it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

import pymysql

from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer

# The transaction's size: more than either server writes at once.
KINDS = {'mysql': (MysqlServer, 20), 'mariadb': (MariadbServer, 100)}

# Loaded before the server's own: counts what goes into the log once the file
# of DIE_BEHIND is there.
KILLER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void after(int fd) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return;
  path[size] = 0;
  const char* const die = getenv("DIE_BEHIND");
  if (strstr(path, "/binlog.0") && die && access(die, F_OK) == 0) kill(getpid(), SIGKILL);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* bytes, size_t size) {
  const ssize_t written = NEXT(write)(fd, bytes, size);
  after(fd);
  return written;
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  const ssize_t written = NEXT(pwrite)(fd, bytes, size, at);
  after(fd);
  return written;
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  const ssize_t written = NEXT(pwrite64)(fd, bytes, size, at);
  after(fd);
  return written;
}
"""

TABLE = """CREATE TABLE app.kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL
)"""
INSERT = 'INSERT INTO app.kafka_outbox (topic, payload_json) VALUES '


def start_killable(server, directory):
    (directory / 'killer.c').write_text(KILLER)
    library = directory / 'killer.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library,
                    directory / 'killer.c', '-ldl'], check=True)
    os.environ['DIE_BEHIND'] = str(directory / 'die')
    os.environ['LD_PRELOAD'] = str(library)
    try:
        server.start()
    finally:
        del os.environ['LD_PRELOAD']


def record(kind, directory):
    flavour, rows = KINDS[kind]
    server = flavour(directory / 'server', ['--binlog-row-metadata=FULL'])
    start_killable(server, directory)
    try:
        server.execute('CREATE DATABASE app')
        server.execute(TABLE)
        server.execute('RESET BINARY LOGS AND GTIDS' if kind == 'mysql'
                       else 'RESET MASTER')
        server.execute(INSERT + "('before', '1')")
        session = server.connect()
        with session.cursor() as cursor:
            cursor.execute('BEGIN')
            for _ in range(rows):
                cursor.execute(INSERT + "('lost', JSON_QUOTE(REPEAT('x', 900)))")
            (directory / 'die').touch()
            try:
                cursor.execute('COMMIT')
                raise RuntimeError(f'{kind} did not die')
            except pymysql.err.OperationalError:
                pass
        first, second = (server.datadir / f'binlog.00000{n}' for n in (1, 2))
        died = first.read_bytes()
        (directory / 'die').unlink()
        server.start()
        server.execute(INSERT + "('behind', '2')")
        server.execute('FLUSH BINARY LOGS')
        (HERE / f'{kind}_died.binlog').write_bytes(died)
        (HERE / f'{kind}_next.binlog').write_bytes(second.read_bytes())
        (HERE / f'{kind}.version').write_text(
            server.execute('SELECT version()')[0][0] + '\n')
        print(f'{kind}: {len(died)} bytes, {first.stat().st_size} behind the '
              'recovery')
    finally:
        server.stop()


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        record(sys.argv[1], pathlib.Path(folder))
