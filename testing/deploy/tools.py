# SPDX-License-Identifier: Apache-2.0
"""The tools that check what is in deploy/: helm, promtool, Kubernetes' schemas.

Each is fetched once into the cache outside the checkout; one that cannot be
had raises ServerUnavailable with one line that says why.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from testing.servers import cache
from testing.servers.cache import ServerUnavailable

# The newest release that each version of Go builds; Debian 12 has Go 1.19.
_HELM_BY_GO = (((1, 26), 'v3.22.0'), ((1, 24), 'v3.19.0'),
               ((1, 19), 'v3.12.3'))
_KUBERNETES_VALIDATE = 'kubernetes-validate==1.37.0'


def _fetch(command, what, **options):
    print(f'fetching {what} …', file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          **options)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ['failed']
        raise ServerUnavailable(f'{what} cannot be fetched: {lines[-1]}')


def _go():
    go = shutil.which('go') or shutil.which(
        'go', path='/usr/local/go/bin:/usr/lib/go/bin')
    if not go:
        raise ServerUnavailable('helm cannot be built: no go (golang-go)')
    # Not GOTOOLCHAIN=auto: what is there decides, nothing newer is fetched.
    environment = dict(os.environ, GOTOOLCHAIN='local')
    told = subprocess.run([go, 'version'], capture_output=True, text=True,
                          check=True, env=environment).stdout
    found = re.search(r'go(\d+)\.(\d+)', told)
    if not found:
        raise ServerUnavailable(f'helm cannot be built: {told.strip()}')
    return go, (int(found[1]), int(found[2])), environment


def helm():
    """The path of helm 3, built from source by `go install`."""
    # A helm that was built once serves, whatever Go there is today.
    for _, version in _HELM_BY_GO:
        built = cache.root() / f'helm-{version}' / 'helm'
        if built.exists():
            return built
    go, at_hand, environment = _go()
    for needed, version in _HELM_BY_GO:
        if at_hand >= needed:
            break
    else:
        raise ServerUnavailable('helm cannot be built: Go is older than 1.19')

    def make(folder):
        _fetch([go, 'install', f'helm.sh/helm/v3/cmd/helm@{version}'],
               f'helm {version}',
               env=dict(environment, GOBIN=str(folder), GOFLAGS='-p=2'))

    return cache.entry(f'helm-{version}', make) / 'helm'


def promtool():
    """The path of promtool, of Debian's prometheus, which is not installed."""

    def make(folder):
        with tempfile.TemporaryDirectory(prefix='outbox-relay-apt-') as work:
            os.chmod(work, 0o755)
            _fetch(['apt-get', 'download', 'prometheus'],
                   "promtool (Debian's prometheus)", cwd=work)
            archive, = pathlib.Path(work).glob('prometheus_*.deb')
            tar = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', archive],
                                   stdout=subprocess.PIPE)
            subprocess.run(['tar', '-x', '-C', folder, './usr/bin/promtool'],
                           stdin=tar.stdout, check=True)
            tar.stdout.close()
            tar.wait()

    return cache.entry('promtool', make) / 'usr/bin/promtool'


def kubernetes_validate():
    """The command that checks manifests against Kubernetes' own schemas."""

    def make(folder):
        _fetch(['/usr/bin/python3', '-m', 'pip', 'install', '--quiet',
                '--disable-pip-version-check', '--target', folder,
                _KUBERNETES_VALIDATE], _KUBERNETES_VALIDATE)

    folder = cache.entry(_KUBERNETES_VALIDATE.replace('==', '-'), make)
    return ['/usr/bin/env', f'PYTHONPATH={folder}', '/usr/bin/python3', '-m',
            'kubernetes_validate']
