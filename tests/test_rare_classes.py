"""A class of one sample is named by its label, wherever it is in the way."""

import warnings

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning

import xl2
from xl2 import MLPClassifier, MLPClassifierCV
from xl2.data.splitting import split
from xl2.errors import InputError

pytestmark = [pytest.mark.host, pytest.mark.filterwarnings("ignore:The target has")]

X = np.random.default_rng(0).normal(size=(40, 3))
SIDES = (X[:, 0] > 0).astype(int)
ONE = np.arange(40) == 5
SMALL = {"max_iter": 2, "hidden_layer_sizes": (3,), "random_state": 0}
PATH = {"epochs": 1, "hidden": (3,), "refit": False, "progress": False}
# Labels of two classes, the second rare, and of three, the last rare; and how it is named.
LABELS = {
    "text": (np.array(["no", "rare"]), np.array(["no", "yes", "rare"]), "'rare'"),
    "ints": (np.array([10, 70]), np.array([10, 20, 70]), "70"),
    "small ints": (np.array([1, 5]), np.array([1, 2, 5]), "5"),
    "bools": (np.array([False, True]), None, "True"),
    "floats": (np.array([1.0, 7.0]), np.array([1.0, 2.0, 7.0]), r"7\.0"),
}
TWO = [(names[0][ONE.astype(int)], names[2]) for names in LABELS.values()]
THREE = [
    (names[1][np.where(ONE, 2, SIDES)], names[2])
    for names in LABELS.values()
    if names[1] is not None
]


def said(call):
    """Return the warnings and the error of a call, except those of unfinished training."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            call()
        except ValueError as error:
            caught.append(warnings.WarningMessage(error, UserWarning, "", 0))
    return " ".join(str(one.message) for one in caught)


@pytest.mark.parametrize(("y", "label"), TWO + THREE)
def test_folds_and_splits_name_it(y, label):
    for call in (
        lambda: plain_path(X, y, [0, 1], cv=3, **PATH),
        lambda: MLPClassifierCV([0.0, 1.0], cv=3, **SMALL).fit(X, y),
    ):
        text = said(call)
        assert f"The class {label.replace(chr(92), '')} (1 sample) has fewer samples than" in text
        assert f"fold 1 on {label.replace(chr(92), '')}" in text
    with pytest.warns(UserWarning, match=rf"No held-out sample has the class {label} \(1 sample\)"):
        split(X, y, stratify=True)
    with pytest.warns(UserWarning, match=rf"No held-out sample has the class {label} \(1 sample\)"):
        split(X, y, stratify=True, groups=np.arange(40) // 4)


@pytest.mark.parametrize(("y", "label"), TWO)
def test_early_stopping_names_it(y, label):
    with pytest.raises(ValueError, match=rf"Classes with too few members are: \[{label}\]"):
        MLPClassifier(early_stopping=True, **SMALL).fit(X, y)


@pytest.mark.parametrize(("y", "label"), THREE)
def test_validation_samples_and_scores_name_it(y, label):
    with pytest.raises(InputError, match=f"validation y has the label {label}, which no training"):
        plain_path(X[10:], y[10:], [0], validation=(X[:10], y[:10]), **PATH)
    with pytest.raises(InputError, match=rf"y_val has labels that are not in y: \[{label}\]"):
        MLPClassifier(**SMALL).fit(X[10:], y[10:], X_val=X[:10], y_val=y[:10])
    held = (X[10:], y[10:])
    with pytest.raises(InputError, match=f"No sample there has the label {label}. Use a scorer"):
        plain_path(X, y, [0], validation=held, scoring="roc_auc_ovr", **PATH)
    path = plain_path(X[10:], y[10:], [0], cv=2, **{**PATH, "refit": True})
    with pytest.raises(InputError, match=f"1 test sample has the label {label}, which no"):
        xl2.diagnose(path, X[10:], y[10:], X[:10], y[:10])
