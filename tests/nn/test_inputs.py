"""Samples of every kind, at every entry: right, or refused by row and column."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, Model, Network, Scaling
from xl2.array.numbers import numbers
from xl2.errors import InputError

pd = pytest.importorskip("pandas", reason="some samples are frames")
pytestmark = pytest.mark.host

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
NETWORK = Network([3, 4, 1], seed=0)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "dtype": "float32", "random_state": 0}
ENTRIES = {
    "fit": lambda x: xl2.fit(Network([3, 4, 1], seed=0), x, Y, epochs=1).loss,
    "forward": NETWORK.forward,
    "path": lambda x: (
        plain_path(
            x, Y, [0, 1], cv=2, epochs=1, hidden=(3,), refit=False, progress=False
        ).validation_scores_
    ),
    "standardised path": lambda x: (
        plain_path(
            x, Y, [0, 1], cv=2, epochs=1, hidden=(3,), refit=False, progress=False, standardize=True
        ).validation_scores_
    ),
    "model": Model(NETWORK).predict,
    "standardised model": Model(NETWORK, Scaling.learn(X)).predict,
    "diagnose": lambda x: xl2.diagnose(Model(NETWORK), X, Y, x, Y).test_score,
    "scaling": lambda x: Scaling.learn(x).mean,
    "scaled": lambda x: Scaling.learn(X).apply(x, "float64"),
}
ESTIMATORS = {
    "classifier": lambda x: MLPClassifier(**SMALL).fit(x, Y).coefs_[0],
    "predict": lambda x: MLPClassifier(**SMALL).fit(X, Y).predict(x),
    "classifier of a path": lambda x: (
        MLPClassifierCV([0.0, 1.0], cv=2, **SMALL).fit(x, Y).coefs_[0]
    ),
}


def changed(value, row=4, column=1, dtype=float):
    x = X.astype(dtype)
    x[row, column] = value
    return x


def masked(*cells):
    x = np.ma.array(X, mask=np.zeros(X.shape, bool))
    for cell in cells:
        x[cell] = np.ma.masked
    return x


def quietly(call, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return call(x)


CELL = "row 5, column 2"
REFUSED = {
    "masked": (masked((4, 1), (7, 0)), rf"^X is masked in {CELL}\. .*X\.filled"),
    "a masked row": (masked(9), r"^X is masked in row 10, column 1\."),
    "masked, infinite behind": (
        np.ma.masked_invalid(changed(np.inf)),
        rf"^X is masked in {CELL}\.",
    ),
    "three axes": (X[:, :, None], r"shape \(40, 3, 1\).*pass X\.reshape\(len\(X\), -1\)"),
    "images": (X.reshape(10, 2, 2, 3), r"shape \(10, 2, 2, 3\).*X\.reshape\(len\(X\), -1\)"),
    "one axis": (X[:, 0], r"shape \(40,\).*one sample is X\.reshape\(1, -1\)"),
    "complex": (X + 1j, "real numbers. Received: dtype complex128"),
    "dates": (np.full(X.shape, np.datetime64("2020-01-01")), r"dtype datetime64\[D\].*M8\[D\]"),
    "durations": (np.full(X.shape, np.timedelta64(1, "s")), r"timedelta64\[s\].*m8\[D\]"),
    "text": (X.astype(str), "real numbers. Received: dtype <U"),
    "text among objects": (changed("red", dtype=object), rf"Received: 'red' in {CELL}"),
    "NA among objects": (changed(pd.NA, dtype=object), rf"Received: <NA> in {CELL}"),
    "complex among objects": (changed(1j, dtype=object), rf"Received: 1j in {CELL}"),
}
TOO_LARGE = {
    "float64": changed(1e39),
    "negative": changed(-1e45),
    "lists": changed(1e39).tolist(),
    "objects": changed(1e39, dtype=object),
    "frame": pd.DataFrame(changed(1e39), columns=list("abc")),
    "large integers": changed(10**39, dtype=object),
}


# Of a scaling, scikit-learn or NumPy look at the shape.
OF_SHAPE = ("three axes", "images", "one axis")
REFUSALS = [
    (entry, kind)
    for entry in ENTRIES
    for kind in REFUSED
    if kind not in OF_SHAPE or entry not in ("scaling", "scaled")
]


@pytest.mark.parametrize(("entry", "kind"), REFUSALS)
def test_samples_that_are_no_numbers_are_refused_where_they_are(entry, kind):
    x, message = REFUSED[kind]
    with pytest.raises(InputError, match=message):
        quietly(ENTRIES[entry], x)


@pytest.mark.parametrize("entry", ESTIMATORS)
@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind.startswith("masked")])
def test_estimators_refuse_a_masked_cell(entry, kind):
    x, message = REFUSED[kind]
    with pytest.raises(InputError, match=message):
        quietly(ESTIMATORS[entry], x)


@pytest.mark.parametrize("entry", [*ENTRIES, *ESTIMATORS])
def test_a_masked_array_without_a_masked_cell_is_its_data(entry):
    call = (ENTRIES | ESTIMATORS)[entry]
    np.testing.assert_array_equal(quietly(call, masked()), quietly(call, X))


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("entry", [*ENTRIES, *ESTIMATORS])
@pytest.mark.parametrize("kind", TOO_LARGE)
def test_a_finite_number_beyond_float32_is_not_called_infinite(entry, kind):
    if entry in ("scaling", "scaled"):
        assert np.isfinite(ENTRIES[entry](TOO_LARGE[kind])).all()
        return
    with pytest.raises(InputError, match=rf"value -?1e[+]\d+ .*in {CELL} is too") as caught:
        quietly((ENTRIES | ESTIMATORS)[entry], TOO_LARGE[kind])
    text = str(caught.value)
    assert "float32" in text
    assert "dtype='float64'" in text
    assert "standardise" in text
    assert "infinit" not in text


def test_float64_holds_it():
    network = Network([3, 4, 1], seed=0, dtype="float64")
    assert np.isfinite(network.forward(changed(1e39))).all()
    assert np.isfinite(xl2.fit(network, changed(1e30), Y, epochs=1).loss).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_nan_and_an_infinity_are_still_called_so(value):
    for entry in ("fit", "forward", "path", "standardised path", "model", "standardised model"):
        with pytest.raises(InputError, match=r"X holds a NaN or an infinity, first in row 5"):
            ENTRIES[entry](changed(value))


def test_rows_that_are_read_later_are_checked_alike(tmp_path):
    stored = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=X.shape)
    stored[:] = changed(1e39)
    message = rf"value 1e\+39 of X in {CELL} is too large for float32"
    for x in (
        stored,
        scipy.sparse.csr_matrix(changed(1e39)),
        scipy.sparse.csc_array(changed(1e39)),
    ):
        for entry in ("fit", "forward"):
            with pytest.raises(InputError, match=message):
                ENTRIES[entry](x)
    with pytest.raises(InputError, match="NaN or an infinity, first in row 5"):
        ENTRIES["fit"](scipy.sparse.csr_matrix(changed(np.nan)))


def test_a_sparse_matrix_is_predicted_with_a_scaling():
    model = Model(NETWORK, Scaling.learn(X))
    sparse = scipy.sparse.csr_array(np.where(X > 0, X, 0))
    np.testing.assert_array_equal(model.predict(sparse), model.predict(sparse.toarray()))


@pytest.mark.skipif(
    np.finfo(np.longdouble).max == np.finfo(float).max, reason="long double is float64"
)
def test_float64_has_limits_too():
    with pytest.raises(InputError, match=r"in row 2 is too large for float64\. Divide"):
        numbers(np.array([1, 1e300], np.longdouble) ** 2, "float64", "X")
