"""Tables as data sets: row numbers, labels, missing values, weights."""

import numpy as np
import pandas as pd
import pytest
from data_files import refused, write

from xl2.data import Dataset, load_data
from xl2.errors import InputError
from xl2.nn.columns import Column, Table

NAN = float("nan")


def table(tmp_path, text, **options):
    return load_data(write(tmp_path / "t.csv", text), **options)


def csv_of(frame, **options):
    return frame.to_csv(**options)


FRAME = pd.DataFrame({"a": [0.5, 1.5, 2.5, 3.5], "label": [0, 1, 0, 1]})


# Row numbers.


@pytest.mark.parametrize(
    "text",
    [
        csv_of(FRAME),
        csv_of(FRAME, index_label="Unnamed: 0"),
        csv_of(FRAME, index_label="id"),
        csv_of(FRAME, index_label="ID"),
        csv_of(FRAME.set_axis([1, 2, 3, 4]), index_label="row"),
        csv_of(FRAME.set_axis([11, 3, 7, 5])),  # of a shuffled frame
        csv_of(FRAME.set_axis([11, 3, 7, 5]), index_label="PassengerId"),
        csv_of(FRAME.set_axis(list("wxyz"))),
        csv_of(FRAME.set_axis(list("wxyz")), index_label="patient_id"),
    ],
)
def test_a_column_of_row_numbers_is_left_out_and_said(tmp_path, text):
    loaded = table(tmp_path, text)
    np.testing.assert_array_equal(loaded.X[:, 0], FRAME["a"])
    assert loaded.features == ("a",)
    assert len(loaded.ids) == 1
    assert any("numbers the rows" in note for note in loaded.notes)
    if "w," in text:
        return
    kept = table(tmp_path, text, keep_row_numbers=True)
    assert kept.X.shape == (4, 2)
    assert not any("numbers the rows" in note for note in kept.notes)


def test_row_numbers_of_a_table_without_a_header(tmp_path):
    rows = "".join(f"{i},{i * i / 7},{i % 2}\n" for i in range(1, 13))
    assert table(tmp_path, rows, header=False).X.shape == (12, 1)
    assert table(tmp_path, rows, header=False, keep_row_numbers=True).X.shape == (12, 2)
    # Three rows may count up by chance.
    assert table(tmp_path, "1,.5,0\n2,.6,1\n3,.2,1\n", header=False).X.shape == (3, 2)


@pytest.mark.parametrize(
    "name",
    ["grid", "humid", "void", "x"],
)
def test_other_columns_that_count_up_are_features_with_a_warning(tmp_path, name):
    rows = "".join(f"{i},{i % 3},{i % 2}\n" for i in range(24))
    with pytest.warns(UserWarning, match=f"'{name}' counts the rows.*ignore='{name}'"):
        loaded = table(tmp_path, f"{name},b,label\n{rows}")
    assert loaded.features == (name, "b")


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("id,a,label\n1,5,0\n1,6,1\n", "'id' has the name of an id.*groups='id'"),
        ("id,label\n1,0\n2,1\n", "no features but 'id'"),
        ("index,label\n1,0\n2,1\n", "no features but 'index'"),
    ],
)
def test_what_is_named_like_row_numbers_but_may_be_a_feature(tmp_path, text, doubt):
    with pytest.warns(UserWarning, match=doubt):
        assert table(tmp_path, text).features[0] == text.partition(",")[0]


def test_what_is_named_like_an_id_but_is_a_measurement(tmp_path):
    assert "id" in table(tmp_path, "id,a,label\n1.5,5,0\n2.5,6,1\n").features


# Ignored columns and weights.


def test_ignored_columns_are_kept_as_text_for_the_predictions(tmp_path):
    text = "name,a,note,label\nann,1,007,0\nbob,2,5E2,1\n"
    loaded = table(tmp_path, text, ignore=("name", "2"))
    assert loaded.features == ("a",)
    assert loaded.ids == {"name": ["ann", "bob"], "note": ["007", "5E2"]}
    assert loaded.table == Table(4, (1,), "label", None, None, ("name", "note"))
    like = load_data(write(tmp_path / "u.csv", "label,note,a,new\n1,9,3,4\n"), like=loaded)
    np.testing.assert_array_equal(like.X, [[3]])
    assert like.ids == {"note": ["9"]}
    assert "'new'" in " ".join(like.notes)


