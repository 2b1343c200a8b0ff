# SPDX-License-Identifier: Apache-2.0
"""Ports that stay free: below the range the kernel gives to connections, so
that a server can be stopped and started again on the one it had."""

import random
import socket

_FIRST, _LAST = 15000, 32000
_given = set()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on and we did not give."""
    for _ in range(1000):
        port = random.randrange(_FIRST, _LAST)
        if port in _given:
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
