# SPDX-License-Identifier: Apache-2.0
"""A backlog drained: see throughput.sh."""

import argparse
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from testing.bench import bench
from testing.servers.kafka_broker import VERSION


def main():
    parser = argparse.ArgumentParser(prog='throughput.sh')
    parser.add_argument('--rows', type=int, default=1_000_000)
    parser.add_argument('--transaction', type=int, default=10,
                        help='rows of one (10)')
    parser.add_argument('--partitions', type=int, default=4)
    parser.add_argument('flags', nargs='*', help='of the relay, behind --')
    arguments = parser.parse_args()
    rows = arguments.rows
    print('machine:', bench.machine(), flush=True)
    run = bench.Bench(*arguments.flags)
    print(f'MySQL {run.mysql.execute("SELECT VERSION()")[0][0]}, '
          f'Kafka {VERSION}',
          flush=True)
    for topic in ('rows', 'ceiling'):
        run.kafka.create_topic(topic, arguments.partitions)
    run.make_table()
    run.mysql.execute('FLUSH BINARY LOGS')
    first_log = run.mysql.execute('SHOW BINARY LOGS')[-1][0]
    started = time.monotonic()
    run.fill('rows', rows, arguments.transaction)
    seconds = time.monotonic() - started
    size, = run.outbox.execute(
        'SELECT AVG(LENGTH(payload_json)) FROM kafka_outbox')[0]
    print(f'filled: {rows} rows of {float(size):.0f} bytes in {seconds:.1f} s '
          f'({rows / seconds:,.0f} rows/s)', flush=True)

    def measured(action):
        """Its result, and the CPU seconds of the servers meanwhile."""
        before = {name: bench.cpu_seconds(pid) for name, pid in servers.items()}
        result = action()
        return result, {name: bench.cpu_seconds(pid) - before[name]
                        for name, pid in servers.items()}

    servers = {'mysqld': run.mysql.pid, 'broker': run.kafka.pid}
    dump, dump_cpu = measured(lambda: bench.tool(
        'dump_rate', host=run.mysql.host, port=run.mysql.port, user='admin',
        password='admin', file=first_log, rows=rows))
    print(f'raw dump: {dump["rows_per_second"]:,.0f} rows/s '
          f'({dump["megabytes_per_second"]:,.0f} MB/s, '
          f'{dump["events_per_second"]:,.0f} events/s)', flush=True)

    values = run.directory / 'values'
    values.write_text('\n'.join(
        payload for payload, in run.outbox.execute(
            'SELECT payload_json FROM kafka_outbox ORDER BY id LIMIT 10000')))

    def produce():
        return bench.tool('producer_ceiling', brokers=run.kafka.address,
                          topic='ceiling', records=rows, keys=10000,
                          values=values)
    produce()  # The broker's compiler is to be done with it.
    ceiling, ceiling_cpu = measured(produce)
    print(f'librdkafka: {ceiling["records_per_second"]:,.0f} messages/s',
          flush=True)

    def drain():
        started = time.monotonic()
        run.relay.start()
        while run.end_offset('rows') < rows:
            assert run.relay.running(), run.relay.text()[-2000:]
            assert time.monotonic() < started + 600, 'too slow'
            time.sleep(0.02)
        return time.monotonic() - started
    seconds, used = measured(drain)
    used['relay'] = bench.cpu_seconds(run.relay.pid)
    memory = bench.peak_resident_mib(run.relay.pid)
    assert run.end_offset('rows') == rows, 'repeats'
    run.close()

    relay = rows / seconds
    limits = dump['rows_per_second'], ceiling['records_per_second']
    # What reading and sending cost at the least, all processes together.
    least = (dump['cpu_seconds'] + dump_cpu['mysqld'] +
             ceiling['cpu_seconds'] + ceiling_cpu['broker'])
    cores = os.cpu_count() * rows / least
    print(f'relay: {relay:,.0f} rows/s ({seconds:.2f} s, its start included)')
    print(f'ratio relay/min(raw dump, librdkafka): '
          f'{relay / min(limits):.2f}')
    print(f'limit of the {os.cpu_count()} cores, with both at once and no '
          f'decoding: {cores:,.0f} rows/s; ratio {relay / cores:.2f}')
    print(f'peak resident memory of the relay: {memory:.0f} MiB')
    for name, value in sorted(used.items()):
        print(f'CPU of {name}: {value / rows * 1e6:.2f} s a million rows')



if __name__ == '__main__':
    main()
