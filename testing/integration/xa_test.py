# SPDX-License-Identifier: Apache-2.0
"""Branches of distributed transactions: their rows are published when, and only
when, they are committed; whatever happens to the relay and the log between."""

import pymysql
import pytest
from pymysql.constants import ER

from testing.integration.conftest import start
from testing.integration.outbox import make_outbox
from testing.integration.saved_state import saved_ids, saved_position
from testing.servers.deadline import wait_until

_FAST = ('--checkpoint-interval=100ms',)


class Branch:
    """A prepared branch with one row; its session is gone."""

    def __init__(self, outbox, topic, payload, *, delete=False):
        self._outbox = outbox
        # Branches are the server's, not the schema's.
        self._xid = f'{outbox.schema} {payload}'
        with outbox.connect() as session, session.cursor() as cursor:
            cursor.execute(f"XA START '{self._xid}'")
            row = outbox.insert(topic, payload, session=session)
            if delete:
                cursor.execute(
                    f'DELETE FROM {outbox.name} WHERE id = {row}')
            cursor.execute(f"XA END '{self._xid}'")
            cursor.execute(f"XA PREPARE '{self._xid}'")

    def commit(self):
        self._decide('COMMIT')

    def roll_back(self):
        self._decide('ROLLBACK')

    def _decide(self, decision):
        def decided():
            try:
                self._outbox.execute(f"XA {decision} '{self._xid}'")
                return True
            except pymysql.err.MySQLError as error:
                # The server has not missed its session yet.
                if error.args[0] != ER.XAER_NOTA:
                    raise
                return False
        wait_until(decided, f'the {decision}')


@pytest.fixture(scope='module')
def server_without_gtids(directory, database_kind):
    server = start(database_kind(directory / 'sql-xa', ['--gtid-mode=OFF']))
    yield server
    server.kill()


@pytest.fixture(params=[
    'by GTID', pytest.param('by position', marks=pytest.mark.mysql)])
def server(request):
    """What tells how far the relay is."""
    if request.param == 'by position':
        return request.getfixturevalue('server_without_gtids')
    shared = request.getfixturevalue('shared_server')
    if not shared.running():
        shared.start()
    return shared


def test_branch_is_published_when_it_commits_and_not_before(
        relay, outbox, topic, read):
    outbox.create()
    relay.start().wait_ready().wait_streaming()
    for name, end in (('kept', Branch.commit), ('lost', Branch.roll_back)):
        branch = Branch(outbox, topic, f'"{name}"')
        outbox.insert(topic, f'"after the prepare of {name}"')
        end(branch)
        outbox.insert(topic, f'"after the end of {name}"')
    reader = read(topic)
    reader.wait_for(lambda records: records and
                    records[-1].value == b'"after the end of lost"', 'the end')
    assert reader.values() == [
        b'"after the prepare of kept"', b'"kept"', b'"after the end of kept"',
        b'"after the prepare of lost"', b'"after the end of lost"']


@pytest.mark.faults
def test_branch_prepared_before_the_start_is_swept(make_relay, outbox, kafka,
                                                   topic, read):
    outbox.create()
    branch = Branch(outbox, topic, '1')
    relay = make_relay(outbox, kafka, *_FAST).start().wait_ready()
    outbox.insert(topic, '0')
    reader = read(topic)
    reader.wait_count(1)
    branch.commit()
    reader.wait_for(lambda records: {b'0', b'1'} <= set(reader.values()),
                    'both rows')
    assert relay.running()


