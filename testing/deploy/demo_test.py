# SPDX-License-Identifier: Apache-2.0
"""deploy/demo.sh, as the README tells a newcomer to run it."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT))

from testing.servers.deadline import wait_until

_MINUTES = 10 * 60


@pytest.fixture
def demo(tmp_path):
    """The demo, left running, and the text it has printed."""
    printed = tmp_path / 'printed'
    with printed.open('wb') as out:
        process = subprocess.Popen(
            [_ROOT / 'deploy/demo.sh', '--keep'], stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    def text():
        return printed.read_text()

    def kept():
        lacking = re.search('demo: the demo needs .*', text())
        if lacking:
            pytest.skip(lacking[0])
        assert process.poll() is None, text()[-3000:]
        return 'An insert to try:' in text() and text().endswith('\n')
    try:
        wait_until(kept, 'the demo', _MINUTES)
        yield process, text
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_demo_shows_the_rows_arriving_and_what_it_left_running_works(demo):
    process, text = demo
    for record in (
            'orders[0]@0  key=order-1  headers=traceparent=00-4bf92f35-01  '
            'value={"id": 1, "total": 12.5}',
            'customers[0]@0  key=Zoë  headers=note=ünïcode,attempt=1  '
            'value={"city": "Łódź", "name": "Zoë 🐘"}',
            'customers[0]@1  key=  headers=  value=[1, 2.0, null, true]'):
        assert record in text()
    # What was rolled back is inserted, and no more.
    assert text().count('rolled back"') == 1
    assert re.search(r'rows now: 3\nrows now: 0\n', text())
    positions = re.findall(r'log_offset: (\d+)', text())
    assert len(positions) == 2 and int(positions[0]) < int(positions[1])

    page = re.search(r'relay +(http://\S+/) ', text())[1]
    broker = re.search(r'kcat -C -b (\S+) -t orders', text())[1]
    insert = re.search(r'An insert to try:\n\n  (.*)\n', text())[1]
    subprocess.run(insert, shell=True, check=True)

    def records():
        return subprocess.run(
            ['kcat', '-C', '-b', broker, '-t', 'orders', '-o', 'beginning',
             '-e', '-q', '-f', '%k %s\n'], capture_output=True, text=True,
            check=True).stdout
    wait_until(lambda: 'k {"n": 1}\n' in records(), 'the insert to try')
    with urllib.request.urlopen(f'{page}readyz', timeout=30) as answer:
        assert answer.status == 200

    os.killpg(process.pid, signal.SIGINT)
    process.wait(60)
    log = pathlib.Path(re.search(r'its log: (\S+)\)', text())[1])
    wait_until(lambda: not log.parent.exists(), 'its directory is gone')
    with pytest.raises(OSError):
        urllib.request.urlopen(page, timeout=10)


def test_demo_ends_by_itself():
    done = subprocess.run(
        [_ROOT / 'deploy/demo.sh'], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=_MINUTES, check=False)
    lacking = re.search('demo: the demo needs .*', done.stdout)
    if lacking:
        pytest.skip(lacking[0])
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r'rows now: 3\nrows now: 0\n', done.stdout)
    # In bold letters.
    assert re.search(r'Done in \d+ s\. ', done.stdout.splitlines()[-1])
