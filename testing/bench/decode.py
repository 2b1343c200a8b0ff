#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast a binlog file becomes rows, beside the server's own tool.

    testing/bench/decode.sh [TRANSACTIONS]        default 200000, 300 MB

Writes a log of one recorded transaction (a row of 1 KB, testing/bench/
transactions.sql) over and over, and reads it by `outbox-relay decode` and by
mysqlbinlog; as limits stand cat, and memcpy of the same bytes in memory. The
best of three runs, in CPU seconds.
"""

import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from testing.servers.mysql_server import MysqlServer  # noqa: E402


def events(log):
    at = 4
    while at < len(log):
        length = struct.unpack_from('<I', log, at + 9)[0]
        yield log[at + 4], log[at:at + length]
        at += length


def write(path, transactions):
    log = (ROOT / 'testing/bench/transactions.binlog').read_bytes()
    head, groups = [], []
    for kind, event in events(log):
        if kind == 33:  # GTID
            groups.append([])
        (groups[-1] if groups else head).append(event)
    block = b''.join(groups[1]) * 1000
    with open(path, 'wb') as out:
        out.write(log[:4] + b''.join(head))
        for _ in range(transactions // 1000):
            out.write(block)


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (
        after.ru_stime - before.ru_stime)


def memcpy_seconds(data, to):
    before = time.process_time()
    to[:] = data
    return time.process_time() - before


def report(name, seconds, transactions, size):
    print(f'{name:40} {seconds:6.2f} s '
          f'{transactions / seconds / 1e3:8.0f} k rows/s '
          f'{size / seconds / 1e6:8.0f} MB/s')


def main():
    transactions = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    relay = ROOT / 'bazel-bin/relay/outbox-relay'
    with tempfile.TemporaryDirectory() as folder:
        mysqlbinlog = MysqlServer(folder).fetch() / 'usr/bin/mysqlbinlog'
        log = pathlib.Path(folder) / 'binlog.000001'
        write(log, transactions)
        size = log.stat().st_size
        print(f'{transactions} transactions of a row of 1 KB, '
              f'{size / 1e6:.0f} MB')
        for name, command in (
                ('outbox-relay decode --summary',
                 [relay, 'decode', '--summary', log]),
                ('outbox-relay decode', [relay, 'decode', log]),
                ('mysqlbinlog (base64, no rows)',
                 [mysqlbinlog, '--no-defaults', log]),
                ('mysqlbinlog -vv, checksums verified',
                 [mysqlbinlog, '--no-defaults', '-vv',
                  '--base64-output=DECODE-ROWS', '--verify-binlog-checksum',
                  log]),
                ('cat', ['cat', log])):
            report(name, min(cpu_seconds(command) for _ in range(3)),
                   transactions, size)
        data, to = log.read_bytes(), memoryview(bytearray(size))
        report('memcpy', min(memcpy_seconds(data, to) for _ in range(3)),
               transactions, size)


if __name__ == '__main__':
    main()