@pytest.mark.faults
@pytest.mark.parametrize('purged', [False, True], ids=['kept', 'purged'])
@pytest.mark.parametrize('end', ['stop', 'kill'])
def test_branches_stay_undecided_over_a_restart(
        make_relay, outbox, kafka, topic, read, end, purged):
    outbox.create()
    relay = make_relay(outbox, kafka, *_FAST)
    relay.start().wait_ready().wait_streaming()
    committed, rolled_back, later = (
        Branch(outbox, topic, f'"{name}"')
        for name in ('committed', 'rolled back', 'later'))
    if purged:
        outbox.server.execute('FLUSH BINARY LOGS')
    row = outbox.insert(topic, '"before"')
    reader = read(topic)
    reader.wait_count(1)
    wait_until(lambda: row in saved_ids(outbox), 'a save behind the branches')
    getattr(relay, end)()
    if purged:
        # What prepared them is gone, what comes behind the checkpoint is not.
        last = outbox.server.execute('SHOW BINARY LOGS')[-1][0]
        assert saved_position(outbox)[0] == last
        wait_until(lambda: _purged_to(outbox.server, last), 'the purge')
    committed.commit()
    relay.start().wait_ready()
    rolled_back.roll_back()
    outbox.insert(topic, '"between"')
    reader.wait_for(lambda records: b'"between"' in reader.values(), 'the log')
    later.commit()
    outbox.insert(topic, '"after"')
    wanted = {f'"{name}"'.encode() for name in (
        'before', 'committed', 'between', 'later', 'after')}
    reader.wait_for(lambda records: set(reader.values()) >= wanted,
                    'every row that was committed')
    reader.read_to_end()
    assert set(reader.values()) == wanted
    if not purged:
        assert len(reader.values()) == len(wanted)


@pytest.mark.faults
@pytest.mark.parametrize('end', ['cut', 'stop', 'kill'])
def test_row_that_its_branch_deletes_itself_comes_over_a_new_connection(
        make_relay, outbox, kafka, topic, read, end):
    """No sweep finds it: the log alone has it."""
    outbox.create()
    relay = make_relay(outbox, kafka, *_FAST)
    relay.start().wait_ready().wait_streaming()
    outbox.insert(topic, '"first"')
    reader = read(topic)
    reader.wait_count(1)
    gone = Branch(outbox, topic, '"gone"', delete=True)
    other = Branch(outbox, topic, '"other"')
    row = outbox.insert(topic, '"before"')
    reader.wait_count(2)
    wait_until(lambda: row in saved_ids(outbox), 'a save behind the branches')
    if end == 'cut':
        before = relay.metric('outbox_relay_reconnects_total', side='mysql')
        for (thread,) in outbox.execute(
                'SELECT id FROM information_schema.processlist '
                "WHERE command LIKE 'Binlog Dump%' AND user = 'relay'"):
            outbox.execute(f'KILL {thread}')
        wait_until(lambda: relay.metric('outbox_relay_reconnects_total',
                                        side='mysql') > before, 'a reconnect')
    else:
        getattr(relay, end)()
    gone.commit()
    outbox.insert(topic, '"between"')
    if end != 'cut':
        relay.start().wait_ready()
    reader.wait_for(lambda records: b'"between"' in reader.values(), 'the log')
    other.commit()
    outbox.insert(topic, '"after"')
    reader.wait_for(lambda records: records[-1].value == b'"after"', 'the end')
    reader.read_to_end()
    assert reader.values() == [f'"{name}"'.encode() for name in (
        'first', 'before', 'gone', 'between', 'other', 'after')]


@pytest.mark.faults
def test_change_of_another_table_behind_a_prepare_stops_nobody(
        make_relay, outbox, kafka, topic, read):
    """What is read once more for an open branch may have unknown columns."""
    outbox.create()
    other = make_outbox(outbox.server).create()
    relay = make_relay(outbox, kafka, *_FAST, variables={
        'DB_NAME': f'{outbox.schema},{other.schema}'})
    relay.start().wait_ready().wait_streaming()
    branch = Branch(outbox, topic, '"branch"')
    other.insert(topic, '"old"')
    reader = read(topic)
    reader.wait_count(1)
    other.execute(f'ALTER TABLE {other.name} ADD note INT AFTER id')
    other.insert(topic, '"new"')
    reader.wait_count(2)
    relay.stop()
    branch.commit()
    other.insert(topic, '"after"')
    relay.start().wait_ready()
    reader.wait_for(lambda records: {b'"branch"', b'"after"'} <= set(
        reader.values()), 'both rows')
    assert relay.running()


def _purged_to(server, file):
    """A log is kept while a dump reads it, of a relay that was killed too."""
    server.execute(f"PURGE BINARY LOGS TO '{file}'")
    return server.execute('SHOW BINARY LOGS')[0][0] == file
