# SPDX-License-Identifier: Apache-2.0
"""Faults, and the proof that they happened."""

import contextlib

from testing.integration.saved_state import saved_position
from testing.servers.deadline import wait_until


@contextlib.contextmanager
def paused(server):
    """The server takes connections and data, and answers nothing."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


def purge_past_the_checkpoint(outbox):
    """Leaves nothing of the log but its last file; the checkpoint's is gone
    with the rest."""
    server = outbox.server
    server.execute('FLUSH BINARY LOGS')
    last = server.execute('SHOW BINARY LOGS')[-1][0]

    def alone():
        server.execute(f"PURGE BINARY LOGS TO '{last}'")
        return server.execute('SHOW BINARY LOGS')[0][0] == last

    # A log is kept while a dump reads it, of a relay that was killed too.
    wait_until(alone, 'the older logs are gone')
    assert saved_position(outbox)[0] < last


def assert_healed_after_a_purge(relay):
    """It saw that the log was gone, said so, and went to the table."""
    assert relay.says('stream.purged')
    assert relay.metric('outbox_relay_sweeps_total', reason='purged') >= 1


def assert_goes_on_after_a_purge(relay, outbox, topic, reader, rows):
    """Started behind a purge, it publishes the table, `rows` different ones in
    all, and then what the log brings."""
    relay.start()
    reader.wait_for(lambda records: len(set(reader.values())) == rows,
                    'the rows whose log is gone')
    assert_healed_after_a_purge(relay)
    outbox.insert(topic, '"after"')
    reader.wait_for(lambda records: records[-1].value == b'"after"', 'the end')
