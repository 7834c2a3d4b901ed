"""The files of backends/ only replace functions that exist, with the same parameters."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import xl2_cupy
from xl2.array import activations, operations, stacks
from xl2.array.libraries import Library, known_libraries
from xl2.nn import losses, optimizers, step

pytestmark = pytest.mark.installed
REPLACEABLE = (Library(), operations, stacks, activations, losses, optimizers, step)


def original(name: str) -> object:
    found = [getattr(owner, name) for owner in REPLACEABLE if hasattr(owner, name)]
    assert found, f"{name} replaces nothing in {REPLACEABLE}"
    return found[0]


def public(module: ModuleType) -> dict[str, object]:
    own = inspect.getmembers(module, lambda value: inspect.getmodule(value) is module)
    return {name: value for name, value in own if not name.startswith("_")}


def test_the_six_backends_are_found() -> None:
    assert {"array_api_strict", "cupy", "dpnp", "jax", "numpy", "torch"} <= set(known_libraries())


def test_a_part_of_a_file_is_not_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {file.stem for file in Path(xl2_cupy.__file__).parent.glob("xl2_cupy_*.py")}
    assert parts
    assert not {part.removeprefix("xl2_") for part in parts} & set(known_libraries())
    for name, text in (("torch_other", "INSTALL = 'build it'"), ("torch_part", "x = 1")):
        (tmp_path / f"xl2_{name}.py").write_text(f"{text}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "torch_other" in known_libraries()
    assert "torch_part" not in known_libraries()


@pytest.mark.parametrize("name", known_libraries())
def test_functions_of_a_file_have_the_parameters_of_those_they_replace(name: str) -> None:
    module = importlib.import_module(f"xl2_{name}")
    for function_name, function in public(module).items():
        assert callable(function)
        replaced = original(function_name)
        assert callable(replaced)
        assert list(inspect.signature(function).parameters) == list(
            inspect.signature(replaced).parameters
        ), function_name


@pytest.mark.parametrize("name", known_libraries())
def test_a_file_can_be_imported_without_its_library(name: str) -> None:
    module = importlib.import_module(f"xl2_{name}")
    assert isinstance(module.INSTALL, str)
    assert not hasattr(module, name), "the library is imported at the top"
