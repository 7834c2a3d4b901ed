"""Damaged and forged checkpoints raise `FileFormatError` and do no harm."""

import contextlib
import copy
import json
import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xl2.training.loop
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
        if not isinstance(state, dict) or "seen" not in state:
            raise FileFormatError("it has no array 'seen'.")
        self.seen = state["seen"]


class StopError(Exception):
    pass


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Return the bytes, the header and the arrays of a checkpoint within an epoch."""
    path = tmp_path_factory.mktemp("sound") / "c"
    learn, seen, patch = xl2.training.run.Run.learn, [], pytest.MonkeyPatch()

    def stopped(self, *arguments):
        seen.append(1)
        if len(seen) == 7:
            raise StopError
        learn(self, *arguments)

    with patch.context() as patched:
        patched.setattr(xl2.training.loop, "BLOCK", 8)
        patched.setattr(xl2.training.run.Run, "learn", stopped)
        with pytest.raises(StopError):
            fit(new(), X, LABELS, callbacks=[Count()], checkpoint=path, **SETTINGS)
    header, arrays = read_with_digest(path, FORMAT, lambda header, found: found)
    assert header["unfinished_epoch"]["done"] == 8
    return path.read_bytes(), header, arrays


def resume(path):
    """Resume from a file; return False if it was rejected."""
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
    """Return the bytes with one kind of damage."""
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


@contextlib.contextmanager
def little_memory():
    """Check that no size in a file makes the block allocate much; before, the process may have."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 2**28
    finally:
        tracemalloc.stop()


def check_mutations(sound, path, count, seed):
    content, accepted = sound[0], 0
    for number in range(count):
        changed = mutated(content, random.Random(f"{seed} {number}"))
        path.write_bytes(changed)
        accepted += resume(path) and changed != content
    assert accepted == 0


def test_a_changed_file_is_rejected(sound, tmp_path):
    check_mutations(sound, tmp_path / "c", 300, 0)


@pytest.mark.slow
def test_ten_thousand_changed_files_are_rejected(sound, tmp_path):
    with little_memory():
        check_mutations(sound, tmp_path / "c", 10_000, 1)


NUMBERS = [-1, 0, 1, 2, 3, 7, 8, 9, 40, 2**31, 2**53, 2**64, 2**200, 0.5, -0.0, 1e400, float("nan")]
OTHERS = [None, True, False, "", "x", [], {}, [[]], {"a": 1}, [0, 0], [1, 0], [5], ["x"]]


def forged(header, arrays, source):
    """Return header and arrays with one false value, but the same fingerprint."""
    header, arrays = copy.deepcopy(header), dict(arrays)
    kind = source.randrange(4)
    if kind < 2:
        values = [(header, key) for key in header if key != "run"]
        values += [(header["unfinished_epoch"], key) for key in header["unfinished_epoch"]]
        values += [(header["random_states"][0], key) for key in header["random_states"][0]]
        values += [(header["random_states"][0]["state"], key) for key in ("state", "inc")]
        lists = ("callbacks", "members", "members_by_epoch", "curves")
        values += [(header[name], 0) for name in lists]
        inside, key = source.choice(values)
        if isinstance(inside, dict) and source.random() < 0.1:
            del inside[key]
        else:
            inside[key] = source.choice(NUMBERS + OTHERS)
        return header, arrays
    name = source.choice(sorted(arrays))
    array = arrays[name]
    changes = [
        array.astype(source.choice(["float16", "float64", "int64", "uint8", "bool", "uint32"])),
        array[..., None],
        array.reshape(-1),
        array[:0] if array.ndim else array[None],
        np.full_like(array, 2**31 if array.dtype.kind in "iu" else np.nan),
        np.full_like(array, -1 if array.dtype.kind == "i" else 1),
        np.concatenate([array, array]) if array.ndim else array,
    ]
    if kind == 2:
        arrays[name] = source.choice(changes)
    elif source.random() < 0.5:
        del arrays[name]
    else:
        arrays[source.choice(["more", "weight_9", "callback_7"])] = array
    return header, arrays


def check_forgeries(sound, path, count, seed):
    """Check that a false value with a valid digest is rejected or harmless.

    Parameters that are not finite cause a `DivergenceError`.
    """
    for number in range(count):
        header, arrays = forged(sound[1], sound[2], random.Random(f"{seed} {number}"))
        path.unlink(missing_ok=True)
        write_with_digest(path, FORMAT, header, arrays)
        with contextlib.suppress(DivergenceError):
            resume(path)


# Restored numbers may not be finite.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_false_value_is_rejected_or_harmless(sound, tmp_path):
    check_forgeries(sound, tmp_path / "c", 300, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ten_thousand_false_values(sound, tmp_path):
    with little_memory():
        check_forgeries(sound, tmp_path / "c", 10_000, 1)


@given(st.binary(max_size=300))
def test_any_bytes_are_rejected(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "c"
    path.write_bytes(content)
    assert not resume(path)


def test_the_unchanged_file_is_accepted(sound, tmp_path):
    (tmp_path / "c").write_bytes(sound[0])
    assert resume(tmp_path / "c")


@pytest.mark.parametrize("length", [2**27, 2**63, 2**64 - 1])
def test_a_header_with_a_false_length_is_not_read(sound, tmp_path, length):
    (tmp_path / "c").write_bytes(length.to_bytes(8, "little") + sound[0][8:])
    with pytest.raises(FileFormatError, match="length of its header"):
        fit(new(), X, LABELS, callbacks=[Count()], checkpoint=tmp_path / "c", resume=True,
            **SETTINGS)  # fmt: skip


def test_a_deeply_nested_header_does_not_crash(tmp_path):
    deep = json.loads("[" * 500 + "]" * 500)
    write_with_digest(tmp_path / "c", FORMAT, {"run": {}, "deep": deep}, {})
    content = (tmp_path / "c").read_bytes()
    assert b"[[[[" in content
    with pytest.raises(InputError, match="another run"):
        resume(tmp_path / "c")
