# SPDX-License-Identifier: Apache-2.0
"""The Helm chart and the other manifests in deploy/, without a cluster."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))

from testing.deploy import tools
from testing.servers.cache import ServerUnavailable

_DEPLOY = _ROOT / 'deploy'
_CHART = _DEPLOY / 'helm/outbox-relay'
_VALUES = pathlib.Path(__file__).parent / 'values'
_KUBERNETES = '1.34'


def _had(get):
    try:
        return get()
    except ServerUnavailable as error:
        pytest.skip(str(error))


def _run(*command, fails=False):
    done = subprocess.run([str(part) for part in command], text=True,
                          capture_output=True, check=False)
    assert (done.returncode != 0) == fails, (
        f'{" ".join(map(str, command))}\n{done.stdout}\n{done.stderr}')
    return done.stdout + (done.stderr if fails else '')


@pytest.fixture(scope='module')
def helm():
    return _had(tools.helm)


@pytest.fixture(scope='module')
def promtool():
    return _had(tools.promtool)


@pytest.fixture(params=sorted(path.stem for path in _VALUES.glob('*.yaml')))
def values(request):
    return _VALUES / f'{request.param}.yaml'


def _template(helm, values, *options, fails=False):
    return _run(helm, 'template', 'release', _CHART, '--namespace', 'outbox',
                '--kube-version', _KUBERNETES, '--values', values, *options,
                fails=fails)


def _objects(text):
    """The objects of a rendered chart, by (kind, name)."""
    return {(one['kind'], one['metadata']['name']): one
            for one in yaml.safe_load_all(text) if one}


def _relay_pod(helm, values, *options):
    deployment = _objects(_template(helm, values, *options))[
        'Deployment', 'release-outbox-relay']
    return deployment['spec']['template']['spec']


def _pods(objects):
    for one in objects.values():
        spec = one.get('spec', {})
        spec = spec.get('jobTemplate', {}).get('spec', spec)
        pod = one if one['kind'] == 'Pod' else spec.get('template')
        if pod:
            yield one['metadata']['name'], pod['spec']


def _environment(container):
    return {one['name']: one.get('value', one.get('valueFrom'))
            for one in container['env']}


# What is rendered


def test_chart_passes_helm_lint(helm, values):
    out = _run(helm, 'lint', '--strict', _CHART, '--values', values)
    assert '0 chart(s) failed' in out


def test_rendered_objects_follow_the_kubernetes_schemas(
        helm, values, tmp_path):
    validate = _had(tools.kubernetes_validate)
    rendered = tmp_path / 'rendered.yaml'
    rendered.write_text(_template(helm, values))
    _run(*validate, '--strict', '-k', _KUBERNETES, rendered)


def test_kubernetes_schemas_find_a_wrong_field(helm, tmp_path):
    validate = _had(tools.kubernetes_validate)
    rendered = tmp_path / 'rendered.yaml'
    rendered.write_text(_template(helm, _VALUES / 'minimal.yaml').replace(
        'readinessProbe:', 'readynessProbe:'))
    out = _run(*validate, '--strict', '-k', _KUBERNETES, rendered, fails=True)
    assert 'readynessProbe' in out


def test_every_pod_meets_the_restricted_pod_security_standard(helm, values):
    pods = list(_pods(_objects(_template(helm, values))))
    assert pods
    for name, pod in pods:
        assert pod['automountServiceAccountToken'] is False, name
        assert pod['securityContext']['runAsNonRoot'] is True, name
        assert pod['securityContext']['seccompProfile'] == {
            'type': 'RuntimeDefault'}, name
        for container in pod['containers']:
            context = container['securityContext']
            assert context['readOnlyRootFilesystem'] is True, name
            assert context['allowPrivilegeEscalation'] is False, name
            assert context['capabilities'] == {'drop': ['ALL']}, name


def test_pods_of_jobs_are_not_chosen_by_the_service(helm):
    objects = _objects(_template(helm, _VALUES / 'everything.yaml'))
    selector = objects['Service', 'release-outbox-relay']['spec']['selector']
    chosen = []
    for (kind, name), one in objects.items():
        spec = one.get('spec', {})
        spec = spec.get('jobTemplate', {}).get('spec', spec)
        pod = one if kind == 'Pod' else spec.get('template')
        if pod and selector.items() <= pod['metadata']['labels'].items():
            chosen.append(kind)
    assert chosen == ['Deployment']


def test_password_is_a_file_and_never_in_the_environment(helm, values):
    for name, pod in _pods(_objects(_template(helm, values))):
        for container in pod['containers']:
            environment = _environment(container)
            assert 'DB_PASS' not in environment, name
            mounts = [mount['mountPath']
                      for mount in container['volumeMounts']]
            assert str(pathlib.PurePath(
                environment['DB_PASS_FILE']).parent) in mounts, name


def test_values_reach_the_relay(helm):
    container, = _relay_pod(helm, _VALUES / 'everything.yaml')['containers']
    environment = _environment(container)
    assert environment['DB_HOST'] == 'mysql-0.mysql,mysql-1.mysql'
    assert environment['DB_NAME'] == 'shop,billing'
    assert environment['DB_TLS'] == 'verify-identity'
    assert environment['KAFKA_HOST'] == 'kafka-0:9093,kafka-1:9093'
    assert environment['KAFKA_CONFIG'].splitlines() == [
        'sasl.mechanism=SCRAM-SHA-512', 'security.protocol=SASL_SSL']
    assert environment['RELAY_RETENTION'] == '2h'
    assert container['args'] == ['--poison-limit=10']


def test_large_numbers_are_not_rendered_as_floats(helm, tmp_path):
    more = tmp_path / 'more.yaml'
    more.write_text('kafka: {properties: {socket.send.bytes: 1000000000}}\n'
                    'settings: {RELAY_SERVER_ID: 4000000000}\n')
    container, = _relay_pod(helm, _VALUES / 'minimal.yaml', '--values',
                            more)['containers']
    environment = _environment(container)
    assert environment['KAFKA_CONFIG'] == 'socket.send.bytes=1000000000'
    assert environment['RELAY_SERVER_ID'] == '4000000000'


def test_jobs_monitor_and_alerts_are_off_by_default(helm):
    kinds = {kind for kind, _ in
             _objects(_template(helm, _VALUES / 'minimal.yaml'))}
    assert kinds == {'Deployment', 'Service', 'ServiceAccount', 'Pod'}


def test_network_policy_lets_only_its_peers_reach_the_http_port(helm):
    objects = _objects(_template(helm, _VALUES / 'everything.yaml'))
    policy = objects['NetworkPolicy', 'release-outbox-relay']['spec']
    pod = objects['Deployment', 'release-outbox-relay']['spec']['template']
    assert policy['podSelector']['matchLabels'].items() <= (
        pod['metadata']['labels'].items())
    assert policy['policyTypes'] == ['Ingress']
    rule, = policy['ingress']
    assert rule['from'] == [{'namespaceSelector': {'matchLabels': {
        'kubernetes.io/metadata.name': 'monitoring'}}}]
    assert rule['ports'] == [{'port': 'http', 'protocol': 'TCP'}]


def test_network_policy_without_peers_lets_nobody_in(helm):
    policy = _objects(_template(
        helm, _VALUES / 'minimal.yaml', '--set', 'networkPolicy.enabled=true'))[
            'NetworkPolicy', 'release-outbox-relay']['spec']
    # A rule without `from` would let everybody in.
    assert policy['policyTypes'] == ['Ingress'] and 'ingress' not in policy


def test_cron_jobs_run_the_relay_once_and_let_the_mesh_end(helm):
    objects = _objects(_template(helm, _VALUES / 'everything.yaml'))
    for name in ('cleanup', 'optimize'):
        job = objects['CronJob', f'release-outbox-relay-{name}']['spec']
        assert job['concurrencyPolicy'] == 'Forbid'
        pod = job['jobTemplate']['spec']['template']['spec']
        assert pod['restartPolicy'] == 'Never'
        container, = pod['containers']
        assert container['args'] == [
            f'--{name}', '--sidecar-proxy-url=http://127.0.0.1:15020']


def test_old_relay_ends_before_the_new_one_starts(helm):
    deployment = _objects(_template(helm, _VALUES / 'minimal.yaml'))[
        'Deployment', 'release-outbox-relay']
    assert deployment['spec']['strategy'] == {'type': 'Recreate'}


def test_probes_ask_for_the_process_and_for_readiness_never_for_lag(helm):
    container, = _relay_pod(helm, _VALUES / 'minimal.yaml')['containers']
    assert container['livenessProbe']['httpGet']['path'] == '/livez'
    assert container['readinessProbe']['httpGet']['path'] == '/readyz'


@pytest.mark.parametrize('option, named', [
    ('database.host=', 'host'),
    ('database.names=null', 'names'),
    ('database.existingSecret=', 'existingSecret'),
    ('kafka.brokers=null', 'brokers'),
    ('replicas=2', 'replicas'),
    ('database.tls.mode=on', 'mode'),
    ('settings.DB_PASS=secret', 'DB_PASS'),
    ('kafka.properties.acks=1', 'acks'),
    (r'kafka.properties.sasl\.password=secret', 'sasl.password'),
    (r'kafka.properties.ssl\.key\.pem=secret', 'ssl.key.pem'),
    (r'kafka.properties.test\.mock\.num\.brokers=1', 'test.mock'),
    ('settings.HTTP_PORT=9090', 'HTTP_PORT'),
    ('settings.DB_HOST=other', 'DB_HOST'),
    ('settings.DB_SOCKET=/run/mysqld.sock', 'DB_SOCKET'),
    ('settings.DB_TLS_CA=/ca.crt', 'DB_TLS_CA'),
    ('settings.DB_TLS_CERT=/tls.crt', 'DB_TLS_CERT'),
    ('settings.DB_TLS_KEY=/tls.key', 'DB_TLS_KEY'),
    ('settings.KAFKA_CONFIG_FILE=/kafka', 'KAFKA_CONFIG_FILE'),
    ('settings.TLS_ENABLE=true', 'TLS_ENABLE'),
    ('settings.RUN_CLEANUP=true', 'RUN_CLEANUP'),
    ('settings.RUN_OPTIMIZE=true', 'RUN_OPTIMIZE'),
    ('database.tls.certKey=tls.crt', 'database.tls.keyKey'),
    ('database.tls.keyKey=tls.key', 'database.tls.certKey'),
    ('settings.RELAY_SHUTDOWN_TIMEOUT=1m', 'terminationGracePeriodSeconds'),
    ('settings.RELAY_SHUTDOWN_TIMEOUT=1h500ms', 'RELAY_SHUTDOWN_TIMEOUT'),
    ('terminationGracePeriodSeconds=25', 'RELAY_SHUTDOWN_TIMEOUT'),
    ('databse.host=typo', 'databse'),
])
def test_wrong_value_is_refused_by_name(helm, option, named):
    out = _template(helm, _VALUES / 'minimal.yaml', '--set', option,
                    fails=True)
    assert named in out


@pytest.mark.parametrize('mode', ['disabled', 'preferred', 'required'])
def test_authority_that_the_mode_does_not_check_is_refused(helm, mode):
    out = _template(helm, _VALUES / 'minimal.yaml', '--set',
                    f'database.tls.mode={mode}', '--set',
                    'database.tls.existingSecret=tls', fails=True)
    assert f'database.tls.mode={mode}' in out and 'verify-identity' in out


def test_client_certificate_needs_the_secret_that_has_it(helm):
    out = _template(helm, _VALUES / 'minimal.yaml', '--set',
                    'database.tls.certKey=c,database.tls.keyKey=k', fails=True)
    assert 'database.tls.existingSecret' in out


def test_setting_with_a_value_of_its_own_is_refused_among_settings(helm):
    objects = _objects(_template(helm, _VALUES / 'everything.yaml'))
    deployment = objects['Deployment', 'release-outbox-relay']
    container, = deployment['spec']['template']['spec']['containers']
    schema = json.loads((_CHART / 'values.schema.json').read_text())
    settings = schema['properties']['settings']['propertyNames']
    own = set(_environment(container)) - {'EXTRA', 'LOG_FORMAT',
                                          'RELAY_RETENTION'}
    assert own <= set(settings['not']['enum'])


def test_relay_may_flush_for_as_long_as_the_pod_waits(helm):
    pod = _relay_pod(helm, _VALUES / 'minimal.yaml', '--set',
                     'settings.RELAY_SHUTDOWN_TIMEOUT=1m30s', '--set',
                     'terminationGracePeriodSeconds=96')
    assert pod['terminationGracePeriodSeconds'] == 96


# What is referred to


def _known_variables():
    text = ''.join(path.read_text()
                   for path in sorted((_ROOT / 'relay/config').glob('*settings.cc')))
    return set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', text))


def test_every_setting_in_the_chart_exists(helm):
    known = _known_variables()
    for name, pod in _pods(_objects(_template(
            helm, _VALUES / 'everything.yaml'))):
        for container in pod['containers']:
            assert set(_environment(container)) - {'EXTRA'} <= known, name


def test_every_setting_in_the_examples_exists():
    known = _known_variables()
    sidecar = [one for one in yaml.safe_load_all(
        (_DEPLOY / 'sidecar.yaml').read_text())
               if one['kind'] == 'StatefulSet'][0]
    relay = [one for one in sidecar['spec']['template']['spec']['containers']
             if one['name'] == 'outbox-relay'][0]
    assert {one['name'] for one in relay['env']} <= known
    compose = yaml.safe_load((_DEPLOY / 'compose.yaml').read_text())
    assert set(compose['services']['relay']['environment']) <= known
    unit = (_DEPLOY / 'systemd/outbox-relay.service').read_text()
    assert set(re.findall(r'^Environment=(\w+)=', unit, re.M)) <= known


def test_every_value_is_described_in_the_readme_of_the_chart():
    described = (_CHART / 'README.md').read_text()
    values = yaml.safe_load((_CHART / 'values.yaml').read_text())
    internal = {'image', 'nameOverride', 'fullnameOverride', 'jobs'}
    for name in set(values) - internal:
        assert f'`{name}' in described, f'{name} is not in the README'
    for part in ('database', 'kafka'):
        for name in values[part]:
            assert name in described, f'{part}.{name} is not in the README'


# The examples


def test_sidecar_follows_the_kubernetes_schemas():
    validate = _had(tools.kubernetes_validate)
    _run(*validate, '--strict', '-k', _KUBERNETES, _DEPLOY / 'sidecar.yaml')


def test_sidecar_cannot_take_the_database_out_of_its_service():
    for one in yaml.safe_load_all((_DEPLOY / 'sidecar.yaml').read_text()):
        if one['kind'] == 'StatefulSet':
            relay = [c for c in one['spec']['template']['spec']['containers']
                     if c['name'] == 'outbox-relay'][0]
    assert 'readinessProbe' not in relay
    assert relay['livenessProbe']['httpGet']['path'] == '/livez'
    assert relay['securityContext']['readOnlyRootFilesystem'] is True


def test_sidecars_database_outlives_the_relays_flush():
    help_text = (_ROOT / 'docs/configuration.md').read_text()
    flush = int(re.search(r'`RELAY_SHUTDOWN_TIMEOUT` \| `(\d+)s`',
                          help_text)[1])
    for one in yaml.safe_load_all((_DEPLOY / 'sidecar.yaml').read_text()):
        if one['kind'] == 'StatefulSet':
            pod = one['spec']['template']['spec']
    mysql = [c for c in pod['containers'] if c['name'] == 'mysql'][0]
    waits = int(mysql['lifecycle']['preStop']['exec']['command'][-1])
    last_save = 5
    assert flush + last_save < waits < pod['terminationGracePeriodSeconds']


def test_systemd_unit_is_valid_and_hardened(tmp_path):
    if not shutil.which('systemd-analyze'):
        pytest.skip('no systemd-analyze (systemd)')
    # The binary need not be installed where this runs.
    unit = tmp_path / 'outbox-relay.service'
    unit.write_text((_DEPLOY / 'systemd/outbox-relay.service').read_text()
                    .replace('/usr/local/bin/outbox-relay', '/bin/true'))
    done = subprocess.run(['systemd-analyze', 'verify', unit], text=True,
                          capture_output=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, '')
    out = _run('systemd-analyze', 'security', '--offline=true', unit)
    level = float(re.search(r'exposure level.*?([\d.]+) ', out)[1])
    assert level < 2.0, out


# The alerts


def _rules(helm, tmp_path):
    rule = _objects(_template(helm, _VALUES / 'everything.yaml'))[
        'PrometheusRule', 'release-outbox-relay']
    path = tmp_path / 'rules.yaml'
    path.write_text(yaml.safe_dump(rule['spec']))
    return path


def test_alert_expressions_are_valid(helm, promtool, tmp_path):
    out = _run(promtool, 'check', 'rules', _rules(helm, tmp_path))
    assert 'SUCCESS' in out


def test_alerts_fire_when_they_should_and_only_then(helm, promtool, tmp_path):
    _rules(helm, tmp_path)
    cases = tmp_path / 'alerts.yaml'
    shutil.copy(pathlib.Path(__file__).parent / 'alerts.yaml', cases)
    _run(promtool, 'test', 'rules', cases)


def test_every_alert_is_tested_and_explained(helm, tmp_path):
    rules = yaml.safe_load(_rules(helm, tmp_path).read_text())
    alerts = {rule['alert'] for group in rules['groups']
              for rule in group['rules']}
    tested = yaml.safe_load(
        (pathlib.Path(__file__).parent / 'alerts.yaml').read_text())
    assert alerts == {case['alertname'] for test in tested['tests']
                      for case in test['alert_rule_test']
                      if case.get('exp_alerts')}
    page = (_ROOT / 'docs/operations.md').read_text()
    for alert in alerts:
        assert f'### {alert}\n' in page, f'{alert} is not in operations.md'


def test_every_metric_of_an_alert_exists(helm, tmp_path):
    rules = _rules(helm, tmp_path).read_text()
    names = set(re.findall(r'\b(?:outbox_relay|kafka_outbox)_\w+', rules))
    assert names
    code = (_ROOT / 'relay/status/metrics.cc').read_text()
    for name in names:
        base = re.sub(r'_(bucket|sum|count)$', '', name)
        assert f'"{base}"' in code, f'{name} is not in relay/status/metrics.cc'
