"""The code of the README and the docs runs, and prints what they show; see pages.py."""

from __future__ import annotations

import collections
import re
from types import SimpleNamespace

import numpy as np
import pytest

import xl2.path.experiments
import xl2.path.settings

pytest.importorskip("sybil", reason="needs Sybil: pip install sybil")
import pages

pytestmark = pytest.mark.host

UNCONVERGED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# Networks of these pages, which show something else, are not trained to the end.
UNTRAINED = [
    "README.md",
    *(f"docs/{n}.md" for n in ("calibration", "scikit_learn", "tracking", "tuning")),
]
NEEDS = {"docs/tracking.md": "tensorboard", "docs/tuning.md": "optuna"}


@pytest.fixture
def like_the_author(monkeypatch):
    """Try the experiments of a machine with two cores, and end none because it is busy."""
    clock = SimpleNamespace(perf_counter=lambda: 0.0)
    monkeypatch.setattr(xl2.path.experiments, "time", clock)
    monkeypatch.setattr(xl2.path.settings.PathSettings, "workers", lambda self: 2)


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[UNCONVERGED] if p in UNTRAINED else []) for p in pages.PAGES],
)
def test_the_code_runs_and_prints_what_the_page_shows(page, like_the_author, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib", reason="a page draws")
    matplotlib.use("Agg")
    if page in NEEDS:
        pytest.importorskip(NEEDS[page], reason=f"needs {NEEDS[page]}: tox -e numpy")
    monkeypatch.chdir(tmp_path)
    pages.write_tables(tmp_path)
    failures = pages.run_page(pages.PAGES[page], {"np": np, "xl2": xl2, **pages.samples()})
    assert not failures, "\n\n".join(failures)


def test_few_blocks_are_left_out_and_each_for_a_reason():
    """A new reason belongs into this list, and is one that no change of the page can remove."""
    comments = [line for page in pages.PAGES.values() for line in pages.skips_of(page)]
    found = collections.Counter(map(pages.reason_of, comments))
    assert set(found) <= {
        "installs from the network",
        "is a sketch",
        "is about a library of your own",
        "is about a script of your own",
        "is compared by `tox -e lint`",
        "is compared by test_the_path_of_the_readme",
        "needs JAX",
        "needs PyTorch",
        "needs a CUDA device",
        "starts servers",
        "takes minutes to hours",
        "was measured on the machine that it names",
    }
    run = sum(len(list(pages.READER.parse(page).examples())) for page in pages.PAGES.values())
    assert found.total() < (run - found.total()) / 2


def test_the_path_of_the_readme(xl2, like_the_author, compiled_code, tmp_path, monkeypatch):
    """The same but for seconds where numbers are rounded as there, else a table that is close."""
    pytest.importorskip("matplotlib", reason="the command draws")
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(
        r"^```text\n(digits: .*?)^```", pages.PAGES["README.md"].read_text(), re.M | re.S
    )
    code, printed, _ = xl2("path", "digits")
    assert code == 0
    tables = [re.search(r"^  lambda .*?\n\n", text, re.M | re.S)[0] for text in (shown, printed)]
    same = tables[0] == tables[1]
    assert not pages.difference(*((shown, printed) if same else tables))


def test_outputs_may_differ_by_seconds_and_rounding_only():
    shown = "lambda 0.1, 1.3 s\nscore  97.25 %  1.9e-05  5 folds"
    for printed, same in (
        (shown, True),
        ("lambda 0.1, 12.9 s score 97.24 % 1.95e-05 5 folds", True),
        ("lambda 0.1, 1.3 s score 97.25 % 3.9e-05 5 folds", False),
        ("lambda 0.1, 1.3 s score 67.25 % 1.9e-05 5 folds", False),
        ("lambda 0.1, 1.3 s score 97.25 points 1.9e-05 5 folds", False),
        ("lambda 0.1, 1.3 s score 97.25 % 1.9e-05 5 folds more", False),
        ("lambda 0.1, 1.3 s score 97.25 % 1.9e-05 4 folds", False),
    ):
        assert (pages.difference(shown, printed) == "") == same, printed


def test_a_block_that_fails_is_reported_with_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n```sh\nxl2 nonesuch\n```\n\n"
        "```\nno language\n```\n\n```python\n1 / 0\n```\n"
        '\n<!-- skip: next "is a sketch" -->\n\n```python\n1 / 0\n```\n'
    )
    wrong, unknown, bare, error = pages.run_page(page, {})
    assert re.search(r"line 7, (.|\n)*-3\n\+2", wrong)
    assert re.search(r"line 11, (.|\n)*nonesuch", unknown)
    assert re.search(r"line 15, (.|\n)*Only blocks of python, sh and text", bare)
    assert "page.md:19: ZeroDivisionError" in error
