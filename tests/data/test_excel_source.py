"""Spreadsheets as sources, compared with the frames that pandas wrote."""

import datetime
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from data_files import write

from xl2.data.source import open_source
from xl2.errors import FileFormatError, InputError

pytest.importorskip("python_calamine", reason="calamine reads spreadsheets")
openpyxl = pytest.importorskip("openpyxl", reason="openpyxl writes spreadsheets")

FRAME = pd.DataFrame(
    {
        "size": [1.5, np.nan, 3],
        "n": [1, 2, 3],
        "town": ["Köln", "NA", "007"],
        "day": pd.to_datetime(["2024-01-05", "2024-02-06", None]),
        "new": [True, False, True],
        "mixed": [5, "x", None],
    }
)
ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="S">{}</table:table>
</office:spreadsheet></office:body></office:document-content>"""


def written(tmp_path, frame, name="t.xlsx", **options):
    frame.to_excel(tmp_path / name, **{"index": False, **options})
    return open_source(tmp_path / name)


def test_kinds_of_cells(tmp_path):
    source = written(tmp_path, FRAME)
    assert source.names == tuple(FRAME.columns)
    assert (source.notes, source.warnings) == ((), ())
    frame = source.read(range(6))
    np.testing.assert_array_equal(frame[0], FRAME["size"])
    assert frame[1].dtype == np.float64
    assert frame[2].tolist()[::2] == ["Köln", "007"]
    assert pd.isna(frame[2][1])
    pd.testing.assert_series_equal(frame[3], FRAME["day"], check_names=False, check_dtype=False)
    assert frame[4].tolist() == [True, False, True]
    assert frame[5].tolist()[:2] == ["5", "x"]
    texts = source.read([5, 1, 2, 3], as_text=range(6))
    assert texts.columns.tolist() == [5, 1, 2, 3]
    assert texts[5].tolist() == ["5", "x", ""]
    assert texts[1].tolist() == ["1", "2", "3"]
    assert texts[2].tolist() == ["Köln", "NA", "007"]
    assert texts[3].tolist() == ["2024-01-05", "2024-02-06", ""]


@pytest.mark.parametrize(
    ("options", "row"),
    [
        ({"startrow": 3}, 5),
        ({"startcol": 2}, 2),
        ({"startrow": 1, "startcol": 1}, 3),
        ({"header": False}, 1),
    ],
)
def test_a_table_anywhere_in_the_sheet(tmp_path, options, row):
    frame = FRAME[["size", "n"]]
    source = written(tmp_path, frame, **options)
    np.testing.assert_array_equal(source.read([0, 1]), frame)
    assert source.names == (() if "header" in options else ("size", "n"))
    assert source.where(0) == f"row {row}"


def test_a_title_is_skipped(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Spring"], [], ["a", "b", "c"], [1, 2, "x"], [3, None, "y"], [], ["", None, " "]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    source = open_source(tmp_path / "t.xlsx")
    assert source.names == ("a", "b", "c")
    assert source.notes == ("The first 2 lines are a title and were skipped.",)
    assert source.read([0, 2]).to_numpy().tolist()[:2] == [[1, "x"], [3, "y"]]


def test_sheets(tmp_path):
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        FRAME[["size", "n"]].to_excel(book, sheet_name="Data", index=False)
        FRAME[["n", "town"]].to_excel(book, sheet_name="More data", index=False)
    assert open_source(path).names == ("size", "n")
    assert "2 sheets" in open_source(path).notes[0]
    assert "t.xlsx?More data" in open_source(path).notes[0]
    second = open_source(f"{path}?More data")
    assert (second.names, second.notes) == (("n", "town"), ())
    with pytest.raises(InputError, match=r"no sheet 'gone'.*'Data', 'More data'"):
        open_source(f"{path}?gone")


def test_an_open_document(tmp_path):
    cells = "".join(
        f"<table:table-cell office:value-type='string'><text:p>{c}</text:p></table:table-cell>"
        for c in "ab"
    )
    values = "".join(
        f"<table:table-cell office:value-type='float' office:value='{v}'/>" for v in (1.5, 2)
    )
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in (cells, values))
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("content.xml", ODS.format(rows))
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
    source = open_source(tmp_path / "t.ods")
    assert source.names == ("a", "b")
    assert source.read([0, 1]).to_numpy().tolist() == [[1.5, 2]]


def test_refused(tmp_path, monkeypatch):
    with pytest.raises(FileFormatError, match="cannot be read as a spreadsheet"):
        open_source(write(tmp_path / "t.xlsx", b"PK\x03\x04 no zip"))
    with pytest.raises(InputError, match="no rows"):
        written(tmp_path, FRAME.head(0))
    with pytest.raises(InputError, match="empty"):
        written(tmp_path, pd.DataFrame())
    with pytest.raises(InputError, match="applies only to text files"):
        open_source(tmp_path / "t.xlsx", sep=";")
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", bytes(2**27))
    with pytest.raises(FileFormatError, match="declares"):
        open_source(tmp_path / "t.xlsx")
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(InputError, match=r"xl2\[excel\]"):
        open_source(tmp_path / "t.xlsx")


def test_dates_without_times(tmp_path):
    frame = pd.DataFrame({"day": [datetime.date(2024, 1, 5)] * 2, "x": [1, 2]})
    found = written(tmp_path, frame).read([0])[0]
    assert found.tolist() == [pd.Timestamp(2024, 1, 5)] * 2
