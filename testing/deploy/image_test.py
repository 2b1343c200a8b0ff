# SPDX-License-Identifier: Apache-2.0
"""The container image: built by buildah, then run against real servers.

It packs a binary that was built outside (OUTBOX_RELAY_BINARY, or
//:outbox-relay). OUTBOX_RELAY_IMAGE_FULL=1 builds everything inside, as a user
of the Dockerfile does, which takes minutes.
"""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))

from testing.integration.topic_reader import TopicReader
from testing.servers import cache
from testing.servers.cache import ServerUnavailable
from testing.servers.deadline import wait_until
from testing.servers.free_port import free_port
from testing.servers.kafka_broker import KafkaBroker
from testing.servers.mysql_server import MysqlServer
from testing.servers.supervised_process import SupervisedProcess
from testing.servers.temporary_directory import temporary_directory

_MAX_IMAGE_BYTES = 60_000_000
_MAX_BINARY_BYTES = 20_000_000
_USER = 65532


def _run(*command, **options):
    done = subprocess.run([str(part) for part in command], text=True,
                          capture_output=True, check=False, **options)
    assert done.returncode == 0, (
        f'{" ".join(map(str, command))}\n{done.stdout}\n{done.stderr}')
    return done.stdout.strip()


def _base_tree():
    """A Debian base to build in, as `debian:bookworm-slim` is one."""
    def make(folder):
        print('making a Debian base with debootstrap …', file=sys.stderr)
        site = subprocess.run(
            ['apt-get', 'indextargets', '--format', '$(ORIGIN) $(LABEL) $(SITE)'],
            capture_output=True, text=True, check=False).stdout
        sites = re.findall(r'^Debian Debian (\S+)$', site, re.M)
        if not sites:
            raise ServerUnavailable('apt lists no Debian mirror')
        done = subprocess.run(
            ['debootstrap', '--variant=minbase', 'bookworm', folder / 'root',
             sites[0]], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServerUnavailable(
                f'debootstrap: {done.stdout.strip().splitlines()[-1]}')
    return cache.entry('debian-bookworm-base', make) / 'root'


def _in_chroot():
    """Whether the root is a folder of a mount, and no mount itself."""
    mounts = pathlib.Path('/proc/self/mountinfo').read_text()
    return not any(line.split()[4] == '/' for line in mounts.splitlines())


def _unshare():
    """Runs what follows with mounts of its own."""
    return ['unshare', '--mount', '--propagation',
            'unchanged' if _in_chroot() else 'private']


class _Buildah:
    """buildah with a storage of its own, which goes with this process."""

    def __init__(self):
        self.directory = temporary_directory()
        self._within = []
        if _in_chroot():
            # buildah mounts the root anew, so that it must be a mount.
            root = self.directory / 'chroot'
            root.mkdir()
            self._within = [*_unshare(), 'sh', '-c',
                            'mount --rbind / "$0" && exec chroot "$0" "$@"',
                            root, 'env', '--chdir']

    def __call__(self, *arguments, cwd='/'):
        within = [*self._within, cwd] if self._within else []
        return _run(*within, 'buildah', '--root', self.directory / 'root',
                    '--runroot', self.directory / 'run', '--storage-driver',
                    'vfs', *arguments, cwd=cwd,
                    env=dict(os.environ, BUILDAH_ISOLATION='chroot',
                             STORAGE_DRIVER='vfs'))


def _binary():
    given = os.environ.get('OUTBOX_RELAY_BINARY')
    if given:
        return pathlib.Path(given)
    # The disk cache of run.sh: a binary it has built costs seconds here.
    options = ['-c', 'opt', f'--disk_cache={cache.root() / "bazel-disk"}']
    subprocess.run(['bazel', 'build', *options, '//:outbox-relay'], cwd=_ROOT,
                   check=True)
    return pathlib.Path(_run('bazel', 'info', *options, 'bazel-bin',
                             cwd=_ROOT)) / 'relay/outbox-relay'


@pytest.fixture(scope='module')
def buildah():
    if os.geteuid() != 0:
        pytest.skip('building an image needs root here')
    for tool in ('buildah', 'debootstrap'):
        if not shutil.which(tool):
            pytest.skip(f'no {tool}')
    try:
        base = _base_tree()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    run = _Buildah()
    container = run('from', 'scratch')
    run('add', '-q', container, base, '/')
    run('commit', '-q', container, 'localhost/debian:bookworm-slim')
    run('rm', container)
    return run


@pytest.fixture(scope='module')
def image(buildah):
    name = 'localhost/outbox-relay:test'
    if os.environ.get('OUTBOX_RELAY_IMAGE_FULL'):
        buildah('bud', '-q', '-f', 'deploy/Dockerfile', '-t', name, '.',
                cwd=_ROOT)
        return name
    context = buildah.directory / 'context'
    (context / 'deploy').mkdir(parents=True)
    for file in ('Dockerfile', 'dependencies.sh'):
        shutil.copy(_ROOT / 'deploy' / file, context / 'deploy')
    _run(_ROOT / 'deploy/image_root.sh', _binary(), context / 'prebuilt')
    buildah('bud', '-q', '--build-arg', 'PREBUILT=prebuilt', '--build-arg',
            'VERSION=1.2.3', '-f', 'deploy/Dockerfile', '-t', name, '.',
            cwd=context)
    return name


@pytest.fixture(scope='module')
def container(buildah, image):
    return buildah('from', image)


@pytest.fixture(scope='module')
def tree(buildah, container):
    """The image's root file system, with what a container runtime adds."""
    root = pathlib.Path(buildah('mount', container))
    (root / 'proc').mkdir(exist_ok=True)
    return root


def _everything(tree):
    for folder, _, files in os.walk(tree):
        if pathlib.Path(folder) == tree / 'proc':
            continue
        for name in files:
            yield pathlib.Path(folder) / name


def test_image_is_built_from_the_sources(image):
    if not os.environ.get('OUTBOX_RELAY_IMAGE_FULL'):
        pytest.skip('OUTBOX_RELAY_IMAGE_FULL=1 builds it so, in half an hour')
    assert image


def test_image_and_binary_are_small(tree):
    size = sum(file.lstat().st_size for file in _everything(tree))
    assert size < _MAX_IMAGE_BYTES
    assert (tree / 'usr/bin/outbox-relay').stat().st_size < _MAX_BINARY_BYTES


def test_image_starts_the_relay_as_nobody_in_particular(buildah, container):
    told = json.loads(buildah('inspect', container))['OCIv1']['config']
    assert told['User'] == f'{_USER}:{_USER}'
    assert told['Entrypoint'] == ['/usr/bin/outbox-relay']
    assert not told.get('Cmd')
    assert '80/tcp' in told['ExposedPorts']
    assert told['Labels']['org.opencontainers.image.licenses'] == 'Apache-2.0'


def test_image_has_no_shell_and_nothing_setuid_or_writable(tree):
    programs = [file for file in _everything(tree)
                if not file.is_symlink() and file.stat().st_mode & 0o111]
    assert {file.name for file in programs} <= {
        'outbox-relay', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'}
    for file in _everything(tree):
        if not file.is_symlink():
            mode = file.stat().st_mode
            assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), file


def test_image_keeps_the_path_of_the_polling_relay(tree):
    assert os.readlink(tree / 'go/bin/app') == '/usr/bin/outbox-relay'


def test_image_carries_the_licences_of_what_it_holds(tree):
    documents = tree / 'usr/share/doc'
    for package in ('outbox-relay/LICENSE', 'libmariadb3/copyright',
                    'libc6/copyright', 'libssl3/copyright'):
        assert (documents / package).stat().st_size > 0


def test_container_prints_its_version(buildah, container):
    assert re.search(r'\d', buildah('run', container, '--',
                                    '/usr/bin/outbox-relay', '--version'))


# Against servers. The root file system is read-only but for /tmp, the user has
# no rights: as the chart's security context makes it.

_READ_ONLY = '''
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$1/tmp"
mount -t proc proc "$1/proc"
root=$1; shift
exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= "$root" "$@"
'''


class _Relay:
    """The image's binary, in a mount namespace of its own."""

    def __init__(self, tree, log, arguments, settings):
        self.log = log
        self.process = SupervisedProcess(
            [*_unshare(), 'sh', '-c', _READ_ONLY, 'sh', tree, *arguments], log,
            environment={'PATH': os.environ['PATH'], **settings})


@pytest.fixture(scope='module')
def servers():
    """MySQL with a relay account of exactly the README's grants, and Kafka."""
    mysql = MysqlServer(temporary_directory())
    kafka = KafkaBroker(temporary_directory())
    try:
        mysql.start()
        kafka.start()
    except ServerUnavailable as error:
        pytest.skip(str(error))
    readme = (_ROOT / 'README.md').read_text()
    statements = re.search(r'(CREATE USER relay.*?;\n(?: *GRANT.*?;\n)+)',
                           readme, re.S)[1]
    mysql.execute('CREATE DATABASE shop')
    for statement in statements.split(';\n'):
        if statement.strip():
            mysql.execute(statement.replace("'…'", "'pass:word'"))
    yield mysql, kafka
    mysql.stop()
    kafka.stop()


@pytest.fixture
def settings(servers):
    mysql, kafka = servers
    return {'DB_HOST': '127.0.0.1', 'DB_PORT': str(mysql.port),
            'DB_USER': 'relay', 'DB_PASS': 'pass:word', 'DB_NAME': 'shop',
            'KAFKA_HOST': kafka.address, 'HTTP_PORT': str(free_port()),
            'HTTP_ADDRESS': '127.0.0.1'}


def _get(port, path):
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}',
                                    timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_container_publishes_a_row_and_stops_cleanly(
        tree, servers, settings, tmp_path):
    mysql, kafka = servers
    kafka.create_topic('orders')
    relay = _Relay(tree, tmp_path / 'relay.log', ['/usr/bin/outbox-relay'],
                   settings)
    port = settings['HTTP_PORT']

    def ready():
        assert relay.process.running(), relay.process.last_lines(20)
        return _get(port, '/readyz') == 200

    try:
        wait_until(ready, 'the relay is ready')
        assert _get(port, '/livez') == 200
        assert _get(port, '/metrics') == 200
        mysql.execute(
            "INSERT INTO kafka_outbox (topic, `key`, payload_json,"
            " payload_headers) VALUES ('orders', 'k', '{\"a\": \"ü\"}', '{}')",
            database='shop')
        reader = TopicReader(kafka.address, 'orders')
        record, = reader.wait_count(1)
        assert (record.key, record.value) == (b'k', '{"a": "ü"}'.encode())
        reader.close()
        # The stop saves the checkpoint and says nothing went wrong.
    finally:
        code = relay.process.stop(30)
    assert code == 0, relay.process.last_lines(20)


def test_container_trusts_the_authorities_of_its_bundle(
        tree, servers, settings, tmp_path):
    mysql, _ = servers
    settings['DB_TLS'] = 'verify-identity'
    bundle = tree / 'etc/ssl/certs/ca-certificates.crt'
    public = bundle.read_bytes()

    def check():
        log = tmp_path / 'check.log'
        job = _Relay(tree, log, ['/usr/bin/outbox-relay', 'check'], settings)
        return job.process.wait(60), log.read_text()

    code, told = check()
    assert code == 1 and 'DB_TLS_CA' in told, told
    try:
        bundle.write_bytes(public + mysql.authority.certificate.read_bytes())
        code, told = check()
        assert code == 0, told
    finally:
        bundle.write_bytes(public)


def test_cron_job_of_the_polling_relay_still_runs(tree, settings, tmp_path):
    job = _Relay(tree, tmp_path / 'cleanup.log', ['/go/bin/app', '--cleanup'],
                 settings)
    assert job.process.wait(60) == 0, job.process.last_lines(20)
