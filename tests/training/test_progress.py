"""The progress bar: shown on a terminal or on request."""

from __future__ import annotations

import builtins
import sys
import types

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


@pytest.mark.parametrize("shell", ["ZMQInteractiveShell", "TerminalInteractiveShell"])
@pytest.mark.parametrize("widgets", [True, False])
def test_a_bar_in_a_notebook_that_rich_can_draw_in(monkeypatch, capsys, shell, widgets):
    """Without a kernel: rich asks `get_ipython`, and draws in an Output of ipywidgets."""
    drawn = []

    class Output:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def clear_output(self, wait):
            return None

        def close(self):
            return None

    one = type(shell, (), {})()
    monkeypatch.setattr(builtins, "get_ipython", lambda: one, raising=False)
    shown = types.ModuleType("IPython.display")
    shown.display = drawn.append
    for module in (types.ModuleType("IPython"), shown):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    names = types.ModuleType("ipywidgets")
    names.Output, names.__spec__ = Output, types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "ipywidgets", names if widgets else None)
    if not widgets:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    fitted()
    is_notebook = shell == "ZMQInteractiveShell"
    assert any(isinstance(one, Output) for one in drawn) == (is_notebook and widgets)
    assert "3/3" not in capsys.readouterr().err
