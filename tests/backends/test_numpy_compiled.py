"""Compiled runs of mini-batches on NumPy do what the portable code does."""

import ctypes
from contextlib import nullcontext

import numpy as np
import pytest
from scipy.special import expit

import xl2_numpy
import xl2_numpy_codes as codes
import xl2_numpy_compiled as compiled
import xl2_numpy_runs as runs
from xl2 import L2, DivergenceError, MLPClassifier, MLPRegressor, Network, backends, fit
from xl2.nn.losses import LOSSES, Loss
from xl2.nn.optimizers import LEAST_SCALE, Adam, Momentum, Nesterov

pytestmark = [pytest.mark.host, pytest.mark.usefixtures("compiled_code")]

RNG = np.random.default_rng(3)
X = RNG.normal(size=(101, 7))
TARGETS = {
    "softmax": RNG.integers(0, 3, 101),
    "sigmoid": RNG.random((101, 3)) > 0.5,
    "exp": RNG.poisson(1.0, (101, 3)),
    "identity": RNG.normal(size=(101, 3)),
}
WEIGHT = RNG.uniform(0.5, 2, 101)
SCALED = Adam(scale_rate=6.0)
TOLERANCE = {"float64": 1e-10, "float32": 2e-4}


@pytest.fixture
def runners(monkeypatch):
    """Return the runners of a test, and a function that trains by portable code only."""
    made, real = [], runs.runner

    def note(*arguments):
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(runs, "runner", note)

    def portable(function):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runs, "runner", lambda *arguments: None)
            return function()

    return made, portable


def trained(output="softmax", hidden="relu", stack=None, dtype="float64", **options):
    """Return what can be seen of a trained network: parameters, and the curves of its history."""
    count = stack[0] if isinstance(stack, tuple) else 1
    seeds = list(range(count)) if count > 1 else 0
    network = Network(
        [7, 6, 5, 3],
        [hidden, hidden, output],
        seed=seeds,
        dtype=dtype,
        stack=stack,
        backend="numpy",
    )
    targets = TARGETS.get(output, TARGETS["identity"])
    y = targets if output == "softmax" else targets.astype(dtype)
    options = {"epochs": 3, "batch_size": 32, "learning_rate": 0.05, "progress": False} | options
    history = fit(network, X.astype(dtype), y, seed=seeds, **options)
    curves = [history.loss, history.score, history.penalty]
    return [p for layer in network.host_parameters() for p in layer] + [
        np.asarray(c) for c in curves
    ]


def assert_same(actual, expected, tolerance=1e-10):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def assert_as_portable(runners, function, tolerance=1e-10):
    made, portable = runners
    actual = function()
    assert made
    assert all(made), "the portable code ran"
    assert_same(actual, portable(function), tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", ["identity", "sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "exp", "identity", "tanh", "relu"])
def test_every_activation_and_loss(runners, hidden, output, dtype):
    assert_as_portable(
        runners, lambda: trained(output, hidden, dtype=dtype, penalty=0.3), TOLERANCE[dtype]
    )


def test_every_loss_has_a_number():
    deltas = {loss.delta.__name__ for outputs in LOSSES.values() for loss in outputs.values()}
    assert deltas == set(codes.LOSSES)


@pytest.mark.parametrize("stack", [None, 3, (2, 3)])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", SCALED])
@pytest.mark.parametrize(
    "options",
    [
        {"penalty": L2([0.0, 2.0, 0.5]), "sample_weight": WEIGHT},
        {"penalty": L2(1.0, per="batch"), "dropout": 0.3, "even_batches": False},
        {"dropout": 0.5, "shuffle": False, "sample_weight": WEIGHT, "batch_size": 101},
        {"penalty": L2(0.5, per=70), "batch_size": 1, "epochs": 1},
    ],
    ids=["weights", "short last batch", "whole batch in order", "batches of one"],
)
def test_every_option(runners, stack, optimizer, options):
    assert_as_portable(runners, lambda: trained(stack=stack, optimizer=optimizer, **options))


@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_members_have_their_own_lambdas_and_groups_their_own_rows(runners, stack):
    rows = RNG.permuted(np.tile(np.arange(101), (2, 1)), axis=1)[:, :77]
    options = {"rows": rows} if isinstance(stack, tuple) else {}
    penalties = [0.0, L2([3.0, 0.0, 1.0]), 20.0]
    assert_as_portable(
        runners, lambda: trained(stack=stack, optimizer="adam", penalty=penalties, **options)
    )


