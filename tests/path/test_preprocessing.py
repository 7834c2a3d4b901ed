"""Frames with missing values and text in a path: each fold learns from its training rows alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import xl2
from xl2 import diagnose
from xl2.errors import InputError
from xl2.nn.columns import Column
from xl2.nn.targets import read_targets
from xl2.path.encoders import Encoded, Transformed
from xl2.path.path_data import PathData
from xl2.path.settings import PathSettings

ROWS = 150
RNG = np.random.default_rng(1)
COLOURS = np.array(["red", "green", "blue", None], dtype=object)


def frame(rows=ROWS, seed=0):
    """Return a frame with a text column, missing numbers and a boolean column."""
    rng = np.random.default_rng(seed)
    age = rng.normal(40.0, 10.0, rows)
    age[rng.random(rows) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "colour": COLOURS[rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])],
            "married": rng.random(rows) < 0.5,
            "height": rng.normal(170.0, 8.0, rows),
        }
    )


def labels(table, seed=9):
    rng = np.random.default_rng(seed)
    score = 2.0 * (table["colour"] == "red") + (table["height"] > 170.0)
    return np.where(score + rng.normal(0.0, 0.6, len(table)) > 1.0, "yes", "no")


def cleaned(table, learnt_from=None):
    """Return a frame as numbers, cleaned by hand: medians, an indicator, and 0 and 1."""
    known = table if learnt_from is None else learnt_from
    columns = [
        table["age"].fillna(known["age"].median()),
        table["married"].astype(float),
        table["height"],
        table["age"].isna().astype(float),
        *[(table["colour"] == colour).astype(float) for colour in ("blue", "green", "red")],
        table["colour"].isna().astype(float),
    ]
    return np.stack([np.asarray(column, dtype="float64") for column in columns], axis=1)


TABLE, NEW = frame(), frame(40, 1)
Y, Y_NEW = labels(TABLE), labels(NEW, 3)
SMALL = {
    "hidden": (4,),
    "epochs": 4,
    "batch_size": 16,
    "dtype": "float64",
    "progress": False,
}
LONGER = {**SMALL, "epochs": 20, "learning_rate": 0.05, "standardize": True}
CV = StratifiedKFold(3, shuffle=True, random_state=0)


def transformer(**more):
    """Return what scikit-learn needs for the same inputs in the same order."""
    return ColumnTransformer(
        [
            (
                "n",
                SimpleImputer(strategy="median", add_indicator=True),
                ["age", "married", "height"],
            ),
            ("c", OneHotEncoder(handle_unknown="ignore", **more), ["colour"]),
        ]
    )


def same(one, other, rtol=0.0):
    for name in ("validation_scores_by_seed_", "train_scores_by_seed_", "null_scores_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol)


def test_a_frame_is_the_arrays_that_are_cleaned_by_hand():
    path = plain_path(TABLE, Y, [0, 1], validation=(NEW, Y_NEW), **SMALL)
    X, X_new = cleaned(TABLE), cleaned(NEW, TABLE)
    by_hand = plain_path(X, Y, [0, 1], validation=(X_new, Y_NEW), **SMALL)
    same(path, by_hand)
    model = path.best_model_
    assert model.features == tuple(TABLE.columns)
    np.testing.assert_array_equal(model.forward(NEW), by_hand.best_model_.forward(X_new))
    # By name, in any order; the coded matrix also does.
    shuffled = NEW[["height", "colour", "married", "age"]].assign(more="text")
    np.testing.assert_array_equal(model.predict(shuffled), by_hand.best_model_.predict(X_new))
    np.testing.assert_array_equal(model.predict(model.raw(NEW)), model.predict(NEW))
    assert path.selected_on(NEW)
    assert not path.selected_on(TABLE)
    assert str(diagnose(path, TABLE, Y, NEW, Y_NEW)).count("very test samples")


def test_standardised_inputs_of_0_and_1_stay_as_they_are():
    options = {**SMALL, "validation": (NEW, Y_NEW), "standardize": True}
    path = plain_path(TABLE, Y, [0, 1], **options)
    X, X_new = cleaned(TABLE), cleaned(NEW, TABLE)
    mean, scale = X[:, :3].mean(axis=0), X[:, :3].std(axis=0)
    for part in (X, X_new):
        part[:, :3] = (part[:, :3] - mean) / scale
    by_hand = plain_path(
        X, Y, [0, 1], **{**options, "validation": (X_new, Y_NEW), "standardize": False}
    )
    np.testing.assert_allclose(
        path.validation_scores_, by_hand.validation_scores_, rtol=0, atol=1e-10
    )
    np.testing.assert_allclose(
        path.best_model_.forward(NEW), by_hand.best_model_.forward(X_new), atol=1e-10
    )


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("standardize", [False, True])
def test_folds_are_those_of_a_column_transformer(sparse, standardize):
    # Standardising scikit-learn's inputs of 0 and 1 as well would differ.
    steps = transformer(sparse_output=sparse)
    if standardize:
        scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        rest = SimpleImputer(strategy="median", add_indicator=True)
        steps = make_pipeline(
            ColumnTransformer(
                [
                    ("n", scale, ["age", "married", "height"]),
                    ("i", make_pipeline(rest, FunctionTransformer(_last_column)), ["age"]),
                    ("c", OneHotEncoder(sparse_output=sparse), ["colour"]),
                ],
            )
        )
    options = {**SMALL, "cv": CV, "seed": [0, 1]}
    ours = plain_path(TABLE, Y, [0, 1], standardize=standardize, **options)
    theirs = plain_path(TABLE, Y, [0, 1], preprocessing=steps, **options)
    # Each standardises in its own order of operations.
    rtol = 1e-12 if standardize else 0.0
    same(ours, theirs, rtol)
    np.testing.assert_allclose(
        ours.best_model_.forward(NEW), theirs.best_model_.forward(NEW), rtol=rtol
    )
    assert theirs.best_model_.preprocessing is not steps


def _last_column(X):
    return X[:, -1:]


def data_of(table, splits, encoder=None, standardize=False):
    """Return the folds of a path."""
    targets = read_targets(Y, "auto")
    encoder = encoder or read(table)
    settings = PathSettings(
        sizes=(encoder.width, 4, 1),
        activations=("relu", "sigmoid"),
        initializer="he",
        bias_initializer="zeros",
        dtype="float64",
        backend=xl2.get_backend(),
        penalties=[xl2.L2(0.0)],
        seeds=[0],
        training=None,
        epochs=1,
        patience=None,
        judged_by="loss",
        max_memory=None,
    )
    data = PathData(settings, table, targets, standardize, None, encoder)
    return data.cross_validation(splits)


def read(table):
    from xl2.path.encoders import read_samples

    return read_samples(table, Y, "auto")[1]


def altered(table, rows):
    """Return a frame with other values in some rows, but with the same texts and gaps in it."""
    other = table.copy()
    other.loc[rows, "age"] = 1000.0
    other.loc[rows, "colour"] = "red"
    other.loc[rows, "height"] = -500.0
    return other


@pytest.mark.parametrize("standardize", [False, True])
def test_no_fold_learns_from_its_validation_rows(standardize):
    from xl2.path.folds import make_folds

    splits = make_folds(Y, CV, False)
    original = data_of(TABLE, splits, standardize=standardize)
    for f, split in enumerate(splits):
        other = data_of(altered(TABLE, split.validation), splits, standardize=standardize)
        one, two = original.folds[f], other.folds[f]
        assert one.preprocessing.names == two.preprocessing.names
        np.testing.assert_array_equal(one.preprocessing.medians, two.preprocessing.medians)
        # They are those of the training rows, and not of all.
        median = TABLE["age"].iloc[split.training].median()
        assert one.preprocessing.medians[0] == median != TABLE["age"].median()
        np.testing.assert_array_equal(
            np.concatenate(list(original.training_chunks(one))),
            np.concatenate(list(other.training_chunks(two))),
        )
        if standardize:
            np.testing.assert_array_equal(one.inputs.mean, two.inputs.mean)
        # The validation rows themselves did change.
        assert not np.array_equal(one.x, two.x)


@pytest.mark.parametrize("preprocessing", ["auto", transformer()], ids=["ours", "scikit-learn"])
def test_members_do_not_depend_on_their_validation_rows(preprocessing):
    options = {**SMALL, "cv": CV, "return_members": True, "refit": False, "standardize": True}
    path = plain_path(TABLE, Y, [0, 1], preprocessing=preprocessing, **options)
    held = next(iter(CV.split(TABLE, Y)))[1]
    other = plain_path(altered(TABLE, held), Y, [0, 1], preprocessing=preprocessing, **options)
    for lam in (0, 1):
        for a, b in zip(
            path.member(lam, 0).host_parameters(),
            other.member(lam, 0).host_parameters(),
            strict=True,
        ):
            np.testing.assert_array_equal(a[0], b[0])
        assert not np.array_equal(
            path.member(lam, 1).host_parameters()[0][0],
            other.member(lam, 1).host_parameters()[0][0],
        )


def test_a_placed_grid_does_not_see_validation_rows_either():
    options = {**SMALL, "cv": [next(iter(CV.split(TABLE, Y)))], "refit": False}
    path = plain_path(TABLE, Y, 4, **options)
    other = plain_path(altered(TABLE, options["cv"][0][1]), Y, 4, **options)
    np.testing.assert_array_equal(path.lambdas_, other.lambdas_)
    np.testing.assert_array_equal(path.train_scores_, other.train_scores_)


def test_folds_of_different_widths_train_in_one_stack():
    # A rare text is missing in the training rows of one fold, so it has fewer inputs.
    table = TABLE.assign(colour=["violet" if k < 2 else "red" for k in range(ROWS)])
    folds = [(np.arange(2, 60), np.arange(60, 150)), (np.arange(60), np.arange(60, 150))]
    options = {**SMALL, "cv": folds, "return_members": True}
    path = plain_path(table, Y, [1], preprocessing=transformer(), **options)
    assert [path.member(1, f).sizes[0] for f in (0, 1)] == [6, 6]
    # The narrower fold by hand, with an input that is always 0.
    own = transformer().fit(table.iloc[:60].iloc[2:])
    assert own.transform(table).shape[1] == 5
    X = np.pad(own.transform(table), ((0, 0), (0, 1)))
    alone = plain_path(X, Y, [1], **{**options, "cv": folds[:1]})
    np.testing.assert_array_equal(alone.train_scores_[:, 0], path.train_scores_[:, 0])
    assert path.best_model_.predict(table.iloc[:3]).shape == (3,)
    # And a fold that is wider than all rows.
    wide = plain_path(table, Y, [1], preprocessing=Frequent(), **options)
    assert wide.best_model_.network.sizes[0] == 3
    assert wide.best_model_.predict(table).shape == (ROWS,)


class Frequent:
    """A transformer of no library: it has an input more if it saw few rows."""

    def fit(self, X, y):
        self.more = len(X) < ROWS
        return self

    def transform(self, X):
        return X[["height"]].to_numpy() + np.zeros((1, 2 + self.more))


def test_what_folds_learn_is_one_copy_where_it_is_the_same():
    from xl2.path.folds import make_folds

    splits = make_folds(Y, CV, False)
    numbers = TABLE[["height", "married"]]
    assert data_of(numbers, splits).training.samples.x.shape == (ROWS, 2)
    assert data_of(TABLE[["height", "age"]], splits).training.samples.x.shape == (3 * ROWS, 3)
    texts = TABLE.assign(colour=np.where(np.arange(ROWS) % 2, "a", "b"))[["height", "colour"]]
    assert data_of(texts, splits).training.samples.x.shape == (ROWS, 3)


class ByTarget(TransformerMixin, BaseEstimator):
    """Encodes texts by the target; like scikit-learn's, the training rows in another way."""

    def fit(self, X, y):
        self.shares_ = {text: np.mean(y[X["colour"] == text] == "yes") for text in COLOURS[:3]}
        return self

    def transform(self, X):
        return X["colour"].map(self.shares_).fillna(0.5).to_numpy(dtype="float64")[:, None]

    def fit_transform(self, X, y):
        return 0.9 * self.fit(X, y).transform(X)