@pytest.mark.parametrize("cell", ["-1", "x", "", "inf"])
def test_weights(tmp_path, cell):
    text = "a,w,label\n1,0.5,0\n2,{},1\n"
    np.testing.assert_array_equal(table(tmp_path, text.format(3), weight="w").weights, [0.5, 3])
    with pytest.raises(InputError, match=r"line 3, weights 'w'"):
        table(tmp_path, text.format(cell), weight="w")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ignore": ("z",)}, "no column 'z' for ignore"),
        ({"weight": "label", "target": "label"}, "cannot be both target and weight"),
        ({"ignore": ("a",), "groups": "a"}, "cannot be both groups and ignore"),
        ({"ignore": ("a", "b")}, "no feature besides the target, 'label'"),
    ],
)
def test_unusable_roles_are_refused(tmp_path, options, words):
    path = write(tmp_path / "t.csv", "a,b,label\n1,2,0\n3,4,1\n")
    assert words in refused(InputError, path, **options)


# Labels.


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["1", "2", "1"], [1, 2, 1]),
        (["1.0", "2.0", "1.0"], [1, 2, 1]),
        (["1,000", "2", "3"], [1000, 2, 3]),
        (["1.5", "2", "1e-3"], [1.5, 2, 0.001]),
        (["-1", "+1", "-1"], [-1, 1, -1]),
        (["$100", "$1,250", "$100"], [100, 1250, 100]),
        (["50 %", "7 %", "50 %"], [0.5, 0.07, 0.5]),
        # As text, exactly as written.
        (["007", "7", "007"], ["007", "7", "007"]),
        (["5E2", "500", "5E2"], ["5E2", "500", "5E2"]),
        (["5E2", "7", "5E2"], ["5E2", "7", "5E2"]),
        (["1", "1.0", "2"], ["1", "1.0", "2"]),
        (["9007199254740993", "9007199254740992", "1"],) * 2,
        (["1e30", "1", "2"], ["1e30", "1", "2"]),
        (["1", "2", "A"], ["1", "2", "A"]),
        (["1_2", "12", "12"], ["1_2", "12", "12"]),
        (["True", "False", "True"], ["True", "False", "True"]),
        (["+", "-", "+"], ["+", "-", "+"]),
        (["none", "mild", "bad"], ["none", "mild", "bad"]),
    ],
)
def test_labels_are_those_written(tmp_path, labels, expected):
    rows = "".join(f'{i / 3},"{label}"\n' for i, label in enumerate(labels))
    y = table(tmp_path, f"a,label\n{rows}").y
    assert y.tolist() == expected
    assert y.dtype.kind == np.asarray(expected).dtype.kind


@pytest.mark.parametrize("labels", [["007", "7"], ["5E2", "500"], ["1,000", "2"], ["50%", "7%"]])
def test_a_regression_needs_numbers_however_written(tmp_path, labels):
    rows = "".join(f'{i / 3},"{label}"\n' for i, label in enumerate(labels))
    y = table(tmp_path, f"a,y\n{rows}", task="regression").y
    percent = labels[0].endswith("%")
    expected = [float(one.strip("%").replace(",", "")) / (100 if percent else 1) for one in labels]
    np.testing.assert_allclose(y, expected)
    path = write(tmp_path / "t.csv", f"a,y\n{rows}9,tall\n")
    wrong = "line 2: '50%'" if percent else "line 4: 'tall'"
    assert f"{wrong} is not a number" in refused(InputError, path, task="regression")


@pytest.mark.parametrize("text", ["?", "null", "", "NA", "NaN", "None", "n/a", "<NA>"])
def test_missing_labels_are_named_by_row_and_refused(tmp_path, text):
    path = write(tmp_path / "t.csv", f"a,label\n1,yes\n2,{text}\n3,no\n4,{text}\n")
    message = refused(InputError, path)
    assert "2 labels of 4 are missing, in line 3, line 5." in message
    assert "drop_missing_labels=True" in message
    loaded = load_data(path, drop_missing_labels=True)
    assert loaded.y.tolist() == ["yes", "no"]
    np.testing.assert_array_equal(loaded.X, [[1], [3]])
    assert "2 rows without a label are left out." in loaded.notes


def test_a_dash_is_missing_among_numbers_and_a_class_beside_plus(tmp_path):
    message = refused(InputError, write(tmp_path / "t.csv", "a,y\n1,0\n2,-\n3,1\n"))
    assert "1 label of 3 is missing, in line 3." in message
    assert table(tmp_path, "a,y\n1,+\n2,-\n3,+\n").y.tolist() == ["+", "-", "+"]


