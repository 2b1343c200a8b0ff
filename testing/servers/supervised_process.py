# SPDX-License-Identifier: Apache-2.0
"""A process that never outlives its owner, started through supervisor.py."""

import os
import pathlib
import signal
import subprocess

from testing.servers.deadline import wait_until

SUPERVISOR = pathlib.Path(__file__).with_name('supervisor.py')


def _stopped(pid):
    """Whether no thread of the process will run before a SIGCONT (proc(5),
    `state`), or there is none left."""
    for task in pathlib.Path(f'/proc/{pid}/task').glob('*'):
        try:
            state = (task / 'stat').read_text().rpartition(') ')[2][0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in 'TtZX':
            return False
    return True


def wait_stopped(pid):
    """After a SIGSTOP: kill(2) returns before the process has stopped. Its
    threads go on until each has been scheduled to see the signal, and on a
    busy machine a broker answers meanwhile."""
    wait_until(lambda: _stopped(pid), f'process {pid} stops', interval=0.001)


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
        """Returns when nothing of it runs any more."""
        self.signal(signal.SIGSTOP)
        wait_stopped(self.pid)

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