@pytest.mark.parametrize(
    "steps",
    [
        make_pipeline(transformer(), SelectKBest(k=3)),
        make_pipeline(transformer(sparse_output=False), PCA(2, random_state=0)),
        ByTarget(),
        ColumnTransformer([("w", CountVectorizer(), "words")]),
        transformer().set_output(transform="default"),
        transformer(sparse_output=False).set_output(transform="pandas"),
    ],
    ids=["selected", "pca", "by target", "words", "default", "pandas"],
)
def test_transformers_of_scikit_learn_are_fitted_on_the_training_rows(steps):
    from sklearn.base import clone

    table = TABLE.assign(words="it is " + TABLE["colour"].fillna("none"))
    folds = list(CV.split(table, Y))[:1]
    path = plain_path(table, Y, [1], preprocessing=steps, cv=folds, return_members=True, **SMALL)
    own = clone(steps)
    dense = as_dense(own.fit_transform(table.iloc[folds[0][0]], Y[folds[0][0]]))
    X = np.empty((ROWS, dense.shape[1]))
    X[folds[0][0]] = dense
    X[folds[0][1]] = as_dense(own.transform(table.iloc[folds[0][1]]))
    alone = plain_path(X, Y, [1], cv=folds, **SMALL)
    np.testing.assert_array_equal(alone.train_scores_, path.train_scores_)
    np.testing.assert_array_equal(alone.validation_scores_, path.validation_scores_)


