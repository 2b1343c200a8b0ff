# SPDX-License-Identifier: Apache-2.0
"""Ports that stay free: below the range the kernel gives to connections, so
that a server can be stopped and started again on the one it had."""

import fcntl
import os
import random
import socket

_FIRST, _LAST = 15000, 32000
# A byte for each port, locked by the process that has it until it ends.
_LOCKS = open(os.path.join('/tmp', f'outbox-relay-ports-{os.getuid()}'), 'ab')
_given = set()


def _lock(port):
    """Whether no other process has been given it."""
    try:
        fcntl.lockf(_LOCKS, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    except OSError:
        return False


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on and nobody was given by
    this function, of the processes that run."""
    for _ in range(1000):
        port = random.randrange(_FIRST, _LAST)
        if port in _given or not _lock(port):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError(f'no free port between {_FIRST} and {_LAST}')