def test_optimizers_with_constants_of_their_own(runners):
    for optimizer in (Adam(0.8, 0.99, 1e-3), Nesterov(0.5)):
        assert_as_portable(runners, lambda optimizer=optimizer: trained(optimizer=optimizer))


@pytest.mark.parametrize("kind", ["sparse", "stream", "windows"])
def test_rows_that_arrive_in_parts(runners, tmp_path, kind):
    import scipy.sparse

    np.save(tmp_path / "x.npy", X)

    def of(x):
        network = Network([7, 6, 3], ["tanh", "softmax"], dtype="float64", backend="numpy")
        y = TARGETS["softmax"]
        data = ([(x[:50], y[:50]), (x[50:], y[50:])],) if kind == "stream" else (x, y)
        fit(network, *data, epochs=2, batch_size=16, optimizer="adam", progress=False)
        return [p for layer in network.host_parameters() for p in layer]

    given = {
        "sparse": scipy.sparse.csr_array(X),
        "stream": X,
        "windows": np.load(tmp_path / "x.npy", mmap_mode="r"),
    }
    assert_as_portable(runners, lambda: of(given[kind]))


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("options", [{}, {"solver": "sgd", "alpha": 0.1}, {"activation": "tanh"}])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The last mini-batch")
def test_the_estimators_report_the_same_objective(runners, estimator, options, weighted):
    y = TARGETS["softmax"] if estimator is MLPClassifier else TARGETS["identity"]

    def fitted():
        model = estimator(
            hidden_layer_sizes=(6, 5), batch_size=45, max_iter=4, random_state=0, **options
        )
        model.fit(X, y, sample_weight=WEIGHT if weighted else None)
        return [*model.coefs_, *model.intercepts_, np.asarray(model.loss_curve_)]

    assert_as_portable(runners, fitted)


@pytest.fixture
def cut_small(monkeypatch):
    """Cut even small networks into parts."""
    for name, value in {"WORTH": 1, "PART": 64, "ANOTHER_THREAD": 0}.items():
        monkeypatch.setattr(runs, name, value)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("batch_size", [65, 128])
@pytest.mark.parametrize("objective", [False, True])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:The last mini-batch")
def test_parts_of_a_step_give_the_same_bits_on_any_number_of_cores(
    runners, cut_small, monkeypatch, wide, batch_size, objective
):
    made, portable = runners
    if wide:
        monkeypatch.setattr(runs, "WIDE", 1)

    def of_width():
        units = 150
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(260, 7)), rng.integers(0, 3, 260)
        if objective:
            model = MLPClassifier((units, 5), batch_size=batch_size, max_iter=3, random_state=0)
            model.fit(x, y)
            return [*model.coefs_, *model.intercepts_, np.asarray(model.loss_curve_)]
        network = Network([7, units, 5, 3], ["relu", "tanh", "softmax"], dtype="float64")
        fit(
            network, x, y, epochs=3, batch_size=batch_size, optimizer="nesterov", dropout=0.2,
            penalty=1.0, sample_weight=y + 0.5, progress=False,
        )  # fmt: skip
        return [p for layer in network.host_parameters() for p in layer]

    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(xl2_numpy._limit, "share", lambda cores=cores: nullcontext(cores))
        found.append(of_width())
        assert any(runner._run.parts > 1 for runner in made)
        assert any(runner._run.columns for runner in made) == wide
    assert_same(found[0], portable(of_width))
    for other in found[1:]:
        assert [a.tobytes() for a in other] == [a.tobytes() for a in found[0]]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", SCALED])
@pytest.mark.parametrize("stack", [None, 3])
@pytest.mark.parametrize("units", [*range(1, 14), 50, 101])
def test_every_width_of_a_panel_and_several_passes_equal_the_portable_code(
    runners, units, stack, optimizer
):
    """The inputs and a mini-batch are more than a product adds up in one pass."""
    made, portable = runners
    x = RNG.normal(size=(150, 401 + units % 4)) / 20.0

    def of_width():
        network = Network([x.shape[1], units, 3], ["tanh", "softmax"], stack=stack, dtype="float64")
        fit(
            network, x, TARGETS["softmax"][np.arange(150) % 101], epochs=3, batch_size=150,
            optimizer=optimizer, penalty=[0.0, 1.0, 5.0] if stack else 1.0, progress=False,
        )  # fmt: skip
        return [p for layer in network.host_parameters() for p in layer]

    found = of_width()
    assert all(made)
    assert_same(found, portable(of_width))


