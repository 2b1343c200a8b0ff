# SPDX-License-Identifier: Apache-2.0
"""What is counted as failed, passed and skipped, and what ends a run well."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from testing import results

_PASSED = '<testcase classname="Suite" name="Good" status="run"/>'
_FAILED = ('<testcase classname="Suite" name="Bad" status="run">'
           '<failure message="no"/></testcase>')
_SKIPPED = ('<testcase classname="Suite" name="Left" status="run">'
            '<skipped message="no server"/></testcase>')


class Events:
    """Build events as Bazel writes them."""

    def __init__(self, folder, command='test'):
        self._folder = folder
        self._lines = [{'id': {'started': {}}, 'started': {'command': command}}]

    def built(self, label, success=True, tested=True):
        event = {'id': {'targetCompleted': {'label': label}},
                 'completed': {'success': True} if success else {}}
        if success and tested:
            event['children'] = [{'testSummary': {'label': label}}]
        self._lines.append(event)
        return self

    def result(self, label, cases, status='PASSED', run=1, shard=1, attempt=1):
        file = self._folder / f'test {run} {shard} {attempt}.xml'
        if cases is not None:
            file.write_text(f'<testsuites>{cases}</testsuites>')
        self._lines.append({
            'id': {'testResult': {'label': label, 'run': run, 'shard': shard,
                                  'attempt': attempt}},
            'testResult': {'status': status, 'testActionOutput': [
                {'name': 'test.log', 'uri': 'file:///nowhere'},
                {'name': 'test.xml',
                 'uri': 'file://' + str(file).replace(' ', '%20')}]}})
        return self

    def summary(self, label, status):
        self._lines.append({'id': {'testSummary': {'label': label}},
                            'testSummary': {'overallStatus': status}})
        return self

    def aborted(self, kind, **identity):
        self._lines.append({'id': {kind: identity},
                            'aborted': {'reason': 'LOADING_FAILURE'}})
        return self

    def finished(self, name='SUCCESS', code=0):
        self._lines.append({'id': {'buildFinished': {}}, 'finished': {
            'exitCode': {'name': name, 'code': code} if code else
                        {'name': name}}})
        return self

    def count(self, code=0, name='tier.bazel.json'):
        file = self._folder / name
        file.write_text('\n'.join(map(json.dumps, self._lines)))
        return _read(file, code)


def _read(file, code=0):
    results.read(file, code)
    count = json.loads(file.with_name(file.name + '.count').read_text())
    return count['passed'], count['failed'], count['skipped']


@pytest.fixture
def events(tmp_path):
    return Events(tmp_path)


def test_test_that_passed_counts_its_cases(events):
    events.built('//a').result('//a', _PASSED + _SKIPPED)
    events.summary('//a', 'PASSED').finished()
    assert events.count() == (1, [], ['//a Suite.Left: no server'])


@pytest.mark.parametrize('bad', [1, 2, 3])
def test_one_failed_shard_fails_the_test_whichever_ends_last(events, bad):
    events.built('//a')
    for shard in (1, 3, 2):
        events.result('//a', _FAILED if shard == bad else _PASSED,
                      'FAILED' if shard == bad else 'PASSED', shard=shard)
    events.summary('//a', 'FAILED').finished('TESTS_FAILED', 3)
    assert events.count(3) == (2, ['//a Suite.Bad'], [])


def test_one_failed_run_fails_the_test(events):
    events.built('//a').result('//a', _FAILED, 'FAILED', run=1)
    events.result('//a', _PASSED, run=2)
    events.summary('//a', 'FAILED').finished('TESTS_FAILED', 3)
    assert events.count(3) == (1, ['//a Suite.Bad'], [])


def test_last_attempt_of_a_shard_counts(events):
    events.built('//a').result('//a', _PASSED, attempt=2)
    events.result('//a', _FAILED, 'FAILED', attempt=1)
    events.summary('//a', 'FLAKY').finished()
    assert events.count() == (1, [], [])


def test_shard_without_cases_is_no_failure(events):
    events.built('//a').result('//a', _PASSED, shard=1)
    events.result('//a', '', shard=2).summary('//a', 'PASSED').finished()
    assert events.count() == (1, [], [])


@pytest.mark.parametrize('status', ['FAILED', 'TIMEOUT', 'NO_STATUS'])
def test_bad_status_fails_although_every_case_passed(events, status):
    events.built('//a').result('//a', _PASSED, status)
    events.summary('//a', status).finished('TESTS_FAILED', 3)
    assert events.count(3) == (1, [f'//a {status}'], [])


def test_summary_is_held_against_the_results(events):
    events.built('//a').result('//a', _PASSED)
    events.summary('//a', 'INCOMPLETE').finished('TESTS_FAILED', 3)
    assert events.count(3)[1] == ['//a INCOMPLETE']


def test_test_that_was_built_and_has_no_result_failed(events):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    events.built('//lost').finished()
    assert events.count() == (1, ['//lost has no result'], [])


def test_test_that_was_only_built_is_none(events):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    events.built('//left_out', tested=False).finished()
    assert events.count() == (1, [], [])


def test_passed_test_without_a_case_or_a_file_failed(events):
    events.built('//none').result('//none', '')
    events.summary('//none', 'PASSED')
    events.built('//lost').result('//lost', None, run=2)
    events.summary('//lost', 'PASSED').finished()
    passed, failed, _ = events.count()
    assert passed == 0 and len(failed) == 2
    assert failed[0].startswith('//lost left no result')
    assert failed[1] == '//none ran no case'


def test_target_that_does_not_build_failed(events):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    events.built('//broken', success=False)
    events.aborted('targetConfigured', label='//no_such_dependency')
    events.aborted('pattern', pattern=['//no/such/folder/...'])
    events.finished('BUILD_FAILURE', 1)
    assert events.count(1) == (1, [
        '//broken does not build', '//no/such/folder/... does not build',
        '//no_such_dependency does not build'], [])


@pytest.mark.parametrize('name, code', [
    ('TESTS_FAILED', 3), ('NO_TESTS_FOUND', 4), ('INTERRUPTED', 8)])
def test_bad_end_of_bazel_that_nothing_explains_failed(events, name, code):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    events.finished(name, code)
    assert events.count(code) == (1, [f'bazel ended with {name}'], [])


def test_bazel_without_an_end_failed(events):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    assert events.count() == (1, ['bazel ended with no end'], [])


def test_bazel_command_that_failed_after_its_events_failed(events):
    events.built('//a').result('//a', _PASSED).summary('//a', 'PASSED')
    events.finished()
    assert events.count(137)[1] == [
        'tier.bazel.json: the command ended with 137']


def test_bazel_test_without_tests_failed(events):
    events.finished()
    assert events.count()[1] == ['tier.bazel.json holds no case']


def test_build_counts_once_and_must_have_built_something(tmp_path):
    events = Events(tmp_path, 'build').built('//a', tested=False)
    assert events.built('//b', tested=False).finished().count() == (1, [], [])
    assert Events(tmp_path, 'build').finished().count()[1]
    broken = Events(tmp_path, 'build').built('//a', tested=False)
    broken.built('//b', success=False).finished('BUILD_FAILURE', 1)
    assert broken.count(1) == (0, ['//b does not build'], [])


def test_build_on_the_way_is_no_test_but_may_fail(tmp_path):
    step = 'tier.build.bazel.json'
    good = Events(tmp_path, 'build').built('//a', tested=False).finished()
    assert good.count(name=step) == (0, [], [])
    assert Events(tmp_path, 'build').finished().count(name=step)[1]


@pytest.mark.parametrize('text', [None, '', '{"id": {'])
def test_unreadable_events_failed(tmp_path, text):
    file = tmp_path / 'tier.bazel.json'
    if text is not None:
        file.write_text(text)
    assert len(_read(file)[1]) == 1


def test_pytest_counts_cases_and_names_bad_ones(tmp_path):
    file = tmp_path / 'tier.pytest.xml'
    error = _FAILED.replace('failure', 'error').replace('Bad', 'Worse')
    file.write_text(f'<t>{_PASSED}{_FAILED}{error}{_SKIPPED}</t>')
    assert _read(file, 1) == (1, ['Suite.Bad', 'Suite.Worse'],
                              ['Suite.Left: no server'])


@pytest.mark.parametrize('cases, code, failures', [
    (_PASSED, 0, 0), (_PASSED, 1, 1), (_PASSED, 2, 1), ('', 5, 1), ('', 0, 1)])
def test_pytest_that_ends_badly_or_collects_nothing_failed(
        tmp_path, cases, code, failures):
    file = tmp_path / 'tier.pytest.xml'
    file.write_text(f'<testsuites>{cases}</testsuites>')
    assert len(_read(file, code)[1]) == failures


def _sum(folder, capsys, *tiers):
    code = results.summary(folder, tiers)
    return code, capsys.readouterr().out.splitlines()


def test_sum_names_and_adds(tmp_path, capsys):
    results.note(tmp_path / 'one.a', 'passed', 'a')
    results.note(tmp_path / 'one.b', 'skipped', 'b: no server')
    results.note(tmp_path / 'two.c', 'failed', 'c')
    results.note(tmp_path / 'one-more.d', 'failed', 'of a tier not asked for')
    code, lines = _sum(tmp_path, capsys, 'one', 'two')
    assert code == 1
    assert lines[:2] == ['skipped: one: b: no server', 'failed: two: c']
    assert lines[-1] == '1 passed, 1 failed, 1 skipped'
    assert _sum(tmp_path, capsys, 'one')[0] == 0


def test_sum_fails_for_a_tier_that_ran_nothing(tmp_path, capsys):
    results.note(tmp_path / 'one.a', 'passed', 'a')
    (tmp_path / 'two.build.bazel.json.count').write_text(
        json.dumps(vars(results.Count())))
    code, lines = _sum(tmp_path, capsys, 'one', 'two', 'three')
    assert code == 1
    assert lines[-1] == '1 passed, 2 failed, 0 skipped'


def test_sum_over_nothing_fails(tmp_path, capsys):
    code, lines = _sum(tmp_path, capsys)
    assert code == 1
    assert lines[-1] == '0 passed, 0 failed, 0 skipped'
