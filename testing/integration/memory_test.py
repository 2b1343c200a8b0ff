# SPDX-License-Identifier: Apache-2.0
"""Memory is bounded by the flags, whatever comes at once."""

from testing.servers.deadline import wait_until

_MIB = 1 << 20


def test_transaction_of_two_hundred_megabytes_does_not_fit_into_the_relay(
        make_relay, outbox, kafka, topic):
    outbox.create()
    buffer = 8 * _MIB
    relay = make_relay(outbox, kafka, f'--transaction-buffer-bytes={buffer}')
    relay.start().wait_ready().wait_streaming()
    rows = 2100
    outbox.execute('CREATE TABLE numbers (n INT)')
    outbox.execute('INSERT INTO numbers VALUES '
                   + ', '.join(f'({number})' for number in range(rows)))
    outbox.execute(
        f'INSERT INTO {outbox.name} (topic, payload_json, payload_headers) '
        "SELECT %s, CONCAT('\"', n, REPEAT('x', 100000), '\"'), '{}' "
        'FROM numbers', (topic,))
    wait_until(lambda: relay.metric('outbox_relay_rows_total',
                                    outcome='published') == rows,
               'every row', 180)
    assert relay.metric('outbox_relay_bytes_total') > 200e6
    print('peak MiB:', relay.peak_resident_bytes() // _MIB)
    assert relay.peak_resident_bytes() < 64 * _MIB + buffer