def as_dense(X):
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X)


def test_a_transformer_also_takes_arrays_and_sparse_matrices():
    from scipy.sparse import csr_matrix

    X = cleaned(TABLE)
    steps = StandardScaler(with_mean=False)
    options = {**SMALL, "cv": CV}
    dense = plain_path(X, Y, [1], preprocessing=steps, **options)
    packed = plain_path(csr_matrix(X), Y, [1], preprocessing=steps, **options)
    lists = plain_path(X.tolist(), Y, [1], preprocessing=steps, **options)
    same(dense, packed, 1e-12)
    same(dense, lists)
    np.testing.assert_allclose(
        packed.best_model_.forward(csr_matrix(X)), packed.best_model_.forward(X), rtol=1e-12
    )


def test_frames_of_polars_and_coded_matrices_are_the_same():
    polars = pytest.importorskip("polars")
    path = plain_path(TABLE, Y, [0, 1], cv=CV, **SMALL)
    other = plain_path(
        polars.DataFrame(
            {name: [None if cell != cell else cell for cell in TABLE[name]] for name in TABLE}
        ),
        Y,
        [0, 1],
        cv=CV,
        **SMALL,
    )
    same(path, other)
    learnt = path.best_model_.preprocessing
    again = plain_path(
        path.best_model_.raw(TABLE), Y, [0, 1], cv=CV, preprocessing=learnt.columns, **SMALL
    )
    same(path, again)
    assert again.best_model_.features == tuple(TABLE.columns)


