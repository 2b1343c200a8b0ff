# SPDX-License-Identifier: Apache-2.0
"""The command line of `mysql`, `mariadb` and `kafka` in this folder."""

import argparse
import json
import os
import pathlib
import select
import shlex
import shutil
import signal
import sys

from testing.servers.cache import ServerUnavailable
from testing.servers.kafka_broker import KafkaBroker
from testing.servers.mariadb_server import MariadbServer
from testing.servers.mysql_server import MysqlServer
from testing.servers.supervised_process import wait_stopped
from testing.servers.temporary_directory import temporary_directory

_STATE = 'instance.json'
_EPILOG = """\
fetch brings what start needs into the cache.
start prints NAME=value lines for a shell's eval; the instance ends, and its
directory goes, with the process --owner, however that ends. The other
commands take the directory that start printed. The exit code is 3 when the
server cannot be fetched.
"""


def _parser(kind):
    parser = argparse.ArgumentParser(
        prog=kind, epilog=_EPILOG,
        description=f'A private {kind} instance on a free port.')
    commands = parser.add_subparsers(dest='command', required=True)
    fetch = commands.add_parser('fetch', help='without starting it')
    start = commands.add_parser('start', epilog=_EPILOG)
    for command in (fetch, start):
        command.add_argument('--owner', type=int, default=os.getppid(),
                             help='pid to live and die with (the caller; a '
                             'script says $$)')
        if kind == 'mariadb':
            command.add_argument('--version', default='10.11',
                                 choices=('10.11', '11.8'))
    start.add_argument('--prefix', default='',
                       help='put before each printed name')
    start.add_argument('--port', type=int, help='instead of a free one')
    if kind == 'kafka':
        start.add_argument('--security',
                           choices=('SSL', 'SASL_PLAINTEXT', 'SASL_SSL'))
        start.add_argument('--acls', action='store_true')
        start.add_argument('settings', nargs='*', metavar='NAME=VALUE',
                           help='lines of server.properties')
    else:
        start.add_argument('settings', nargs=argparse.REMAINDER,
                           metavar='ARGUMENT', help='of the server')
    for name, text in (('stop', 'with SIGTERM'), ('kill', 'with SIGKILL'),
                       ('pause', 'with SIGSTOP'), ('resume', 'with SIGCONT'),
                       ('restart', 'in place: directory and port stay')):
        command = commands.add_parser(name, help=text)
        command.add_argument('directory', type=pathlib.Path)
    return parser


def _make(state):
    directory = state['directory']
    if state['kind'] == 'kafka':
        return KafkaBroker(
            directory, dict(line.split('=', 1) for line in state['settings']),
            security=state['security'], acls=state['acls'],
            owner=state['owner'], port=state['port'])
    options = {'owner': state['owner'], 'port': state['port']}
    if state['kind'] == 'mariadb':
        return MariadbServer(directory, state['settings'],
                             version=state['version'], **options)
    return MysqlServer(directory, state['settings'], **options)


def _start(state):
    instance = _make(state).start()
    state.update(port=instance.port, pid=instance.pid)
    (pathlib.Path(state['directory']) / _STATE).write_text(json.dumps(state))
    return instance


def _signal(pid, number):
    """Sends it, and waits until the process has ended or stopped of it."""
    try:
        process = os.pidfd_open(pid)
        os.kill(pid, number)
    except ProcessLookupError:
        return
    if number in (signal.SIGTERM, signal.SIGKILL):
        select.select([process], [], [], 60)
    if number == signal.SIGSTOP:
        wait_stopped(pid)
    os.close(process)


def main(kind):
    arguments = _parser(kind).parse_args()
    try:
        if arguments.command == 'fetch':
            directory = temporary_directory(arguments.owner)
            _make({'settings': [], 'port': None, 'security': None,
                   'acls': False, **vars(arguments), 'kind': kind,
                   'directory': directory}).fetch()
            shutil.rmtree(directory)
            return 0
        if arguments.command == 'start':
            state = dict(vars(arguments), kind=kind,
                         directory=str(temporary_directory(arguments.owner)))
            instance = _start(state)
            shown = {'directory': instance.directory, 'pid': instance.pid,
                     'host': instance.host, 'port': instance.port,
                     'ca': instance.authority.certificate}
            if kind == 'kafka':
                shown['address'] = instance.address
                if instance.security:
                    shown['secure_address'] = instance.secure_address
            else:
                shown['socket'] = instance.socket
            for name, value in shown.items():
                print(f'{arguments.prefix}{name}={shlex.quote(str(value))}')
            return 0
        state = json.loads((arguments.directory / _STATE).read_text())
        if arguments.command in ('stop', 'restart'):
            _signal(state['pid'], signal.SIGCONT)
            _signal(state['pid'], signal.SIGTERM)
        if arguments.command == 'restart':
            _start(state)
        plain = {'kill': signal.SIGKILL, 'pause': signal.SIGSTOP,
                 'resume': signal.SIGCONT}.get(arguments.command)
        if plain:
            _signal(state['pid'], plain)
        return 0
    except ServerUnavailable as error:
        print(error, file=sys.stderr)
        return 3
    except (OSError, RuntimeError) as error:
        print(f'{kind} {arguments.command}: {error}', file=sys.stderr)
        return 1
