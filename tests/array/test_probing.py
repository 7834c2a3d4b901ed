"""A device that computes wrongly is refused at its first use, with what is wrong."""

from __future__ import annotations

import array_api_compat.numpy
import numpy as np
import pytest
from faulty_arrays import FAULTS, Faulty, to_host

import xl2
from xl2 import BackendError
from xl2.array import probing, switch
from xl2.array.libraries import Library, file_of
from xl2.array.operations import choose, gradient

pytestmark = pytest.mark.installed

# The case that each fault is found by.
FOUND_BY = {
    "first transposed": "the product of a transposed matrix and another",
    "second transposed": "the product of a matrix and a transposed one",
    "both transposed": "the product of two transposed matrices",
    "batched": "the product of two stacks of matrices",
    "batched and transposed": "the product of a stack of matrices and one of transposed ones",
    "inside another": "the product of two matrices that are parts of larger ones",
    "square": "the product of two square matrices",
    "past a page": "the product of a column and a row",
    "in place": "the change in place of a transposed matrix",
    "sum": "the sum of the rows of each matrix of a stack",
    "copy": "the copy of a transposed matrix to the host",
}


@pytest.fixture(autouse=True)
def nothing_probed(monkeypatch):
    monkeypatch.setattr(probing, "_found", {})


def library_with(fault):
    kind = type("OfOneFault", (Faulty,), {"fault": fault})
    return Library(
        from_host=lambda xp, array, device: array.copy().view(kind),
        to_host=to_host(fault),
        devices=lambda xp: ["cpu", "gpu"],
    )


def probe(library, device="gpu"):
    probing.probe(array_api_compat.numpy, library, device)


def test_a_sound_device_is_accepted():
    probe(library_with("sound"))


def test_every_fault_has_its_case():
    assert list(FOUND_BY) == FAULTS
    what = [case.what for case in probing.CASES]
    assert len(set(what)) == len(what)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(fault):
    with pytest.raises(probing.WrongResultError) as caught:
        probe(library_with(fault))
    said = str(caught.value)
    assert said.startswith(f"{FOUND_BY[fault]} has ")
    assert " is correct, and " in said
    assert "update the library and the driver of the device, or choose device='cpu'." in said


@pytest.mark.parametrize(
    ("device", "end"),
    [
        ("gpu", "of the device, or choose device='cpu'."),
        ("cpu", "of the device, or choose backend='numpy'."),
        (None, "of the device, or choose backend='numpy'."),
    ],
)
def test_the_advice_leads_to_something_else(device, end):
    with pytest.raises(probing.WrongResultError) as caught:
        probe(library_with("sum"), device)
    assert str(caught.value).endswith(end)


def test_for_numpy_there_is_nothing_else(monkeypatch):
    monkeypatch.setattr(file_of("numpy"), "gradient", lambda x, delta: -(x.mT @ delta))
    with pytest.raises(BackendError) as caught:
        xl2.Network([2, 1])
    assert str(caught.value).endswith("update NumPy, or install one with another BLAS.")


@pytest.mark.parametrize("case", probing.CASES, ids=lambda case: case.what.replace(" ", "-"))
def test_the_right_numbers_are_those_of_the_portable_operations(case):
    """They are computed in another way: by einsum, in integers."""
    rng = np.random.default_rng(1)
    arrays = [rng.integers(-4, 5, size=shape) for shape in case.shapes]
    right = case.expected(*arrays)
    assert right.dtype.kind == "i"
    assert np.abs(right).max() < 2**11  # exact even with the 11 bits of TF32 and float16
    given = probing.functions_of(Library())
    found = case.compute(given, *(x.astype(np.float32) for x in arrays))
    np.testing.assert_array_equal(found, right)


