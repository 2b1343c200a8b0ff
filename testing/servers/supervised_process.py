# SPDX-License-Identifier: Apache-2.0
"""A process that never outlives its owner, started through supervisor.py."""

import os
import pathlib
import signal
import subprocess

SUPERVISOR = pathlib.Path(__file__).with_name('supervisor.py')


class SupervisedProcess:
    """`pid` is the command's own, not the supervisor's: it takes signals."""

    def __init__(self, command, log, *, owner=None, environment=None):
        """Starts `command`, both its outputs appended to the file `log`."""
        self.log = pathlib.Path(log)
        with open(self.log, 'ab') as output:
            self._supervisor = subprocess.Popen(
                ['/usr/bin/python3', str(SUPERVISOR),
                 str(owner or os.getpid()), *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=output, env=environment, start_new_session=True)
        first = self._supervisor.stdout.readline()
        self._supervisor.stdout.close()
        if not first:
            raise RuntimeError(
                f'{command[0]} does not start: {self.last_lines()}')
        self.pid = int(first)

    def running(self):
        return self._supervisor.poll() is None

    def signal(self, number):
        """Sends a signal; one to a process that has ended does nothing."""
        if self.running():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=30):
        """Returns the exit code, 128 + signal if one ended the process."""
        return self._supervisor.wait(timeout)

    def kill(self):
        """Ends it with SIGKILL, paused or not."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, timeout=30):
        """Ends it with SIGTERM; with SIGKILL when that takes too long."""
        self.resume()
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def last_lines(self, count=5):
        """The end of the log on one line, for messages."""
        lines = self.log.read_text(errors='replace').splitlines()
        return ' | '.join(line.strip() for line in lines[-count:])
