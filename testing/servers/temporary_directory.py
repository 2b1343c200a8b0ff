#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Temporary directories that go when their owner does, however it ends.

As a program (OWNER_PID DIRECTORY) it is the one that waits and removes.
"""

import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time


def temporary_directory(owner=None):
    """A new directory, removed once the process `owner` (this one) ended.

    The path is short enough for unix sockets below it.
    """
    directory = tempfile.mkdtemp(prefix='outbox-relay-', dir='/tmp')
    subprocess.Popen(
        ['/usr/bin/python3', __file__, str(owner or os.getpid()), directory],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
    return pathlib.Path(directory)


def main():
    owner, directory = os.pidfd_open(int(sys.argv[1])), sys.argv[2]
    select.select([owner], [], [])
    # Servers below it are being killed at the same moment and may still write.
    deadline = time.monotonic() + 30
    while os.path.exists(directory) and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(0.2)


if __name__ == '__main__':
    main()
