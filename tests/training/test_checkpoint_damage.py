"""Checkpoints that are damaged, or made to harm: an error of the format, and nothing else."""

import contextlib
import copy
import json
import random
import resource
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xl2.training.run
from xl2 import DivergenceError, FileFormatError, InputError, Network, fit
from xl2.io.safetensors_file import read_with_digest, write_with_digest
from xl2.training.checkpoints import FORMAT

pytestmark = pytest.mark.host

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
LABELS = (X[:, 0] > 0).astype(int)
SETTINGS = {"epochs": 2, "batch_size": 4, "optimizer": "adam", "every": 0.01}


def new():
    return Network([3, 4, 2], ["tanh", "softmax"], stack=2, backend="numpy")


class Count:
    """A callback with a state."""

    seen = np.zeros(2)

    def __call__(self, network, history):
        return None

    def state_dict(self):
        return {"seen": self.seen, "n": 1}

    def load_state_dict(self, state):
        # What a callback makes of its state is its own affair, and so are its errors.
        if not isinstance(state, dict) or "seen" not in state:
            raise FileFormatError("it says nothing of what was seen.")
        self.seen = state["seen"]


class StopError(Exception):
    pass


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A checkpoint within an epoch: its bytes, its header, its arrays."""
    path = tmp_path_factory.mktemp("sound") / "c"
    learn, seen, patch = xl2.training.run.Run.learn, [], pytest.MonkeyPatch()

    def stopped(self, *arguments):
        seen.append(1)
        if len(seen) == 7:
            raise StopError
        learn(self, *arguments)

    with patch.context() as patched:
        patched.setattr(xl2.training.run, "RUN", 8)
        patched.setattr(xl2.training.run.Run, "learn", stopped)
        with pytest.raises(StopError):
            fit(new(), X, LABELS, callbacks=[Count()], checkpoint=path, **SETTINGS)
    header, arrays = read_with_digest(path, FORMAT, lambda header, found: found)
    assert header["under_way"]["done"] == 8
    return path.read_bytes(), header, arrays


def resume(path):
    """Go on from a file; return whether it was taken, as a whole, or refused."""
    network = new()
    before = network.parameters
    try:
        history = fit(network, X, LABELS, callbacks=[Count()], checkpoint=path, resume=True,
                      **SETTINGS)  # fmt: skip
    except FileFormatError:
        assert network.parameters is before
        return False
    assert len(history) == 2
    return True


def mutated(content, source):
    """Return bytes with one of the usual mistakes."""
    content = bytearray(content)
    at, kind = source.randrange(len(content)), source.randrange(6)
    if kind == 0:
        content[at] ^= 1 << source.randrange(8)
    elif kind == 1:
        content[at] = source.randrange(256)
    elif kind == 2:
        del content[at:]
    elif kind == 3:
        del content[at : at + source.randrange(1, 64)]
    elif kind == 4:
        content[at:at] = bytes(source.randrange(256) for _ in range(source.randrange(1, 64)))
    else:  # in the header, where sizes are
        at = source.randrange(min(len(content), 4000))
        digits = [i for i in range(at, min(at + 400, len(content))) if 48 <= content[i] < 58]
        for i in digits[: source.randrange(1, 9)]:
            content[i] = source.choice(b"0123456789")
    return bytes(content)


def check_mutations(sound, path, count, seed):
    content, taken = sound[0], 0
    for number in range(count):
        changed = mutated(content, random.Random(f"{seed} {number}"))
        path.write_bytes(changed)
        taken += resume(path) and changed != content
    assert taken == 0


def test_a_changed_file_is_refused(sound, tmp_path):
    check_mutations(sound, tmp_path / "c", 300, 0)


@pytest.mark.slow
def test_ten_thousand_changed_files_are_refused(sound, tmp_path):
    check_mutations(sound, tmp_path / "c", 10_000, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak * (1 if sys.platform == "darwin" else 1024) < 2**30


NUMBERS = [-1, 0, 1, 2, 3, 7, 8, 9, 40, 2**31, 2**53, 2**64, 2**200, 0.5, -0.0, 1e400, float("nan")]
OTHERS = [None, True, False, "", "x", [], {}, [[]], {"a": 1}, [0, 0], [1, 0], [5], ["x"]]


def twisted(header, arrays, source):
    """Return header and arrays with a lie in them; what the run is of stays."""
    header, arrays = copy.deepcopy(header), dict(arrays)
    kind = source.randrange(4)
    if kind < 2:
        places = [(header, key) for key in header if key != "run"]
        places += [(header["under_way"], key) for key in header["under_way"]]
        places += [(header["randoms"][0], key) for key in header["randoms"][0]]
        places += [(header["randoms"][0]["state"], key) for key in ("state", "inc")]
        places += [(header["callbacks"], 0), (header["members"], 0), (header["curves"], 0)]
        inside, key = source.choice(places)
        if isinstance(inside, dict) and source.random() < 0.1:
            del inside[key]
        else:
            inside[key] = source.choice(NUMBERS + OTHERS)
        return header, arrays
    name = source.choice(sorted(arrays))
    array = arrays[name]
    lies = [
        array.astype(source.choice(["float16", "float64", "int64", "uint8", "bool", "uint32"])),
        array[..., None],
        array.reshape(-1),
        array[:0] if array.ndim else array[None],
        np.full_like(array, 2**31 if array.dtype.kind in "iu" else np.nan),
        np.full_like(array, -1 if array.dtype.kind == "i" else 1),
        np.concatenate([array, array]) if array.ndim else array,
    ]
    if kind == 2:
        arrays[name] = source.choice(lies)
    elif source.random() < 0.5:
        del arrays[name]
    else:
        arrays[source.choice(["more", "weight_9", "callback_7"])] = array
    return header, arrays


def check_lies(sound, path, count, seed):
    """What is signed as it should be, and lies, is refused, or gone on from without harm.

    Parameters that are no numbers are those of a training that diverges, and it says so.
    """
    for number in range(count):
        header, arrays = twisted(sound[1], sound[2], random.Random(f"{seed} {number}"))
        path.unlink(missing_ok=True)
        write_with_digest(path, FORMAT, header, arrays)
        with contextlib.suppress(DivergenceError):
            resume(path)


# Numbers that are not finite may come back as they are: nobody is to be warned of that.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_lie_is_refused_or_harms_nobody(sound, tmp_path):
    check_lies(sound, tmp_path / "c", 300, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ten_thousand_lies(sound, tmp_path):
    check_lies(sound, tmp_path / "c", 10_000, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak * (1 if sys.platform == "darwin" else 1024) < 2**30


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "c"
    path.write_bytes(content)
    assert not resume(path)


def test_the_sound_one_is_taken(sound, tmp_path):
    (tmp_path / "c").write_bytes(sound[0])
    assert resume(tmp_path / "c")


@pytest.mark.parametrize("length", [2**27, 2**63, 2**64 - 1])
def test_a_header_of_a_size_that_is_a_lie_is_not_read(sound, tmp_path, length):
    (tmp_path / "c").write_bytes(length.to_bytes(8, "little") + sound[0][8:])
    with pytest.raises(FileFormatError, match="length of its header"):
        fit(new(), X, LABELS, callbacks=[Count()], checkpoint=tmp_path / "c", resume=True,
            **SETTINGS)  # fmt: skip


def test_a_deep_header_is_no_crash(tmp_path):
    deep = json.loads("[" * 500 + "]" * 500)
    write_with_digest(tmp_path / "c", FORMAT, {"run": {}, "deep": deep}, {})
    content = (tmp_path / "c").read_bytes()
    assert b"[[[[" in content
    with pytest.raises(InputError, match="another run"):
        resume(tmp_path / "c")
