# SPDX-License-Identifier: Apache-2.0
"""Random choices of a test that can be had again."""

import os
import random


def seeded_random():
    """A generator whose seed is printed, and given by
    OUTBOX_INTEGRATION_SEED."""
    seed = int(os.environ.get('OUTBOX_INTEGRATION_SEED')
               or random.randrange(10 ** 6))
    print(f'OUTBOX_INTEGRATION_SEED={seed}')
    return random.Random(seed)
