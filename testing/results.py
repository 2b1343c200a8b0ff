#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what the tiers of run.sh did.

results.py read FILE CODE            counts FILE: X.bazel.json (build events,
                                     which point to each test.xml) or
                                     X.pytest.xml, of a command that ended
                                     with CODE
results.py note FILE OUTCOME NAME    leaves one result: passed, failed or
                                     skipped
results.py sum FOLDER TIER...        names what failed and what was skipped,
                                     then prints a line a tier and, last, the
                                     sum

What says nothing has failed: a command that ended badly and names no failure,
a test without a result, a tier without a case.
"""

import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree

_GOOD = ('PASSED', 'FLAKY')


class Count:
    """How many tests ended how, and the names of those worth naming."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def total(self):
        return self.passed + len(self.failed) + len(self.skipped)

    def add_junit(self, file, target):
        """Adds a JUnit file's cases."""
        root = xml.etree.ElementTree.parse(file).getroot()
        for case in root.iter('testcase'):
            name = '.'.join(filter(None, [case.get('classname'),
                                          case.get('name')]))
            name = f'{target} {name}'.strip()
            skip = case.find('skipped')
            if case.find('failure') is not None or (
                    case.find('error') is not None):
                self.failed.append(name)
            elif skip is not None or case.get('result') == 'suppressed' or (
                    case.get('status') == 'notrun'):
                reason = (skip.get('message') or '') if skip is not None else ''
                self.skipped.append(f'{name}: {reason}'.rstrip(': '))
            else:
                self.passed += 1

    def add_bazel(self, file):
        """Adds what a Bazel invocation did: tests, or builds without any."""
        built, tests, finish, command = {}, {}, 'no end', ''
        for line in file.read_text().splitlines():
            event = json.loads(line)
            identity = event.get('id', {})
            kind = next(iter(identity), '')
            label = identity.get(kind, {}).get('label')
            if 'started' in event:
                command = event['started'].get('command', '')
            elif 'finished' in event:
                # Without an exit code: success (code 0 is left out).
                finish = event['finished'].get('exitCode', {}).get(
                    'name', 'SUCCESS')
            elif kind == 'testResult':
                tests.setdefault(label, _Test()).add(identity[kind],
                                                     event.get(kind, {}))
            elif kind == 'testSummary':
                tests.setdefault(label, _Test()).summary = event.get(
                    kind, {}).get('overallStatus')
            elif kind == 'targetCompleted':
                built[label] = event.get('completed', {}).get('success', False)
                if any('testSummary' in child
                       for child in event.get('children', [])):
                    tests.setdefault(label, _Test())
            elif kind in ('targetConfigured', 'pattern') and (
                    'aborted' in event):
                built[label or ' '.join(identity[kind]['pattern'])] = False
        for label, test in sorted(tests.items()):
            self._add_test(label, test)
        self.failed += [f'{label} does not build'
                        for label, good in sorted(built.items()) if not good]
        if finish != 'SUCCESS' and not self.failed:
            self.failed.append(f'bazel ended with {finish}')
        if command != 'test' and built and not self.failed:
            self.passed += 1

    def _add_test(self, label, test):
        """All shards of a test; each must have left cases that passed, and
        Bazel must say so of the whole."""
        part = Count()
        for result in test.results():
            good = result.get('status') in _GOOD
            failures = len(part.failed)
            try:
                part.add_junit(_xml_path(result), label)
            except (OSError, xml.etree.ElementTree.ParseError) as error:
                if good:
                    part.failed.append(f'{label} left no result: {error}')
            if not good and len(part.failed) == failures:
                part.failed.append(f'{label} {result.get("status")}')
        if test.summary not in _GOOD and not part.failed:
            part.failed.append(f'{label} {test.summary or "has no result"}')
        if not part.total():
            part.failed.append(f'{label} ran no case')
        self.passed += part.passed
        self.failed += part.failed
        self.skipped += part.skipped


class _Test:
    """What Bazel reported of one test target."""

    def __init__(self):
        self.summary = None
        self._attempts = {}

    def add(self, identity, result):
        part = (identity.get('run', 1), identity.get('shard', 1))
        attempt = identity.get('attempt', 1)
        if attempt >= self._attempts.get(part, (0,))[0]:
            self._attempts[part] = (attempt, result)

    def results(self):
        """The last attempt of each run and shard."""
        return [self._attempts[part][1] for part in sorted(self._attempts)]


def _xml_path(result):
    outputs = {output['name']: output.get('uri', '')
               for output in result.get('testActionOutput', [])}
    return urllib.parse.unquote(
        urllib.parse.urlparse(outputs.get('test.xml', '')).path)


def _write(file, count):
    file.with_name(file.name + '.count').write_text(json.dumps(vars(count)))


def read(file, code):
    """Counts one result file and keeps that beside it: the next run of Bazel
    overwrites each test.xml."""
    count = Count()
    try:
        if file.name.endswith('.bazel.json'):
            count.add_bazel(file)
        else:
            count.add_junit(file, '')
        if not count.total():
            count.failed.append(f'{file.name} holds no case')
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        count.failed.append(f'{file.name} is not readable: {error}')
    if code and not count.failed:
        count.failed.append(f'{file.name}: the command ended with {code}')
    if file.name.endswith('.build.bazel.json'):
        count.passed = 0  # a step on the way, no test
    _write(file, count)


def note(file, outcome, name):
    """Leaves one result by name."""
    count = Count()
    if outcome == 'passed':
        count.passed = 1
    else:
        getattr(count, outcome).append(name)
    _write(file, count)


def count_tier(folder, tier):
    count = Count()
    for file in sorted(folder.glob(f'{tier}.*.count')):
        part = json.loads(file.read_text())
        count.passed += part['passed']
        count.failed += part['failed']
        count.skipped += part['skipped']
    if not count.total():
        count.failed.append('ran nothing')
    return count


def summary(folder, tiers):
    """Prints all and the sum; returns the exit code."""
    counts = {tier: count_tier(folder, tier) for tier in tiers}
    for word in ('skipped', 'failed'):
        for tier, count in counts.items():
            for name in getattr(count, word):
                print(f'{word}: {tier}: {name}')
    print()
    for tier, count in counts.items():
        print(f'{tier:24} {count.passed:5} passed {len(count.failed):4} failed '
              f'{len(count.skipped):4} skipped')
    passed = sum(count.passed for count in counts.values())
    failed = sum(len(count.failed) for count in counts.values())
    skipped = sum(len(count.skipped) for count in counts.values())
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed or not counts else 0


def main(arguments):
    command, file, *rest = arguments
    if command == 'read':
        read(pathlib.Path(file), int(rest[0]))
        return 0
    if command == 'note':
        note(pathlib.Path(file), *rest)
        return 0
    return summary(pathlib.Path(file), rest)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
