"""Labels of every kind that Python has: right, or one clear error with the row."""

from __future__ import annotations

import datetime
import warnings

import numpy as np
import pytest
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, Model, Network
from xl2.errors import InputError
from xl2.nn.label_arrays import names_of_columns, read_labels

pd = pytest.importorskip("pandas", reason="some labels are of pandas")
pytestmark = pytest.mark.host

X = np.random.default_rng(0).normal(size=(40, 3))
N = (X[:, 0] > 0).astype(int)
T = np.where(N, "yes", "no")
LETTERS = [int(n) if row % 2 else "A" for row, n in enumerate(N)]


def with_a_gap(series, row=6):
    series = series.copy()
    series.iloc[row] = pd.NA
    return series


def objects(labels):
    found = np.empty(len(labels), object)
    found[:] = labels
    return found


# Each with the labels that it has, as Python values.
RIGHT = {
    "StringDType": (T.astype(np.dtypes.StringDType()), T),
    "objects of int": (N.astype(object), N),
    "objects of str": (T.astype(object), T),
    "objects of bool": ((N > 0).astype(object), N > 0),
    "ints and floats": (objects([n if n else 0.0 for n in N.tolist()]), N),
    "bool": (N > 0, N > 0),
    "list": (T.tolist(), T),
    "tuple of bytes": (tuple(T.astype("S").tolist()), T.astype("S")),
    "objects of bytes": (objects(T.astype("S").tolist()), T.astype("S")),
    "masked, none masked": (np.ma.array(N, mask=np.zeros(40, bool)), N),
    "one column": (N[:, None], N),
    "Series": (pd.Series(T), T),
    "Series with another index": (pd.Series(N, index=np.arange(40)[::-1]), N),
    "categories, unused too": (
        pd.Series(pd.Categorical(T, categories=["zz", "yes", "maybe", "no"])),
        T,
    ),
    "categories of int": (pd.Series(pd.Categorical(N, categories=[5, 1, 0])), N),
    "Categorical": (pd.Categorical(T), T),
    "Int64": (pd.Series(N, dtype="Int64"), N),
    "boolean": (pd.Series(N > 0, dtype="boolean"), N > 0),
    "string": (pd.Series(T, dtype="string"), T),
    "str": (pd.Series(T, dtype=str), T),
    "Index": (pd.Index(T), T),
    "frame of one column": (pd.DataFrame({"kind": T}), T),
}


@pytest.mark.parametrize("name", RIGHT)
def test_labels_of_every_kind_are_read(name):
    given, expected = RIGHT[name]
    found = read_labels(given, "y")
    assert found.dtype.kind in "biufSU"
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("name", RIGHT)
def test_a_path_predicts_labels_of_the_same_kind(name):
    given, expected = RIGHT[name]
    path = plain_path(
        X, given, [0.1], cv=2, epochs=2, hidden=(3,), learning_rate=0.05, progress=False
    )
    model = path.best_model_
    assert model.classes == tuple(sorted(set(expected.tolist())))
    predicted = model.predict(X)
    assert set(predicted.tolist()) <= set(expected.tolist())
    assert model.score(X, given) == pytest.approx(np.mean(predicted == expected))
    found = xl2.diagnose(model, X, given, X[:9], given[:9])
    assert found.train_score == pytest.approx(model.score(X, given))


def test_strings_of_pyarrow_are_text():
    pytest.importorskip("pyarrow", reason="it has these strings")
    series = pd.Series(T, dtype="string[pyarrow]")
    assert read_labels(series, "y").tolist() == T.tolist()
    with pytest.raises(InputError, match="y has a missing label, first in row 7"):
        read_labels(with_a_gap(series), "y")


def test_series_of_polars_are_read():
    pl = pytest.importorskip("polars", reason="some labels are of polars")
    for series in (pl.Series(T), pl.Series(T, dtype=pl.Categorical), pl.Series(T.tolist())):
        assert read_labels(series, "y").tolist() == T.tolist()
    assert read_labels(pl.Series(N), "y").tolist() == N.tolist()
    with pytest.raises(InputError, match="first in row 2"):
        read_labels(pl.Series(["a", None, "b"]), "y")


