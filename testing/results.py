#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what the tiers of run.sh did.

results.py read FILE             counts FILE: X.bazel.json (build events, which
                                 point to each test.xml) or X.pytest.xml
results.py sum FOLDER TIER...    names what failed and what was skipped, then
                                 prints a line a tier and, last, the sum

A tier that left nothing readable counts as failed.
"""

import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree


class Count:
    """How many tests ended how, and the names of those worth naming."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_junit(self, file, target):
        """Adds a JUnit file's cases; says whether there was any."""
        root = xml.etree.ElementTree.parse(file).getroot()
        cases = list(root.iter('testcase'))
        for case in cases:
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
        return bool(cases)

    def add_bazel(self, file):
        """Adds what a Bazel invocation did: tests, or builds without any."""
        tested, built, finished = {}, {}, False
        for line in file.read_text().splitlines():
            event = json.loads(line)
            identity = event.get('id', {})
            if 'testResult' in identity:
                label = identity['testResult']['label']
                tested[label] = event['testResult']
            elif 'targetCompleted' in identity and 'completed' in event:
                label = identity['targetCompleted']['label']
                built[label] = event['completed'].get('success', False)
            elif 'targetCompleted' in identity and 'aborted' in event:
                built[identity['targetCompleted']['label']] = False
            elif 'finished' in event:
                # Without an exit code: success (code 0 is left out).
                code = event['finished'].get('exitCode', {})
                finished = code.get('name') in ('SUCCESS', 'TESTS_FAILED',
                                                'NO_TESTS_FOUND')
        for label, result in sorted(tested.items()):
            self._add_test(label, result)
        if not tested and all(built.values()) and finished:
            self.passed += 1
        broken = [label for label, good in sorted(built.items()) if not good]
        self.failed += [f'{label} does not build' for label in broken]
        if not finished and not broken:
            self.failed.append('bazel did not finish')

    def _add_test(self, label, result):
        outputs = {output['name']: output.get('uri', '')
                   for output in result.get('testActionOutput', [])}
        path = urllib.parse.unquote(
            urllib.parse.urlparse(outputs.get('test.xml', '')).path)
        good = result.get('status') == 'PASSED'
        before = len(self.failed)
        try:
            counted = self.add_junit(path, label)
        except (OSError, xml.etree.ElementTree.ParseError):
            counted = False
        if not good and len(self.failed) == before:
            self.failed.append(f'{label} {result.get("status")}')
        elif good and not counted:
            self.passed += 1


def read(file):
    """Counts one result file and keeps that beside it: the next run of Bazel
    overwrites each test.xml."""
    count = Count()
    try:
        if file.name.endswith('.bazel.json'):
            count.add_bazel(file)
            if file.name.endswith('.build.bazel.json'):
                count.passed = 0  # a step on the way, no test
        else:
            count.add_junit(file, '')
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        count.failed.append(f'{file.name} is not readable: {error}')
    file.with_name(file.name + '.count').write_text(json.dumps(vars(count)))


def count_tier(folder, tier):
    count = Count()
    files = sorted(folder.glob(f'{tier}.*.count'))
    for file in files:
        part = json.loads(file.read_text())
        count.passed += part['passed']
        count.failed += part['failed']
        count.skipped += part['skipped']
    if not files:
        count.failed.append('left no result')
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
        print(f'{tier:20} {count.passed:5} passed {len(count.failed):4} failed '
              f'{len(count.skipped):4} skipped')
    passed = sum(count.passed for count in counts.values())
    failed = sum(len(count.failed) for count in counts.values())
    skipped = sum(len(count.skipped) for count in counts.values())
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    if sys.argv[1] == 'read':
        read(pathlib.Path(sys.argv[2]))
    else:
        sys.exit(summary(pathlib.Path(sys.argv[2]), sys.argv[3:]))
