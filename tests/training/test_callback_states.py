"""The states of callbacks are saved in a checkpoint and restored."""

import numpy as np
import pytest
from checkpointing import (
    LABELS,
    Patience,
    X,
    assert_same,
    header_of,
    network,
    settings,
    survive,
    trained,
    trainer,
)

from xl2 import InputError, Network, fit


def test_a_callback_resumes_with_its_state(where, tmp_path, die):
    calls = []

    def train(**saving):
        calls.append(Patience(3))
        train = trainer(
            lambda: network(where), X, LABELS, **settings(epochs=9, callbacks=[calls[-1]])
        )
        return train(**saving)

    result, _ = survive(die, train, tmp_path / "c", 3)
    assert len(result[1]) == 3
    assert calls[-1].seen.tolist() == result[1].loss
    assert_same(result, train())
    # A run that a callback ended stays ended.
    again = trainer(
        lambda: network(where), X, LABELS, **settings(epochs=20, callbacks=[Patience(1)])
    )
    with pytest.warns(
        UserWarning, match="No further epoch was trained: a callback ended .* after 3 of 9 epochs"
    ):
        assert_same(again(checkpoint=tmp_path / "c", resume=True), result)
    with pytest.raises(InputError, match='callbacks with a state was "Patience" and is now "none"'):
        fit(network(where), X, LABELS, checkpoint=tmp_path / "c", resume=True, **settings())


class Holding:
    """A callback that holds a value as its state."""

    def __init__(self, value=None):
        self.value = value

    def __call__(self, network, history):
        return None

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


@pytest.mark.host
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "object"),
        ({1}, "set"),
        (b"bytes", "bytes"),
        (1j, "complex"),
        (np.array(["text"]), "an array of <U4"),
        (np.array([None]), "an array of object"),
        (np.array([1j]), "an array of complex128"),
        (np.array(["2020"], dtype="M8[D]"), r"an array of datetime64\[D\]"),
        (np.zeros(2, dtype=[("a", "f4")]), "an array of .*'a'"),
        (np.ma.array([1, 2], mask=[0, 1]), "MaskedArray"),
        (np.bytes_(b"bytes"), "bytes_"),
        (np.datetime64("2020"), "datetime64"),
        (np.complex64(1), "complex64"),
        (np.zeros(1, dtype=[("a", "f4")])[0], "void"),
        ({(1, 2): 3}, "a dict with a tuple as key"),
        *(
            [(np.zeros(2, np.longdouble), "an array of"), (np.longdouble(1), "longdouble")]
            if np.dtype(np.longdouble).itemsize > 8
            else []
        ),
    ],
)
def test_a_state_that_cannot_be_saved_is_an_error_before_training(tmp_path, value, message):
    seen = []
    calls = [Holding(value), lambda *_: seen.append(1)]
    with pytest.raises(InputError, match=f"numbers of at most 64 bits. Received: {message}"):
        fit(Network([3, 2]), X, LABELS, callbacks=calls, checkpoint=tmp_path / "c", epochs=2)
    assert seen == list(tmp_path.iterdir()) == []


@pytest.mark.host
@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", ">f8", ">i2"])
def test_numpy_arrays_and_numbers_are_restored(tmp_path, dtype):
    given = {"array": np.arange(3).astype(dtype), "number": np.arange(2).astype(dtype)[1],
             "nan": np.float32("nan"), "text": np.str_("a"), 2: {None: [True, 2**300]}}  # fmt: skip
    fit(Network([3, 2]), X, LABELS, callbacks=[Holding(given)], checkpoint=tmp_path / "c", epochs=1)
    again = Holding()
    fit(Network([3, 2]), X, LABELS, callbacks=[again], checkpoint=tmp_path / "c", epochs=1,
        resume=True)  # fmt: skip
    found = again.value
    assert found["array"].dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(found["array"], given["array"])
    assert (found["number"], found["text"], found[2]) == (1, "a", {None: [True, 2**300]})
    assert found["nan"] != found["nan"]


@pytest.mark.host
def test_a_callback_without_load_state_dict_is_an_error(tmp_path):
    def call(network, history):
        raise AssertionError("it was trained")

    call.state_dict = dict
    with pytest.raises(InputError, match=r"function has state_dict\(\) but no load_state_dict"):
        fit(Network([3, 2]), X, LABELS, callbacks=[call], checkpoint=tmp_path / "c")


@pytest.mark.host
@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError])
def test_an_error_of_load_state_dict_is_not_wrapped(tmp_path, error):
    class Wrong(Holding):
        def load_state_dict(self, state):
            raise error("its own")

    options = {"callbacks": [Wrong()], "checkpoint": tmp_path / "c"}
    fit(Network([3, 2]), X, LABELS, epochs=1, **options)
    one = Network([3, 2], seed=7)
    before = one.host_parameters()
    with pytest.raises(error, match="its own") as caught:
        fit(one, X, LABELS, epochs=2, resume=True, **options)
    assert type(caught.value) is error
    np.testing.assert_array_equal(one.host_parameters()[0][0], before[0][0])


@pytest.mark.host
@pytest.mark.parametrize(
    "value", [object(), list(range(10_000)), 10**5000], ids=["object", "long", "digits"]
)
def test_a_state_that_can_no_longer_be_saved_warns_once(tmp_path, monkeypatch, value):
    monkeypatch.setattr("xl2.io.safetensors_file.MAX_HEADER", 8000)
    call = Holding()

    def spoil(network, history):
        call.value = value if len(history) == 2 else call.value

    reason = "state of a callback may contain|would have a header of|cannot be written"
    with pytest.warns(UserWarning, match=f"({reason}).*previous one is intact") as caught:
        _, history = trained(tmp_path, callbacks=[spoil, call])
    assert len(caught) == 1
    assert len(history) == 4
    assert header_of(tmp_path / "c")["epochs"] == 1