@pytest.mark.parametrize("stack", [None, 3])
@pytest.mark.parametrize("hidden", [[], [801]], ids=["no hidden layer", "wide"])
def test_scales_of_inputs_where_the_first_weight_is_not_in_panels(runners, hidden, stack):
    def scaled():
        layers = ["tanh"] * len(hidden)
        network = Network([7, *hidden, 3], [*layers, "identity"], stack=stack, dtype="float64")
        fit(network, X, TARGETS["identity"], epochs=3, batch_size=20, optimizer=SCALED,
            penalty=0.5, progress=False)  # fmt: skip
        return [p for layer in network.host_parameters() for p in layer]

    assert_as_portable(runners, scaled)


@pytest.mark.parametrize("hidden", [6, 801], ids=["panels", "wide"])
def test_a_scale_has_the_same_least_size_as_in_portable_code(runners, hidden):
    """Without memory Adam's steps have the size of their rate: the first one is from 1 to 0."""
    made, portable = runners

    def moved(epochs):
        network = Network([7, hidden, 3], ["tanh", "identity"], dtype="float64", stack=3)
        fit(network, X, TARGETS["identity"], epochs=epochs, batch_size=101, learning_rate=0.125,
            optimizer=Adam(0.0, 0.0, scale_rate=8.0), progress=False)  # fmt: skip
        return [p for layer in network.host_parameters() for p in layer]

    scales = []
    for epochs in (1, 3):
        found = moved(epochs)
        scales.append(np.abs(made[-1]._carry.states[0][0][2][..., 0]))
        assert_same(found, portable(lambda epochs=epochs: moved(epochs)))
    assert np.count_nonzero(scales[0] == LEAST_SCALE) > 5
    assert np.min(scales) == LEAST_SCALE


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", SCALED])
@pytest.mark.parametrize("stack", [3, (2, 3), (3, 2), 5])
@pytest.mark.parametrize("cores", [2, 3])
def test_members_give_the_same_bits_on_any_number_of_cores(monkeypatch, cores, stack, optimizer):
    """The last members that a thread trains at once may be fewer."""
    lambdas = [0.0, 1.0, 2.0, 3.0, 4.0][: stack if isinstance(stack, int) else stack[-1]]
    options = {"stack": stack, "optimizer": optimizer, "penalty": lambdas}
    one = trained(**options)
    monkeypatch.setattr(xl2_numpy._limit, "share", lambda: nullcontext(cores))
    monkeypatch.setattr(runs, "ANOTHER_THREAD", 0)
    assert [a.tobytes() for a in trained(**options)] == [a.tobytes() for a in one]


def test_calls_are_short_enough_for_ctrl_c_and_give_the_same_bits(monkeypatch):
    whole = {stack: trained(stack=stack, optimizer="momentum") for stack in (None, 3)}
    monkeypatch.setattr(runs, "CALL", 1)
    monkeypatch.setattr(runs, "SECONDS", 1e-12)
    calls, library = [], compiled.library()
    real = library.train_double

    class Counting:
        def __getattr__(self, name):
            return getattr(library, name)

        def train_double(self, at, thread):
            run = compiled.Run.from_address(at)
            calls.append(run.end - run.begin)
            real(at, thread)

    monkeypatch.setattr(compiled, "library", Counting)
    for stack, expected in whole.items():
        actual = trained(stack=stack, optimizer="momentum")
        assert [a.tobytes() for a in actual] == [a.tobytes() for a in expected]
    assert set(calls) == {1}
    assert len(calls) == 2 * 3 * 4


def test_an_interrupt_between_two_calls_leaves_whole_steps(monkeypatch):
    library, found = compiled.library(), []

    class Interrupted:
        def __getattr__(self, name):
            return getattr(library, name)

        def train_double(self, at, thread):
            nonlocal calls
            library.train_double(at, thread)
            calls += 1
            if calls == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(compiled, "library", Interrupted)
    monkeypatch.setattr("xl2.training.loop.BLOCK", 32)
    for stack in (None, 3):
        calls = 0
        network = Network([7, 6, 3], ["relu", "softmax"], stack=stack, dtype="float64")
        with pytest.raises(KeyboardInterrupt):
            fit(network, X, TARGETS["softmax"], batch_size=32, progress=False)
        member = network.member(0) if stack else network
        found.append([p for layer in member.host_parameters() for p in layer])
    assert_same(*found)


