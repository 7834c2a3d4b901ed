"""The notebook in examples/, executed as Jupyter does it, without a browser."""

import json
import os
import re
import sys

import pytest
from conftest import ROOT
from html_tools import Parsed

pytestmark = pytest.mark.host

NOTEBOOK = ROOT / "examples" / "xl2.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Return the code cells of the executed notebook, by the first words of their source."""
    reason = "needs pip install nbclient ipykernel"
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    nbformat = pytest.importorskip("nbformat", reason=reason)
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
            patch.setenv(name, os.fspath(folder / name))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.setenv("PYTHONWARNINGS", "error::UserWarning,error::RuntimeWarning")
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = nbclient.NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            resources={"metadata": {"path": os.fspath(folder)}},
        )
        client.execute()
    assert (folder / "digits.safetensors").is_file()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(cells, words):
    """Return the outputs of the one cell that has some words, by their MIME types."""
    (cell,) = [cell for cell in cells if words in cell.source]
    found = {}
    for output in cell.outputs:
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
        if output.output_type == "stream":
            found["text"] = found.get("text", "") + output.text
        else:
            found.update(output.data)
    return found


def test_it_is_stored_without_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}


def test_no_cell_fails_or_warns(cells):
    for cell in cells:
        assert outputs(cells, cell.source) is not None
        assert cell.execution_count is not None


def test_the_path_is_a_table(cells):
    shown = outputs(cells, "regularization_path(")
    assert shown["text/plain"].startswith("RegularizationPath(5 lambdas x 5 folds")
    page = Parsed(shown["text/html"])
    assert [row[0] for row in page.rows[:2]] == ["lambda", "0"]
    assert page.rows[-1][0] == "null"
    assert any("best" in row[-1] for row in page.rows)


def test_the_verdict_is_first(cells):
    page = Parsed(outputs(cells, "xl2.diagnose(")["text/html"])
    assert re.match(r"[A-Z].+ limits this model|Nothing is missing|The test accuracy", page.words)
    assert "McNemar" in page.words
    assert "path.ensemble_" in outputs(cells, "diagnosis.next_step")["text/plain"]


def test_the_pictures_are_drawn(cells):
    for words in ("RegularizationPathDisplay.from", "GainsDisplay.from", "plot_images("):
        assert len(outputs(cells, words)["image/png"]) > 5000


def test_it_predicts(cells):
    wrong = re.findall(r"(\d+) of 540 test samples wrong", outputs(cells, "wrong =")["text"])
    assert len(wrong) == 2
    assert max(map(int, wrong)) < 25
    assert "Classes: 0, 1, 2" in outputs(cells, "xl2.load(")["text/html"]


def test_the_network_and_its_history_are_tables(cells):
    history = Parsed(outputs(cells, "xl2.fit(")["text/html"])
    assert [row[0] for row in history.rows[1:]] == ["loss", "score", "penalty"]
    shown = outputs(cells, "network.score(")
    assert float(re.search(r"([\d.]+) %", shown["text"]).group(1)) > 90
    assert "4,785 parameters" in Parsed(shown["text/html"]).words