def test_unlabelled_rows_are_predicted_too(tmp_path):
    training = table(tmp_path, "a,b,label\n1,2,yes\n3,4,no\n")
    new = table(tmp_path, "b,a,label\n1,2,no\n3,4,\n", like=training, require_target=False)
    np.testing.assert_array_equal(new.X, [[2, 1], [4, 3]])
    assert new.labelled.tolist() == [True, False]
    assert new.y[0] == "no"
    assert "1 row without a label is not scored." in new.notes
    none = table(tmp_path, "b,a,label\n1,2,\n3,4,?\n", like=training, require_target=False)
    assert none.y is None


@pytest.mark.parametrize(
    ("training", "new", "expected"),
    [
        (["1", "2", "A"], ["1", "2", "1"], ["1", "2", "1"]),
        (["007", "7", "8"], ["007", "7", "7"], ["007", "7", "7"]),
        (["1", "2", "3"], ["1", "3", "3"], [1, 3, 3]),
    ],
)
def test_labels_of_a_test_file_are_read_as_in_training(tmp_path, training, new, expected):
    def text(labels):
        return "a,label\n" + "".join(f"{i / 3},{label}\n" for i, label in enumerate(labels))

    known = table(tmp_path, text(training))
    assert table(tmp_path, text(new), like=known).y.tolist() == expected


# Features.


def test_missing_values_and_categories(tmp_path):
    text = "colour,size,sick,label\nred,1,True,0\nblue,NA,False,1\n,3,,1\n"
    loaded = table(tmp_path, text)
    assert loaded.columns == (
        Column("colour", "category", ("blue", "red")),
        Column("size"),
        Column("sick", "boolean"),
    )
    np.testing.assert_array_equal(loaded.X, [[1, 1, 1], [0, NAN, 0], [NAN, 3, NAN]])
    new = table(tmp_path, "size,sick,colour\n5,True,green\n", like=loaded, require_target=False)
    np.testing.assert_array_equal(new.X, [[-1, 5, 1]])
    assert new.notes == ("Texts that training never had, taken as other ones: 'colour' (1).",)
    gap = table(tmp_path, "size,sick,colour\n,True,red\n", like=loaded, require_target=False)
    assert "'size' (1)" in " ".join(gap.notes)
    path = tmp_path / "t.csv"
    write(path, text)
    assert "line 3, column 'size'" in refused(InputError, path, fill=False, ignore=("colour",))
    assert "column 'colour' has text" in refused(InputError, path, encode=False)


def test_a_test_file_with_cells_of_another_kind(tmp_path):
    known = table(tmp_path, "a,b,label\n1,x,0\n2,y,1\n")
    path = write(tmp_path / "new.csv", "a,b\nlow,x\nhigh,y\n")
    message = refused(InputError, path, like=known, require_target=False)
    assert "line 2, column 'a': 'low' is not a number, as in training" in message


def test_a_data_set_without_columns_does_not_take_missing_values(tmp_path):
    known = Dataset(np.ones((2, 1)), np.array([0, 1]), ("a",))
    path = write(tmp_path / "new.csv", "a,label\n,0\n1,1\n")
    assert "line 2, column 'a': a value is missing" in refused(InputError, path, like=known)


# Columns that the caller names.


@pytest.mark.parametrize(
    ("categories", "dates"), [(["zip"], ["day"]), (["1"], ["3"]), (["-4"], ["-2"])]
)
@pytest.mark.parametrize("header", [True, False])
def test_columns_by_name_or_by_index_in_the_file(tmp_path, header, categories, dates):
    if not header and categories == ["zip"]:
        categories, dates = ["1"], ["3"]
    frame = pd.DataFrame(
        {
            "person": [1, 1, 2, 2],
            "zip": [10115, 20095, 10115, 20095],
            "x": [0.5, 2, 1, 4],
            "day": ["1970-01-02", "1970-01-04", "1970-01-03", "1970-01-05"],
            "label": list("abab"),
        }
    )
    text = frame.to_csv(index=False, header=header)
    loaded = table(tmp_path, text, groups="0", categories=categories, dates=dates, header=header)
    assert [column.kind for column in loaded.columns] == ["category", "number", "date"]
    np.testing.assert_array_equal(loaded.X, [[0, 0.5, 1], [1, 2, 3], [0, 1, 2], [1, 4, 4]])
    if not header:
        assert "Categories, each an input of 0 and 1: '1'." in loaded.notes
        message = refused(InputError, tmp_path / "t.csv", groups="0", header=False)
        assert "column 3 has dates" in message
        assert "ignore='3'" in message


