"""The warning of a path whose training ended too early."""

import types
import warnings

import numpy as np
import pytest
from plain_paths import plain_path
from scipy.stats import entropy
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from xl2 import MLPClassifierCV, MLPRegressorCV
from xl2.path.unfinished import epochs_to_try, loss_of_a_constant

X, LABELS = load_iris(return_X_y=True)
X, LABELS = X[::3], LABELS[::3]
SCALED = (X - X.mean(axis=0)) / X.std(axis=0)
VALUES = 2e5 + 5e4 * SCALED[:, 0]
OPTIONS = {"hidden": (10,), "batch_size": 200, "cv": 3, "refit": False, "progress": False}


def train(y, epochs, **more):
    return plain_path(SCALED, y, [0.0, 0.1], epochs=epochs, **{**OPTIONS, **more})


@pytest.mark.host
@pytest.mark.parametrize("y", [LABELS, LABELS > 0, VALUES], ids=["classes", "two", "values"])
def test_a_loss_that_still_falls_is_a_warning_with_epochs_to_try(where, y):
    message = r"^Training has not finished at lambda 0(\.1)?: in the last 1 epoch of 15 the train.*"
    message += r" fell by [\d.]+ % .* such as epochs=\d+\.$"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        path = train(y, 15, learning_rate=0.01, **where)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert path.unfinished_ == str(caught[0].message)
    assert path.unfinished_ in " ".join(str(path).split())


@pytest.mark.host
@pytest.mark.parametrize("y", [LABELS, VALUES], ids=["classes", "values"])
def test_the_epochs_to_try_help(y):
    with pytest.warns(ConvergenceWarning) as caught:
        early = train(y, 15, learning_rate=0.01)
    epochs = int(str(caught[0].message).split("epochs=")[1].rstrip("."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        late = train(y, epochs, learning_rate=0.01)
    assert epochs >= 30
    assert late.validation_means_.max() > early.validation_means_.max() + 0.05


@pytest.mark.host
@pytest.mark.parametrize("y", [LABELS, VALUES], ids=["classes", "values"])
def test_a_rate_that_falls_to_0_hides_nothing(y):
    """The losses of the last epochs are equal, because steps are small."""
    options = {"learning_rate": 0.01, "schedule": "cosine"}
    message = r"in the last tenth of 15 epochs, by their learning rates, the training loss fell by"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        early = train(y, 15, **options)
    epochs = int(str(caught[0].message).split("epochs=")[1].rstrip("."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        late = train(y, epochs, **options)
    assert late.validation_means_.max() > early.validation_means_.max() + 0.05
    assert train(y, 100, **{**options, "learning_rate": 0.05}).unfinished_ == ""


@pytest.mark.host
def test_the_estimators_say_so():
    """`MLPClassifierCV(max_iter=60)` had an accuracy of 0.297, without a warning."""
    with pytest.warns(ConvergenceWarning, match=r"such as max_iter=\d+\.$") as caught:
        model = MLPClassifierCV([0.0], max_iter=60, random_state=0).fit(X, LABELS)
    assert caught[0].filename == __file__
    assert model.best_score_ < 0.8
    with pytest.warns(ConvergenceWarning, match=r"such as max_iter=\d+\.$"):
        MLPRegressorCV([0.0], max_iter=20, random_state=0).fit(SCALED, VALUES)


@pytest.mark.host
def test_finished_training_is_not_a_warning():
    for y in (LABELS, VALUES):
        assert train(y, 100, learning_rate=0.03).unfinished_ == ""


@pytest.mark.host
def test_fewer_than_ten_epochs_have_no_verdict():
    train(LABELS, 9, learning_rate=0.01)


@pytest.mark.host
def test_samples_that_are_only_memorised_are_not_a_warning():
    """The training loss of random labels falls, but the validation loss rises."""
    y = np.random.default_rng(0).integers(0, 2, len(SCALED))
    path = train(y, 60, learning_rate=0.02, hidden=(60,))
    loss = path.curves_["loss"][:, path.best_index_].mean(axis=(1, 2))
    assert loss[48:54].mean() - loss[54:].mean() > 0.015 * np.log(2)


@pytest.mark.host
@pytest.mark.parametrize(
    ("epochs", "drop", "loss", "expected"),
    [
        (10, 0.05, 0.2, 20),  # twice as many at least
        (60, 0.005, 0.4, 200),  # 60 + 80
        (100, 0.002, 0.5, 500),  # 100 + 250
        (100, 0.001, 5.0, 1000),  # ten times as many at most
        (500, 0.001, 0.4, 1000),
        (600, 0.001, 0.4, 2000),
    ],
)
def test_the_epochs_to_try_are_round(epochs, drop, loss, expected):
    assert epochs_to_try(epochs, drop, loss) == expected


@pytest.mark.host
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_a_constant_is_the_entropy(weighted):
    rng = np.random.default_rng(1)
    weight = rng.uniform(size=90) if weighted else np.ones(90)

    def data(values, output, outputs, loss=None):
        return types.SimpleNamespace(
            settings=types.SimpleNamespace(
                activations=("relu", output),
                sizes=(3, 4, outputs),
                training=types.SimpleNamespace(loss=loss),
            ),
            targets=types.SimpleNamespace(values=values),
            weight=weight if weighted else None,
            regression=lambda: output == "identity",
        )

    three, two = rng.integers(0, 3, 90), rng.integers(0, 2, 90)
    of_three = np.bincount(three, weight)
    share = np.bincount(two, weight)[1] / weight.sum()
    assert loss_of_a_constant(data(three, "softmax", 3)) == pytest.approx(entropy(of_three))
    assert loss_of_a_constant(data(two, "sigmoid", 1)) == pytest.approx(entropy([share, 1 - share]))
    each = sum(entropy([p, 1 - p]) for p in of_three / of_three.sum())
    assert loss_of_a_constant(data(three, "sigmoid", 3)) == pytest.approx(each)
    assert loss_of_a_constant(data(np.eye(3)[three], "sigmoid", 3)) == pytest.approx(each)
    spread = share * (1 - share) / 2
    assert loss_of_a_constant(data(two, "sigmoid", 1, "squared_error")) == pytest.approx(spread)
    assert loss_of_a_constant(data(rng.normal(size=(90, 1)), "identity", 1)) == 1.0
