# SPDX-License-Identifier: Apache-2.0
"""The table is changed while the relay is behind: every value is that of its own column, or the relay stops.

The changes are those that types alone don't show: topic, key, partition_key and error_reason are all VARCHAR(255). What
a sweep reads of the table once more is the same row, so a record may stand twice.
"""

import json

import pytest

from testing.integration.murmur2 import murmur2
from testing.servers.deadline import wait_until

_ROWS = 600
_PARTITIONS = 16


class Application:
    """Writes rows whose columns tell which row they are of."""

    def __init__(self, outbox, topic):
        self.outbox = outbox
        self.topic = topic
        self.rows = 0

    def write(self, count=_ROWS):
        """Commits so many transactions of one row."""
        with self.outbox.connect() as session, session.cursor() as cursor:
            for number in range(self.rows, self.rows + count):
                cursor.execute(
                    f'INSERT INTO {self.outbox.name} (error_reason, topic, '
                    'partition_key, payload_headers, `key`, payload_json) '
                    "VALUES ('e', %s, %s, %s, %s, %s)",
                    (self.topic, f'p{number}', f'{{"h": "h{number}"}}',
                     f'k{number}', str(number)))
        self.rows += count

    def alter(self, *clauses, table=None):
        self.outbox.execute(f'ALTER TABLE {table or self.outbox.name} '
                            + ', '.join(clauses))

    def check(self, records):
        """Each record has the values of one row; which rows there are."""
        found = set()
        for record in records:
            number = json.loads(record.value)
            assert record.key == f'k{number}'.encode(), record
            assert record.headers == (('h', f'h{number}'.encode()),), record
            assert record.partition == murmur2(
                f'p{number}'.encode()) % _PARTITIONS, record
            found.add(number)
        return found


def _add(app):
    app.alter('ADD note VARCHAR(255) NOT NULL DEFAULT "n" AFTER id')


def _reorder(app):
    app.alter("MODIFY `key` VARCHAR(255) NOT NULL DEFAULT '' AFTER id",
              "MODIFY error_reason VARCHAR(255) NOT NULL DEFAULT '' "
              'AFTER partition_key')


def _trade_places(app):
    """partition_key and key, which stand side by side in a new table."""
    app.alter("MODIFY partition_key VARCHAR(255) NOT NULL DEFAULT '' "
              'AFTER `key`')


def _rename(app):
    """Nothing but the names of the same two. What the table holds means another
    thing now, so that a sweep is to find none of it."""
    app.outbox.execute(f'DELETE FROM {app.outbox.name}')
    app.alter('RENAME COLUMN `key` TO partition_key',
              'RENAME COLUMN partition_key TO `key`')


def _change_type(app):
    app.alter('MODIFY `key` TEXT NOT NULL')
    app.write(3)
    app.alter("MODIFY `key` VARCHAR(255) NOT NULL DEFAULT ''")


def _drop(app):
    app.alter('ADD gone INT FIRST')
    app.write(3)
    app.alter('DROP gone')


def _swap(app):
    """As gh-ost ends: one statement renames both tables."""
    schema, table = app.outbox.schema, app.outbox.table
    ghost, old = f'`{schema}`.`_{table}_gho`', f'`{schema}`.`_{table}_del`'
    app.outbox.execute(f'CREATE TABLE {ghost} LIKE {app.outbox.name}')
    app.alter("MODIFY topic VARCHAR(255) NOT NULL AFTER `key`", table=ghost)
    columns = ', '.join(f'`{name}`' for name, in app.outbox.execute(
        'SELECT column_name FROM information_schema.columns '
        'WHERE table_schema = %s AND table_name = %s', (schema, table)))
    app.outbox.execute(f'INSERT INTO {ghost} ({columns}) '
                       f'SELECT {columns} FROM {app.outbox.name}')
    app.outbox.execute(f'RENAME TABLE {app.outbox.name} TO {old}, '
                       f'{ghost} TO {app.outbox.name}')
    app.outbox.execute(f'DROP TABLE {old}')


def _swap_with_triggers(app):
    """As pt-online-schema-change: triggers copy what is written meanwhile."""
    schema, table = app.outbox.schema, app.outbox.table
    new, old = f'`{schema}`.`_{table}_new`', f'`{schema}`.`_{table}_old`'
    app.outbox.execute(f'CREATE TABLE {new} LIKE {app.outbox.name}')
    app.alter("MODIFY partition_key VARCHAR(255) NOT NULL DEFAULT '' FIRST",
              table=new)
    columns = [name for name, in app.outbox.execute(
        'SELECT column_name FROM information_schema.columns '
        'WHERE table_schema = %s AND table_name = %s', (schema, table))]
    names = ', '.join(f'`{name}`' for name in columns)
    app.outbox.execute(
        f'CREATE TRIGGER `{schema}`.osc_ins AFTER INSERT ON '
        f'{app.outbox.name} FOR EACH ROW REPLACE INTO {new} ({names}) VALUES '
        f'({", ".join(f"NEW.`{name}`" for name in columns)})')
    app.write(50)
    app.outbox.execute(f'INSERT IGNORE INTO {new} ({names}) SELECT {names} '
                       f'FROM {app.outbox.name}')
    app.write(50)
    app.outbox.execute(f'RENAME TABLE {app.outbox.name} TO {old}, '
                       f'{new} TO {app.outbox.name}')
    app.outbox.execute(f'DROP TRIGGER IF EXISTS `{schema}`.osc_ins')
    app.outbox.execute(f'DROP TABLE {old}')


