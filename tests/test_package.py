"""The public names, the docs, the layers and the dependencies agree."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

import xl2

SOURCE = Path(xl2.__file__).parent
# Importing another library fails in the environments of the others.
pytestmark = pytest.mark.installed


def test_every_public_name_can_be_imported_and_is_listed():
    for name in xl2.__all__:
        assert getattr(xl2, name) is not None
    assert set(xl2.__all__) == {*xl2._MODULES, *xl2._SUBPACKAGES}
    assert set(dir(xl2)) == {*xl2.__all__, "__version__"}


def test_a_type_checker_sees_the_names_in_the_same_modules():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == {**xl2._MODULES, **dict.fromkeys(xl2._SUBPACKAGES)}


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(xl2, "nonesuch")


@pytest.mark.skipif("TOX_ENV_NAME" not in os.environ, reason="only tox installs the wheel")
def test_tox_tests_the_wheel_and_not_the_source_tree():
    import xl2_numpy

    for module in (xl2, xl2_numpy):
        assert "site-packages" in Path(module.__file__).parts


def test_types_are_published():
    assert (SOURCE / "py.typed").is_file()


def test_the_import_imports_no_library(python):
    heavy = "['numpy', 'sklearn', 'rich', 'typer', 'safetensors', 'array_api_compat']"
    code = f"import xl2; print([m for m in {heavy} if m in sys.modules])"
    assert python(code) == "[]"


def test_the_version_is_the_distributions():
    try:
        expected = importlib.metadata.version("xl2")
    except importlib.metadata.PackageNotFoundError:
        return  # run from the source tree, without a distribution
    assert xl2.__version__ == expected


def test_no_array_library_is_imported_except_numpy():
    found = []
    for path in SOURCE.rglob("*.py"):
        if path.is_relative_to(SOURCE / "benchmarks"):
            continue  # part of the wheel; they measure those libraries
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and words[1].partition(".")[0] in (
                "cupy",
                "torch",
                "jax",
                "array_api_strict",
            ):
                found.append((path.name, line))
    assert found == []


@pytest.mark.host
@pytest.mark.skipif(find_spec("importlinter") is None, reason="no import-linter: pip install it")
def test_an_import_upward_is_refused(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "xl2", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lowest = tmp_path / "xl2" / "array" / "api.py"
    lint = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
    for planted, verdict in (("", "KEPT"), ("\n\nfrom ..path import result\n", "BROKEN")):
        lowest.write_text(lowest.read_text() + planted)
        done = subprocess.run(
            [sys.executable, "-c", lint], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert f"Imports go down only {verdict}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
    assert re.search(r"xl2\.array\.api -> xl2\.path\.result", done.stdout)


@pytest.mark.host
def test_the_lower_bounds_are_those_that_are_tested():
    """`tox -e oldest` installs them, except PyTorch's and CuPy's, which are gigabytes."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    tested = dict(re.findall(r"([\w-]+)(?:\[[\w,]+\])?==([\w.]+)", tox["testenv:oldest"]["deps"]))
    assert tested.pop("array-api-strict")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"]]
    tried = "data excel zarr plot onnx dask tune mlflow tensorboard jax test"
    for name in tried.split():
        named += [line for line in extras[name] if not line.startswith("xl2[")]
    bounds = [re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\w.]+)", line).groups() for line in named]
    assert dict(bounds) == tested
