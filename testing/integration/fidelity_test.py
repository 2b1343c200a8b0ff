# SPDX-License-Identifier: Apache-2.0
"""Records against what SELECT prints, over thousands of random rows."""

import json

import pytest

from testing.integration.randomness import seeded_random

_ROWS = 3000


def _text(rng, most=40):
    letters = ('abcXYZ 019_-"\\/\n\t\x01é ß Ж 中 🐘 \u2028'
               + chr(rng.randrange(0x20, 0xd7ff)))
    return ''.join(rng.choice(letters) for _ in range(rng.randrange(most)))


def _number(rng):
    kind = rng.randrange(7)
    if kind == 0:
        return str(rng.randrange(-10, 10))
    if kind == 1:
        return str(rng.choice((-1, 1)) * rng.getrandbits(rng.randrange(1, 64)))
    if kind == 2:
        return str(rng.getrandbits(64))
    if kind == 3:
        return repr(rng.uniform(-1, 1))
    if kind == 4:
        return repr(rng.random() * 10 ** rng.randrange(-30, 30))
    if kind == 5:
        return f'{rng.randrange(1, 10)}e{rng.randrange(-20, 20)}'
    return f'{rng.randrange(10 ** 6)}.{rng.randrange(10 ** 6)}'


def _json(rng, depth=3):
    kind = rng.randrange(8 if depth else 5)
    if kind <= 1:
        return _number(rng)
    if kind <= 3:
        return json.dumps(_text(rng), ensure_ascii=rng.random() < 0.5)
    if kind == 4:
        return rng.choice(('null', 'true', 'false'))
    if kind == 5:
        return '[' + ', '.join(_json(rng, depth - 1)
                               for _ in range(rng.randrange(6))) + ']'
    return '{' + ', '.join(
        json.dumps(_text(rng, 12)) + ': ' + _json(rng, depth - 1)
        for _ in range(rng.randrange(6))) + '}'


def _headers(rng):
    if rng.random() < 0.05:
        return None
    # MariaDB keeps a name that stands twice twice; what that means is not
    # this test's matter.
    names = {_text(rng, 20) for _ in range(rng.randrange(4))}
    return '{' + ', '.join(
        json.dumps(name, ensure_ascii=rng.random() < 0.5) + ': '
        + _json(rng, 1) for name in sorted(names)) + '}'


def _key(rng):
    """Of key and partition_key: NULL, empty, or anything."""
    return rng.choice((None, '', _text(rng, 20), _text(rng, 20)))


def _payload(rng, payload_type):
    kind = rng.random()
    if kind < 0.02:
        return None
    if payload_type == 'LONGBLOB' and kind < 0.5:
        return rng.randbytes(rng.randrange(60))  # Seldom UTF-8.
    return _json(rng)


def _as_header(text):
    """What a header's value is, given how SELECT prints it as JSON."""
    if text is None or text == 'null':
        return None
    if text.startswith('"'):
        return json.loads(text).encode('utf-8', 'surrogatepass')
    return text.encode()


@pytest.mark.parametrize('payload_type', ['JSON', 'LONGTEXT', 'LONGBLOB'])
def test_records_equal_what_select_prints(relay, outbox, topic, read,
                                          payload_type):
    outbox.create()
    outbox.execute(f'ALTER TABLE {outbox.name} MODIFY payload_json '
                   f'{payload_type} NULL, MODIFY payload_headers JSON NULL, '
                   'MODIFY `key` VARCHAR(255) NULL, '
                   'MODIFY partition_key VARCHAR(255) NULL')
    relay.start().wait_ready()
    rng = seeded_random()
    with outbox.connect(autocommit=False) as session:
        for _ in range(_ROWS):
            outbox.insert(topic, _payload(rng, payload_type), _headers(rng),
                          session=session, key=_key(rng),
                          partition_key=_key(rng))
            if rng.random() < 0.2:
                session.commit()
        session.commit()
    reader = read(topic)
    reader.wait_count(_ROWS)
    records = reader.read_to_end()
    rows = outbox.execute('SELECT `key`, payload_json, payload_headers '
                          f'FROM {outbox.name} ORDER BY id')
    assert len(records) == len(rows)
    # One writer and one partition: the records stand in the rows' order.
    with outbox.connect() as session, session.cursor() as cursor:
        for record, (key, payload, headers) in zip(records, rows):
            if isinstance(payload, str):
                payload = payload.encode()
            assert (record.key, record.value) == (
                (key or '').encode() or None, payload)
            assert list(record.headers) == _expected_headers(cursor, headers)
    if payload_type == 'LONGBLOB':
        assert any(b'\xff' in (record.value or b'') for record in records)


def _expected_headers(cursor, text):
    """The headers' values as the server prints them one by one; asked for by
    place, since MariaDB finds no name with escapes by its path."""
    names = list(json.loads(text or '{}'))
    if not names:
        return []
    cursor.execute('SELECT ' + ', '.join(
        ["CAST(JSON_EXTRACT(JSON_EXTRACT(%s, '$.*'), %s) AS CHAR)"]
        * len(names)),
        [part for place in range(len(names))
         for part in (text, f'$[{place}]')])
    return [(name, _as_header(value))
            for name, value in zip(names, cursor.fetchone())]
