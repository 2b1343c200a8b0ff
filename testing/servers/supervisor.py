#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""supervisor.py OWNER_PID COMMAND...: runs COMMAND while OWNER_PID lives.

Prints the command's pid and closes its output. When the owner ends, however
it ends, the command is killed; when the supervisor itself is killed, the
kernel kills the command. Exits as the command does (128 + signal).
"""

import ctypes
import os
import select
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main():
    owner = os.pidfd_open(int(sys.argv[1]))
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL,
                             stdout=sys.stderr,
                             preexec_fn=_die_with_parent)
    print(child.pid, flush=True)
    os.close(1)
    ended = os.pidfd_open(child.pid)
    readable, _, _ = select.select([owner, ended], [], [])
    if ended not in readable:
        child.kill()
    status = child.wait()
    sys.stdout = None
    os._exit(status if status >= 0 else 128 - status)


if __name__ == '__main__':
    main()
