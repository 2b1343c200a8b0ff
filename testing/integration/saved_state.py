# SPDX-License-Identifier: Apache-2.0
"""What a relay has saved beside its outbox table, read without it."""

import struct

_ROARING, _ROARING_WITH_RUNS = 12346, 12347


def saved_position(outbox):
    """(log file, offset) in the checkpoint; ('', 0) before the first save."""
    return outbox.execute('SELECT log_file, log_offset FROM '
                          'kafka_outbox_checkpoint')[0]


def saved_place(outbox):
    """The checkpoint's place by GTIDs and by position."""
    return outbox.execute('SELECT gtids, log_file, log_offset FROM '
                          'kafka_outbox_checkpoint')


def saved_ids(outbox):
    """The ids in the ledger; none where the relay has made no tables yet."""
    if not outbox.execute(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = %s "
            "AND table_name = 'kafka_outbox_ledger'", (outbox.schema,)):
        return set()
    ids = set()
    for (bitmap,) in outbox.execute('SELECT ids FROM kafka_outbox_ledger '
                                    'WHERE minute >= 0'):
        ids |= _bitmap_ids(bitmap)
    return ids


def _bitmap_ids(data):
    """The members of a portable 64-bit Roaring bitmap, as its format
    specification (RoaringFormatSpec) has it."""
    ids, at = set(), 8
    for _ in range(struct.unpack_from('<Q', data)[0]):
        high, = struct.unpack_from('<I', data, at)
        low, at = _bitmap32_ids(data, at + 4)
        ids |= {high << 32 | each for each in low}
    return ids


def _bitmap32_ids(data, at):
    """The members of the 32-bit bitmap at `at`, and where it ends."""
    cookie, = struct.unpack_from('<I', data, at)
    at += 4
    if cookie & 0xffff == _ROARING_WITH_RUNS:
        count = (cookie >> 16) + 1
        runs = data[at:at + (count + 7) // 8]
        at += len(runs)
    else:
        assert cookie == _ROARING, cookie
        count, = struct.unpack_from('<I', data, at)
        runs = bytes((count + 7) // 8)
        at += 4
    heads = [struct.unpack_from('<HH', data, at + 4 * number)
             for number in range(count)]
    at += 4 * count
    if cookie == _ROARING or count >= 4:
        at += 4 * count  # Offsets of the containers.
    ids = set()
    for number, (key, cardinality) in enumerate(heads):
        base = key << 16
        if runs[number // 8] >> number % 8 & 1:
            pairs, = struct.unpack_from('<H', data, at)
            at += 2
            for _ in range(pairs):
                first, more = struct.unpack_from('<HH', data, at)
                ids.update(range(base + first, base + first + more + 1))
                at += 4
        elif cardinality < 4096:
            ids.update(base + low for low in struct.unpack_from(
                f'<{cardinality + 1}H', data, at))
            at += 2 * (cardinality + 1)
        else:
            ids.update(base + bit for bit in range(1 << 16)
                       if data[at + bit // 8] >> bit % 8 & 1)
            at += 8192
    return ids, at
