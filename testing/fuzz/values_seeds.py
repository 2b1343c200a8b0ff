#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds of the targets for rows, table maps and JSON from
testing/testdata/types: run it after that was recorded anew."""

import hashlib
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
TYPES = HERE.parent / 'testdata' / 'types'
MOST = 2500  # bytes of a seed
TABLE_MAP = 19
ROWS = {23, 24, 25, 30, 31, 32, 39}


def events(path):
    """(type, body without header and checksum) of each event."""
    log = path.read_bytes()
    at = 4
    while at + 19 <= len(log):
        kind = log[at + 4]
        length = struct.unpack_from('<I', log, at + 9)[0]
        end = at + length
        # MariaDB's log without checksums is not among these.
        yield kind, log[at + 19:end - 4]
        at = end


def keep(target, seed):
    folder = HERE / 'corpus' / target
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(seed).hexdigest()[:16]
    (folder / name).write_bytes(seed)


def documents(body):
    """Binary JSON documents of a rows event of table `documents`."""
    # table id 6, flags 2, extra 2, columns 1, bitmap 1; rows of a null bitmap,
    # an INT, and a JSON behind 4 bytes of length
    at = 12
    while at < len(body):
        null = body[at] & 2
        at += 5
        if null:
            continue
        length = struct.unpack_from('<I', body, at)[0]
        yield body[at + 4:at + 4 + length]
        at += 4 + length


def main():
    for path in sorted(TYPES.glob('*.binlog')):
        dialect = bytes([path.name.startswith('mariadb')])
        table = None
        for kind, body in events(path):
            if kind == TABLE_MAP:
                table = body
                keep('table_map_fuzz', dialect + body)
            elif kind in ROWS:
                seed = dialect + struct.pack('<H', len(table)) + table
                seed += bytes([kind]) + body
                if len(seed) <= MOST:
                    keep('rows_fuzz', seed)
                if b'documents\0' in table:
                    for document in documents(body):
                        if len(document) <= MOST:
                            keep('json_fuzz', document)
    for text, path, document in (
            (b'{"a": [1, {"b": "x"}], "c d": null}', b'$.a[1].b', b'\5\1\0'),
            (b'[1, [2, 3], "]"]', b'$[1][0]', b'\x0c\1x'),
            (b'{"a": [1, [2, 3]]}', b'$.a[last][last-1]', b'\5\1\0'),
            (b'{}', b'$."two words"', b'\2\0\0\4\0')):
        head = struct.pack('<H', len(text)) + text
        for operation in (0, 1):
            keep('json_diff_fuzz', head + bytes([operation, len(path)]) + path +
                 bytes([len(document)]) + document)
        keep('json_diff_fuzz', head + bytes([2, len(path)]) + path)


main()
