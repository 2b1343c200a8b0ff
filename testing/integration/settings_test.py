# SPDX-License-Identifier: Apache-2.0
"""Malformed settings end the relay with one line that names them."""

import pytest


@pytest.mark.parametrize('variables, flags, words', [
    ({}, ['--no-such-flag=1'], ['--no-such-flag']),
    ({'DB_PORT': 'many'}, [], ['DB_PORT', 'many']),
    ({'DB_NAME': None}, [], ['DB_NAME']),
    ({'DB_DRIVER': 'postgres'}, [], ['DB_DRIVER', 'postgres']),
    ({}, ['--kafka-config=acks=1'], ['acks']),
], ids=['unknown_flag', 'malformed_value', 'missing_setting', 'postgres',
        'librdkafka_property_that_guards_delivery'])
def test_relay_refuses(make_relay, outbox, kafka, variables, flags, words):
    make_relay(outbox, kafka, variables=variables).refuses(*words,
                                                           flags=flags)