def test_a_device_is_probed_once_and_by_one_compiled_function(backend, monkeypatch):
    asked, compiled = [], backend.library.compiled

    def counted(function, *first):
        asked.append(function)
        return compiled(function, *first)

    monkeypatch.setattr(backend.library, "compiled", counted)
    probing._found.clear()  # the fixture has connected
    with backend.scope():
        for _ in range(2):
            probing.probe(backend.xp, backend.library, backend.device)
    assert len(asked) == 1


def test_a_wrong_device_is_not_probed_again(monkeypatch):
    wrong, compiled = library_with("sum"), []
    monkeypatch.setattr(wrong, "compiled", lambda f, *first: compiled.append(f) or _bound(f, first))
    for _ in range(2):
        with pytest.raises(probing.WrongResultError):
            probe(wrong)
    assert len(compiled) == 1
    probe(library_with("sound"), "another")


def _bound(function, first):
    return lambda *arguments: function(*first, *arguments)


def test_an_error_is_not_remembered(monkeypatch):
    library = library_with("sound")
    from_host = library.from_host

    def fails(*_):
        raise MemoryError

    monkeypatch.setattr(library, "from_host", fails)
    with pytest.raises(MemoryError):
        probe(library)
    monkeypatch.setattr(library, "from_host", from_host)
    probe(library)


def test_the_operations_of_the_file_are_probed(backend, monkeypatch):
    """Such as PyTorch's `affine`, which is one call of another function."""
    own = choose(backend.library, gradient)
    probing._found.clear()
    monkeypatch.setattr(backend.library, "gradient", lambda x, delta: -own(x, delta), raising=False)
    with (
        backend.scope(),
        pytest.raises(probing.WrongResultError, match="of a transposed matrix and an"),
    ):
        probing.probe(backend.xp, backend.library, backend.device)


FILE = '''
"""A library with a wrong accelerator, and a CPU that is right."""

import array_api_compat.numpy
from faulty_arrays import Faulty

INSTALL = "run pip install faultyarrays"
UPDATE = "update faultyarrays"


class Wrong(Faulty):
    fault = "first transposed"


def import_namespace(name):
    return array_api_compat.numpy


def accelerators(xp):
    return ["fast"]


def devices(xp):
    return ["cpu", "fast"]


def find_device(xp, name):
    if name not in devices(xp):
        raise LookupError(name)
    return name


def from_host(xp, array, device):
    return array.copy().view(Wrong) if device == "fast" else array
'''


@pytest.fixture
def faulty_library(tmp_path, monkeypatch):
    (tmp_path / "faultyarrays.py").write_text("")
    (tmp_path / "xl2_faultyarrays.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(switch, "AUTO", ("faultyarrays", "numpy"))
    return "faultyarrays"


def test_a_wrong_device_is_refused_with_what_to_do(faulty_library):
    for device in ("fast", "auto"):
        with pytest.raises(BackendError) as caught:
            xl2.Network([2, 1], backend=faulty_library, device=device)
        assert str(caught.value).startswith(
            "The backend 'faultyarrays' computes wrong results on fast: the product of a transposed"
        )
        assert str(caught.value).endswith("update faultyarrays, or choose device='cpu'.")
    xl2.Network([2, 1], backend=faulty_library, device="cpu")


def test_auto_goes_on_to_the_next_library_and_the_reason_is_listed(faulty_library):
    assert switch.resolve("auto").name == "numpy"
    (found,) = [one for one in xl2.backends() if one.name == faulty_library]
    assert found.devices == ("cpu",)
    assert found.reason.startswith("fast: the product of a transposed matrix and another has ")
    assert "\n" not in found.reason


def test_the_command_line_names_its_own_options(faulty_library, tmp_path, xl2):
    table = tmp_path / "a.csv"
    table.write_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    command = ("path", table, "--target", "b", "--backend", faulty_library, "--device", "fast")
    code, _, err = xl2(*command)
    assert code == 2
    assert "--device cpu" in " ".join(err.split())


@pytest.mark.parametrize("name", ["torch", "dpnp"])
def test_the_advice_names_the_driver(name):
    assert "driver" in file_of(name).UPDATE
