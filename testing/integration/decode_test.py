# SPDX-License-Identifier: Apache-2.0
"""`outbox-relay decode` beside mysqlbinlog, on the recorded rows of every number and time."""

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
_VALUE = re.compile(r'###   @(\d+)=(.*) /\* (\w+)\S* meta=\S+ nullable=')


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


@pytest.mark.mysql
@pytest.mark.parametrize('log', ['mysql_full', 'mysql_minimal'])
def test_values_are_those_of_mysqlbinlog(mysqlbinlog, log):
    path = _TYPES / f'{log}.binlog'
    printed = subprocess.run(
        [mysqlbinlog, '--no-defaults', '-vv', '--base64-output=DECODE-ROWS',
         path], check=True, capture_output=True).stdout.decode(
             errors='replace')
    compared = 0
    for table in ('numbers', 'times'):
        theirs = _images(printed, table)
        ours = list(_rows(subprocess.run(
            [binary(), 'decode', '--table', table, path], check=True,
            capture_output=True).stdout.decode()))
        assert [len(row) for row in ours] == [len(image) for image in theirs]
        for row, image in zip(ours, theirs):
            for value, (kind, text) in zip(row, image):
                assert _same(kind, value, text), (table, kind, value, text)
                compared += 1
    assert compared > 250
