"""Ctrl-C during a run with a checkpoint."""

import os
import pkgutil
import signal

import numpy as np
import pytest
from checkpointing import (
    LABELS,
    STACKS,
    TARGETS,
    Patience,
    X,
    assert_same,
    drop,
    header_of,
    network,
    settings,
)

import xl2.training.loop
import xl2.training.run
from xl2 import DivergenceError, Network, fit
from xl2.array.interrupts import Interrupts


def interrupted(network, history):
    if len(history) == 2:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", STACKS)
def test_ctrl_c_saves_the_run(where, tmp_path, stack):
    more = {} if stack is None else {"callbacks": [drop], "penalty": [0.1] * 3}
    stack = (2, 3) if stack == (2, 2) else stack

    def train(*first, **saving):
        one = network(where, stack)
        callbacks = [*first, *more.get("callbacks", [])]
        options = {**settings(epochs=4), **more, "callbacks": callbacks, "every": 100}
        if not saving:
            del options["every"]
        try:
            return one, fit(one, X, LABELS, **options, **saving)
        except KeyboardInterrupt:
            assert np.isfinite(np.asarray(one.score(X, LABELS))).all()
            return None

    assert train(interrupted, checkpoint=tmp_path / "c") is None
    # The results of the other callbacks are not lost.
    assert_same(train(checkpoint=tmp_path / "c", resume=True), train())


@pytest.mark.host
def test_the_first_ctrl_c_waits_and_the_second_does_not(tmp_path, die):
    def send(network, history):
        if len(history) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    one = Network([3, 4, 2], backend="numpy")
    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=3, callbacks=[send], checkpoint=tmp_path / "c", every=9)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert header_of(tmp_path / "c")["epochs"] == 1

    def twice(network, history):
        send(network, history)
        send(network, history)
        raise AssertionError("the second Ctrl-C was delayed")

    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=3, callbacks=[twice], checkpoint=tmp_path / "d", every=9)
    assert not (tmp_path / "d").exists()


def raising(number, frame):
    """Handle Ctrl-C at once, as a custom handler may."""
    raise KeyboardInterrupt


@pytest.fixture(params=["the second", "a custom handler"])
def at_once(request):
    """Return a function that presses Ctrl-C so that it takes effect at once."""
    second = request.param == "the second"

    def press():
        for _ in range(2 if second else 1):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError("Ctrl-C was delayed")

    before = signal.getsignal(signal.SIGINT)
    if not second:
        signal.signal(signal.SIGINT, raising)
    yield press
    signal.signal(signal.SIGINT, before)


def pressing(monkeypatch, press, path, name, calls, when):
    """Press Ctrl-C before or after a call of a function; return a list of the file's contents."""
    owner, _, last = name.rpartition(".")
    real, seen, found = getattr(pkgutil.resolve_name(owner), last), [], []

    def called(*arguments, **options):
        seen.append(1)
        result = real(*arguments, **options) if when == "after" else None
        if len(seen) == calls:
            found.append(path.read_bytes() if path.exists() else None)
            press()
        return result if when == "after" else real(*arguments, **options)

    monkeypatch.setattr(name, called)
    return found