def test_weights_groups_stacks_and_values_work_along(tmp_path):
    weight = RNG.random(ROWS)
    values = TABLE["height"].to_numpy() + RNG.normal(size=ROWS)
    options = {
        **SMALL,
        "cv": 3,
        "groups": np.arange(ROWS) // 6,
        "sample_weight": weight,
        "seed": [0, 1],
        "standardize": True,
    }
    ours = plain_path(TABLE, values, [0, 1], **options)
    size = ours._settings.memory_of(2)
    for more in ({"max_memory": size}, {"checkpoint": tmp_path / "path"}):
        same(ours, plain_path(TABLE, values, [0, 1], **options, **more))
    resumed = {"checkpoint": tmp_path / "path", "resume": True}
    same(ours, plain_path(TABLE, values, [0, 1], **options, **resumed))
    with pytest.raises(InputError, match=r'its preprocessing was "2 number, .* and is now'):
        plain_path(TABLE.drop(columns="age"), values, [0, 1], **options, **resumed)
    with pytest.raises(InputError, match=r"another regularisation path|another run"):
        plain_path(TABLE.assign(age=1.5), values, [0, 1], **options, **resumed)
    assert ours.best_model_.predict(TABLE).shape == (ROWS,)


def test_columns_are_left_out_with_all_their_inputs():
    options = {**LONGER, "cv": KFold(3), "refit": "best", "budget": 1e6}
    path = plain_path(TABLE, Y, [1], without={"colour": [1], "ages": [0, 3]}, **options)
    found = {trial.what: trial for trial in path.evidence_.trials}
    assert {what: trial.arguments["columns"] for what, trial in found.items()} == {
        "without colour": [0, 2, 3],
        "without ages": [1, 2],
    }
    for what, kept in (("without colour", ["age", "married", "height"]), ("without ages", None)):
        table = TABLE[kept or ["colour", "married"]]
        alone = plain_path(table, Y, [1], **options)
        np.testing.assert_array_equal(found[what].scores, alone.evidence_.scores[0])
    with pytest.raises(InputError, match="without leaves out columns, but only the transformer"):
        plain_path(TABLE, Y, [1], preprocessing=transformer(), without={"a": [0]}, **options)


