"""`Ensemble`: means of models, how much they differ, and prediction intervals by CV+."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import rel_entr
from scipy.stats import binom
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

import xl2
from xl2 import Ensemble, InputError, Model, Network
from xl2.nn.ensemble import mean_of
from xl2.nn.prediction_intervals import Residuals, cv_plus
from xl2.nn.scaling import Scaling

RNG = np.random.default_rng(4)
X = RNG.normal(3.0, 2.0, size=(20, 3))


def models(where, activations=("tanh", "softmax"), outputs=4, **more):
    """Return models that differ in their weights and in their scalings."""
    made = []
    for seed in range(3):
        network = Network([3, 5, outputs], list(activations), "he", seed=seed, **where)
        scaling = Scaling(np.full(3, 3.0 + seed), np.array([1.0, 2.0, 1.0 + seed]))
        units = Scaling(np.full(outputs, 10.0 * seed), np.full(outputs, 5.0))
        regression = activations[-1] == "identity"
        made.append(Model(network, scaling, units if regression else None, **more))
    return made


def outputs_of(made):
    """Return what each model predicts, with NumPy alone."""
    found = []
    for model in made:
        (w, b), (v, c) = (map(np.float64, layer) for layer in model.network.host_parameters())
        x = (X - model.input_scaling.mean) / model.input_scaling.scale
        z = np.tanh(x @ w + b) @ v + c
        last = model.network.activations[-1]
        if last == "softmax":
            z = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        elif last == "sigmoid":
            z = 1.0 / (1.0 + np.exp(-z))
        else:
            z = z * model.output_scaling.scale + model.output_scaling.mean
        found.append(z)
    return np.array(found)


@pytest.mark.parametrize("weights", [None, (0.2, 0.0, 0.8)])
def test_probabilities_are_averaged(where, weights):
    made = models(where, classes=("a", "b", "c", "d"))
    ensemble = Ensemble(made, weights)
    expected = np.average(outputs_of(made), axis=0, weights=weights)
    found = ensemble.forward(X)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    labels = np.array(["a", "b", "c", "d"])[expected.argmax(axis=1)]
    assert ensemble.predict(X).tolist() == labels.tolist()
    y = np.array(["a", "b", "c", "d"] * 5)
    assert ensemble.score(X, y) == np.mean(labels == y)
    assert (ensemble.task, ensemble.outputs, ensemble.width) == ("classes", 4, 3)


@pytest.mark.parametrize("outputs", [1, 2])
def test_values_are_averaged_in_the_targets_units(where, outputs):
    made = models(where, ("tanh", "identity"), outputs)
    ensemble, own = Ensemble(made), outputs_of(made)
    np.testing.assert_allclose(ensemble.forward(X), own.mean(axis=0), rtol=1e-5)
    shape = (20,) if outputs == 1 else (20, 2)
    np.testing.assert_allclose(ensemble.predict(X), own.mean(axis=0).reshape(shape), rtol=1e-5)
    spread = own.std(axis=0).reshape(shape)
    np.testing.assert_allclose(ensemble.disagreement(X), spread, rtol=1e-4)
    values = own.mean(axis=0)
    assert ensemble.score(X, values if outputs > 1 else values[:, 0]) > 0.999999


def test_disagreement_is_the_mean_divergence_from_the_mean(where):
    made, weights = models(where), [0.5, 0.2, 0.3]
    own = outputs_of(made)
    mean = np.average(own, axis=0, weights=weights)
    expected = np.average(rel_entr(own, mean).sum(axis=2), axis=0, weights=weights)
    np.testing.assert_allclose(
        Ensemble(made, weights).disagreement(X), expected, rtol=1e-3, atol=1e-6
    )
    one = made[0]
    np.testing.assert_allclose(Ensemble([one, one]).disagreement(X), 0.0, atol=1e-12)


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_disagreement_of_labels_is_summed_over_them(where, task):
    made = models(where, ("tanh", "sigmoid"), 1 if task == "binary" else 2)
    for model in made:
        model.network.task = task
    own = outputs_of(made)
    mean = own.mean(axis=0)
    divergence = rel_entr(own, mean) + rel_entr(1 - own, 1 - mean)
    expected = divergence.sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(Ensemble(made).disagreement(X), expected, rtol=1e-3, atol=1e-6)


def test_models_that_are_sure_of_different_classes_disagree_most():
    network = Network([1, 2], ["softmax"], "zeros")
    made = []
    for bias in ([80.0, -80.0], [-80.0, 80.0]):
        network = Network([1, 2], ["softmax"], "zeros")
        network.set_parameters([(np.zeros((1, 2)), np.array(bias))])
        made.append(Model(network))
    found = Ensemble(made).disagreement([[0.0]])
    np.testing.assert_allclose(found, math.log(2), rtol=1e-6)


@given(
    arrays("float64", (5, 3), elements=st.floats(0.0, 1.0)),
    st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5).filter(lambda w: sum(w) > 0.1),
)
def test_a_mean_of_probabilities_is_one(outputs, weights):
    for own in (None, weights):
        found = mean_of(outputs, own)
        np.testing.assert_allclose(found, np.average(outputs, axis=0, weights=own), atol=1e-15)
        for part in (found, mean_of(np.ones((5, 3)), own)):
            assert (part >= 0.0).all()
            assert (part <= 1.0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([],), "needs one model or more"),
        (([Network([3, 2], stack=2)],), "A stack cannot be a model of an ensemble"),
        (([Network([3, 2]), Network([3, 3])],), "Model 2 differs from the first"),
        (([Network([3, 2]), Network([2, 2])],), "Model 2 differs"),
        (([Network([3, 2]), Network([3, 2], dtype="float64")],), "Model 2 differs"),
        (([Network([3, 2])] * 2, [0.5, 0.4]), "weights must be 2 numbers"),
        (([Network([3, 2])] * 2, [1.5, -0.5]), "weights must be 2 numbers"),
        (([Network([3, 2])] * 2, [math.nan, 1.0]), "weights must be 2 numbers"),
        (([Network([3, 2])] * 2, [1.0]), "weights must be 2 numbers"),
        (([Network([3, 2])] * 2, "ab"), "weights must be 2 numbers"),
        (([np.zeros(3)],), "model must be a Network, a Model"),
    ],
)
def test_what_is_no_ensemble_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        Ensemble(*arguments)


def test_where_one_network_is_needed_an_ensemble_is_refused():
    ensemble = Ensemble([Network([3, 2])])
    with pytest.raises(InputError, match=r"Pass one of its models: ensemble\.models\[k\]"):
        Model.of(ensemble)
    with pytest.raises(InputError, match="not a single module of PyTorch"):
        ensemble.to_torch()


def test_a_pickle_predicts_the_same(where):
    ensemble = Ensemble(models(where), (0.2, 0.3, 0.5))
    again = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(again.forward(X), ensemble.forward(X))


def test_samples_on_disk_are_read_once_in_parts(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    stored = np.load(tmp_path / "x.npy", mmap_mode="r")
    ensemble = Ensemble(models({"backend": "numpy"}))
    expected = ensemble.forward(X)
    reads = []
    forward = Model.forward
    monkeypatch.setattr(Model, "forward", lambda m, x: (reads.append(len(x)), forward(m, x))[1])
    monkeypatch.setattr("xl2.array.rows.CHUNK_BYTES", 8 * 3 * 6)
    np.testing.assert_allclose(ensemble.forward(stored), expected, rtol=1e-6)
    assert reads == [6] * 9 + [2] * 3
    with pytest.raises(InputError, match="X is empty"):
        ensemble.forward(stored[:0])


# Intervals.


def guessed(means, residuals, level):
    """Return the interval of one sample, by the definition of CV+ in the article."""
    low, high = [], []
    for mean, own in zip(means, residuals, strict=True):
        low += [mean - r for r in own]
        high += [mean + r for r in own]
    n, alpha = len(low), 1.0 - level
    below, above = math.floor(alpha * (n + 1) + 1e-9), math.ceil((1 - alpha) * (n + 1) - 1e-9)
    return (
        sorted(low)[below - 1] if below >= 1 else -math.inf,
        sorted(high)[above - 1] if above <= n else math.inf,
    )


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.96])
def test_the_interval_is_that_of_the_article(level, monkeypatch):
    residuals = [np.abs(RNG.normal(size=(n, 2))) for n in (7, 6, 6)]
    means = RNG.normal(size=(3, 11, 2))
    monkeypatch.setattr("xl2.nn.prediction_intervals.GUESSES", 40)
    low, high = cv_plus(means, Residuals(tuple(residuals), (0, 1, 2)), level)
    for i in range(11):
        for k in range(2):
            expected = guessed(means[:, i, k], [own[:, k] for own in residuals], level)
            np.testing.assert_allclose((low[i, k], high[i, k]), expected)
    assert np.isinf(low).all() == (level == 0.96)


def linear(X, y):
    """Return the least squares fit as a model."""
    fitted = LinearRegression().fit(X, y)
    network = Network([X.shape[1], 1], ["identity"], "zeros", dtype="float64", backend="numpy")
    network.set_parameters([(fitted.coef_[:, None], np.array([fitted.intercept_]))])
    return Model(network)


def crossed(X, y):
    """Return an ensemble of least squares fits of five folds, with their residuals."""
    made, residuals = [], []
    for rows, held in KFold(5).split(X):
        made.append(linear(X[rows], y[rows]))
        residuals.append(np.abs(y[held] - made[-1].predict(X[held]))[:, None])
    return Ensemble(made, residuals=Residuals(tuple(residuals), tuple(range(5))))


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_intervals_hold_new_values_as_often_as_they_say(level):
    """Each of 400 data sets has one new value, so that hits are independent."""
    rng = np.random.default_rng(11)
    hits, widths = 0, []
    for _ in range(400):
        X = rng.normal(size=(61, 3))
        y = X @ [1.0, -2.0, 0.5] + rng.standard_t(5, size=61)
        low, high = crossed(X[:60], y[:60]).interval(X[60:], level)
        hits += int(low[0] <= y[60] <= high[0])
        widths.append(high[0] - low[0])
    assert hits >= binom.ppf(1e-4, 400, level)
    # Not wider than need be: those of the true model, somewhat widened by what is learnt.
    assert hits <= binom.ppf(1 - 1e-4, 400, level + 0.04)


def test_intervals_of_several_models_in_a_fold_use_their_mean():
    made = [linear(X, X[:, 0] + k) for k in range(4)]
    residuals = Residuals((np.full((19, 1), 2.0), np.full((20, 1), 3.0)), (0, 0, 1, 1))
    low, high = Ensemble(made, residuals=residuals).interval(X, 0.5)
    expected = [
        guessed((x + 0.5, x + 2.5), ([2.0] * 19, [3.0] * 20), 0.5) for x in X[:, 0].tolist()
    ]
    np.testing.assert_allclose(np.stack([low, high], axis=1), expected)


def test_an_interval_needs_a_regression_errors_and_a_level():
    with pytest.raises(InputError, match="task of this ensemble is classes"):
        Ensemble([Network([3, 2], ["softmax"])]).interval(X)
    ensemble = Ensemble([linear(X, X[:, 0])])
    with pytest.raises(InputError, match=r"this ensemble has none.*path\.ensemble_"):
        ensemble.interval(X)
    for level in (0.3, 1.0, math.nan, "0.9", True):
        with pytest.raises(InputError, match=r"level must be a number from 0\.5 to below 1"):
            ensemble.interval(X, level)


def test_diagnose_takes_an_ensemble():
    made = models({"backend": "numpy"}, classes=("a", "b", "c", "d"))
    y = np.array(["a", "b", "c", "d"] * 5)
    found = xl2.diagnose(Ensemble(made), X, y, X[:10] + 0.1, y[:10])
    assert found.train_score == Ensemble(made).score(X, y)
