# SPDX-License-Identifier: Apache-2.0
"""`outbox-relay decode` beside mysqlbinlog, on the recorded rows of all types that both print."""

import base64
import datetime
import decimal
import json
import pathlib
import re
import subprocess

import pytest

from testing.integration.relay_process import binary
from testing.servers.mysql_server import MysqlServer

_TYPES = pathlib.Path(__file__).resolve().parents[1] / 'testdata/types'
_VALUE = re.compile(r'###   @(\d+)=(.*) /\* (\w+).*? meta=\S+ nullable=')


# Of the table `strings`, by number: what only its definition tells
# (testing/testdata/types/mysql.sql).
_CHARSETS = {20: 'cp1252', 21: 'utf-16-be', 22: 'gbk', 23: 'shift_jis'}
_BINARY = {11: 4, 12: 255, 13: 0, 14: 0, 15: 0}
_MEMBERS = {
    16: ['a', 'b', "it's", 'with,comma', 'back\\slash', 'ü'],
    17: ['é', 'plain'],
    18: ['x', 'y', 'ß'],
    19: ['ö', 'ü'],
}
_ESCAPE = re.compile(rb'\\(x[0-9a-f]{2}|.)')
_ESCAPED = {b'b': b'\b', b'f': b'\f', b'n': b'\n', b'r': b'\r', b't': b'\t'}


@pytest.fixture
def mysqlbinlog(directory):
    server = MysqlServer(directory / 'mysqlbinlog')
    return server.fetch() / 'usr/bin/mysqlbinlog'


def _images(text, table):
    """The images of a table that mysqlbinlog prints: [(type, text)…]."""
    images = []
    ours = False
    for line in text.split('\n'):
        if line.startswith(('### INSERT', '### UPDATE', '### DELETE')):
            ours = line.endswith(f'.`{table}`')
        elif ours and line in ('### SET', '### WHERE'):
            images.append([])
        elif ours and (match := _VALUE.match(line)):
            images[-1].append((match[3], match[2].rstrip()))
    return images


def _rows(text):
    """The same of ours: a list of values each."""
    for line in text.splitlines():
        row = json.loads(line, parse_float=decimal.Decimal)
        if row['op'] == 'update':
            yield list(row['before'].values())
        yield list(row['row'].values())


def _same(kind, ours, theirs):
    """Whether a value is the same, in the forms that each has for it
    (docs/binlog_format.md)."""
    if theirs == 'NULL':
        return ours is None
    if kind == 'YEAR':
        return theirs == ('1900' if ours == '0000' else ours)
    if kind in ('TINYINT', 'SHORTINT', 'MEDIUMINT', 'INT', 'LONGINT'):
        return str(int(ours)) in re.findall(r'-?\d+', theirs)
    if kind == 'DECIMAL':
        return decimal.Decimal(str(ours)) == decimal.Decimal(theirs)
    if kind == 'FLOAT':  # six digits both
        return float(ours) == pytest.approx(float(theirs), rel=1e-5)
    if kind == 'DOUBLE':
        return float(ours) == float(theirs)
    if kind == 'BIT':
        return ours == theirs
    if kind in ('TIME', 'DATETIME'):
        return f"'{ours}'" == theirs
    if kind == 'DATE':
        return f"'{ours.replace('-', ':')}'" == theirs
    if kind == 'TIMESTAMP':
        if ours.startswith('0000'):
            return decimal.Decimal(theirs) == 0
        whole, _, fraction = ours.partition('.')
        seconds = datetime.datetime.fromisoformat(f'{whole}+00:00').timestamp()
        return f'{int(seconds)}.{fraction}'.rstrip('.') == theirs
    raise AssertionError(kind)


def _bytes(theirs):
    """The bytes of a quoted text."""
    assert theirs[0] == theirs[-1] == "'", theirs

    def byte(match):
        escape = match[1]
        if escape[:1] == b'x':
            return bytes([int(escape[1:], 16)])
        return _ESCAPED.get(escape, escape)

    return _ESCAPE.sub(byte, theirs[1:-1].encode('latin-1'))


def _same_string(column, kind, ours, theirs):
    """The same of a value of the table `strings`: they print stored bytes and
    the numbers of members."""
    if theirs == 'NULL':
        return ours is None
    if kind == 'ENUM':
        return ours in (theirs, _MEMBERS[column][int(theirs) - 1])
    if kind == 'SET':
        bits = int(theirs[2:-1], 2)
        names = [member for i, member in enumerate(_MEMBERS[column])
                 if bits >> i & 1]
        return ours in (str(bits), ','.join(names))
    stored = _bytes(theirs)
    if column in _BINARY:
        stored = stored.ljust(_BINARY[column], b'\0')
        if isinstance(ours, dict):
            return base64.b64decode(ours['base64']) == stored
        return ours.encode() == stored
    return ours == stored.decode(_CHARSETS.get(column, 'utf-8'))


def _same_document(ours, theirs):
    """The same of a JSON document: they print a string without its quotes."""
    if theirs == 'NULL':
        return ours is None
    if ours.startswith('"') and not theirs.startswith("'\"base64:"):
        ours = json.loads(ours)
    return ours == _bytes(theirs).decode()


@pytest.fixture
def printed(mysqlbinlog):
    """What mysqlbinlog prints of a file, a character a byte."""
    return lambda path: subprocess.run(
        [mysqlbinlog, '--no-defaults', '-vv', '--base64-output=DECODE-ROWS',
         path], check=True, capture_output=True).stdout.decode('latin-1')


def _ours(path, table):
    return list(_rows(subprocess.run(
        [binary(), 'decode', '--table', table, path], check=True,
        capture_output=True).stdout.decode()))


@pytest.mark.mysql
@pytest.mark.parametrize('log', ['mysql_full', 'mysql_minimal'])
def test_values_are_those_of_mysqlbinlog(printed, log):
    path = _TYPES / f'{log}.binlog'
    text_of_all = printed(path)
    compared = 0
    for table in ('numbers', 'times'):
        theirs = _images(text_of_all, table)
        ours = _ours(path, table)
        assert [len(row) for row in ours] == [len(image) for image in theirs]
        for row, image in zip(ours, theirs):
            for value, (kind, text) in zip(row, image):
                assert _same(kind, value, text), (table, kind, value, text)
                compared += 1
    assert compared > 250


@pytest.mark.mysql
@pytest.mark.parametrize('log', ['mysql_full', 'mysql_minimal'])
def test_strings_and_documents_are_those_of_mysqlbinlog(printed, log):
    path = _TYPES / f'{log}.binlog'
    text_of_all = printed(path)
    # At its first GEOMETRY mysqlbinlog gives an event up.
    theirs = _images(text_of_all, 'strings')
    assert [len(image) for image in theirs] == [24]
    row = _ours(path, 'strings')[0]
    kinds = set()
    for i, (value, (kind, text)) in enumerate(zip(row[1:], theirs[0][1:])):
        assert _same_string(i + 2, kind, value, text), (i + 2, value, text)
        kinds.add(kind)
    assert {'STRING', 'VARSTRING', 'ENUM', 'SET', 'BLOB', 'LONGBLOB'} <= kinds

    theirs = _images(text_of_all, 'documents')
    ours = _ours(path, 'documents')
    assert len(ours) == len(theirs) == 18
    for (number, value), ((_, key), (kind, text)) in zip(ours, theirs):
        assert str(number) == key and kind == 'JSON'
        assert _same_document(value, text), (value, text)
