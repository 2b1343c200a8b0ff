# SPDX-License-Identifier: Apache-2.0
"""The product under test as a process."""

import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

from testing.integration.outbox import PASSWORD, USER
from testing.servers.deadline import PATIENCE, wait_until
from testing.servers.free_port import free_port
from testing.servers.supervised_process import SupervisedProcess

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)')


def binary():
    """The relay's binary: OUTBOX_RELAY_BINARY, or what Bazel built."""
    return pathlib.Path(os.environ.get(
        'OUTBOX_RELAY_BINARY', _ROOT / 'bazel-bin/relay/outbox-relay'))


class RelayProcess:
    """One `outbox-relay`, configured by environment variables and flags.

    It sees no variable of ours but those given. Starting is not waiting: see
    `wait_ready`.
    """

    def __init__(self, log, environment, flags=()):
        self.log = pathlib.Path(log)
        self.http_port = free_port()
        self.environment = {'PATH': os.environ['PATH'], **environment}
        self.flags = list(flags)
        self._process = None
        self._began = 0  # Where in its log this run does.
        self._left_running = False

    def start(self, *flags):
        """Starts it, `flags` added for this run only."""
        self._began = len(self.text()) if self.log.exists() else 0
        self._process = SupervisedProcess(
            [binary(), *self.flags, '--http-port', self.http_port, *flags],
            self.log, environment=self.environment)
        self._left_running = True
        return self

    @property
    def pid(self):
        return self._process.pid

    def threads(self):
        return len(os.listdir(f'/proc/{self.pid}/task'))

    def running(self):
        return self._process is not None and self._process.running()

    def stop(self, timeout=45, expected=0):
        """Ends it with SIGTERM. It must end by itself, in time, and with the
        exit code `expected`, which is returned."""
        assert self.running(), f'it ended before: {self.text()[-3000:]}'
        self.resume()
        self.signal(signal.SIGTERM)
        code = self.wait_exit(timeout)
        assert code == expected, (code, self.text()[-3000:])
        return code

    def close(self):
        """After the test: a relay that no one ended must still be running,
        and end well."""
        if self._left_running:
            self.stop()

    def kill(self):
        self._left_running = False
        self._process.kill()

    def signal(self, number):
        self._process.signal(number)

    def pause(self):
        self._process.pause()

    def resume(self):
        self._process.resume()

    def wait_exit(self, timeout=PATIENCE):
        """Waits for it to end by itself; returns the exit code."""
        self._left_running = False
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'still running after {timeout} s') from None

    def run(self, *arguments, timeout=PATIENCE):
        """Runs one command to its end; returns (exit code, its output)."""
        log = self.log.with_suffix('.command.log')
        log.unlink(missing_ok=True)
        process = SupervisedProcess([binary(), *self.flags, *arguments], log,
                                    environment=self.environment)
        return process.wait(timeout), log.read_text(errors='replace')

    def text(self):
        """All it has logged so far."""
        return self.log.read_text(errors='replace')

    def get(self, path):
        """(status, body) of its HTTP; (0, '') while nobody answers."""
        url = f'http://127.0.0.1:{self.http_port}{path}'
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ''

    def _page(self, path):
        code, body = self.get(path)
        if not code and self.running():
            # It closes a connection that brings nothing for five seconds.
            code, body = self.get(path)
        assert code == 200, (code, body)
        return body

    def status(self):
        """/status, as a dictionary."""
        return json.loads(self._page('/status'))

    def metrics(self):
        """/metrics as {'name{label="x"}': value}."""
        return {match[1] + (match[2] or ''): float(match[3])
                for match in map(_SAMPLE.match,
                                 self._page('/metrics').splitlines()) if match}

    def metric(self, name, **labels):
        """The sum of the samples of `name` that carry all `labels`."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for sample, value in self.metrics().items()
                   if sample.split('{')[0] == name
                   and all(label in sample for label in wanted))

    def wait_ready(self, timeout=PATIENCE):
        """Waits until /readyz says yes; fails at once when it has ended."""
        def ready():
            assert self.running(), f'the relay ended: {self.text()[-3000:]}'
            return self.get('/readyz')[0] == 200
        wait_until(ready, 'the relay is ready', timeout)
        return self

    def says(self, *words):
        """Whether one line of its log has all the words."""
        return any(all(word in line for word in words)
                   for line in self.text().splitlines())

    def refuses(self, *words, flags=(), code=1, timeout=PATIENCE):
        """Starts it; it must end with the exit code `code`, and with one line
        of complaint, the last, that has all the words."""
        self.start(*flags)
        assert self.wait_exit(timeout) == code, self.text()
        complaints = [line for line in self.text().splitlines()
                      if ' fatal ' in line
                      or line.startswith('outbox-relay: ')]
        assert complaints == self.text().splitlines()[-1:], self.text()
        assert all(word in complaints[0] for word in words), self.text()

    def wait_streaming(self):
        """A start is past the rows of the table, which go in id order: what
        is inserted from now on comes by the log."""
        wait_until(lambda: 'stream.connected' in self.text()[self._began:],
                   'the log is read')
        return self

    def wait_compared(self):
        """Waits for the sweep that every first start ends with."""
        wait_until(lambda: self.says('sweep.finished', 'table was compared'),
                   'the first sweep alongside')

    def wait_acknowledged(self):
        """Nothing that it has read waits for the broker: a record can be read
        from its topic before the relay knows of it."""
        wait_until(lambda: self.metric('kafka_outbox_queue_size') == 0,
                   'every acknowledgement')

    def waits(self, side, *words, timeout=PATIENCE):
        """Starts it; it must say all the words in one line, and go on trying,
        alive and not ready, the metric of `side` at 0."""
        self.start()
        wait_until(lambda: self.says(*words) or not self.running(),
                   f'a line with {words}', timeout)
        assert self.running() and self.says(*words), self.text()
        wait_until(lambda: self.get('/livez')[0] == 200, 'alive meanwhile')
        assert self.get('/readyz')[0] == 503
        assert not self.connected(side)
        return self

    def goes_on(self, side):
        """The process that waited is connected by itself."""
        wait_until(lambda: self.connected(side), f'{side} is connected')
        self.wait_ready()

    def connected(self, side):
        """The metric for 'mysql' or 'kafka', which must exist."""
        return self.metrics()[f'outbox_relay_connected{{side="{side}"}}'] == 1

    def resident_bytes(self, figure='VmRSS'):
        """Its resident memory now."""
        status = pathlib.Path(f'/proc/{self.pid}/status').read_text()
        return int(re.search(rf'{figure}:\s+(\d+) kB', status)[1]) * 1024

    def peak_resident_bytes(self):
        """The most it has had resident since it was started."""
        return self.resident_bytes('VmHWM')


def environment(outbox, broker_address):
    """The polling relay's variables for an outbox, or several of a server."""
    outboxes = outbox if isinstance(outbox, (list, tuple)) else [outbox]
    server = outboxes[0].server
    return {
        'DB_DRIVER': 'mysql', 'DB_HOST': server.host,
        'DB_PORT': str(server.port), 'DB_USER': USER, 'DB_PASS': PASSWORD,
        'DB_NAME': ','.join(one.schema for one in outboxes),
        'DB_OUTBOX_TABLE': outboxes[0].table,
        'KAFKA_HOST': broker_address,
    }
