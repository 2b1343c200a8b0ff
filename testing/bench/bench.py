# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: servers, a filled outbox, figures of processes."""

import os
import pathlib
import platform
import random
import re
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from testing.integration.outbox import make_outbox
from testing.integration.relay_process import RelayProcess, environment
from testing.servers.cache import ServerUnavailable
from testing.servers.deadline import wait_until
from testing.servers.kafka_broker import KafkaBroker
from testing.servers.mysql_server import MysqlServer
from testing.servers.temporary_directory import temporary_directory

_TEMPLATES = 1000


def machine():
    """One line that describes this machine."""
    processor = re.search(r'model name\s*: (.*)',
                          pathlib.Path('/proc/cpuinfo').read_text())
    memory = int(re.search(r'MemTotal:\s+(\d+)', pathlib.Path(
        '/proc/meminfo').read_text())[1]) / (1 << 20)
    return (f'{processor[1] if processor else platform.machine()}, '
            f'{os.cpu_count()} CPUs, {memory:.0f} GiB, '
            f'Linux {platform.release()}')


class Bench:
    """A private MySQL and broker, an outbox, and a relay between them."""

    def __init__(self, *relay_flags):
        self.directory = temporary_directory()
        try:
            self.mysql = MysqlServer(self.directory / 'mysql', [
                '--innodb-buffer-pool-size=512M',
                '--innodb-flush-log-at-trx-commit=0',
                '--max-binlog-size=1G']).start()
            self.kafka = KafkaBroker(self.directory / 'kafka',
                                     optimised=True).start()
        except ServerUnavailable as error:
            sys.exit(str(error))
        self.outbox = make_outbox(self.mysql)
        self.relay = RelayProcess(
            self.directory / 'relay.log',
            environment(self.outbox, self.kafka.address), relay_flags)

    def make_table(self):
        """Lets the relay make its table and its first checkpoint, and end what
        a first start does."""
        self.relay.start().wait_ready(60)
        wait_until(lambda: self.relay.says('sweep.finished', 'compared'),
                   'the sweep of the first start', 60)
        self.relay.stop()

    def end_offset(self, topic):
        """How many records the topic holds."""
        from confluent_kafka import Consumer, TopicPartition
        if not hasattr(self, '_consumer'):
            self._consumer = Consumer({
                'bootstrap.servers': self.kafka.address, 'group.id': 'bench',
                'log_level': 0})
        partitions = self._consumer.list_topics(topic, 10).topics[
            topic].partitions
        return sum(self._consumer.get_watermark_offsets(
            TopicPartition(topic, number), 10)[1] for number in partitions)

    def fill(self, topic, rows, per_transaction=10, threads=2):
        """Commits rows of about 1 KB, made by the server itself."""
        execute = self.outbox.execute
        execute('CREATE TABLE template (n INT PRIMARY KEY, body JSON)')
        with self.outbox.connect() as session, session.cursor() as cursor:
            cursor.execute('SET sql_log_bin = 0')
            cursor.executemany('INSERT INTO template VALUES (%s, %s)',
                               enumerate(payloads(_TEMPLATES)))
        execute(f'''CREATE PROCEDURE fill(first INT, past INT)
            BEGIN
              DECLARE i INT DEFAULT first;
              SET autocommit = 0;
              WHILE i < past DO
                INSERT INTO kafka_outbox (topic, payload_json, payload_headers,
                                          `key`)
                  SELECT '{topic}', body, '{{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}',
                         CONCAT('key-', i MOD 10000)
                  FROM template WHERE n = i MOD {_TEMPLATES};
                SET i = i + 1;
                IF i MOD {per_transaction} = 0 THEN COMMIT; END IF;
              END WHILE;
              COMMIT;
            END''')
        parts = [rows * number // threads for number in range(threads + 1)]

        def run(first, past):
            self.outbox.execute(f'CALL fill({first}, {past})')
        workers = [threading.Thread(target=run, args=part)
                   for part in zip(parts, parts[1:])]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def close(self):
        self.relay.stop()
        self.mysql.kill()
        self.kafka.kill()


def payloads(count):
    """JSON texts of 1,000 bytes on average, as orders look."""
    rng = random.Random(1)
    words = ('confirmed shipped paid standard express gift Berlin Paris '
             'Warszawa København street avenue blue green large small').split()
    for number in range(count):
        items = ', '.join(
            f'{{"sku": "{rng.getrandbits(64):016x}", "quantity": '
            f'{rng.randrange(1, 9)}, "price": {rng.randrange(100, 99999) / 100}'
            f', "text": "{" ".join(rng.choices(words, k=4))}"}}'
            for _ in range(rng.randrange(7, 12)))
        yield (f'{{"order_id": {number}, "customer": '
               f'"{rng.getrandbits(128):032x}", "status": '
               f'"{rng.choice(words)}", "items": [{items}]}}')


def cpu_seconds(pid):
    """User and system time a process has used."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(
        ')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def peak_resident_mib(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+)', status)[1]) / 1024


def tool(name, **flags):
    """Runs a program of this folder; returns what it prints as name=number."""
    done = subprocess.run(
        [ROOT / 'bazel-bin/testing/bench' / name,
         *(f'--{flag}={value}' for flag, value in flags.items())],
        check=True, capture_output=True, text=True)
    return {key: float(value) for key, value in (
        word.split('=') for word in done.stdout.split())}
