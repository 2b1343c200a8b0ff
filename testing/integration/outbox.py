# SPDX-License-Identifier: Apache-2.0
"""The application's side: an outbox table and inserts into it."""

import itertools

# The relay's user, with no more rights than it needs.
USER, PASSWORD = 'relay', 'relay-password'

_TABLE = """
CREATE TABLE `{schema}`.`{table}` (
  `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `batch_id` CHAR(36) NULL,
  `push_started_at` DATETIME NULL,
  `push_completed_at` DATETIME NULL,
  `topic` VARCHAR(255) NOT NULL,
  `payload_json` JSON NOT NULL,
  `payload_headers` JSON NOT NULL,
  `push_attempts` TINYINT NOT NULL DEFAULT 0,
  `errored` TINYINT NOT NULL DEFAULT 0,
  `error_reason` VARCHAR(255) NOT NULL DEFAULT '',
  `created_at` DATETIME DEFAULT CURRENT_TIMESTAMP,
  INDEX `outbox_push_completed_at` (`push_completed_at`))
  DEFAULT CHARACTER SET utf8mb4
"""
_MIGRATIONS = (
    (20210422155402, _TABLE),
    (20210831114803, """ALTER TABLE `{schema}`.`{table}`
      ADD COLUMN `partition_key` VARCHAR(255) NOT NULL DEFAULT '',
      ADD COLUMN `key` VARCHAR(255) NOT NULL DEFAULT ''"""),
    (20220408111504, """ALTER TABLE `{schema}`.`{table}`
      ADD INDEX `outbox_batch_query` (`batch_id`, `created_at`)"""),
)
_numbers = itertools.count(1)
VERSIONS = tuple(version for version, _ in _MIGRATIONS)


def numbers(first, last):
    """Payloads that tell the rows apart."""
    return [str(number) for number in range(first, last + 1)]


class Outbox:
    """The outbox table of one schema on one server."""

    def __init__(self, server, schema, table='kafka_outbox'):
        self.server = server
        self.schema = schema
        self.table = table
        self.name = f'`{schema}`.`{table}`'

    def create(self, version=VERSIONS[-1], *, polling_relay=False):
        """Makes the table as the polling relay's migrations had it at
        `version`; with `polling_relay`, also the table that marks it as used
        by that relay."""
        for step, statement in _MIGRATIONS:
            if step <= version:
                self.execute(statement.format(schema=self.schema,
                                              table=self.table))
        if polling_relay:
            marks = f'`{self.schema}`.`kafka_outbox_schema_migrations`'
            self.execute(f'CREATE TABLE {marks} (version BIGINT NOT NULL '
                         'PRIMARY KEY, dirty BOOLEAN NOT NULL)')
            self.execute(f'INSERT INTO {marks} VALUES ({version}, FALSE)')
        return self

    def exists(self):
        return bool(self.execute(
            'SELECT 1 FROM information_schema.tables '
            'WHERE table_schema = %s AND table_name = %s',
            (self.schema, self.table)))

    def connect(self, **options):
        return self.server.connect(self.schema, **options)

    def execute(self, sql, parameters=None):
        return self.server.execute(sql, parameters, self.schema)

    def insert(self, topic, payload='{}', headers='{}', *, session=None,
               **columns):
        """Inserts one row, in `session`'s transaction or in its own, and
        returns its id."""
        columns = {'topic': topic, 'payload_json': payload,
                   'payload_headers': headers, **columns}
        names = ', '.join(f'`{name}`' for name in columns)
        places = ', '.join(['%s'] * len(columns))
        used = session or self.connect()
        try:
            with used.cursor() as cursor:
                cursor.execute(f'INSERT INTO {self.name} ({names}) '
                               f'VALUES ({places})', list(columns.values()))
                return cursor.lastrowid
        finally:
            if not session:
                used.close()

    def insert_many(self, topic, payloads, *, session=None, key='',
                    chunk=500):
        """Inserts rows by statements of `chunk` rows each."""
        used = session or self.connect()
        try:
            with used.cursor() as cursor:
                for first in range(0, len(payloads), chunk):
                    part = payloads[first:first + chunk]
                    cursor.execute(
                        f'INSERT INTO {self.name} (topic, payload_json, '
                        'payload_headers, `key`) VALUES '
                        + ', '.join(["(%s, %s, '{}', %s)"] * len(part)),
                        [value for payload in part
                         for value in (topic, payload, key)])
        finally:
            if not session:
                used.close()

    def count(self, where='TRUE'):
        return self.execute(
            f'SELECT COUNT(*) FROM {self.name} WHERE {where}')[0][0]

    def row(self, row_id, *columns):
        """The named columns of one row, or None."""
        rows = self.execute(
            f'SELECT {", ".join(f"`{name}`" for name in columns)} '
            f'FROM {self.name} WHERE id = %s', (row_id,))
        return rows[0] if rows else None


def create_user(server, user, password, schema, *grants):
    """Makes a user when missing, and grants it `grants` on the schema."""
    server.execute(f"CREATE USER IF NOT EXISTS {user}@'%' "
                   f"IDENTIFIED BY '{password}'")
    server.execute(f"GRANT {', '.join(grants)} ON `{schema}`.* TO {user}@'%'")


def grant_replication(server, user):
    """The global rights without which no binlog can be read."""
    rights = ['REPLICATION SLAVE', 'REPLICATION CLIENT']
    if 'MariaDB' in server.execute('SELECT VERSION()')[0][0]:
        rights += ['BINLOG MONITOR', 'SLAVE MONITOR']
    server.execute(f"GRANT {', '.join(rights)} ON *.* TO {user}@'%'")


def make_outbox(server, table='kafka_outbox'):
    """A new schema, in which the relay's user may do what it needs."""
    schema = f'app{next(_numbers)}'
    server.execute(f'CREATE DATABASE `{schema}` CHARACTER SET utf8mb4')
    create_user(server, USER, PASSWORD, schema, 'SELECT', 'INSERT', 'UPDATE',
                'DELETE', 'CREATE', 'ALTER', 'INDEX')
    grant_replication(server, USER)
    return Outbox(server, schema, table)
