# SPDX-License-Identifier: Apache-2.0
"""The Java clients' default partitioner."""


def murmur2(data):
    """Kafka's Java hash, with its sign bit dropped."""
    mask, magic = 0xffffffff, 0x5bd1e995
    hashed = 0x9747b28c ^ len(data)
    whole = len(data) & ~3
    for first in range(0, whole, 4):
        word = int.from_bytes(data[first:first + 4], 'little') * magic & mask
        word = (word ^ word >> 24) * magic & mask
        hashed = (hashed * magic & mask) ^ word
    rest = data[whole:]
    if rest:
        hashed = (hashed ^ int.from_bytes(rest, 'little')) * magic & mask
    hashed = (hashed ^ hashed >> 13) * magic & mask
    return (hashed ^ hashed >> 15) & 0x7fffffff