_CHANGES = (_add, _reorder, _trade_places, _rename, _change_type, _drop,
            _swap, _swap_with_triggers)
# Of these each is one change of the columns.
_SINGLE = (_add, _reorder, _trade_places, _rename, _swap)


@pytest.fixture
def metadata(server, database_kind):
    """Sets what the log says of columns; the server's default at the end."""
    default = server.execute('SELECT @@global.binlog_row_metadata')[0][0]
    yield lambda value: server.execute(
        f"SET GLOBAL binlog_row_metadata = '{value or default}'")
    server.execute(f"SET GLOBAL binlog_row_metadata = '{default}'")


def _begin(outbox, topic, relay):
    """An application whose first row was published; the relay is stopped."""
    application = Application(outbox, topic)
    relay.start().wait_ready().wait_streaming()
    application.write(1)
    wait_until(lambda: relay.metric(
        'outbox_relay_rows_total', outcome='published') >= 1, 'the first row')
    assert relay.stop() == 0
    return application


@pytest.fixture
def app(relay, outbox, new_topic):
    return _begin(outbox.create(), new_topic(_PARTITIONS), relay)


def _all_arrive(app, relay, reader, timeout=120):
    """Every row is published, and every record is right."""
    relay.start()
    wanted = set(range(app.rows))
    seen = set()

    def arrived(records):
        assert relay.running(), relay.text()[-3000:]
        seen.update(json.loads(record.value) for record in records)
        return seen == wanted
    reader.wait_for(arrived, 'all rows', timeout)
    assert app.check(reader.read_to_end()) == wanted


def test_full_metadata_brings_every_row_through_every_change(
        app, relay, read, metadata):
    metadata('FULL')
    app.write()
    for change in _CHANGES:
        change(app)
        app.write()
    assert app.rows > 4000
    _all_arrive(app, relay, read(app.topic))


@pytest.mark.parametrize('change', _SINGLE, ids=lambda one: one.__name__)
def test_default_metadata_is_enough_for_one_change_behind(
        app, relay, read, metadata, change):
    metadata(None)
    app.write()
    change(app)
    app.write()
    _all_arrive(app, relay, read(app.topic))


@pytest.mark.parametrize('change', _CHANGES, ids=lambda one: one.__name__)
def test_default_metadata_stops_where_columns_cannot_be_known(
        app, relay, read, metadata, change):
    metadata(None)
    app.write()
    app.alter('ADD between_changes VARCHAR(255) AFTER topic')
    app.write()
    change(app)
    app.write()
    relay.refuses('binlog_row_metadata=FULL')
    found = app.check(read(app.topic).read_to_end())
    assert found == set(range(_ROWS + 1)), 'those before the first change'


@pytest.fixture
def old_times(server):
    """What is made in it has temporal columns whose length no log tells."""
    server.execute('SET GLOBAL mysql56_temporal_format = OFF')
    yield
    server.execute('SET GLOBAL mysql56_temporal_format = DEFAULT')


@pytest.mark.mariadb
def test_full_metadata_is_not_enough_where_it_tells_no_length(
        old_times, outbox, new_topic, relay, read, metadata):
    metadata('FULL')
    outbox.create()
    outbox.execute(f'ALTER TABLE {outbox.name} MODIFY push_started_at '
                   "DATETIME(3) NULL DEFAULT '2026-01-02 03:04:05.678'")
    app = _begin(outbox, new_topic(_PARTITIONS), relay)
    app.write()
    app.alter('ADD between_changes VARCHAR(255) AFTER topic')
    app.write()
    columns = ','.join(name for name, in outbox.execute(
        'SELECT column_name FROM information_schema.columns '
        'WHERE table_schema = %s AND table_name = %s '
        'ORDER BY ordinal_position', (outbox.schema, outbox.table)))
    _add(app)
    app.write()
    relay.refuses('column push_started_at of', '--columns/RELAY_COLUMNS')
    found = app.check(read(app.topic).read_to_end())
    assert found == set(range(_ROWS + 1)), 'those before the first change'
    relay.environment['RELAY_COLUMNS'] = columns
    _all_arrive(app, relay, read(app.topic))


def test_default_metadata_passes_what_changes_no_column(
        app, relay, read, metadata):
    metadata(None)
    app.write()
    definition = app.outbox.execute(
        f'SHOW CREATE TABLE {app.outbox.name}')[0][1]
    for _ in range(2):
        app.outbox.execute(f'CREATE INDEX by_topic ON {app.outbox.name} '
                           '(topic)')
        app.write(50)
        app.outbox.execute(f'DROP INDEX by_topic ON {app.outbox.name}')
        app.outbox.execute(definition.replace(
            'CREATE TABLE', 'CREATE TABLE IF NOT EXISTS', 1))
        app.write(50)
        app.outbox.execute(f'TRUNCATE TABLE {app.outbox.name}')
        app.write(50)
    _all_arrive(app, relay, read(app.topic))


def test_default_metadata_is_enough_for_a_relay_that_keeps_up(
        app, relay, read, metadata):
    metadata(None)
    reader = read(app.topic)
    relay.start().wait_ready()
    for change in _SINGLE:
        app.write(100)
        wanted = set(range(app.rows))
        reader.wait_for(lambda records: app.check(records) == wanted,
                        'what was written')
        change(app)
    app.write(100)
    wanted = set(range(app.rows))
    reader.wait_for(lambda records: app.check(records) == wanted,
                    'what was written')
    assert app.check(reader.read_to_end()) == wanted