def test_an_interrupt_while_threads_begin_leaves_none_behind(cut_small, monkeypatch):
    others = xl2_numpy._others()

    class Interrupted:
        def submit(self, *arguments):
            others.submit(*arguments)
            raise KeyboardInterrupt

    monkeypatch.setattr(xl2_numpy._limit, "share", lambda: nullcontext(2))
    monkeypatch.setattr(xl2_numpy, "_others", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(batch_size=101)
    assert others.submit(sum, (1, 2)).result(60) == 3


@pytest.mark.parametrize("stack", [None, 2])
def test_divergence_ends_at_the_same_step(runners, stack):
    made, portable = runners
    huge = [0.0, 1e6] if stack else 1e6

    def diverged():
        try:
            return "none", trained(stack=stack, penalty=huge, learning_rate=0.5, epochs=9)
        except DivergenceError as error:
            return str(error)[:50], []

    (text, curves), (expected_text, expected) = diverged(), portable(diverged)
    assert all(made)
    assert text == expected_text
    assert_same(curves, expected)


def test_what_it_does_not_know_runs_in_portable_code(runners):
    made, _ = runners
    known = LOSSES["squared_error"]["identity"]
    for options in (
        {"loss": Loss(known.value, lambda z, y: z - y), "output": "identity"},
        {"optimizer": Slow()},
        {"optimizer": Twice()},
        {"optimizer": OfSingles()},
    ):
        made.clear()
        trained(**options)
        assert made
        assert not any(made)


class Slow(Adam):
    """An optimizer with an update of its own."""

    @staticmethod
    def update(optimizer, parameter, gradient, decay, state, rate):
        return parameter - 0.01 * gradient, state


class Twice(Adam):
    """An optimizer with a scale of its own."""

    def scale(self, rate):
        return 2.0


class OfSingles(Momentum):
    """An optimizer with states of another type than the parameters."""

    def init(self, parameter):
        return (np.zeros(parameter.shape, "float32"),)


def test_an_optimizer_that_has_no_hash(runners):
    class Unhashable(Adam):
        __hash__ = None

    assert_as_portable(runners, lambda: trained(optimizer=Unhashable()))


def test_without_the_library_the_portable_code_runs_and_backends_says_so(monkeypatch):
    def reason():
        return next(info.reason for info in backends() if info.name == "numpy")

    expected = trained()
    assert reason() == ""
    monkeypatch.setattr(compiled, "library", lambda: None)
    assert_same(trained(), expected)
    assert "another version" in reason()
    monkeypatch.setattr(compiled, "__file__", "elsewhere")
    assert "without a C++ compiler" in reason()
    monkeypatch.setenv("XL2_COMPILED", "0")
    assert "XL2_COMPILED=0" in reason()


@pytest.mark.parametrize("damage", ["empty", "no functions", "Run", "Outputs", "Measured"])
def test_a_library_that_cannot_be_used_is_as_none(monkeypatch, tmp_path, damage):
    if damage == "empty":
        (tmp_path / compiled.LIBRARY).write_bytes(b"")
        monkeypatch.setattr(compiled, "__file__", str(tmp_path / "xl2_numpy_compiled.py"))
    elif damage == "no functions":
        monkeypatch.setattr(ctypes, "CDLL", lambda path: object())
    else:
        fields = [*getattr(compiled, damage)._fields_, ("more", ctypes.c_int64)]
        monkeypatch.setattr(compiled, damage, type("R", (ctypes.Structure,), {"_fields_": fields}))
    assert compiled.library.__wrapped__() is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_activations_have_the_accuracy_of_the_type(runners, dtype, name):
    made, _ = runners
    z = np.concatenate([RNG.normal(size=4000) * scale for scale in (1e-3, 0.5, 5.0, 100.0)])
    z = np.concatenate([z, [0.0, -0.0, 1e4, -1e4]]).astype(dtype)[:, None]
    network = Network([1, 1, 1], [name, "identity"], dtype=dtype, backend="numpy")
    network.set_parameters([(np.ones((1, 1), dtype), np.zeros(1, dtype))] * 2)
    exact = {"sigmoid": expit, "tanh": np.tanh}[name]
    # With targets of 0, a first step without a rate reports the mean of the squared outputs / 2.
    for part in np.array_split(z, 200):
        outputs = exact(part.astype("f8"))
        history = fit(network, part, np.zeros_like(part), epochs=1, learning_rate=1e-300)
        expected = np.mean(outputs**2) / 2
        np.testing.assert_allclose(history.loss[0], expected, rtol=8 * np.finfo(dtype).eps)
    assert made
    assert all(made)
