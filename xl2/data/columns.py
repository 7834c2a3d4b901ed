"""Which columns of a table are the features, and which are the target, groups, weights and ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import InputError, column_label, counted, listed, option
from ..nn.columns import Column, Table
from .kinds import NOTHING, Asked


@dataclass(frozen=True)
class Known:
    """What a model, or the training set of a test file, says about the columns of a table."""

    columns: tuple[Column, ...]
    table: Table | None = None
    text_labels: bool | None = None  # whether the training labels are text; None if not known
    fills: bool = True  # whether a value may be missing
    regression: bool = False  # whether labels are values

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features; empty without a header."""
        names = tuple(column.name for column in self.columns)
        return names if any(names) else ()  # the first of several may be empty


@dataclass(frozen=True)
class Wanted:
    """What the caller asks of a table; see `load_data`."""

    target: str | None = None
    groups: str | None = None
    weight: str | None = None
    ignore: tuple[str, ...] = ()
    require_target: bool = True
    keep_row_numbers: bool = False
    drop_missing_labels: bool = False
    fill: bool = True
    task: str = "auto"
    asked: Asked = NOTHING
    known: Known | None = None


def as_index(column: str | None) -> int | None:
    """Return a column as an index; None if it is a name or not given."""
    try:
        return None if column is None else int(column)
    except ValueError:
        return None


class Columns(NamedTuple):
    """The positions of columns."""

    features: tuple[int, ...]  # in order
    target: int | None = None
    groups: int | None = None
    weight: int | None = None
    ids: tuple[int, ...] = ()  # not features, but told to whom predictions are about
    unused: tuple[int, ...] = ()


class Layout(NamedTuple):
    """The columns of a table before its cells are read."""

    names: Sequence[str]  # empty without a header
    width: int
    row_names: Mapping[int, str]  # columns that the file declares to be names of rows, and why
    by_position: bool  # whether the caller says that there is no header
    where: str

    def label(self, position: int) -> str:
        """Return a column's name, or its index from 0 as text."""
        return self.names[position] if self.names else str(position)

    def shown(self, position: int) -> str:
        """Return a column for a message."""
        label = self.label(position)
        return (repr(label) if self.names else label) if label else "the first column"

    def named(self, role: str, column: str) -> str:
        """Return the label of a column that the caller names, or gives by index."""
        return self.label(self.position(role, column))

    def find(self, column: str | None) -> int | None:
        """Return the position of a column by its name or index; None if there is none."""
        if column in self.names:
            return self.names.index(str(column))
        index = as_index(column)
        if index is None or not -self.width <= index < self.width:
            return None
        return index % self.width

    def position(self, role: str, column: str) -> int:
        """Return the position of a column that the caller names."""
        found = self.find(column)
        if found is None:
            has = f"Its columns are {listed(self.names)}" if self.names else "It has no header"
            raise InputError(
                f"{self.where} has no column {column!r} for {option(role)}. {has}. Pass the name "
                f"of a column, or an index from 0 to {self.width - 1}; -1 is the last one."
            )
        return found


def choose(layout: Layout, wanted: Wanted) -> Columns:
    """Choose the columns of a table: as a model knows them, or as the caller says."""
    known = wanted.known
    if known is None:
        return _choose_for_training(layout, wanted)
    if known.names and layout.names:
        return _choose_by_name(layout, wanted, known)
    if known.names and not layout.by_position:
        raise InputError(
            f"{layout.where} has no header, and the columns of the training data have names: "
            f"{listed(known.names)}. Add a header, or pass {option('header', False)} to take the "
            "columns in the order of the training data."
        )
    return _choose_by_position(layout, wanted, known)


def _choose_for_training(layout: Layout, wanted: Wanted) -> Columns:
    roles: dict[str, int] = {}
    for role in ("target", "groups", "weight"):
        if (column := getattr(wanted, role)) is not None:
            _assign(roles, role, layout.position(role, column), layout)
    ids = [layout.position("ignore", column) for column in wanted.ignore]
    for position in ids:
        _assign(roles, "ignore", position, layout)
    if not wanted.keep_row_numbers:
        ids += [i for i in layout.row_names if i not in roles.values() and i not in ids]
    taken = {*roles.values(), *ids}
    free = [i for i in range(layout.width) if i not in taken]
    if wanted.target is None and free:
        roles["target"] = free.pop()
    if not free:
        only = column_label(layout.names, roles.get("target", 0))
        raise InputError(
            f"{layout.where} has {counted(layout.width, 'column')} and no feature besides the "
            f"target, {only}. If a row is one cell, name what separates its cells, such as "
            f"{option('sep', ';')}."
        )
    return Columns(
        tuple(free), roles.get("target"), roles.get("groups"), roles.get("weight"), tuple(ids)
    )


def _assign(roles: dict[str, int], role: str, position: int, layout: Layout) -> None:
    """Give a column a role; no column has two."""
    for other, taken in roles.items():
        if taken == position and other != role:
            raise InputError(
                f"{layout.where}: the column {column_label(layout.names, position)} cannot be both "
                f"{option(other)} and {option(role)}. Pass another column for one of them."
            )
    if role != "ignore":
        roles[role] = position


