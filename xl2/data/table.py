"""A table as a data set: what its columns are, and their cells as numbers and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..errors import InputError, counted, listed, option, warn_caller
from ..nn.cells import is_missing, parse_numbers, texts_of
from ..nn.columns import Column, Table
from .columns import Columns, Layout, Wanted, choose
from .csv_source import CsvSource
from .dataset import Dataset
from .kinds import columns_of, notes_of_gaps
from .labels import check_text, check_unit, missing_labels, read_labels, refuse_missing, unit_of
from .row_numbers import counting, is_id, numbering, numbers_rows_last, recurring_ids
from .table_file import Source


def read_table(source: Source, wanted: Wanted, by_position: bool = False) -> Dataset:
    """Read a table into memory. X has numbers and codes, as `columns_of` returns them.

    `by_position` tells that the caller says that there is no header.
    """
    where = str(source.path)
    layout = Layout(source.names, source.width, source.row_names, by_position, where)
    chosen = choose(layout, wanted)
    read = sorted({*chosen.features, *(i for i in chosen[1:4] if i is not None), *chosen.ids})
    frame = source.read(read, _as_text(layout, chosen, wanted))
    if not len(frame):
        raise InputError(f"{where} has no rows. Expected one row per sample.")
    notes: list[str] = [*source.notes]
    for doubt in source.warnings:
        warn_caller(f"{where}: {doubt}")
    if wanted.known is None and not wanted.keep_row_numbers:
        chosen, said = _without_row_numbers(frame, layout, chosen)
        notes += said
    if chosen.unused:
        unused = listed(layout.label(i) for i in chosen.unused)
        notes.append(f"Columns that the model was not trained on are ignored: {unused}.")
    y, labelled, unit, of_labels = _labels(frame, layout, chosen, wanted, source)
    notes += of_labels
    columns, X, read_as = _features(frame, layout, chosen, wanted, source)
    notes += read_as

    def label(position: int | None) -> str | None:
        return None if position is None else layout.label(position)

    found = Dataset(
        X,
        y,
        tuple(column.name for column in columns) if source.names else (),
        name=where,
        groups=_groups(frame, layout, chosen, source),
        weights=_weights(frame, layout, chosen, source),
        columns=columns,
        table=Table(
            source.width,
            chosen.features,
            label(chosen.target),
            label(chosen.groups),
            label(chosen.weight),
            tuple(layout.label(i) for i in chosen.ids),
            unit,
        ),
        ids={layout.label(i): texts_of(frame[i]).fillna("").tolist() for i in chosen.ids},
        labelled=labelled,
        notes=tuple(notes),
    )
    if labelled is None or not wanted.drop_missing_labels:
        return found
    return replace(found.take(labelled), labelled=None)


def _as_text(layout: Layout, chosen: Columns, wanted: Wanted) -> set[int]:
    """Return the columns whose cells are needed exactly as they are written."""
    found = {i for i in (chosen.target, chosen.groups, *chosen.ids) if i is not None}
    found |= {i for name in wanted.asked.categories if (i := layout.find(name)) is not None}
    if wanted.known is None and layout.names and not wanted.keep_row_numbers:
        # As numbers, ids beyond 2**53 would not differ.
        found |= {i for i in chosen.features if is_id(layout.names[i])}
    if wanted.known is not None:
        pairs = zip(chosen.features, wanted.known.columns, strict=True)
        found |= {i for i, column in pairs if column.kind == "category"}
    return found


class _Dropped(NamedTuple):
    chosen: Columns
    notes: list[str]


def _without_row_numbers(frame: Any, layout: Layout, chosen: Columns) -> _Dropped:
    """Take the columns that number or identify the rows out of the features."""
    notes = []
    keep = f"{option('keep_row_numbers', True)} keeps such columns."
    if declared := [i for i in chosen.ids if i in layout.row_names]:
        reasons = ", ".join(f"{layout.shown(i)} ({layout.row_names[i]})" for i in declared)
        notes.append(f"Names of rows are no feature: {reasons}. {keep}")
    features = frame[list(chosen.features)]
    found = numbering(features, layout.names)
    if found and len(found) == len(chosen.features):
        warn_caller(
            f"{layout.where} has no features but {_shown(layout, found)}, which has the name of a "
            "row number or an id. What is learnt of it says little of new rows."
        )
    elif found:
        numbers = "it numbers" if len(found) == 1 else "they number"
        notes.append(f"Left out, because {numbers} the rows: {_shown(layout, found)}. {keep}")
        rest = tuple(i for i in chosen.features if i not in found)
        chosen = chosen._replace(features=rest, ids=(*chosen.ids, *found))
    if counted_up := [i for i in counting(features) if i in chosen.features]:
        names = listed(layout.label(i) for i in counted_up)
        warn_caller(
            f"{layout.where}: {names} counts the rows. If that is not a measurement, leave it out: "
            f"{option('ignore', layout.label(counted_up[0]))}."
        )
    for i in recurring_ids(features, layout.names):
        name = layout.label(i)
        warn_caller(
            f"{layout.where}: {name!r} has the name of an id, but is read as a number, because it "
            f"recurs. Leave it out by {option('ignore', name)}, keep its rows together by "
            f"{option('groups', name)}, or read it as categories by {option('categories', name)}."
        )
    return _Dropped(chosen, notes)


def _shown(layout: Layout, positions: list[int]) -> str:
    return ", ".join(layout.shown(i) for i in positions)


class _Labels(NamedTuple):
    y: Any = None  # (n,)
    labelled: Any = None  # which rows have a label; None if all have one, or none
    unit: str = ""  # as in `Table`
    notes: Sequence[str] = ()


def _labels(frame: Any, layout: Layout, chosen: Columns, wanted: Wanted, source: Source) -> _Labels:
    import numpy as np

    if chosen.target is None:
        return _Labels()
    cells = frame[chosen.target]
    where = f"{layout.where}, target {layout.shown(chosen.target)}"
    if wanted.known is None and wanted.target is None:
        _refuse_id(frame, layout, chosen.target)
    missing = missing_labels(cells)
    if missing.all() and not wanted.require_target:
        return _Labels()
    if wanted.require_target and not wanted.drop_missing_labels:
        refuse_missing(missing, where, source.where)
    known = wanted.known
    text = bool(known and known.text_labels)
    task = "regression" if known and known.regression else wanted.task
    present = cells[~missing]
    if present.empty:
        refuse_missing(missing, where, source.where)
    found = read_labels(present, task, source.decimal, source.path, where, text, source.where)
    unit, notes = unit_of(present, found), list[str]()
    if known is None and unit:
        read = "hundredths" if unit == "%" else "numbers"
        notes.append(f"The target is written with {unit}, read as {read}.")
    elif known is None and found.dtype.kind == "U":
        check_text(present, where, source.decimal, source.where, _hint(source))
    elif known is not None and known.table is not None and found.dtype.kind != "U":
        check_unit(unit, known.table, where)
    if not missing.any():
        return _Labels(found, None, unit, notes)
    y = np.zeros(len(cells), dtype=found.dtype)
    y[~missing] = found
    count = counted(int(missing.sum()), "row")
    does = "left out" if wanted.drop_missing_labels else "not scored"
    notes.append(f"{count} without a label {'is' if count == '1 row' else 'are'} {does}.")
    return _Labels(y, ~missing, unit, notes)


def _refuse_id(frame: Any, layout: Layout, target: int) -> None:
    """Refuse a last column that numbers the rows as the target, unless the caller names it."""
    if numbers_rows_last(frame, layout.names, target):
        raise InputError(
            f"{layout.where}: the last column, {layout.shown(target)}, would be the target, but "
            f"it numbers the rows. Name the target: {option('target')}."
        )


def _hint(source: Source) -> str:
    """Return how decimal commas are read, of a file for which one can say so."""
    if source.decimal == "," or not isinstance(source, CsvSource):
        return ""
    return f"{option('decimal', ',')} reads decimal commas. "


def _features(
    frame: Any, layout: Layout, chosen: Columns, wanted: Wanted, source: Source
) -> tuple[tuple[Column, ...], Any, Sequence[str]]:
    import numpy as np

    known, asked, where = wanted.known, wanted.asked, f"{layout.where}, "
    wanted_columns = list(chosen.features)
    cells = frame if list(frame.columns) == wanted_columns else frame[wanted_columns]
    names = [layout.names[i] for i in chosen.features] if layout.names else []
    if known is None:
        columns, X, notes = columns_of(
            cells,
            names=names,
            positions=chosen.features,
            asked=replace(
                asked,
                categories=[layout.named("categories", one) for one in asked.categories],
                dates=[layout.named("dates", one) for one in asked.dates],
                hint=_hint(source),
            ),
            decimal=source.decimal,
            where=where,
            at=source.where,
        )
    else:
        columns = known.columns
        X = np.empty((len(cells), len(columns)))
        for k, (i, column) in enumerate(zip(chosen.features, columns, strict=True)):
            named = replace(column, name=layout.label(i))
            X[:, k] = named.read(cells[i], source.decimal, where, source.where)
        notes = (*notes_of_gaps([layout.label(i) for i in chosen.features], columns, X),)
    fills = wanted.fill and (known is None or known.fills)
    _check_values(X, fills, layout, chosen, source)
    return columns, X, notes


def _check_values(X: Any, fills: bool, layout: Layout, chosen: Columns, source: Source) -> None:
    """Refuse infinities, and gaps unless they may be filled."""
    import numpy as np

    if X.dtype.kind != "f":
        return
    wrong = np.isinf(X) if fills else ~np.isfinite(X)
    if not wrong.any():
        return
    row, k = divmod(int(wrong.argmax()), X.shape[1])
    value = X[row, k]
    what = "a value is missing" if np.isnan(value) else f"{value} is not finite"
    raise InputError(
        f"{source.path}, {source.where(row)}, column {layout.shown(chosen.features[k])}: {what}. "
        "Correct the cell, or remove the row."
    )


def _groups(frame: Any, layout: Layout, chosen: Columns, source: Source) -> Any:
    if chosen.groups is None:
        return None
    cells = frame[chosen.groups]
    where = f"{layout.where}, groups {layout.shown(chosen.groups)}"
    missing = is_missing(cells)
    if missing.any():
        raise InputError(
            f"{where}, {source.where(int(missing.argmax()))}: the cell is empty, so the group is "
            "missing. Remove the row or fill it in."
        )
    return read_labels(cells, "auto", source.decimal, source.path, where)


def _weights(frame: Any, layout: Layout, chosen: Columns, source: Source) -> Any:
    import numpy as np

    if chosen.weight is None:
        return None
    cells = frame[chosen.weight]
    weights, _ = parse_numbers(cells, source.decimal)
    wrong = ~(np.isfinite(weights) & (weights >= 0.0))
    if wrong.any():
        row, label = int(wrong.argmax()), layout.shown(chosen.weight)
        raise InputError(
            f"{layout.where}, {source.where(row)}, weights {label}: "
            f"{str(cells.iloc[row])!r} is not a number of 0 or more."
        )
    return weights
