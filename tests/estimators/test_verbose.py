"""Where the lines of `verbose` go: to logging that is set up, else to standard output."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from xl2 import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fit(solver):
    X = np.random.default_rng(0).normal(size=(30, 2))
    MLPClassifier((3,), solver=solver, max_iter=3, verbose=True).fit(X, X[:, 0] > 0)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_lines_are_logged_where_a_handler_takes_them(solver, caplog, capsys):
    fit(solver)  # pytest's handler, but the level is WARNING, as by default
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert caplog.records == []
    with caplog.at_level(logging.INFO, logger="xl2"):
        fit(solver)
    assert capsys.readouterr().out == ""
    assert [record.name for record in caplog.records] == ["xl2"] * 3
    assert [line.partition("loss = ")[0] for line in caplog.messages] == [
        line.partition("loss = ")[0] for line in printed
    ]


def test_lines_are_printed_if_logging_has_no_handler(capsys, monkeypatch):
    logger = logging.getLogger("xl2")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()
    fit("adam")
    assert len(capsys.readouterr().out.splitlines()) == 3
    logger.manager._clear_cache()
