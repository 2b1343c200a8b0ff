# SPDX-License-Identifier: Apache-2.0
"""A private Kafka broker: one KRaft node, its jars from Maven Central."""

import base64
import os
import pathlib
import shutil
import subprocess
import sys
import uuid

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from testing.servers import cache
from testing.servers.cache import ServerUnavailable
from testing.servers.certificates import Authority
from testing.servers.deadline import PATIENCE, wait_until
from testing.servers.free_port import free_port
from testing.servers.supervised_process import SUPERVISOR, SupervisedProcess
from testing.servers.temporary_directory import temporary_directory

VERSION = '4.1.0'
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>outbox-relay</groupId>
  <artifactId>broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
"""
_LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


def _fetch_jars(folder, owner):
    if not shutil.which('mvn') or not shutil.which('java'):
        raise ServerUnavailable('Kafka cannot be fetched: no mvn or no java '
                                '(maven, openjdk-17-jre-headless)')
    print(f'fetching Kafka {VERSION} from Maven Central …', file=sys.stderr,
          flush=True)
    owner = owner or os.getpid()
    project = temporary_directory(owner)
    try:
        (project / 'pom.xml').write_text(_POM)
        # The supervisor passes its output on as errors.
        done = subprocess.run(
            ['/usr/bin/python3', SUPERVISOR, str(owner), 'mvn', '-q', '-B',
             'dependency:copy-dependencies', f'-DoutputDirectory={folder}'],
            cwd=project, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(project, ignore_errors=True)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines()
                  if 'ERROR' in line] or ['mvn failed']
        raise ServerUnavailable(f'Kafka cannot be fetched: {errors[0]}')
    (folder / 'log4j2.properties').write_text(_LOG4J)


class KafkaBroker:
    """One broker below `directory`.

    `address` is a plaintext listener whose clients may do everything.
    `security` adds a second listener, at `secure_address`: SSL (certificate
    for 127.0.0.1 and localhost by `authority`), SASL_PLAINTEXT or SASL_SSL
    (PLAIN, user `relay` with the password `relay`). With
    `acls`, clients of that listener may do only what `allow` says. `settings`
    are lines of server.properties and win. A broker to be measured is
    `optimised`; the others start with less of the machine's time.
    """

    name = 'Kafka'

    def __init__(self, directory, settings=None, *, security=None, acls=False,
                 optimised=False, owner=None, port=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / 'server.log'
        self.settings = dict(settings or {})
        self.security = security
        self.acls = acls
        self.optimised = optimised
        self.host = '127.0.0.1'
        self.port = port or free_port()
        self.secure_port = free_port() if security else None
        self._controller_port = free_port()
        self.authority = Authority(self.directory / 'tls')
        self._owner = owner
        self._process = None
        self._admin = None

    @property
    def address(self):
        return f'{self.host}:{self.port}'

    @property
    def secure_address(self):
        return f'{self.host}:{self.secure_port}'

    @property
    def pid(self):
        return self._process.pid

    def fetch(self):
        return cache.entry(f'kafka-{VERSION}',
                           lambda folder: _fetch_jars(folder, self._owner))

    def _java(self, *arguments, heap='256m'):
        jars = self.fetch()
        compiler = [] if self.optimised else ['-XX:TieredStopAtLevel=1']
        return ['java', f'-Xmx{heap}', '-XX:+UseSerialGC',
                '-XX:-UsePerfData', *compiler,
                f'-Dlog4j2.configurationFile={jars / "log4j2.properties"}',
                '-cp', f'{jars}/*', *arguments]

    def _properties(self):
        listeners = {'PLAINTEXT': self.port,
                     'CONTROLLER': self._controller_port}
        protocols = {'PLAINTEXT': 'PLAINTEXT', 'CONTROLLER': 'PLAINTEXT'}
        if self.security:
            listeners['SECURE'] = self.secure_port
            protocols['SECURE'] = self.security
        places = {name: f'{name}://{self.host}:{port}'
                  for name, port in listeners.items()}
        properties = {
            'process.roles': 'broker,controller',
            'node.id': 1,
            'controller.quorum.voters':
                f'1@{self.host}:{self._controller_port}',
            'controller.listener.names': 'CONTROLLER',
            'inter.broker.listener.name': 'PLAINTEXT',
            'listeners': ','.join(places.values()),
            'advertised.listeners': ','.join(
                place for name, place in places.items()
                if name != 'CONTROLLER'),
            'listener.security.protocol.map': ','.join(
                f'{name}:{protocol}' for name, protocol in protocols.items()),
            'log.dirs': self.directory / 'data',
            'num.partitions': 1,
            'default.replication.factor': 1,
            'offsets.topic.replication.factor': 1,
            'offsets.topic.num.partitions': 1,
            'transaction.state.log.replication.factor': 1,
            'transaction.state.log.min.isr': 1,
            'transaction.state.log.num.partitions': 1,
            'group.initial.rebalance.delay.ms': 0,
            # A killed broker comes back once its old session has run out.
            'broker.session.timeout.ms': 2000,
            'broker.heartbeat.interval.ms': 250,
            'log.cleaner.threads': 1,
            'log.cleaner.dedupe.buffer.size': 2 * 1024 * 1024,
        }
        if self.security and 'SSL' in self.security:
            certificate, key = self.authority.issue('broker')
            both = self.directory / 'tls' / 'broker.chain'
            both.write_text(key.read_text() + certificate.read_text())
            properties.update({
                'ssl.keystore.type': 'PEM',
                'ssl.keystore.location': both,
                'ssl.truststore.type': 'PEM',
                'ssl.truststore.location': self.authority.certificate,
            })
        if self.security and 'SASL' in self.security:
            properties.update({
                'sasl.enabled.mechanisms': 'PLAIN',
                'listener.name.secure.plain.sasl.jaas.config':
                    'org.apache.kafka.common.security.plain.PlainLoginModule '
                    'required user_relay="relay";',
            })
        if self.acls:
            properties.update({
                'authorizer.class.name':
                    'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
                'super.users': 'User:ANONYMOUS',
            })
        properties.update(self.settings)
        return ''.join(f'{name}={value}\n'
                       for name, value in properties.items())

    def start(self, timeout=PATIENCE):
        """Starts the broker, its storage made first where there is none, and
        waits until it answers."""
        file = self.directory / 'server.properties'
        file.write_text(self._properties())
        if not (self.directory / 'data').exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes)
            self._run_tool('kafka.tools.StorageTool', 'format', '-t',
                           cluster.decode().rstrip('=').replace('-', 'A'),
                           '-c', str(file))
        self._process = SupervisedProcess(
            self._java('kafka.Kafka', str(file), heap='1g'), self.log,
            owner=self._owner)
        wait_until(self._answers, 'Kafka answers', timeout)
        return self

    def _answers(self):
        if not self._process.running():
            raise RuntimeError(
                f'Kafka ended: {self._process.last_lines()}')
        try:
            return self.admin().list_topics(timeout=1).brokers
        except KafkaException:
            return False

    def _run_tool(self, *arguments):
        done = subprocess.run(self._java(*arguments), capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'{arguments[0]} failed: '
                               f'{(done.stdout + done.stderr).strip()}')
        return done.stdout

    def restart(self):
        self.stop()
        return self.start()

    def stop(self):
        if self._process:
            self._process.stop(30)

    def kill(self):
        if self._process:
            self._process.kill()

    def pause(self):
        self._process.pause()

    def resume(self):
        self._process.resume()

    def running(self):
        return self._process is not None and self._process.running()

    def admin(self):
        """The `confluent_kafka` admin client, silent while none answers."""
        if not self._admin:
            self._admin = AdminClient({'bootstrap.servers': self.address,
                                       'log_level': 0,
                                       'error_cb': lambda error: None})
        return self._admin

    def create_topic(self, name, partitions=1, **configuration):
        """Creates a topic; `max_message_bytes=…` is max.message.bytes."""
        topic = NewTopic(name, partitions, 1, config={
            key.replace('_', '.'): str(value)
            for key, value in configuration.items()})
        tried = []

        def made():
            try:
                self.admin().create_topics(
                    [topic], operation_timeout=10)[name].result()
            except KafkaException as error:
                code = error.args[0].code()
                # A broker that had no time is none to the cluster, for a
                # moment; and what timed out may have been done.
                if code not in (KafkaError.INVALID_REPLICATION_FACTOR,
                                KafkaError.REQUEST_TIMED_OUT,
                                KafkaError._TIMED_OUT) and not (
                        tried and code == KafkaError.TOPIC_ALREADY_EXISTS):
                    raise
            tried.append(True)
            return self._knows(name, partitions)
        wait_until(made, f'the topic {name}')
        return name

    def _knows(self, name, partitions):
        """Whether the broker tells a client of the topic."""
        try:
            known = self.admin().list_topics(name, timeout=5).topics[name]
        except KafkaException:
            return False
        return not known.error and len(known.partitions) == partitions

    def configure_topic(self, name, **configuration):
        """Replaces a topic's configuration."""
        resource = ConfigResource('topic', name, set_config={
            key.replace('_', '.'): str(value)
            for key, value in configuration.items()})
        for done in self.admin().alter_configs([resource]).values():
            done.result()
        wait_until(lambda: self._has(resource), f'the configuration of {name}')

    def _has(self, resource):
        """Whether the broker works with what `resource` sets."""
        found, = self.admin().describe_configs(
            [ConfigResource(resource.restype, resource.name)]).values()
        found = found.result()
        return all(found[key].value == value
                   for key, value in resource.set_config_dict.items())

    def delete_topic(self, name):
        self.admin().delete_topics([name],
                                   operation_timeout=10)[name].result()

    def allow(self, user, operation, topic):
        """Lets `user` of the secure listener do `operation` with `topic`
        ('*': all topics). Takes two seconds: a Java tool does it."""
        self._run_tool('org.apache.kafka.tools.AclCommand',
                       '--bootstrap-server', self.address, '--add',
                       '--allow-principal', f'User:{user}', '--operation',
                       operation, '--topic', topic)
