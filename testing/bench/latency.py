# SPDX-License-Identifier: Apache-2.0
"""Commit to acknowledgement at a steady rate: see latency.sh."""

import argparse
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from testing.bench import bench
from testing.servers.deadline import wait_until

_BUCKET = re.compile(r'outbox_relay_commit_to_ack_seconds_bucket'
                     r'\{.*le="([^"]+)".*\}')


def _histogram(relay):
    """{upper bound: count so far}, cumulative."""
    return {float(match[1].replace('Inf', 'inf')): value
            for match, value in ((_BUCKET.match(name), value)
                                 for name, value in relay.metrics().items())
            if match}


def _quantile(counts, share):
    """Linear within its bucket, as Prometheus does."""
    total = counts[float('inf')] * share
    below, low = 0.0, 0.0
    for bound in sorted(counts):
        if counts[bound] >= total:
            if bound == float('inf'):
                return low
            part = counts[bound] - below
            return low + (bound - low) * ((total - below) / part)
        below, low = counts[bound], bound
    return low


def _start_to_first_record(run, body):
    """Seconds from the start of the process until a row that waited for it in
    the log is in the topic."""
    run.relay.stop()
    before = run.end_offset('rows')
    run.outbox.insert('rows', body)
    started = time.monotonic()
    run.relay.start()
    while run.end_offset('rows') == before:
        assert run.relay.running()
    return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(prog='latency.sh')
    parser.add_argument('--rate', type=int, default=1000, help='rows/s (1000)')
    parser.add_argument('--seconds', type=int, default=30)
    parser.add_argument('flags', nargs='*', help='of the relay, behind --')
    arguments = parser.parse_args()
    print('machine:', bench.machine(), flush=True)
    run = bench.Bench(*arguments.flags)
    run.kafka.create_topic('rows', 4)
    started = time.monotonic()
    run.relay.start().wait_ready(60)
    print(f'start to ready: {(time.monotonic() - started) * 1000:.0f} ms')
    body = next(bench.payloads(1))
    writers, late = 4, [0.0]

    def write(number, count):
        with run.outbox.connect() as session:
            begin = time.monotonic() + number / arguments.rate
            for step in range(count):
                due = begin + step * writers / arguments.rate
                pause = due - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
                late[0] = max(late[0], -pause)
                run.outbox.insert('rows', body, session=session,
                                  key=f'key-{step % 100}')

    def run_writers(seconds):
        count = arguments.rate * seconds // writers
        threads = [threading.Thread(target=write, args=(number, count))
                   for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return count * writers

    rows = run_writers(3)  # warm
    wait_until(lambda: run.end_offset('rows') == rows, 'the warm-up arrived')
    before = _histogram(run.relay)
    cpu = bench.cpu_seconds(run.relay.pid)
    late[0] = 0.0
    started = time.monotonic()
    rows += run_writers(arguments.seconds)
    seconds = time.monotonic() - started
    wait_until(lambda: run.end_offset('rows') == rows, 'all arrived')
    infinite = float('inf')
    wait_until(lambda: _histogram(run.relay)[infinite] - before[infinite]
               >= arguments.rate // writers * writers * arguments.seconds,
               'all are counted')
    after = _histogram(run.relay)
    counts = {bound: after[bound] - before[bound] for bound in after}
    print(f'{counts[float("inf")] / seconds:,.0f} rows/s for {seconds:.0f} s; '
          f'the writers were late by {late[0] * 1000:.0f} ms at most')
    for name, share in (('p50', 0.5), ('p99', 0.99), ('p999', 0.999)):
        print(f'commit to ack {name}: {_quantile(counts, share) * 1000:.2f} ms')
    print('CPU of the relay: '
          f'{(bench.cpu_seconds(run.relay.pid) - cpu) / seconds * 100:.1f} % '
          'of one core')
    print(f'resident memory: {run.relay.resident_bytes() / (1 << 20):.0f} MiB')
    starts = sorted(_start_to_first_record(run, body) for _ in range(9))
    print(f'start to first record: {starts[4] * 1000:.0f} ms, '
          f'of nine starts {starts[0] * 1000:.0f} to {starts[-1] * 1000:.0f}')
    run.close()


if __name__ == '__main__':
    main()
