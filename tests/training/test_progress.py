"""The progress bar: shown on a terminal or on request."""

from __future__ import annotations

import numpy as np
import pytest

import xl2

X, Y = np.eye(4), [0, 1, 0, 1]


def fitted(**options):
    network = xl2.Network([4, 3, 1], backend="numpy")
    return xl2.fit(network, X, Y, epochs=3, **options)


def test_no_bar_without_a_terminal(capsys):
    fitted()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stack", [None, 2])
def test_a_bar_on_request_counts_the_epochs_and_shows_the_loss(capsys, stack):
    network = xl2.Network([4, 3, 1], stack=stack, backend="numpy")
    history = xl2.fit(network, X, Y, epochs=3, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert f"loss {np.min(history.loss[-1]):.4f}" in err


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fitted()
    assert "3/3" in capsys.readouterr().err
    fitted(progress=False)
    assert capsys.readouterr().err == ""
