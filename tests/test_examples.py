"""The examples, run as a reader runs them, on data that come with scikit-learn."""

import os
import re
import runpy
import sys

import pytest
from conftest import ROOT
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from xl2 import MLPClassifier


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run an example in an empty folder, without the real data; return its output."""

    def run(name, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XL2_DATA", os.fspath(tmp_path))
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_path(os.fspath(ROOT / "examples" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_the_lesson_in_which_bias_dominates(run):
    printed = " ".join(run("lesson_mnist.py").split())
    assert "MNIST is not installed" in printed
    assert "The network limits this model: 20 units for 5 would gain" in printed
    assert re.search(r"The bias, [\d.]+ points, is larger than the gap", printed)
    assert re.search("L2 (does not help|is not shown to help) here", printed)
    assert re.search(r"\+[\d.]+ to \+[\d.]+ \d+ samples", printed)  # twice as many would gain


def test_the_lesson_in_which_the_gap_dominates(run):
    printed = " ".join(run("lesson_cats.py").split())
    assert "The cats are not installed" in printed
    assert re.search(r"The gap, [\d.]+ points, is larger than the bias", printed)
    assert "twice the samples, 120" in printed
    assert "Exact McNemar test" in printed
    assert "cannot say whether L2 helped" in printed


def test_a_table_of_your_own(run, tmp_path):
    pytest.importorskip("matplotlib", reason="the example draws")
    import matplotlib

    matplotlib.use("Agg")
    printed = run("your_own_csv.py")
    assert re.search(r"The first test sample is (\w+); the model predicts \w+", printed)
    assert {file.name for file in tmp_path.iterdir()} == {
        "wine.csv",
        "wine.safetensors",
        "wine-path.png",
    }


def test_picking_a_backend(run, backend):
    name = backend.name + (":device1" if "device1" in str(backend.device) else "")
    lines = run("pick_a_backend.py", "numpy", name).splitlines()
    assert len(lines) == 3
    loss = [float(re.split(r"  +", line)[1]) for line in lines[1:]]
    assert loss[0] == pytest.approx(loss[1], abs=2e-5)
    accuracy = [float(re.split(r"  +", line)[2]) for line in lines[1:]]
    assert min(accuracy) > 0.6


@pytest.mark.filterwarnings("ignore:The last mini-batch")
def test_scikit_learns_script_with_one_import_changed(run):
    lines = run("sklearn_dropin.py", "numpy").splitlines()
    assert max(map(len, lines)) < 80
    for line in lines[2:6]:
        theirs, _, ours, _, difference = line[28:].split()
        assert ours == theirs
        assert float(difference) < 1e-7
    printed = "\n".join(lines)
    plain, balanced = re.findall(r"(\d+) of 48 eights found", printed)
    assert int(plain) < int(balanced)
    assert "4 lambdas x 5 folds" in printed
    assert lines[-2].startswith("On numpy it took")
    assert float(lines[-1].removesuffix(".").split()[-1]) < 1e-7


@pytest.mark.filterwarnings("ignore:The last mini-batch")
def test_its_fit_on_another_library(backend, capsys):
    name = backend.name + (":device1" if "device1" in str(backend.device) else "")
    example = runpy.run_path(os.fspath(ROOT / "examples" / "sklearn_dropin.py"))
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    same = MLPClassifier((50, 25), **example["SGD"]).fit(X, y)
    example["train_on"](name, X, y, same)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith(f"On {name} it took")
    assert float(lines[-1].removesuffix(".").split()[-1]) < 1e-7
