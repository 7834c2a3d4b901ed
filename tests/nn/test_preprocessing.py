"""Missing values and categories as inputs, compared with scikit-learn's transformers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

import xl2
from xl2 import Model, Network
from xl2.errors import InputError
from xl2.nn.columns import Column
from xl2.nn.preprocessing import MOST, RARE, Preprocessing
from xl2.nn.scaling import Scaling

NUMBER = Column("x")
COLOUR = Column("colour", "category", ("blue", "green", "red"))
COLUMNS = (Column("age"), COLOUR, Column("married", "boolean"), Column("town", "category", ("a",)))


def by_scikit_learn(numbers, codes, rows, new):
    """Return new rows as scikit-learn encodes them after learning from some rows."""
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    encoder = OneHotEncoder(
        min_frequency=RARE, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    imputer.fit(numbers[rows])
    encoder.fit(codes[rows])
    return np.hstack([imputer.transform(new[0]), encoder.transform(new[1])])


numbers_or_missing = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 1.7e308]), st.just(np.nan)
)


@st.composite
def tables(draw):
    """Draw two columns of numbers and two of codes, and rows to learn from."""
    count = draw(st.integers(2, 40))

    def column(cells):
        return np.array(draw(st.lists(cells, min_size=count, max_size=count)))

    numbers = np.stack([column(numbers_or_missing) for _ in range(2)], axis=1)
    codes = [column(st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, np.nan])) for _ in range(2)]
    rows = np.array(draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True)))
    return numbers, np.stack(codes, axis=1), rows


def columns_of(numbers, codes):
    texts = ("a", "b", "c")
    columns = (
        Column("p"),
        Column("c", "category", texts),
        Column("q"),
        Column("d", "category", texts),
    )
    return columns, np.stack([numbers[:, 0], codes[:, 0], numbers[:, 1], codes[:, 1]], axis=1)


@given(tables())
@settings(max_examples=100, deadline=None)
def test_learning_from_all_rows_is_that_of_scikit_learn(table):
    numbers, codes, _ = table
    columns, X = columns_of(numbers, codes)
    if np.isnan(X).all(axis=0).any():
        with pytest.raises(InputError, match="has no value in"):
            Preprocessing.learn(columns, X)
        return
    learnt = Preprocessing.learn(columns, X)
    # New rows have every code, missing ones and an unknown one.
    new = np.array(
        [[1.0, 0, 2.0, 1], [np.nan, 1, 3.0, 2], [0.0, np.nan, np.nan, 0], [5, -1, 6, -1]]
    )
    with np.errstate(over="ignore", invalid="ignore"):
        expected = by_scikit_learn(numbers, codes, slice(None), (new[:, ::2], new[:, 1::2]))
        same = by_scikit_learn(numbers, codes, slice(None), (numbers, codes))
    if np.isfinite(expected).all():  # its mean of two large numbers overflows
        np.testing.assert_array_equal(learnt.apply(new), expected)
        np.testing.assert_array_equal(learnt.apply(X), same)
    assert np.isfinite(learnt.apply(new)).all()
    assert learnt.width == len(learnt.names) == len(learnt.sources) == len(learnt.plain)


@given(tables())
@settings(max_examples=100, deadline=None)
def test_a_fold_learns_from_its_own_rows_in_the_layout_of_all(table):
    numbers, codes, rows = table
    columns, X = columns_of(numbers, codes)
    if np.isnan(X).all(axis=0).any():
        return
    layout = Preprocessing.learn(columns, X)
    own = layout.on(X[rows])
    found = own.apply(X)
    assert found.shape == (len(X), layout.width)
    assert own.names == layout.names
    # Whatever the other rows hold, what was learnt is the same.
    other = np.full_like(X, 7.0)
    other[:, 1::2] = np.nan
    other[rows] = X[rows]
    again = layout.on(other[rows])
    np.testing.assert_array_equal(again.medians, own.medians)
    assert again.silent == own.silent
    with np.errstate(over="ignore", invalid="ignore"):
        expected = by_scikit_learn(numbers, codes, rows, (numbers, codes))
    if not np.isfinite(expected).all():
        return
    # scikit-learn's columns of this fold, by what they are.
    imputed = expected[:, :2]
    np.testing.assert_array_equal(found[:, :2], imputed)
    for k, at in enumerate(layout.indicators, 2):
        learnt = np.isnan(X[rows, at]).any()
        np.testing.assert_array_equal(found[:, k], np.isnan(X[:, at]) & learnt)
    start = 2 + len(layout.indicators)
    for k, (values, other) in enumerate(zip(layout.values, layout.others, strict=True)):
        code = np.nan_to_num(codes[:, k], nan=3.0)
        counts = np.bincount(code[rows].astype(int), minlength=4)
        for value in values:
            expected = (code == value) & (counts[value] >= RARE)
            np.testing.assert_array_equal(found[:, start], expected)
            start += 1
        if other:
            some = ((counts > 0) & (counts < RARE)).any()
            np.testing.assert_array_equal(found[:, start], some & (counts[code.astype(int)] < RARE))
            start += 1


def table():
    """Return six rows of `COLUMNS` repeated, with missing values in all but one."""
    rows = [
        [1.0, 0, 0.0, 0],
        [np.nan, 0, 1.0, 0],
        [3.0, 1, 1.0, 0],
        [10.0, 1, 1.0, np.nan],
    ]
    return np.array(rows * RARE + [[7.0, 2, 0.0, 0]])


def test_inputs_have_names_and_know_their_columns():
    learnt = Preprocessing.learn(COLUMNS, table())
    assert learnt.names == (
        "age",
        "married",
        "age missing",
        "colour=blue",
        "colour=green",
        "colour=(other)",
        "town=a",
        "town=(missing)",
    )
    assert learnt.sources == (0, 2, 0, 1, 1, 1, 3, 3)
    assert learnt.plain.tolist() == [False] * 2 + [True] * 6
    found = learnt.apply([[np.nan, -1, 1, np.nan], [4, 0, 0, -1]])
    assert found.tolist() == [[3, 1, 1, 0, 0, 1, 0, 1], [4, 0, 0, 1, 0, 0, 0, 0]]


def test_columns_without_names_are_counted_from_1():
    learnt = Preprocessing.learn((Column(), Column()), [[1.0, np.nan], [2.0, 3.0]])
    assert learnt.names == ("column 1", "column 2", "column 2 missing")


def test_numbers_without_a_missing_one_are_not_copied():
    X = np.random.default_rng(0).normal(size=(20, 3))
    learnt = Preprocessing.learn((NUMBER, NUMBER, NUMBER), X)
    assert learnt.apply(X) is X
    # A new sample may still lack one.
    new = X.copy()
    new[3, 1] = np.nan
    filled = learnt.apply(new)
    assert filled[3, 1] == np.median(X[:, 1])
    assert np.isnan(new[3, 1])


@pytest.mark.parametrize(
    ("columns", "X", "message"),
    [
        ((NUMBER,), [[np.nan]] * 3, "Column 'x' has no value in 3 rows. Leave it out with ignore="),
        ((COLOUR,), [[np.nan]] * 3, "Column 'colour' has no value in 3 rows"),
        ((COLOUR,), [[3.0]], "X has 3 in row 1, 'colour', which is a category with 3 values"),
        ((COLOUR,), [[0.0], [0.5]], "X has 0.5 in row 2, 'colour'"),
        ((COLOUR,), [[-2.0]], "X has -2 in row 1"),
        ((COLOUR,), [[np.inf]], "X has inf in row 1|X is inf in row 1"),
        ((NUMBER,), [[1.0], [np.inf]], "X is inf in row 2, 'x'. Expected finite numbers, or NaN"),
        ((NUMBER,), [[1.0, 2.0]], "X has 2 columns. Expected 1 column."),
    ],
)
def test_what_cannot_be_learnt_is_refused(columns, X, message):
    with pytest.raises(InputError, match=message):
        Preprocessing.learn(columns, np.array(X))


@pytest.mark.parametrize(
    ("different", "rows", "refused"),
    [
        (20, 20, False),
        (21, 41, True),
        (21, 42, False),
        (MOST, MOST * RARE, False),
        (812, 891, True),
    ],
)
def test_a_column_of_too_many_texts_is_refused_with_its_count(different, rows, refused):
    texts = tuple(f"t{k:04}" for k in range(different))
    X = (np.arange(rows) % different).astype("float64")[:, None]
    columns = (Column("name", "category", texts),)
    if not refused:
        Preprocessing.learn(columns, X)
        return
    words = f"Column 'name' has {different} different texts in {rows} rows.*ignore='name'"
    with pytest.raises(InputError, match=words):
        Preprocessing.learn(columns, X)


def test_a_column_of_more_than_a_hundred_inputs_is_refused():
    texts = tuple(f"t{k:04}" for k in range(MOST + 1))
    X = np.tile(np.arange(MOST + 1.0), RARE)[:, None]
    with pytest.raises(InputError, match=f"has {MOST + 1} different texts in"):
        Preprocessing.learn((Column("name", "category", texts),), X)


def model(standardised=True):
    """Return a model of `COLUMNS` that returns its inputs."""
    learnt = Preprocessing.learn(COLUMNS, table())
    network = Network((learnt.width, learnt.width), ["identity"], "zeros", dtype="float64")
    network.set_parameters([(np.eye(learnt.width), np.zeros(learnt.width))])
    network.task = "regression"
    inputs = learnt.apply(table())
    scaling = Scaling.learn(inputs).sparing(learnt.plain) if standardised else None
    names = tuple(one.name for one in COLUMNS)
    return Model(network, scaling, features=names, preprocessing=learnt)


FRAME = pd.DataFrame(
    {
        "town": ["a", None, "z", ""],
        "extra": ["x", "y", "z", "?"],
        "married": [True, False, True, False],
        "colour": ["red", "blue", "violet", None],
        "age": [1.5, np.nan, 3, 4],
    }
)
CODED = np.array([[1.5, 2, 1, 0], [np.nan, 0, 0, np.nan], [3, -1, 1, -1], [4, np.nan, 0, np.nan]])


def test_a_model_takes_frames_by_name_and_coded_arrays():
    trained = model()
    expected = trained.preprocessing.apply(CODED)
    # Standardised by hand: numbers only.
    X = table()[:, [0, 2]]
    X[np.isnan(X)] = np.nanmedian(X[:, 0])
    expected[:, :2] = (expected[:, :2] - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(trained.forward(CODED), expected, atol=1e-12)
    np.testing.assert_allclose(trained.forward(FRAME), expected, atol=1e-12)
    shuffled = FRAME.sample(frac=1, random_state=0).set_axis([5, 5, 9, 0])
    order = FRAME.sample(frac=1, random_state=0).index
    np.testing.assert_allclose(trained.forward(shuffled), expected[order], atol=1e-12)


def test_a_model_takes_frames_of_polars():
    polars = pytest.importorskip("polars")
    found = model().forward(polars.DataFrame({**FRAME, "town": ["a", None, "z", ""]}, strict=False))
    np.testing.assert_array_equal(found, model().forward(FRAME))


def test_a_model_takes_coded_rows_on_disk(tmp_path):
    stored = np.memmap(tmp_path / "x", "float64", "w+", shape=(40, 4))
    stored[:] = np.tile(CODED, (10, 1))
    for standardised in (True, False):
        found = model(standardised).forward(stored)
        np.testing.assert_array_equal(found, np.tile(model(standardised).forward(CODED), (10, 1)))


def test_a_frame_lacks_a_column_that_is_named():
    with pytest.raises(InputError, match=r"X lacks 2 columns.*: 'age', 'town'. Its columns are"):
        model().predict(FRAME.drop(columns=["age", "town"]))
    twice = pd.concat([FRAME, FRAME[["age"]]], axis=1)
    with pytest.raises(InputError, match="several columns of the name 'age'"):
        model().predict(twice)
    with pytest.raises(InputError, match="row 2, column 'age': 'old' is not a number"):
        model().predict(FRAME.assign(age=["1", "old", "", "2"]))
    with pytest.raises(InputError, match="X has 3 features, but the model expects 4 features"):
        model().predict(CODED[:, :3])


def plain(features=()):
    network = Network((2, 1), ["identity"], "zeros", dtype="float64")
    network.set_parameters([(np.array([[1.0], [10.0]]), np.zeros(1))])
    network.task = "regression"
    return Model(network, features=features)


def test_a_model_without_preprocessing_takes_the_columns_of_its_names():
    frame = pd.DataFrame({"b": [1, 2], "other": ["x", "y"], "a": [3.0, 4.0]})
    assert plain(("a", "b")).predict(frame).tolist() == [13.0, 24.0]
    # Without names by position.
    assert plain().predict(frame[["b", "a"]]).tolist() == [31.0, 42.0]
    with pytest.raises(InputError, match="X has 3 features, but the model expects 2 features"):
        plain().predict(frame)
    assert plain(("a", "b")).predict(pd.DataFrame([[1, 2], [3, 4]])).tolist() == [21.0, 43.0]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["x", "y"], "X: column 'b' has text, such as 'x'. Expected numbers"),
        (pd.Categorical(["x", "y"]), "X: column 'b' has text, such as 'x'"),
        (pd.array(["x", "y"], "string"), "X: column 'b' has text, such as 'x'"),
        (pd.to_datetime(["2024-01-31", "2024-02-01"]), "column 'b' has the type datetime64"),
        ([1.0, np.nan], "X: column 'b' has 1 cell without a value, first in row 2"),
        (pd.array([None, 2], "Int64"), "X: column 'b' has 1 cell without a value, first in row 1"),
    ],
)
def test_text_and_missing_values_are_refused_by_name(cells, message):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": cells})
    with pytest.raises(InputError, match=message):
        plain(("a", "b")).predict(frame)
    network = Network((2, 1), ["sigmoid"])
    with pytest.raises(InputError, match=message):
        network.forward(frame)
    with pytest.raises(InputError, match=message):
        xl2.fit(network, frame, [0, 1], epochs=1)
    if "text" in message or "type" in message:
        with pytest.raises(InputError, match=message):
            xl2.MLPClassifier().fit(frame, [0, 1])


def test_numeric_categories_and_nullable_numbers_are_numbers():
    cells = pd.DataFrame({"a": pd.Categorical([2, 3]), "b": pd.array([4, 5], "Int64")})
    assert plain().predict(cells).tolist() == [42.0, 53.0]
    assert plain().predict(pd.DataFrame({"a": [True, False], "b": ["1", 2]})).tolist() == [11, 20]
