# SPDX-License-Identifier: Apache-2.0
"""Polling with a deadline, the only way tests and servers wait."""

import time

# For what must come, in seconds. It tells what hangs from what a busy machine
# delays; it measures nothing.
PATIENCE = 180


def wait_until(condition, what, timeout=PATIENCE, interval=0.05):
    """Polls until `condition()` is truthy and returns that value.

    Fails with `what` after `timeout` seconds, and with the condition's last
    value, so that the message says how far it got.
    """
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimeoutError(
                f'not within {timeout} s: {what} (last seen: {value!r})')
        time.sleep(interval)