DATES = r"has dates or durations, such as .* to text, such as years .* to numbers, such as days\."
REFUSED = {
    "None": ([None, *T[1:]], "y has a missing label, first in row 1"),
    "NaN among text": (objects([*T[:5], np.nan, *T[6:]]), "y has a missing label, first in row 6"),
    "NaN": ([0.0, np.nan, 1.0], "y holds a NaN or an infinity, first in row 2"),
    "Int64 with NA": (with_a_gap(pd.Series(N, dtype="Int64")), "first in row 7"),
    "boolean with NA": (with_a_gap(pd.Series(N > 0, dtype="boolean")), "missing.* in row 7"),
    "string with NA": (with_a_gap(pd.Series(T, dtype="string")), "missing label, first in row 7"),
    "categories with NA": (pd.Series(pd.Categorical(T)).where(N > 0), "missing label, first in"),
    "masked": (np.ma.array(N, mask=np.arange(40) > 8), r"^y is masked in row 10\."),
    "masked text": (np.ma.array(T, mask=np.arange(40) == 3), r"^y is masked in row 4\."),
    "fractions and text": (
        objects([0.5, "A", 0.5]),
        r"mixes numbers such as 0\.5 \(row 1\) and text such as 'A' \(row 2\)\. Convert all",
    ),
    "bools and text": (objects(["A", True]), r"mixes text such as 'A' \(row 1\) and bools such as"),
    "bytes and text": (
        objects(["A", b"A"]),
        r"text such as 'A' .* and bytes such as b'A' \(row 2\)",
    ),
    "bools and numbers": (
        objects([1, 2, True]),
        r"numbers such as 1 .* bools such as True \(row 3",
    ),
    "dates of NumPy": (np.array(["2020-01-01", "2021-01-01"], "M8[D]"), DATES),
    "dates of pandas": (pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"])), DATES),
    "dates of Python": (objects([datetime.date(2020, 1, 1)] * 2), DATES),
    "time stamps": (objects([pd.Timestamp("2020-01-01")] * 2), DATES),
    "durations": (np.array([1, 2], "m8[D]"), DATES),
    "durations of Python": ([datetime.timedelta(1)] * 2, DATES),
    "objects": (objects([{}, {}]), r"text or numbers\. Received: dict in row 1"),
    "intervals": (pd.cut(pd.Series(X[:, 0]), [-9, 0, 9]), r"Received: Interval in row 1"),
    "periods": (pd.Series(pd.PeriodIndex(["2020", "2021"], freq="Y")), "Received: Period in row 1"),
    "complex": (N + 1j, "must be text or numbers. Received: complex128"),
    "uneven rows": ([[0], [1, 2]], "y must be an array"),
    "three axes": (np.zeros((2, 2, 2)), r"one label for each sample.*Received: shape \(2, 2, 2\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_label_is_one_clear_error(name):
    given, message = REFUSED[name]
    for what in ("y", "groups"):
        with pytest.raises(InputError, match=message.replace("y ", f"{what} ", 1)) as caught:
            read_labels(given, what)
        assert len(str(caught.value)) < 250  # no array is dumped


@pytest.mark.parametrize("labels", [LETTERS, [1, 2, "A", 2.0], ["x", 5, 5, "x"]], ids=str)
def test_text_and_whole_numbers_are_text_and_said(labels):
    with pytest.warns(UserWarning, match=r"^y mixes .* and .*: all are taken as text\.$") as caught:
        found = read_labels(objects(labels), "y")
    assert caught[0].filename == __file__
    assert found.tolist() == [one if isinstance(one, str) else str(int(one)) for one in labels]
    path = "y mixes text such as 'A' (row 1) and numbers such as "
    if labels is LETTERS:
        with pytest.warns(UserWarning) as caught:  # noqa: PT030 - the messages are compared below
            model = plain_path(
                X, objects(labels), [0.1], cv=2, epochs=1, hidden=(3,), progress=False
            ).best_model_
        assert str(caught[0].message).startswith(path)
        assert model.classes == ("0", "1", "A")


def test_names_of_columns():
    frame = pd.DataFrame({"a": N, "b": 1 - N})
    assert names_of_columns(frame) == ("a", "b")
    assert names_of_columns(N) == names_of_columns(pd.Series(N)) == ()
    with pytest.warns(UserWarning, match=r"single 1 in its 2 columns \('a', 'b'\), taken as clas"):
        plain_path(X, frame, [0.1], cv=2, epochs=1, hidden=(3,), progress=False)


@pytest.mark.parametrize("name", ["StringDType", "objects of int", "objects of bool", "string"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPClassifierCV])
def test_estimators_read_labels_that_scikit_learn_does_not_know(name, kind):
    given, expected = RIGHT[name]
    model = kind(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, given)
    assert model.classes_.tolist() == sorted(set(expected.tolist()))
    assert set(model.predict(X).tolist()) <= set(expected.tolist())


@pytest.mark.parametrize(
    "name",
    [
        "None",
        "string with NA",
        "NaN among text",
        "fractions and text",
        "dates of Python",
        "objects",
    ],
)
def test_estimators_say_what_scikit_learn_does_not(name):
    given, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        MLPClassifier().fit(X[: len(given)], given)


def test_a_score_reads_the_labels_of_training():
    network = Network([3, 2], ["softmax"], seed=0)
    for classes, forms in (
        ((0, 1), [N, N.astype(str), N.astype(float), N > 0, np.eye(2)[N], N[:, None]]),
        (("1", "2"), [N + 1, (N + 1).astype(str), N + 1.0, objects((N + 1).tolist())]),
        ((False, True), [N > 0, N, (N > 0).astype(str)]),
    ):
        model = Model(network, classes=classes)
        scores = {model.score(X, y) for y in forms}
        assert len(scores) == 1
        assert 0 < scores.pop() < 1
        found = {xl2.diagnose(model, X, y, X, y).test_score for y in forms}
        assert len(found) == 1
    with pytest.warns(UserWarning, match=r"'d' \(21\), 'c' .* The accuracy is 0\.$"):
        assert Model(network, classes=("a", "b")).score(X, np.where(N, "c", "d")) == 0
    with pytest.raises(InputError, match="40 samples have labels that no training sample has"):
        xl2.diagnose(Model(network, classes=("a", "b")), X, np.where(N, "c", "d"), X, T)


def test_validation_labels_are_read_as_those_of_training():
    options = {"epochs": 1, "hidden": (3,), "progress": False, "refit": False}
    scores = [
        plain_path(X, y, [0.1], validation=(X, other), **options).validation_scores_
        for y, other in ((N, N), (N, N.astype(str)), (N.astype(str), N), (N, np.eye(2)[N]))
    ]
    assert len({float(score[0, 0]) for score in scores}) == 1
