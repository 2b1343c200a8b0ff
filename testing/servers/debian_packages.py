# SPDX-License-Identifier: Apache-2.0
"""Downloads packages of a Debian suite and unpacks them into a folder.

Nothing is installed: a private apt configuration sees an empty system, so
that every dependency comes along (libc included), and the result runs on an
older Debian through its own loader: the programs named in `unpack` are put
behind scripts that do so. Signatures are checked by apt as usual.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

from testing.servers.cache import ServerUnavailable
from testing.servers.supervised_process import SUPERVISOR
from testing.servers.temporary_directory import temporary_directory

_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'


def _mirror():
    """The Debian mirror this machine's apt is configured with."""
    listed = subprocess.run(
        ['apt-get', 'indextargets', '--format', '$(ORIGIN) $(LABEL) $(SITE)'],
        capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        fields = line.split()
        if fields[:2] == ['Debian', 'Debian']:
            return fields[2]
    raise ServerUnavailable('apt lists no Debian mirror (apt-get update)')


_WRAPPER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/../..
exec "$root{loader}" --argv0 "$0" --library-path "{libraries}" "$0.unwrapped" "$@"
"""
_LIBRARIES = ('lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu',
              'usr/lib/mysql/private')


def unpack(suite, packages, programs, destination, owner=None):
    """Unpacks `packages` of `suite` with all they need into `destination`,
    and makes their `programs`, named as `usr/bin/x`, run from there. Ends, and
    leaves nothing, when the process `owner` (this one) does."""
    with _downloaded(suite, ['install', '--download-only', '--yes'], packages,
                     owner) as archives:
        for archive in archives:
            _extract(archive, destination)
    for program in programs:
        _wrap(pathlib.Path(destination), program)


def unpack_file(suite, package, path, destination, owner=None):
    """Unpacks the file `path` of `package` alone, without what the package
    needs, into `destination`. As for `owner`, see `unpack`."""
    with _downloaded(suite, ['download'], [package], owner) as archives:
        for archive in archives:
            _extract(archive, destination, f'./{path}')


@contextlib.contextmanager
def _downloaded(suite, command, packages, owner):
    """The archives that an apt-get `command` brings of `packages`, which go
    again."""
    print(f'fetching {" ".join(packages)} of Debian {suite} …',
          file=sys.stderr, flush=True)
    mirror = _mirror()
    owner = owner or os.getpid()
    work = temporary_directory(owner)
    try:
        for name in ('lists/partial', 'archives/partial', 'empty'):
            (work / name).mkdir(parents=True)
        (work / 'status').touch()
        (work / 'sources.list').write_text(
            f'deb [signed-by={_KEYRING}] {mirror} {suite} main\n')
        options = []
        for option in (
                f'Dir::State={work}', f'Dir::State::lists={work}/lists',
                f'Dir::State::status={work}/status', f'Dir::Cache={work}',
                f'Dir::Cache::archives={work}/archives',
                f'Dir::Etc::sourcelist={work}/sources.list',
                f'Dir::Etc::sourceparts={work}/empty',
                f'Dir::Etc::preferences={work}/empty/none',
                f'Dir::Etc::preferencesparts={work}/empty',
                # A mirror that lags by days serves tests as well.
                'Acquire::Check-Valid-Until=false',
                'APT::Update::Error-Mode=any', 'APT::Sandbox::User=root',
                'APT::Install-Recommends=false', 'Acquire::Languages=none'):
            options += ['-o', option]
        for arguments in (['update'], [*command, *packages]):
            _run(['apt-get', '-qq', *options, *arguments],
                 work / 'archives', suite, owner)
        yield sorted((work / 'archives').glob('*.deb'))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _extract(archive, destination, *paths):
    tar = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', archive],
                           stdout=subprocess.PIPE)
    subprocess.run(['tar', '-x', '-C', destination, '--exclude=./usr/share/doc',
                    '--exclude=./usr/share/man',
                    '--exclude=./usr/share/locale', *paths],
                   stdin=tar.stdout, check=True)
    tar.stdout.close()
    if tar.wait() != 0:
        raise ServerUnavailable(f'{archive.name} does not unpack')


def _wrap(root, program):
    loader = next(path for path in ('/usr/lib64/ld-linux-x86-64.so.2',
                                    '/lib64/ld-linux-x86-64.so.2')
                  if (root / path[1:]).exists())
    libraries = ':'.join(f'$root/{path}' for path in _LIBRARIES
                         if (root / path).is_dir())
    script = root / program
    script.rename(script.with_name(script.name + '.unwrapped'))
    script.write_text(_WRAPPER.format(loader=loader, libraries=libraries))
    script.chmod(0o755)


def _run(command, folder, suite, owner):
    done = subprocess.run(
        ['/usr/bin/python3', SUPERVISOR, str(owner), *command],
        cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines()
                  if line.startswith('E:')] or ['apt-get failed']
        raise ServerUnavailable(
            f'Debian {suite} cannot be fetched: {errors[0]}')
