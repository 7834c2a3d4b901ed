"""The examples, run as a reader runs them, on data that come with scikit-learn."""

import ast
import os
import re
import runpy
import sys

import pytest
from conftest import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NUMBER = r"(-?[\d.]+)"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run an example in an empty folder, without the real data; return its output in one line.

    It has to draw `pictures`, each shown when it is finished, and to leave no file.
    """
    matplotlib = pytest.importorskip("matplotlib", reason="an example draws")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = []

    def show():
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            figure.canvas.draw()
            shown.append(figure)
        pyplot.close("all")

    def run(name, *arguments, pictures=1):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XL2_DATA", os.fspath(tmp_path))
        # Some examples start processes.
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        monkeypatch.setattr(pyplot, "show", show)
        runpy.run_path(os.fspath(ROOT / "examples" / name), run_name="__main__")
        assert pyplot.get_fignums() == []
        assert len(shown) == pictures
        assert all(ax.has_data() for figure in shown for ax in figure.axes)
        assert list(tmp_path.iterdir()) == []
        out, err = capsys.readouterr()
        assert err == ""
        return " ".join(out.split())

    return run


@pytest.mark.host
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_is_a_page_of_the_gallery(example):
    text = example.read_text(encoding="utf-8")
    title, line, blank, *_ = ast.get_docstring(ast.parse(text)).splitlines()
    assert line == "=" * len(title)
    assert blank == ""
    assert text.count("# %%\n") >= 3
    assert "plt.show()" in text
    for rule in re.findall(r"^# ([^\n]+)\n# -+$", text, re.M):
        assert f"# {rule}\n# {'-' * len(rule)}\n" in text
    assert f'"{example.name}"' in (ROOT / "tests" / "test_examples.py").read_text()


@pytest.mark.host
def test_each_has_a_place_in_the_gallery():
    order = runpy.run_path(os.fspath(ROOT / "docs" / "extensions" / "gallery_order.py"))["ORDER"]
    assert sorted(order) == [path.stem for path in EXAMPLES]


def test_the_lesson_in_which_bias_dominates(run):
    printed = run("lesson_mnist.py", pictures=2)
    assert "MNIST is not installed" in printed
    assert "The network limits this model: 20 units for 5 would gain" in printed
    assert re.search(r"The bias, [\d.]+ points, is larger than the gap", printed)
    assert re.search("L2 (does not help|is not shown to help) here", printed)
    assert "lambda was chosen by the scores on these very test samples" in printed


def test_the_lesson_in_which_the_gap_dominates(run):
    printed = run("lesson_cats.py", pictures=3)
    assert "The cats are not installed" in printed
    assert re.search(r"The gap, [\d.]+ points, is larger than the bias", printed)
    assert "twice the samples, 120" in printed
    assert "Exact McNemar test" in printed
    assert "cannot say whether L2 helped" in printed


def test_a_spreadsheet(run):
    printed = run("spreadsheet.py", pictures=2)
    assert "Cells are separated by semicolons and decimals have a comma." in printed
    assert "The first line is a title and was skipped." in printed
    assert "Left out, because it numbers the rows: the first column." in printed
    assert "Categories, each an input of 0 and 1: 'colour'." in printed
    assert "Missing values" in printed
    predictions = printed.partition("it is ")[2].split()
    answers, truth = predictions[::3], predictions[2::3]
    assert len(truth) == 8
    assert sum(a == t for a, t in zip(answers, truth, strict=True)) >= 6


def test_a_rare_illness(run):
    printed = run("rare_illness.py")
    area, low, high = map(
        float,
        re.search(rf"AUC .*?: {NUMBER}, 95 % interval {NUMBER} to {NUMBER}", printed).groups(),
    )
    assert 0.8 < low < area < high < 1.0
    saved = re.findall(rf"saved beside ([a-z ]+?) {NUMBER} \({NUMBER} to {NUMBER}\)", printed)
    assert [name for name, *_ in saved] == [
        "everybody is healthy",
        "everybody is ill",
        "the most probable answer",
    ]
    assert all(float(low) > 0 for _, _, low, _ in saved)


def test_prediction_intervals(run):
    printed = run("regression_intervals.py", pictures=2)
    shares = re.findall(r"(\d+) % (\d+) % \((\d+) to (\d+)\)", printed)
    assert [level for level, *_ in shares] == ["50", "80", "90"]
    assert all(int(low) <= int(level) <= int(high) for level, _, low, high in shares)
    left, _, right = (int(share) for share in re.findall(r"x \d to \d (\d+) %", printed))
    assert left > 95
    assert right < 85


def test_groups(run):
    printed = run("groups.py")
    (a, a_error, b, b_error), (c, c_error, d, d_error) = (
        map(float, found)
        for found in re.findall(
            rf"promise {NUMBER} ± {NUMBER} %, and new people get {NUMBER} ± {NUMBER} %", printed
        )
    )
    assert a - b > 20 * max(a_error, b_error)
    assert abs(c - d) < 2 * (c_error**2 + d_error**2) ** 0.5
    assert d > b


def test_four_backends(run, backend):
    name = backend.name + (":device1" if "device1" in str(backend.device) else "")
    printed = run("four_backends.py", name)
    rows = re.findall(rf"(\S+) (float\d\d) {NUMBER} {NUMBER} % (\S+) {NUMBER}", printed)
    assert {row[0] for row in rows} == {"numpy", name}
    for _, dtype, loss, accuracy, apart, _ in rows:
        assert float(loss) == pytest.approx(float(rows[0][2]), abs=2e-5)
        assert float(accuracy) > 85
        assert float(apart) < (1e-4 if dtype == "float32" else 1e-12)


def test_a_killed_run(run):
    printed = run("resume_killed_run.py")
    assert "undisturbed: epochs 1 to 60, exit status 0" in printed
    last = int(re.search(r"killed: epochs 1 to (\d+), exit status -9", printed).group(1))
    first = int(re.search(r"killed: epochs (\d+) to 60, exit status 0", printed).group(1))
    assert 15 <= last < 60
    assert last <= first <= last + 2  # it may have died before it could tell of the last one
    assert "The losses of all 60 epochs are equal: True." in printed
    assert "All weights and biases are equal, byte by byte: True." in printed


def test_a_cluster_whose_worker_dies(run, compiled_code):
    pytest.importorskip("distributed", reason='no Dask: pip install "xl2[dask]"')
    printed = run("cluster.py")
    assert "workers: a b" in printed
    assert re.search(r"worker b was killed with [1-9]\d* of the stacks", printed)
    assert "workers left: a validation" in printed
    for what in ("validation scores", "curves", "weights"):
        assert f"{what} are equal: True" in printed


def test_an_export(run):
    pytest.importorskip("onnxruntime", reason='no ONNX: pip install "xl2[onnx]"')
    printed = run("onnx_export.py")
    assert "labels that differ: 0 of 72" in printed
    for apart in re.findall(r"largest difference[^:]*: (\S+)", printed):
        assert float(apart) < 2e-6
    assert printed.count("largest difference") == 2


def test_scikit_learns_script_with_one_import_changed(run):
    printed = run("sklearn_dropin.py", "numpy")
    rows = re.findall(rf"(0\.\d+) {NUMBER} (0\.\d+) {NUMBER} (\S+e-\d+)", printed)
    assert len(rows) == 4
    for theirs, _, ours, _, difference in rows:
        assert ours == theirs
        assert float(difference) < 1e-7
    plain, balanced = re.findall(r"(\d+) of 61 eights found", printed)
    assert int(plain) < int(balanced)
    assert "4 lambdas x 5 folds" in printed
    assert "On numpy it took" in printed
    assert float(printed.removesuffix(".").split()[-1]) < 1e-7


def test_its_fit_on_another_library(run, backend):
    if backend.name == "numpy":
        pytest.skip("that is the test above")
    name = backend.name + (":device1" if "device1" in str(backend.device) else "")
    printed = run("sklearn_dropin.py", name)
    assert f"On {name} it took" in printed
    assert float(printed.removesuffix(".").split()[-1]) < 1e-7
