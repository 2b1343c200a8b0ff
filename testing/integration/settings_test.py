# SPDX-License-Identifier: Apache-2.0
"""Malformed settings end the relay with one line that names them."""

import pytest


@pytest.mark.parametrize('variables, flags, words', [
    ({}, ['--no-such-flag=1'], ['unknown flag --no-such-flag',
                                '--help lists all']),
    ({'DB_PORT': 'many'}, [], ['DB_PORT=many', 'whole number from 1 to 65535',
                               '--db-port']),
    ({'DB_NAME': None}, [], ['DB_NAME is not set', 'give --db-name']),
    ({'DB_DRIVER': 'postgres'}, [], ['DB_DRIVER=postgres', '--db-driver',
                                     'stay with the polling relay']),
    ({}, ['--kafka-config=acks=1'], ['acks', '--kafka-config',
                                     'KAFKA_CONFIG']),
], ids=['unknown_flag', 'malformed_value', 'missing_setting', 'postgres',
        'librdkafka_property_that_guards_delivery'])
def test_relay_refuses(make_relay, outbox, kafka, variables, flags, words):
    make_relay(outbox, kafka, variables=variables).refuses(
        *words, flags=flags, code=2)
