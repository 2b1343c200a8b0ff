# SPDX-License-Identifier: Apache-2.0
"""docs/guarantees.md names tests that exist."""

import pathlib
import re

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_PAGE = _ROOT / 'docs/guarantees.md'

# A suite or file in backticks, or a test's own name behind it.
_WORD = re.compile(r'`([\w/.]+)`'
                   r'|\b([a-z][a-z0-9]*(?:_[a-z0-9]+){2,}'
                   r'|(?=\w*[a-z])[A-Z]\w{9,})\b')


def _named():
    """Pairs of a suite and the names given of it, as the page has them."""
    pairs = []
    for paragraph in re.findall(r'\*Shown by\*(.*?)(?=\n\n|\Z)',
                                _PAGE.read_text(), re.S):
        for suite, name in _WORD.findall(paragraph):
            if suite:
                pairs.append((suite, []))
            else:
                pairs[-1][1].append(name)
    return pairs


def _sources():
    return '\n'.join(path.read_text() for folder in ('relay', 'cdc', 'kafka')
                     for path in sorted((_ROOT / folder).rglob('*_test.cc')))


def _missing(suite, names, sources):
    if suite.endswith('_test'):
        paths = [*_ROOT.glob(f'testing/*/{suite}.py'),
                 *_ROOT.glob(f'testing/*/{suite}.cc')]
        text = ''.join(path.read_text() for path in paths)
        return [f'{suite}: {name}' for name in names
                if not re.search(rf'def test_{name}\(', text)
                ] + ([] if paths else [suite])
    if '/' in suite:
        return [] if (_ROOT / suite).exists() else [suite]
    test = rf'TEST(?:_F|_P)?\({suite}\w*,\s*'
    return [f'{suite}: {name}' for name in names or ['']
            if not re.search(test + (rf'{name}\)' if name else ''), sources)]


def test_every_test_that_is_named_exists():
    named = _named()
    # Else the page is written in a way that this test does not read.
    assert len(named) > 15 and sum(len(names) for _, names in named) > 25
    sources = _sources()
    assert not [lost for suite, names in named
                for lost in _missing(suite, names, sources)]


def test_every_guarantee_names_a_test():
    sections = re.split(r'\n## ', _PAGE.read_text())[1:]
    assert len(sections) == 9
    for section in sections:
        assert '*Shown by*' in section, section.splitlines()[0]
