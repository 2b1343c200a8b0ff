# SPDX-License-Identifier: Apache-2.0
"""What the relay costs the primary, counted on the server."""

import json
import time

from testing.integration.outbox import create_user, grant_replication
from testing.integration.saved_state import saved_ids
from testing.servers.deadline import wait_until


def _statements(server, *kinds):
    """How many of each the server has run."""
    counts = dict(server.execute("SHOW GLOBAL STATUS LIKE 'Com\\_%'"))
    return {kind: int(counts[f'Com_{kind}']) for kind in kinds}


def _deletes(relay, outbox):
    """The rows of the outbox's DELETEs as they stand in the log."""
    server = outbox.server
    code, output = relay.run(
        'decode', '--table', f'{outbox.schema}.{outbox.table}',
        *(str(server.datadir / log[0])
          for log in server.execute('SHOW BINARY LOGS')))
    assert code == 0, output
    return [entry['row'] for entry in map(json.loads, output.splitlines())
            if entry['op'] == 'delete']


def test_primary_runs_no_statement_for_a_row_and_one_save_a_second(
        relay, outbox, topic, read, server):
    outbox.create()
    relay.start().wait_ready()
    outbox.insert(topic, '"first"')
    reader = read(topic)
    reader.wait_count(1)
    # Each within the one before, as a save may come between two of them.
    began = time.monotonic()
    saves = relay.metric('outbox_relay_checkpoint_saves_total')
    before = _statements(server, 'insert', 'update', 'delete', 'commit')
    rows, chunk = 20000, 100
    with outbox.connect() as session:
        for first in range(0, rows, 1000):
            outbox.insert_many(topic, [
                str(number) for number in range(first, first + 1000)],
                session=session, chunk=chunk)
    reader.wait_count(1 + rows)
    wait_until(lambda: len(saved_ids(outbox)) == 1 + rows, 'all is saved')
    ran = {kind: count - before[kind] for kind, count in
           _statements(server, *before).items()}
    saves = relay.metric('outbox_relay_checkpoint_saves_total') - saves
    took = time.monotonic() - began
    print(f'{rows} rows in {took:.1f} s: {saves:.0f} saves, {ran}')
    assert 0 < saves <= took + 1
    # A save: the checkpoint's row and a part of the ledger.
    assert ran['update'] <= saves + 1
    assert ran['insert'] - rows / chunk <= saves + 1
    assert ran['commit'] <= saves + 1
    # A pass over the table every ten seconds.
    assert ran['delete'] <= took / 10 + 1
    columns = outbox.execute(
        'SELECT DISTINCT push_attempts, push_completed_at, batch_id FROM '
        f'{outbox.name}')
    assert columns == ((0, None, None),)


def test_deletes_come_in_chunks_and_log_no_payload_again(
        make_relay, outbox, kafka, topic, read, server):
    outbox.create()
    # The row image of a session is not everyone's to choose.
    create_user(server, 'tidy', 'tidy', outbox.schema, 'SELECT', 'INSERT',
                'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'INDEX')
    grant_replication(server, 'tidy')
    right = ('SESSION_VARIABLES_ADMIN' if server.name == 'MySQL'
             else 'BINLOG ADMIN')
    server.execute(f"GRANT {right} ON *.* TO tidy@'%'")
    relay = make_relay(outbox, kafka, '--retention=1s',
                       '--checkpoint-interval=100ms',
                       '--cleanup-chunk-rows=500', variables={
                           'DB_USER': 'tidy', 'DB_PASS': 'tidy'})
    relay.start().wait_ready()
    before = _statements(server, 'delete', 'delete_multi')
    began = time.monotonic()
    rows = 5000
    outbox.insert_many(topic, ['"payload"'] * rows)
    read(topic).wait_count(rows)
    wait_until(lambda: outbox.count() == 0, 'the table is empty')
    ran = sum(_statements(server, *before).values()) - sum(before.values())
    took = time.monotonic() - began
    deleted = _deletes(relay, outbox)
    assert len(deleted) == rows
    assert all(len(row) == 1 for row in deleted), deleted[0]
    print(f'{ran} DELETEs for {rows} rows in {took:.1f} s')
    # Those that find nothing to do are one a second.
    assert rows / 500 <= ran < rows / 100 + took