def test_a_path_of_a_frame_is_diagnosed_on_frames():
    path = plain_path(TABLE, Y, [0, 1], cv=CV, experiments=["curve"], **LONGER)
    found = diagnose(path, TABLE, Y, NEW, Y_NEW)
    X, X_new = cleaned(TABLE), cleaned(NEW, TABLE)
    by_hand, scaling = path.best_model_.network, path.best_model_.input_scaling
    X, X_new = (scaling.apply(part, "float64") for part in (X, X_new))
    assert found.train_score == np.mean(np.where(by_hand.predict(X) == 1, "yes", "no") == Y)
    assert found.test_score == np.mean(np.where(by_hand.predict(X_new) == 1, "yes", "no") == Y_NEW)
    assert path.evidence_.repeated == 0


def test_scorers_see_the_inputs():
    seen = []

    def scorer(estimator, X, y):
        seen.append(X)
        return float(np.mean(estimator.predict(X) == y))

    plain_path(TABLE, Y, [1], scoring=scorer, validation=(NEW, Y_NEW), **SMALL)
    expected = cleaned(NEW, TABLE)
    assert any(X.shape == expected.shape and np.allclose(X, expected) for X in seen)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (TABLE, {"preprocessing": None}, "X: column 'colour' has text, such as 'blue'"),
        (TABLE[["age"]], {"preprocessing": None}, "X: column 'age' has [0-9]+ cells without"),
        (TABLE, {"preprocessing": "off"}, "preprocessing must be 'auto', None, or a transformer"),
        (TABLE, {"preprocessing": StandardScaler}, "preprocessing must be 'auto', None, or a"),
        (TABLE.assign(age=np.nan), {}, "Column 'age' has no value in 150 rows. Leave it out"),
        (
            TABLE.assign(colour=[f"id{k}" for k in range(ROWS)]),
            {},
            "Column 'colour' has 150 different texts in 150 rows",
        ),
        (TABLE.set_axis(["a", "b", "a", "c"], axis=1), {}, "several columns of the name 'a'"),
        (TABLE.assign(height=np.inf), {}, "X is inf in row 1, 'height'"),
        (TABLE.head(8), {}, "X has 8 samples but y has 150"),
        (TABLE.head(8), {"preprocessing": transformer()}, "X has 8 samples but y has 150"),
        (
            TABLE[["age"]],
            {"preprocessing": FunctionTransformer()},
            "The output of FunctionTransformer holds a NaN or an infinity, first in row",
        ),
        (TABLE, {"validation": (NEW.drop(columns="age"), Y_NEW)}, "X lacks 1 column.*: 'age'"),
        (TABLE, {"validation": (NEW, Y)}, "validation X has 40 samples but validation y has 150"),
    ],
    ids=lambda value: "" if isinstance(value, pd.DataFrame | dict) else value,
)
def test_what_cannot_be_prepared_is_refused(table, options, message):
    with pytest.raises(InputError, match=message):
        plain_path(table, Y, [1], **{**SMALL, "epochs": 1, **options})


def test_a_frame_of_numbers_and_an_array_are_the_same_path():
    X = cleaned(TABLE)
    numbers = pd.DataFrame(X, columns=[f"c{k}" for k in range(8)])
    path = plain_path(X, Y, [0, 1], cv=CV, **SMALL)
    for preprocessing in ("auto", None):
        other = plain_path(numbers, Y, [0, 1], cv=CV, preprocessing=preprocessing, **SMALL)
        same(path, other)
        shuffled = numbers[numbers.columns[::-1]]
        np.testing.assert_array_equal(
            other.best_model_.predict(shuffled), path.best_model_.predict(X)
        )
    assert path.best_model_.features == ()
    assert path.best_model_.preprocessing is None


