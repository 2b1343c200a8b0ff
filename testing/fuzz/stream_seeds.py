#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the targets for event streams, GTID sets, compression and
statements from testing/testdata/*.binlog: run it after those were recorded
anew."""

import hashlib
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
BINLOGS = sorted((HERE.parent / 'testdata').glob('*.binlog'))
QUERY, PREVIOUS_GTIDS, PAYLOAD = 2, 35, 40
QUERY_COMPRESSED = 165
MARIADB_ROWS = range(166, 169)
STATEMENTS = [
    'ALTER TABLE `a`.`b` /*!50100 ADD */ c int, RENAME TO `x``y` -- z',
    'RENAME TABLES a WAIT 5 TO b, "c"."d" TO e', 'DROP TABLE IF EXISTS a, b',
    "XA COMMIT X'7831',X'',1 ONE PHASE", 'ROLLBACK WORK TO SAVEPOINT `s`',
    'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u', 'TRUNCATE TABLE t',
    'CREATE UNIQUE INDEX i USING BTREE ON t (a)', 'DROP DATABASE app',
    "INSERT INTO kafka_outbox VALUES ('a\\'b''c', \"d\", # x\n 1)"]
SETS = [
    '', '0-1-7,1-1-3', '911ea5f6-0c1b-11ef-9262-0242ac120002:1-5:9',
    '911ea5f6-0c1b-11ef-9262-0242ac120002:1-20:abc:1:tag_two:1-3,\n'
    '3E11FA47-71CA-11E1-9E33-C80AA9429562:9223372036854775806']


def events(path):
    """(type, body with checksum) of each event."""
    log = path.read_bytes()
    at = 4
    while at + 19 <= len(log):
        length = struct.unpack_from('<I', log, at + 9)[0]
        yield log[at + 4], log[at + 19:at + length]
        at += length


def keep(target, seed):
    folder = HERE / 'corpus' / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def status_end(body):
    """Where a query's text, or what it is compressed to, begins."""
    return 13 + struct.unpack_from('<H', body, 11)[0] + body[8] + 1


for binlog in BINLOGS:
    keep('stream_fuzz', binlog.read_bytes())
    for kind, body in events(binlog):
        body = body if 'no_checksum' in binlog.name else body[:-4]
        if kind == PREVIOUS_GTIDS:
            keep('gtid_set_fuzz', b'\0' + body)
        elif kind == PAYLOAD:
            keep('decompression_fuzz', b'\0' + body[body.index(b'\x28\xb5\x2f\xfd'):])
        elif kind == QUERY:
            keep('query_fuzz', b'\0' + body[status_end(body):][:300])
        elif kind == QUERY_COMPRESSED:
            keep('decompression_fuzz', b'\2' + body[status_end(body):])
        elif kind in MARIADB_ROWS:
            # 8 bytes of head, the columns' number and bitmaps of 2 bytes
            keep('decompression_fuzz', b'\2' + body[11 + (2 if kind == 167 else 0):])
for text in STATEMENTS:
    keep('query_fuzz', b'\0' + text.encode())
    keep('query_fuzz', b'\1' + text.encode())
for text in SETS:
    keep('gtid_set_fuzz', b'\1' + text.encode())
