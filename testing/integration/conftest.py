# SPDX-License-Identifier: Apache-2.0
"""Servers for a session, a schema and topics for each test.

`--database mysql` (default), `mariadb` (10.11) or `mariadb-11.8` chooses the
server.
"""

import contextlib
import functools
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from testing.integration.outbox import make_outbox
from testing.integration.relay_process import (RelayProcess, binary,
                                               environment)
from testing.integration.topic_reader import TopicReader
from testing.servers.cache import ServerUnavailable
from testing.servers.kafka_broker import KafkaBroker
from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer
from testing.servers.temporary_directory import temporary_directory

_KINDS = {'mysql': MysqlServer, 'mariadb': MariadbServer,
          'mariadb-11.8': functools.partial(MariadbServer, version='11.8')}
_numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption('--database', default='mysql', choices=sorted(_KINDS))


def pytest_configure(config):
    config.addinivalue_line('markers', 'mysql: means MySQL only')
    config.addinivalue_line('markers', 'mariadb: means MariaDB only')
    config.addinivalue_line('markers', 'faults: kills, pauses or cuts off')


def pytest_collection_modifyitems(config, items):
    """Tests that mean the other database are left out, not skipped."""
    other = ('mariadb' if config.getoption('--database') == 'mysql'
             else 'mysql')
    left = [item for item in items if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of what the relays of the test logged."""
    report = (yield).get_result()
    if report.failed:
        for relay in getattr(item, 'relays', ()):
            if relay.log.exists():
                report.sections.append(
                    (relay.log.name, relay.text()[-6000:]))


@pytest.fixture(scope='session')
def directory():
    """A directory for the session; gone with it."""
    return temporary_directory()


def start(server):
    """Starts a server, or skips the test when it cannot be had."""
    try:
        return server.start()
    except ServerUnavailable as error:
        return pytest.skip(str(error))


@pytest.fixture(scope='session')
def database_kind(request):
    return _KINDS[request.config.getoption('--database')]


@pytest.fixture(scope='session')
def shared_server(directory, database_kind):
    server = start(database_kind(directory / 'sql'))
    yield server
    server.kill()


@pytest.fixture
def server(shared_server):
    """The database server, running, for tests that leave it as it was."""
    if not shared_server.running():
        shared_server.start()
    return shared_server


@pytest.fixture
def own_server(directory, database_kind):
    """Makes database servers of a test's own: own_server('--argument')."""
    made = []

    def make(*arguments):
        made.append(start(database_kind(
            directory / f'sql-{next(_numbers)}', arguments)))
        return made[-1]
    yield make
    for instance in made:
        instance.kill()


@pytest.fixture(scope='session')
def shared_kafka(directory):
    broker = start(KafkaBroker(
        directory / 'kafka', {'auto.create.topics.enable': 'false'},
        security='SASL_SSL', acls=True))
    yield broker
    broker.kill()


@pytest.fixture
def kafka(shared_kafka):
    """The broker, running, for tests that leave it as it was.

    It makes no topic by itself, and its secure listener allows nothing yet.
    """
    if not shared_kafka.running():
        shared_kafka.start()
    return shared_kafka


@pytest.fixture
def own_kafka(directory):
    """Makes brokers of a test's own: own_kafka(settings, security=…)."""
    made = []

    def make(*arguments, **options):
        made.append(start(KafkaBroker(
            directory / f'kafka-{next(_numbers)}', *arguments, **options)))
        return made[-1]
    yield make
    for instance in made:
        instance.kill()


@pytest.fixture
def outbox(server):
    """A new schema on the shared server, without a table yet."""
    return make_outbox(server)


@pytest.fixture
def topic(kafka):
    """A new topic of one partition."""
    return kafka.create_topic(f'topic{next(_numbers)}')


@pytest.fixture
def new_topic(kafka):
    """Makes topics: new_topic(partitions, max_message_bytes=…)."""
    return lambda partitions=1, **configuration: kafka.create_topic(
        f'topic{next(_numbers)}', partitions, **configuration)


@pytest.fixture
def make_relay(request, directory, own_server, own_kafka):
    """Makes relays, not started: make_relay(outbox, broker, flags…).

    They end before the servers of the test, and must end well.
    """
    del own_server, own_kafka  # Set up before, and so taken down after.
    assert binary().exists(), f'not built: {binary()}'
    request.node.relays = []

    def make(outbox, broker, *flags, variables=None):
        address = broker if isinstance(broker, str) else broker.address
        settings = {**environment(outbox, address), **(variables or {})}
        relay = RelayProcess(
            directory / f'relay-{next(_numbers)}.log',
            {name: value for name, value in settings.items()
             if value is not None}, flags)
        request.node.relays.append(relay)
        return relay
    yield make
    with contextlib.ExitStack() as closing:
        for relay in request.node.relays:
            closing.callback(relay.close)
    reports = [line for relay in request.node.relays if relay.log.exists()
               for line in relay.text().splitlines()
               if 'Sanitizer: ' in line or ': runtime error: ' in line]
    assert not reports, reports


@pytest.fixture
def relay(make_relay, outbox, kafka):
    """A relay between `outbox` and `kafka`, not started."""
    return make_relay(outbox, kafka)


@pytest.fixture
def read(kafka):
    """Makes readers of topics: read(topic, …)."""
    made = []

    def make(*topics, broker=kafka):
        made.append(TopicReader(broker.address, *topics))
        return made[-1]
    yield make
    for reader in made:
        reader.close()