def _choose_by_name(layout: Layout, wanted: Wanted, known: Known) -> Columns:
    """Return the columns that a model was trained on, in its order."""
    names, table = layout.names, known.table
    places = {name: i for i, name in enumerate(names)}
    missing = [name for name in known.names if name not in places]
    if missing:
        raise InputError(
            f"{layout.where} lacks {counted(len(missing), 'column')} that the model was trained "
            f"on: {listed(missing)}. Its columns are {listed(names)}. Rename or add columns."
        )
    if wanted.target in known.names:
        raise InputError(
            f"The target {wanted.target!r} of {layout.where} is one of the model's features. Pass "
            f"the name of another column, or no {option('target')}."
        )
    features = tuple(places[name] for name in known.names)
    taken = set(features)
    rest = [i for i in range(layout.width) if i not in taken]
    groups, weight = (
        places[column] if column in places and places[column] not in taken else None
        for column in (
            wanted.groups or (table and table.groups),
            wanted.weight or (table and table.weight),
        )
    )
    asked = {layout.position("ignore", column) for column in wanted.ignore}
    if needed := asked & taken:
        raise InputError(
            f"{option('ignore', names[min(needed)])}: the model was trained on this column of "
            f"{layout.where}. Leave the option out."
        )
    told = table.ids if table else ()
    ids = [i for i in rest if i in asked or names[i] in told or i in layout.row_names]
    free = [i for i in rest if i not in (groups, weight, *ids)]
    target = _find_target(layout, wanted, known, free)
    if target is None and wanted.require_target:
        raise InputError(
            f"{layout.where} has no target column: it has "
            f"{listed(names[i] for i in free) or 'no columns'} besides the features. Add "
            f"the target column, or name it by {option('target')}."
        )
    unused = tuple(i for i in free if i != target)
    return Columns(features, target, groups, weight, tuple(ids), unused)


def _find_target(layout: Layout, wanted: Wanted, known: Known, free: list[int]) -> int | None:
    """Return the target of a table for a model, among the columns that are not its features."""
    if wanted.target is not None:
        position = layout.find(wanted.target)
        if position in free:
            return position
        if as_index(wanted.target) is None:
            return None
    elif known.table is not None:
        own = known.table.target
        return layout.names.index(own) if own in layout.names else None
    return free[0] if len(free) == 1 else None


def _choose_by_position(layout: Layout, wanted: Wanted, known: Known) -> Columns:
    """Return the columns that a model was trained on, in their positions."""
    width, table, count = layout.width, known.table, len(known.columns)
    full = table.width if table is not None else count + 1
    if width == count != full or (width == count and wanted.target is None):
        if wanted.require_target:
            raise InputError(
                f"{layout.where} has no target column: its {counted(width, 'column')} are the "
                f"model's features. Add the target column."
            )
        return Columns(tuple(range(width)))
    roles = _positions(layout, wanted, table, full)
    if roles is None or len(roles.features) != count:
        also = f", or of {full} with the target" if full != count else ""
        raise InputError(
            f"{layout.where} has {counted(width, 'column')} without names, but the model expects "
            f"{counted(count, 'feature')}. Pass a file of {count} columns{also}."
        )
    if roles.target is None and wanted.require_target:
        raise InputError(
            f"{layout.where} has no target column. Add it where it was in the training data."
        )
    return roles


def _positions(layout: Layout, wanted: Wanted, table: Table | None, full: int) -> Columns | None:
    """Return the roles of columns without names; None if their number fits no reading."""
    width = layout.width
    if table is None:
        target = layout.find(wanted.target) if wanted.target is not None else width - 1
        if width != full or target is None:
            return None
        return Columns(tuple(i for i in range(width) if i != target), target)
    target, groups, weight = (as_index(one) for one in (table.target, table.groups, table.weight))
    ids = tuple(i for one in table.ids if (i := as_index(one)) is not None)
    if width == full:
        return Columns(table.features, target, groups, weight, ids)
    if width != full - 1 or target is None:
        return None
    if groups is not None or weight is not None or ids:
        raise InputError(
            f"{layout.where} has {counted(width, 'column')} without names, one fewer than the "
            f"training data. Which of the columns is missing cannot be known. Pass a file with "
            f"all {full}, or with the {len(table.features)} features alone."
        )
    return Columns(tuple(i - (i > target) for i in table.features))


def find_features(text: str, names: Sequence[str], columns: Sequence[int]) -> list[int]:
    """Return the features, counted from 0, that a list names; `columns` are theirs in the file."""
    found = []
    for part in [text] if text in names else filter(None, map(str.strip, text.split(","))):
        index = as_index(part)
        if part in names:
            found.append(names.index(part))
        elif index is not None and index in columns:
            found.append(columns.index(index))
        else:
            has = f"The features are {listed(names)}," if names else "The features are"
            raise InputError(
                f"{option('without')} must be names or indices of features, separated by commas. "
                f"{has} the columns {_ranges(columns)}, counted from 0. Received: {part!r}."
            )
    return found


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as text: "0 to 3, 5 to 8"."""
    starts = [k for k, n in enumerate(numbers) if k == 0 or n != numbers[k - 1] + 1]
    ends = [k - 1 for k in starts[1:]] + [len(numbers) - 1]
    pairs = [(numbers[a], numbers[b]) for a, b in zip(starts, ends, strict=True)]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in pairs)
