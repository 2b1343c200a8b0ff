# SPDX-License-Identifier: Apache-2.0
"""What a server lets the relay's account do."""

import pathlib
import re

from testing.integration.outbox import Outbox, grant_replication, make_outbox
from testing.servers.deadline import wait_until

_README = pathlib.Path(__file__).resolve().parents[2] / 'README.md'
_README_GRANTS = re.findall(r'GRANT ([A-Z, ]+) ON shop\.(kafka_outbox\w*) TO',
                            _README.read_text())
_ACCOUNT = {'DB_USER': 'newcomer', 'DB_PASS': 'password'}


def _newcomer(server):
    """An account that may log in and nothing else."""
    server.execute("DROP USER IF EXISTS newcomer@'%'")
    server.execute("CREATE USER newcomer@'%' IDENTIFIED BY 'password'")


def _printed(relay):
    """The statements that `check --print-sql` prints."""
    code, told = relay.run('check', '--print-sql')
    assert code == 0, told
    return [line.replace('<password>', 'password')
            for line in told.splitlines() if not line.startswith('--')]


def test_printed_statements_are_all_that_an_account_needs(
        make_relay, own_server, kafka, topic, read):
    server = own_server()  # The statements change its settings.
    outbox = make_outbox(server)
    _newcomer(server)
    relay = make_relay(outbox, kafka, variables=_ACCOUNT)
    code, told = relay.run('check')
    assert code == 1 and 'GRANT' in told, told
    for statement in _printed(relay):
        server.execute(statement)
    code, told = relay.run('check')
    assert code == 0, told
    relay.start().wait_ready()
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)[0].value == b'1'


def test_printed_grants_are_of_no_other_schema(make_relay, own_server, kafka):
    server = own_server()
    for schema in ('my_shop', 'myXshop'):
        server.execute(f'CREATE DATABASE `{schema}`')
        Outbox(server, schema).create()
    _newcomer(server)
    relay = make_relay(Outbox(server, 'my_shop'), kafka, variables=_ACCOUNT)
    for statement in _printed(relay):
        server.execute(statement)
    code, told = relay.run('check')
    assert code == 0, told
    code, told = relay.run('check', '--db-name=myXshop')
    assert code == 1 and 'myXshop' in told, told


def test_table_grants_are_enough_where_an_administrator_migrates(
        make_relay, server, kafka, topic, read):
    outbox = make_outbox(server)
    administrator = make_relay(outbox, kafka, variables={
        'DB_USER': 'root', 'DB_PASS': None})
    code, told = administrator.run('migrate', '--print')
    assert code == 0 and 'kafka_outbox_checkpoint' in told, told
    for statement in told.split(';\n'):
        if statement.strip():
            server.execute(statement)
    _newcomer(server)
    grant_replication(server, 'newcomer')
    # As the README has them.
    for rights, table in _README_GRANTS:
        server.execute(f'GRANT {rights} ON `{outbox.schema}`.{table} '
                       "TO newcomer@'%'")
    relay = make_relay(outbox, kafka, variables={
        **_ACCOUNT, 'SKIP_MIGRATIONS': 'true', 'RELAY_RETENTION': '1s'})
    code, told = relay.run('check')
    assert code == 0, told
    relay.start().wait_ready()
    outbox.insert(topic, '1')
    assert read(topic).wait_count(1)[0].value == b'1'
    wait_until(lambda: not outbox.execute(f'SELECT 1 FROM {outbox.name}'),
               'the published row is deleted')
    relay.stop()


def test_printed_statements_name_the_schema_that_has_the_state(
        make_relay, server, kafka):
    one, two = make_outbox(server), make_outbox(server)
    state = make_outbox(server).schema
    make_relay([one, two], kafka, f'--state-schema={state}').start(
    ).wait_ready().stop()
    _newcomer(server)
    for outbox in one, two:
        server.execute(f"GRANT SELECT ON `{outbox.schema}`.* TO newcomer@'%'")
    statements = '\n'.join(_printed(
        make_relay([two, one], kafka, variables=_ACCOUNT)))
    assert f'ON `{state}`.*' in statements
