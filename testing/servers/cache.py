# SPDX-License-Identifier: Apache-2.0
"""The cache of fetched servers, outside the checkout.

Each entry is a folder that appears whole or not at all: it is made beside its
place under a lock and renamed into it. To fetch an entry anew, delete it.
"""

import fcntl
import os
import pathlib
import shutil


class ServerUnavailable(Exception):
    """A server cannot be had here; the message is one line that says why."""


def root():
    """The cache folder, made on first use."""
    folder = os.environ.get('OUTBOX_RELAY_CACHE')
    if not folder:
        base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser(
            '~/.cache')
        folder = os.path.join(base, 'outbox-relay')
    path = pathlib.Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path


def entry(name, make):
    """Returns the folder `name`, made by `make(empty_folder)` when missing.

    Processes that ask at once wait for the one that makes it. What `make`
    raises passes through, and leaves no entry behind.
    """
    final = root() / name
    if final.is_dir():
        return final
    with open(root() / (name + '.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        partial = root() / (name + '.partial')
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            make(partial)
            partial.rename(final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return final
