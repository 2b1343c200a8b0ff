# SPDX-License-Identifier: Apache-2.0
"""Memory is bounded by the flags, whatever comes at once."""

import os

import pytest

from testing.servers.deadline import wait_until

_MIB = 1 << 20
_ROW_BYTES = 100_000
_MEGABYTES = int(os.environ.get('OUTBOX_TRANSACTION_MB', '100'))
_COMPRESSED = pytest.param('compressed', marks=pytest.mark.mysql)


@pytest.mark.parametrize('way', ['inserted', 'updated', 'prepared',
                                 _COMPRESSED])
def test_transaction_that_does_not_fit_into_the_relay_goes_through_it(
        make_relay, outbox, kafka, topic, way):
    """Of OUTBOX_TRANSACTION_MB megabytes: inserted at once, or then changed
    in the same transaction, or as a branch that is prepared first."""
    outbox.create()
    buffer = 8 * _MIB
    relay = make_relay(outbox, kafka, f'--transaction-buffer-bytes={buffer}')
    relay.start().wait_ready().wait_streaming()
    rows = _MEGABYTES * 1_000_000 // _ROW_BYTES
    outbox.execute('CREATE TABLE numbers (n INT)')
    outbox.execute('INSERT INTO numbers VALUES '
                   + ', '.join(f'({number})' for number in range(rows)))
    before, after = {
        'prepared': ("XA START 'large'", "XA END 'large'; "
                     "XA PREPARE 'large'; XA COMMIT 'large'"),
        'compressed': ('SET SESSION binlog_transaction_compression = ON; '
                       'BEGIN', 'COMMIT')}.get(way, ('BEGIN', 'COMMIT'))
    change = (f"UPDATE {outbox.name} SET payload_json = CONCAT('\"', id, "
              f"REPEAT('y', {_ROW_BYTES}), '\"')")
    with outbox.connect() as session, session.cursor() as cursor:
        for statement in (
                *before.split('; '),
                f'INSERT INTO {outbox.name} (topic, payload_json, '
                f"payload_headers) SELECT '{topic}', CONCAT('\"', n, "
                f"REPEAT('x', {_ROW_BYTES}), '\"'), '{{}}' FROM numbers",
                *([change] if way == 'updated' else []), *after.split('; ')):
            cursor.execute(statement)
    wait_until(lambda: relay.metric('outbox_relay_rows_total',
                                    outcome='published') == rows,
               'every row', 120 + _MEGABYTES / 2)
    assert relay.metric('outbox_relay_bytes_total') > rows * _ROW_BYTES
    print(f'{way}: peak MiB', relay.peak_resident_bytes() // _MIB)
    assert relay.peak_resident_bytes() < 64 * _MIB + buffer
