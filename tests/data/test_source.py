"""Text files as sources: what is understood, and what is read, without options."""

import numpy as np
import pytest
from data_files import TABLE, write

from xl2.data.source import open_source
from xl2.errors import InputError


def read(path, as_text=(), **options):
    source = open_source(path, **options)
    return source, source.read(range(source.width), as_text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TABLE, ("a", "b", "label")),
        ("1,2.5,0\n3,4.5,1\n", ()),
        ("\ufeff" + TABLE, ("a", "b", "label")),
        (TABLE.replace("\n", "\r\n"), ("a", "b", "label")),
        (TABLE.replace("\n", "\r"), ("a", "b", "label")),
        ('"a", "b",label\n\n"1", 2.5 ,0\n 3,"4.5",1\n\n', ("a", "b", "label")),
        (",b,label\n1,2.5,0\n3,4.5,1", ("", "b", "label")),
        ("a;b;label\n1;2,5;0\n3;4,5;1\n", ("a", "b", "label")),
        ("a\tb\tlabel\n1\t2.5\t0\n3\t4.5\t1\n", ("a", "b", "label")),
        ("a|b|label\n1|2.5|0\n3|4.5|1\n", ("a", "b", "label")),
        ("Measured in spring\n\n" + TABLE, ("a", "b", "label")),
        (TABLE + ",,\n,,\n", ("a", "b", "label")),
    ],
)
def test_forms_of_one_table(tmp_path, text, names):
    source, frame = read(write(tmp_path / "t.csv", text))
    assert source.names == names
    np.testing.assert_array_equal(frame.to_numpy(), [[1, 2.5, 0], [3, 4.5, 1]])
    assert list(frame.columns) == [0, 1, 2]


def test_text_is_as_written(tmp_path):
    path = write(tmp_path / "t.csv", "x,y\n1, 007 \n2,5E2\n3,\n4,NA\n")
    _, frame = read(path, as_text=[1])
    assert frame[1].tolist() == ["007", "5E2", "", "NA"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n1,2,3\n1,2\n", ["line 3", "3 cells", "has 2"]),
        ("a,b\n1\n1,2\n", ["line 2", "1 cell,", "has 2"]),
        ('a,b\n"x\ny",2\n1,2\n3\n', ["line 5", "1 cell,", "has 2"]),
        ("", ["is empty"]),
        ("a,b\n", ["no rows"]),
    ],
)
def test_refused(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        open_source(write(tmp_path / "t.csv", text))
    for part in words:
        assert part in str(caught.value)
