"""What the columns of a table hold, found out from their cells."""

import numpy as np
import pandas as pd
import pytest

from xl2.data.kinds import Asked, columns_of
from xl2.errors import InputError
from xl2.nn.columns import Column

NAN = float("nan")


@pytest.mark.parametrize(
    ("cells", "column", "values", "words"),
    [
        ([1, 2, 3], Column("c"), [1, 2, 3], None),
        ([1.5, None, 3], Column("c"), [1.5, NAN, 3], "Missing values"),
        (["1", "NA", "3"], Column("c"), [1, NAN, 3], "Missing values"),
        (["1,000", "2", "3"], Column("c"), [1000, 2, 3], "separators of thousands: 'c'"),
        (["5%", "6%", None], Column("c", unit="%"), [0.05, 0.06, NAN], "hundredths: 'c'"),
        (["$5", "$1,006", "-"], Column("c", unit="$"), [5, 1006, NAN], "with $, read as numbers"),
        (["True", "False", "true"], Column("c", "boolean"), [1, 0, 1], "True and False"),
        ([True, False, None], Column("c", "boolean"), [1, 0, NAN], "True and False"),
        (["red", "blue", "red"], Column("c", "category", ("blue", "red")), [1, 0, 1], "Categories"),
        (["f", None, "m"], Column("c", "category", ("f", "m")), [0, NAN, 1], "'c' (1)"),
        (["A1", "7", "B2"], Column("c", "category", ("7", "A1", "B2")), [1, 0, 2], "Categories"),
        (pd.Categorical([3, 1, 3], [1, 2, 3]), Column("c", "category", ("1", "3")), [1, 0, 1], "C"),
        ([None, None, None], Column("c"), [NAN, NAN, NAN], "'c' (3)"),
        ([1, "2", 3.0], Column("c"), [1, 2, 3], None),
    ],
)
def test_kinds(cells, column, values, words):
    # An index that repeats must not matter.
    frame = pd.DataFrame({"c": cells}, index=[7, 7, 8])
    columns, X, notes = columns_of(frame)
    assert columns == (column,)
    np.testing.assert_array_equal(X[:, 0], values)
    assert (words is None and not notes) or words in " ".join(notes)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1", "2", "3+"], ["'c'", "2 of 3 cells are numbers", "row 3", "'3+'", "categories='c'"]),
        (["1", "2", "1,23"], ["row 3", "'1,23'", "ignore='c'"]),
        (["5%", "6", "7"], ["row 1", "'5%'"]),
        (["$5", "6", "7"], ["row 1", "'$5'"]),
        (["1_2", "6", "7"], ["row 1", "'1_2'"]),
        (["2024-01-05", "2024-01-06", None], ["dates", "'2024-01-05'", "dates='c'", "ignore='c'"]),
        (pd.to_datetime(["2024-01-05"] * 3), ["dates", "dates='c'"]),
        (["31.12.2024", "01.02.2024", "?"], ["dates", "'31.12.2024'"]),
        ([1j, 2, 3], ["complex128", "ignore='c'"]),
        (pd.period_range("2024-01", periods=3, freq="M"), ["period", "ignore='c'"]),
        (pd.interval_range(0, 3), ["interval", "ignore='c'"]),
        (pd.to_timedelta([1, 2, 3]), ["timedelta64", "ignore='c'"]),
        (["1", "z" * 99, "3"], ["'" + "z" * 40 + "...'"]),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_out(cells, words):
    with pytest.raises(InputError) as caught:
        columns_of(pd.DataFrame({"c": cells}), where="t.csv, ")
    for word in ["t.csv, column 'c'", *words]:
        assert word in str(caught.value)


def test_columns_as_the_caller_says():
    frame = pd.DataFrame(
        {"zip": ["007", "10", "007"], "day": ["2024-01-05", "1970-01-02", None], "n": [4, 5, 4]}
    )
    asked = Asked(categories=("zip", "n"), dates=("day",))
    columns, X, _ = columns_of(frame, asked=asked)
    assert columns == (
        Column("zip", "category", ("007", "10")),
        Column("day", "date", unit="ISO8601"),
        Column("n", "category", ("4", "5")),
    )
    np.testing.assert_array_equal(X, [[0, 19727, 0], [1, 1, 1], [0, NAN, 0]])


def test_dates_in_which_day_and_month_could_be_exchanged():
    frame = pd.DataFrame({"day": ["05/06/2024", "07/08/2024"]})
    with pytest.raises(InputError, match="day or the month may come first"):
        columns_of(frame, asked=Asked(dates=("day",)))
    frame.loc[1, "day"] = "13/08/2024"
    columns, X, _ = columns_of(frame, asked=Asked(dates=("day",)))
    expected = pd.to_datetime(["2024-06-05", "2024-08-13"]) - pd.Timestamp("1970-01-01")
    assert columns[0].unit == "%d/%m/%Y"
    np.testing.assert_array_equal(X[:, 0], expected.days)


def test_text_can_be_refused():
    frame = pd.DataFrame({"colour": ["red", "blue"]})
    with pytest.raises(InputError, match="'colour' has text"):
        columns_of(frame, asked=Asked(no_categories=True))


def test_a_table_without_a_header_counts_its_columns():
    frame = pd.DataFrame([[1, "a"], [2, "b"]])
    columns, _, notes = columns_of(frame, names=())
    assert columns == (Column(), Column("", "category", ("a", "b")))
    assert "'1'" in notes[0]
    frame[1] = ["1", "b"]
    with pytest.raises(InputError, match=r"column 1: .*ignore='1'"):
        columns_of(frame, names=())
    with pytest.raises(InputError, match=r"column 5: .*categories='5'"):
        columns_of(frame, names=(), positions=(3, 5))


def test_many_columns_of_text():
    frame = pd.DataFrame({f"g{i}": ["AA", "AB", None] for i in range(200)})
    columns, X, _ = columns_of(frame)
    assert {column.categories for column in columns} == {("AA", "AB")}
    np.testing.assert_array_equal(X[:, 0], [0, 1, NAN])
