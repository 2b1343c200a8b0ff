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


def large(kind, entries):
    """A container in the form that servers use from 64 KiB on, of (key, type,
    value): a value of 4 bytes stands in its entry."""
    is_object = kind == 1
    head = 8 + len(entries) * (11 if is_object else 5)
    key_bytes = sum(len(key) for key, _, _ in entries) if is_object else 0
    key_entries, value_entries, keys, values = b'', b'', b'', b''
    for key, value_type, value in entries:
        if is_object:
            key_entries += struct.pack('<IH', head + len(keys), len(key))
            keys += key
        if len(value) != 4:
            at = head + key_bytes + len(values)
            values += value
            value = struct.pack('<I', at)
        value_entries += bytes([value_type]) + value
    return struct.pack('<II', len(entries), head + len(keys) + len(values)) + (
        key_entries + value_entries + keys + values)


def large_documents():
    """No recorded one is small enough for a seed."""
    entries = [(b'a', 7, struct.pack('<i', -70000)),
               (b'b', 8, struct.pack('<I', 4294967295)), (b'c', 4, b'\1\0\0\0'),
               (b'd', 5, b'\xff\xff\0\0'), (b'e', 12, b'\2hi'),
               (b'ff', 11, struct.pack('<d', 1.5)),
               (b'gg', 3, large(3, [(b'', 10, b'\xff' * 8)])),
               (b'hh', 15, b'\xf6\x08\x0c\x03\x80\0\0\x0c\x01\x54')]
    for kind in (1, 3):
        yield bytes([kind]) + large(kind, entries)
        yield bytes([kind]) + large(kind, [])


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
    for document in large_documents():
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
