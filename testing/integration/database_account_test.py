# SPDX-License-Identifier: Apache-2.0
"""What a server lets the relay's account do."""

from testing.integration.outbox import make_outbox

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