def test_a_path_says_what_it_understood_of_a_frame():
    table = TABLE.assign(share=[f"{k} %" for k in range(ROWS)])
    path = plain_path(table, Y, [1], cv=CV, **SMALL)
    text = " ".join(str(path).split())
    for said in ("Categories, each an input of 0 and 1: 'colour'", "True and False", "with %"):
        assert said in text
    coded = path.best_model_.raw(table)
    assert coded[7, -1] == 0.07
    columns = path.best_model_.preprocessing.columns
    again = plain_path(coded, Y, [1], cv=CV, preprocessing=columns, **SMALL)
    assert again.understood_ == ()


@pytest.mark.parametrize("dtype", ["Int64", "Float32"])
def test_nullable_numbers_are_numbers(dtype):
    # The first is missing, and the differences that are known are 1.
    cells = [None, 1, None, 1, 2] * (ROWS // 5)
    columns = {"a": pd.array(cells, dtype=dtype), "b": TABLE["height"]}
    same_numbers = {"a": pd.Series(cells, dtype="float64"), "b": TABLE["height"]}
    path = plain_path(pd.DataFrame(columns), Y, [1], cv=CV, **SMALL)
    other = plain_path(pd.DataFrame(same_numbers), Y, [1], cv=CV, **SMALL)
    same(path, other)
    for frame in (columns, same_numbers):
        found = path.best_model_.predict(pd.DataFrame(frame))
        assert (found == other.best_model_.predict(pd.DataFrame(columns))).all()
    only = pd.DataFrame({"a": pd.array([None, 1] * (ROWS // 2), dtype="Int64")})
    model = plain_path(only.set_axis([0], axis=1), Y, [1], cv=CV, **SMALL).best_model_
    assert model.preprocessing.names == ("column 1", "column 1 missing")


def test_no_columns_are_no_preprocessing():
    X = cleaned(TABLE)
    path = plain_path(X, Y, [1], cv=CV, preprocessing=(), **SMALL)
    assert path.best_model_.preprocessing is None
    same(path, plain_path(X, Y, [1], cv=CV, **SMALL))


def test_encoders_say_what_they_are():
    columns = (Column("a"), Column("b", "category", ("x", "y")))
    assert str(Encoded(columns, [[1.0, 0], [np.nan, 1]])) == "1 number, 1 category; 3 inputs"
    steps = FunctionTransformer(_last_column)
    assert " at 0x" not in str(Transformed(steps, np.zeros((4, 2)), np.zeros(4)))


@pytest.mark.parametrize("preprocessing", ["auto", transformer()], ids=["ours", "scikit-learn"])
def test_frames_are_the_same_on_every_library(where, preprocessing):
    options = {**SMALL, "dtype": "float32", "cv": CV, "preprocessing": preprocessing}
    path = plain_path(TABLE, Y, [0, 1], **options, **where)
    on_host = plain_path(TABLE, Y, [0, 1], **options, backend="numpy")
    same(path, on_host, 1e-4)
    np.testing.assert_allclose(
        path.best_model_.forward(NEW), on_host.best_model_.forward(NEW), rtol=1e-4
    )


@pytest.mark.parametrize("name", ["id", "Unnamed: 0", "x"])
def test_a_frame_with_a_column_of_row_numbers_is_warned_of(name):
    numbered = pd.DataFrame({name: range(ROWS), "age": frame()["height"]})
    with pytest.warns(UserWarning, match=f"'{name}' numbers the rows") as caught:
        plain_path(numbered, labels(frame()), [0], cv=2, hidden=(2,), epochs=1)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("cells", "way", "mended"),
    [
        (["2024-01-05", "2024-02-06", "2023-12-31"], "dates", lambda cells: cells),
        (["1", "2", "3+"], "X['c'].astype('category')", lambda c: c.astype("category")),
    ],
)
def test_messages_about_a_frame_name_what_to_do_with_it(cells, way, mended):
    table = pd.DataFrame({"c": np.resize(cells, 60), "age": frame(60)["height"]})
    path = {"lambdas": [0], "cv": 2, "hidden": (2,), "epochs": 1}
    y = labels(frame(60))
    with pytest.raises(InputError) as caught:
        plain_path(table, y, **path)
    message = str(caught.value)
    assert way in message
    assert "X.drop(columns='c') leaves" in message
    if way == "dates":
        told = message.partition("'. ")[2].partition(" reads")[0]
        table["c"] = eval(told, {"X": table, "pandas": pd})  # the line that the message gives
    else:
        table["c"] = mended(table["c"])
    assert plain_path(table, y, **path).best_lambda_ == 0