@pytest.mark.parametrize("options", [{"categories": ["zipp"]}, {"dates": ["7"]}])
def test_columns_that_do_not_exist_are_refused(tmp_path, options):
    path = write(tmp_path / "t.csv", FRAME.to_csv(index=False))
    (name,) = options
    assert f"no column '{options[name][0]}' for {name}" in refused(InputError, path, **options)


def test_a_feature_without_a_name(tmp_path):
    training = table(tmp_path, csv_of(FRAME), keep_row_numbers=True)
    assert training.features == ("", "a")
    new = load_data(write(tmp_path / "n.csv", csv_of(FRAME[["label", "a"]])), like=training)
    np.testing.assert_array_equal(new.X, training.X)


@pytest.mark.parametrize(("training", "new"), [("5%", "5"), ("5", "5%"), ("$5", "5"), ("5%", "$5")])
def test_a_target_is_written_as_in_training(tmp_path, training, new):
    def text(cell):
        return (
            f'a,y\n9,\n1,"{cell}"\n3,"{cell.replace("5", "7")}"\n2,"{cell.replace("5", "8.5")}"\n'
        )

    options = {"task": "regression", "drop_missing_labels": True}
    known = table(tmp_path, text(training), **options)
    again = table(tmp_path, text(training), like=known, **options)
    np.testing.assert_array_equal(again.y, known.y)
    message = refused(InputError, write(tmp_path / "new.csv", text(new)), like=known, **options)
    assert "target 'y' is written" in message
    assert "in training" in message


def test_without_names_it_has_to_be_clear_which_column_is_missing(tmp_path):
    rows = FRAME.assign(b=[3.0, 1, 4, 1])[["a", "b", "label"]]
    written = [",".join(map(str, row)) for row in rows.to_numpy()]
    numbered = "".join(f"{i},{row}\n" for i, row in enumerate(written))
    training = table(tmp_path, numbered, header=False, ignore=["0"])
    for width, text in ((3, "\n".join(written)), (4, numbered), (2, rows.iloc[:, :2])):
        if width == 2:
            text = text.to_csv(index=False, header=False)
        path = write(tmp_path / "n.csv", text)
        options = {"like": training, "require_target": False}
        if width == 3:  # without the row numbers, or without the label?
            assert "Which of the columns is missing" in refused(InputError, path, **options)
            continue
        np.testing.assert_array_equal(load_data(path, **options).X, training.X)


def test_a_wide_test_file_is_found_by_name(tmp_path):
    names = [f"x{i}" for i in range(3000)]
    frame = pd.DataFrame([np.arange(3000.0)] * 2, columns=names).assign(label=[0, 1])
    training = table(tmp_path, frame.to_csv(index=False))
    path = write(tmp_path / "n.csv", frame[frame.columns[::-1]].to_csv(index=False))
    np.testing.assert_array_equal(load_data(path, like=training).X, training.X)


def test_no_fill_is_also_for_a_test_file(tmp_path):
    training = table(tmp_path, FRAME.to_csv(index=False), fill=False)
    path = write(tmp_path / "n.csv", "a,label\n1.25,0\n,1\n")
    assert load_data(path, like=training).X.shape == (2, 1)
    message = refused(InputError, path, like=training, fill=False)
    assert "line 3, column 'a': a value is missing" in message


def test_columns_of_a_new_file_that_are_ignored_are_ids_of_it(tmp_path):
    known = table(tmp_path, "a,label\n1,0\n3,1\n")
    path = write(tmp_path / "new.csv", "who,a,when\nann,1,x\nbob,2,y\n")
    for ignore in (("who",), ("0",), ("-3",)):
        new = load_data(path, like=known, ignore=ignore, require_target=False)
        assert new.ids == {"who": ["ann", "bob"]}
        assert "'when'" in " ".join(new.notes)
    options = {"like": known, "require_target": False}
    assert "no column 'whom' for ignore" in refused(InputError, path, ignore=("whom",), **options)
    message = refused(InputError, path, ignore=("a",), **options)
    assert "ignore='a': the model was trained on this column" in message
