"""Cells of tables as people write them."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2.errors import InputError
from xl2.nn.cells import (
    date_formats,
    has_thousands,
    is_missing,
    parse_booleans,
    parse_dates,
    parse_numbers,
)
from xl2.nn.columns import Column

NAN = float("nan")


@pytest.mark.parametrize(
    ("cells", "decimal", "expected", "unit"),
    [
        (["1", " 2.5 ", "-3e2", "NA"], ".", [1, 2.5, -300, NAN], ""),
        (["1,5", "2", "?"], ",", [1.5, 2, NAN], ""),
        # Separators of thousands.
        (["1,234.5", "12", "1 234", "1,234,567"], ".", [1234.5, 12, 1234, 1234567], ""),
        (["1.234,5", "12", "3,5"], ",", [1234.5, 12, 3.5], ""),
        (["1.234", "12", "2.5", "1.5e3"], ",", [1234, 12, NAN, NAN], ""),
        (["1'000", "1\u2019000.5", "1\u202f000"], ".", [1000, 1000.5, 1000], ""),
        (["-1,234", "+5"], ".", [-1234, 5], ""),
        (["12,34", "1,2345", "1,23,456"], ".", [NAN, NAN, NAN], ""),
        # Percentages and money, if all cells have them.
        (["5%", "12.5 %", ""], ".", [0.05, 0.125, NAN], "%"),
        (["5,5%", "1.000%"], ",", [0.055, 10], "%"),
        (["$1,200", "$5", "-$3"], ".", [1200, 5, -3], "$"),
        (["5 €", "7€", "1.000 €"], ",", [5, 7, 1000], "€"),
        (["£ 5", "£7.50"], ".", [5, 7.5], "£"),
        (["5%", "3"], ".", [NAN, 3], ""),
        (["$5", "€3"], ".", [NAN, NAN], ""),
        (["%", "5%"], ".", [NAN, 0.05], "%"),
        # Python's literals are no numbers.
        (["1_2", "0x10", "12a"], ".", [NAN, NAN, NAN], ""),
    ],
)
def test_numbers(cells, decimal, expected, unit):
    values, found = parse_numbers(pd.Series(cells), decimal)
    np.testing.assert_allclose(values, expected, rtol=1e-15)
    assert found == unit


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["1,234.5", "12"], ".", True),
        (["1.234%", "2.345%"], ".", False),
        (["1.234", "2,5"], ",", True),
        (["1,234%", "2,5%"], ",", False),
        (["1 234"], ".", True),
    ],
)
def test_thousands_have_another_sign_than_decimals(cells, decimal, expected):
    assert has_thousands(pd.Series(cells), decimal) == expected


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series([1, None, 3]),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1, None, 3], dtype=object),
        pd.Series(["1", None, "3"], dtype="string"),
        pd.Series(["1", None, "3"], dtype="category"),
        pd.Series([1.0, None, 3.0], dtype="category"),
    ],
)
def test_numbers_of_any_series(cells):
    np.testing.assert_array_equal(parse_numbers(cells)[0], [1, NAN, 3])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_those_of_python(numbers):
    values, _ = parse_numbers(pd.Series([repr(number) for number in numbers]))
    np.testing.assert_array_equal(values, numbers)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.sampled_from([",", " ", "\u00a0"]))
def test_thousands_are_those_of_python(numbers, separator):
    texts = [f"{number:,}".replace(",", separator) for number in numbers]
    np.testing.assert_array_equal(parse_numbers(pd.Series(texts))[0], numbers)


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "null", "None", "?", "-", "<NA>", " "])
def test_missing(text):
    assert is_missing(pd.Series([text, "x", "0"])).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series(["True", "false", "NA"]),
        pd.Series([True, False, None], dtype=object),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series([1, 0, None]),
    ],
)
def test_booleans(cells):
    np.testing.assert_array_equal(parse_booleans(cells), [1, 0, NAN])


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (["2024-01-05", "1969-12-31"], ["ISO8601"]),
        (["2024-01-05T10:30:00", "2024-02-05"], ["ISO8601"]),
        (["05.01.2024", "31.12.2023"], ["%d.%m.%Y"]),
        (["2024/01/05"], ["ISO8601"]),
        (["13/01/2024", "05/06/2024"], ["%d/%m/%Y"]),
        (["05/06/2024", "06/05/2024"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["1.5.7", "2"], []),
        (["2024-13-01"], []),
    ],
)
def test_formats_of_dates(cells, formats):
    assert date_formats(pd.Series(cells)) == formats


@given(st.lists(st.dates(datetime.date(1800, 1, 1), datetime.date(2200, 1, 1)), min_size=1))
def test_dates_are_days_since_1970(dates):
    expected = [(date - datetime.date(1970, 1, 1)).days for date in dates]
    texts = pd.Series([date.isoformat() for date in dates])
    np.testing.assert_array_equal(parse_dates(texts, "ISO8601"), expected)
    np.testing.assert_array_equal(parse_dates(pd.Series(pd.to_datetime(dates)), ""), expected)


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (Column("c", "category", ("a", "b")), ["b", " a ", "z", None, "?"], [1, 0, -1, NAN, NAN]),
        (Column("c", "category", ("1", "2")), [1, 2, 3], [0, 1, -1]),
        (Column("c", "category", ("1", "2")), [1, None, 2], [0, NAN, 1]),
        (Column("c", "category", ("False", "True")), [True, False], [1, 0]),
        (Column("n"), ["1,000", "2"], [1000, 2]),
        (Column("n", unit="%"), ["5%", "7 %"], [0.05, 0.07]),
        (Column("b", "boolean"), ["True", "FALSE", ""], [1, 0, NAN]),
        (Column("d", "date", unit="%d.%m.%Y"), ["02.01.1970", None], [1, NAN]),
        (Column("n"), [None, None], [NAN, NAN]),
        (Column("n", unit="$"), ["NA", ""], [NAN, NAN]),
    ],
)
def test_a_column_reads_new_cells_as_in_training(column, cells, expected):
    np.testing.assert_array_equal(column.read(pd.Series(cells)), expected)


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        (Column("n"), ["1", "x"], ["row 2", "'n'", "'x'", "not a number"]),
        (Column("n"), ["5%", "6%"], ["'n'", "with %", "plain numbers"]),
        (Column("n", unit="$"), [1, 2], ["'n'", "the currency $", "plain numbers"]),
        (Column("b", "boolean"), [0, 2], ["row 2", "'b'", "not a boolean"]),
        (Column("d", "date", unit="ISO8601"), ["2024-01-01", "soon"], ["row 2", "not a date"]),
        (Column("d", "date", unit="ISO8601"), [19723], ["row 1", "not a date"]),
    ],
)
def test_cells_that_do_not_fit_the_column(column, cells, words):
    with pytest.raises(InputError) as caught:
        column.read(pd.Series(cells), where="new.csv, ")
    for word in ["new.csv, ", *words]:
        assert word in str(caught.value)