@pytest.mark.host
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("xl2.training.loop.read_epoch", 3),
        ("xl2.training.divergence.mark", 3),
        ("xl2.training.loop.evaluate", 3),
        ("xl2.training.history.History.add", 3),
        ("xl2.training.loop.call_back", 3),
        ("xl2.training.run.Run.keep", 2),
        ("xl2.training.run.copy_carry", 4),
    ],
)
def test_an_immediate_interrupt_leaves_the_previous_file(
    tmp_path, monkeypatch, at_once, name, calls, every, when
):
    """At several moments between the steps of the third and the fourth epoch."""
    path = tmp_path / "c"

    def train(**saving):
        one, seen = Network([3, 4, 2], ["tanh", "softmax"], stack=3, backend="numpy"), Patience(9)
        options = settings(
            epochs=5, validation=(X[:9], LABELS[:9]), penalty=[0.1, 0.2, 0.3], every=every
        )
        extra = {k: v for k, v in options.items() if saving or k != "every"}
        try:
            return one, fit(one, X, LABELS, callbacks=[seen, drop], **extra, **saving), seen
        except KeyboardInterrupt:
            assert np.isfinite(np.asarray(one.score(X, LABELS))).all()
            return None

    with monkeypatch.context() as patched:
        found = pressing(patched, at_once, path, name, calls, when)
        assert train(checkpoint=path) is None
    assert found == [path.read_bytes() if path.exists() else None]
    assert path.exists() == (every == 1)
    one, history, seen = train(checkpoint=path, resume=True)
    whole = train()
    assert_same((one, history), whole[:2])
    assert seen.left == whole[2].left
    for mine, its in zip(seen.seen, whole[2].seen, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.host
@pytest.mark.parametrize("every", [1, 1000])
@pytest.mark.parametrize("name", ["copy_carry", "find_the_step"])
def test_an_immediate_interrupt_during_a_divergence_writes_nothing(
    tmp_path, monkeypatch, at_once, name, every
):
    path = tmp_path / "c"

    def train(**saving):
        one = Network([3, 4, 2], ["tanh", "identity"], backend="numpy", dtype="float64")
        extra = {"every": every} if saving else {}
        try:
            fit(one, X, TARGETS, epochs=99, batch_size=4, learning_rate=3, **saving, **extra)
        except KeyboardInterrupt:
            assert np.isfinite(one.forward(X)).all()
        except DivergenceError as error:
            return error.epoch, error.step
        return None

    with monkeypatch.context() as patched:
        calls = 3 if name == "copy_carry" else 1
        found = pressing(patched, at_once, path, f"xl2.training.divergence.{name}", calls, "before")
        assert train(checkpoint=path) is None
    assert found == [path.read_bytes() if path.exists() else None]
    epoch, step = train()
    assert epoch > 1
    assert step > 3
    assert train(checkpoint=path, resume=True) == (epoch, step)


@pytest.mark.host
def test_no_callback_sees_an_epoch_twice(tmp_path, at_once):
    """Ctrl-C is pressed in the second callback, after the first one has counted the epoch."""
    counts = []

    def train(*others, **saving):
        counts.append(Patience(9))
        one = Network([3, 4, 2], backend="numpy")
        return fit(one, X, LABELS, epochs=5, callbacks=[counts[-1], *others],
                   checkpoint=tmp_path / "c", **saving)  # fmt: skip

    def pressed(network, history):
        if len(history) == 3:
            at_once()

    with pytest.raises(KeyboardInterrupt):
        train(pressed)
    history = train(resume=True)
    assert counts[-1].left == 4
    assert counts[-1].seen.tolist() == history.loss


@pytest.mark.host
def test_an_interrupt_within_an_epoch_does_not_lose_a_step(tmp_path, monkeypatch):
    monkeypatch.setattr(xl2.training.loop, "BLOCK", 12)
    seen = []
    learn = xl2.training.run.Run.learn

    def watched(self, *arguments):
        learn(self, *arguments)
        seen.append(1)
        if len(seen) == 6:
            os.kill(os.getpid(), signal.SIGINT)

    def train(**saving):
        one = Network([3, 4, 2], backend="numpy")
        return one, fit(one, X, LABELS, epochs=3, batch_size=4, **saving)

    whole = train()
    monkeypatch.setattr(xl2.training.run.Run, "learn", watched)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=tmp_path / "c")
    header = header_of(tmp_path / "c")
    assert (header["epochs"], header["unfinished_epoch"]["done"]) == (1, 24)
    assert_same(train(checkpoint=tmp_path / "c", resume=True), whole)


@pytest.mark.host
def test_an_interrupt_within_a_step_leaves_a_finite_network(tmp_path, monkeypatch):
    """As by a second Ctrl-C, or a custom handler."""
    learn, seen = xl2.training.run.Run.learn, []

    def torn(self, *arguments):
        seen.append(1)
        if len(seen) == 3:
            for layer in self.carry.parameters:
                layer.weight[...] = np.nan  # an incomplete step
            raise KeyboardInterrupt
        learn(self, *arguments)

    monkeypatch.setattr(xl2.training.run.Run, "learn", torn)
    one = Network([3, 4, 2], backend="numpy")
    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=5, checkpoint=tmp_path / "c")
    assert np.isfinite(one.forward(X)).all()
    header = header_of(tmp_path / "c")
    assert (header["epochs"], header["unfinished_epoch"]) == (2, None)


@pytest.mark.host
def test_a_custom_handler_is_not_replaced(tmp_path):
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c",
            callbacks=[lambda *_: os.kill(os.getpid(), signal.SIGINT)])  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) == 2


@pytest.mark.host
def test_a_handler_installed_during_training_is_not_replaced(tmp_path):
    mine = lambda *_: None  # noqa: E731

    def install(network, history):
        signal.signal(signal.SIGINT, mine)

    try:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c", callbacks=[install])
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.host
@pytest.mark.parametrize("error", [ValueError, DivergenceError])
def test_ctrl_c_is_not_lost_in_an_error(tmp_path, monkeypatch, error):
    def fails(*arguments):
        signal.raise_signal(signal.SIGINT)
        raise (
            ValueError
            if error is ValueError
            else DivergenceError("it", epoch=1, step=1, loss=1.0, history=None)
        )

    monkeypatch.setattr("xl2.training.loop.call_back", fails)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c")
    assert type(caught.value.__context__) is error
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.host
def test_ctrl_c_is_not_lost_at_the_very_end(tmp_path, monkeypatch):
    leave = Interrupts.__exit__

    def pressed(self, *exception):
        signal.raise_signal(signal.SIGINT)
        leave(self, *exception)

    monkeypatch.setattr(Interrupts, "__exit__", pressed)
    with pytest.raises(KeyboardInterrupt):
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c")
