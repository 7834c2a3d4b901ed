"""Which columns of a table are the features, and which are the target and the groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, column_label, counted, listed, option


@dataclass(frozen=True)
class Wanted:
    """What the caller asks of a table; see `load_data`. Without a model there are no features."""

    target: str | None
    features: tuple[str, ...]
    n_features: int | None
    require_target: bool
    groups: str | None = None

    @property
    def index(self) -> int | None:
        """The target as an index; None if it is a name or not given."""
        return as_index(self.target)


def as_index(column: str | None) -> int | None:
    """Return a column as an index; None if it is a name or not given."""
    try:
        return None if column is None else int(column)
    except ValueError:
        return None


class Columns(NamedTuple):
    """The indices of columns."""

    features: tuple[int, ...]  # in order
    target: int | None
    groups: int | None = None


def choose(names: Sequence[str], width: int, wanted: Wanted, path: Path) -> Columns:
    """Choose the columns of a table with `width` columns; `names` is empty without a header."""
    if len(set(names)) < len(names):
        repeated = sorted(name for name, count in Counter(names).items() if count > 1)
        raise InputError(
            f"{path} has several columns of the name {listed(repeated)}. "
            "Rename columns until all names differ."
        )
    groups = None if wanted.groups is None else find_groups(names, width, wanted, path)
    if groups is not None:
        return choose_beside(groups, names, width, wanted, path)
    if names and wanted.features:
        return choose_by_name(names, wanted, path)
    target = find_target(names, width, wanted, path)
    features = tuple(i for i in range(width) if i != target)
    expected = wanted.n_features
    if expected is not None and len(features) != expected:
        raise InputError(
            f"{path} has {counted(width, 'column')}, of which {len(features)} would be features, "
            f"but the model expects {counted(expected, 'feature')}. Pass a file of {expected} "
            f"columns, or of {expected + 1} including the target."
        )
    if not features:
        raise InputError(
            f"{path} has {counted(width, 'column')} and no feature besides the target: "
            f"{column_label(names, 0)}. Separate cells by commas in a .csv file and by tabs in a "
            ".tsv file."
        )
    return Columns(features, target)


def choose_beside(
    groups: int, names: Sequence[str], width: int, wanted: Wanted, path: Path
) -> Columns:
    """Choose the features and the target among the columns that are not the groups'."""
    rest, target = [i for i in range(width) if i != groups], wanted.target
    index = None if target in names else wanted.index
    if index is not None and not -width <= index < width:
        find_target(names, width, wanted, path)  # its error counts all columns
    elif index is not None:
        index %= width
        target = str(index - (index > groups))
    if index == groups or (target in names and names.index(str(target)) == groups):
        raise InputError(
            f"{path}: the column {column_label(names, groups)} cannot be both the target and the "
            f"groups. Pass the name or index of another column by {option('groups')}."
        )
    found = choose(
        [names[i] for i in rest] if names else (),
        width - 1,
        replace(wanted, target=target, groups=None),
        path,
    )
    own = None if found.target is None else rest[found.target]
    return Columns(tuple(rest[i] for i in found.features), own, groups)


def find_groups(names: Sequence[str], width: int, wanted: Wanted, path: Path) -> int | None:
    """Return the index of the groups; None if a table for a trained model lacks them."""
    if wanted.groups in names:
        return names.index(str(wanted.groups))
    index, expected = as_index(wanted.groups), wanted.n_features
    if expected is None:
        if index is not None and -width <= index < width:
            return index % width
        has = f"Its columns are {listed(names)}" if names else "Its first row is not a header"
        raise InputError(
            f"{path} has no column {wanted.groups!r} for the groups. {has}. Pass the name of a "
            f"column, or an index from 0 to {width - 1}."
        )
    if index is None or (names and wanted.features) or width == expected:
        return None
    if width == expected + 1:
        raise InputError(
            f"{path} has {counted(width, 'column')} without names. The model was trained on "
            f"{expected}, beside columns of groups and of the target, and which of the two this is "
            f"cannot be known. Pass a file without it, or with both."
        )
    return index


def find_target(names: Sequence[str], width: int, wanted: Wanted, path: Path) -> int | None:
    """Return the index of the target if the features are not known by name, or None."""
    target, index = wanted.target, wanted.index
    if target is not None and target in names:
        return names.index(target)
    if target is not None and index is None:
        if not wanted.require_target:
            return None
        has = f"Its columns are {listed(names)}" if names else "Its first row is not a header"
        raise InputError(
            f"{path} has no column {target!r} for the target. {has}. "
            "Pass the name of a column, or an index such as -1 for the last one."
        )
    if width == wanted.n_features:
        if wanted.require_target:
            raise no_target(path, f"its {counted(width, 'column')} are the model's features")
        return None
    if index is None:
        return width - 1
    if not -width <= index < width:
        raise InputError(
            f"{path} has {counted(width, 'column')}, so {option('target')} must be an index "
            f"from {-width} to {width - 1}, counted from 0. Received: {option('target', target)}."
        )
    return index % width


def choose_by_name(names: Sequence[str], wanted: Wanted, path: Path) -> Columns:
    """Return the columns that a model was trained on, in its order."""
    positions = {name: i for i, name in enumerate(names)}
    missing = [name for name in wanted.features if name not in positions]
    if missing:
        raise InputError(
            f"{path} lacks {counted(len(missing), 'column')} that the model was trained on: "
            f"{listed(missing)}. Its columns are {listed(names)}. Rename or add columns."
        )
    if wanted.target in wanted.features:
        raise InputError(
            f"The target {wanted.target!r} of {path} is one of the model's features. "
            f"Pass the name of another column, or no {option('target')}."
        )
    features = tuple(positions[name] for name in wanted.features)
    rest = sorted(set(range(len(names))) - set(features))
    index, target = wanted.index, None
    if wanted.target in positions:
        target = positions[wanted.target]
    elif index is not None and -len(names) <= index < len(names) and index % len(names) in rest:
        target = index % len(names)
    elif len(rest) == 1 and (wanted.target is None or index is not None):
        target = rest[0]
    if target is None and wanted.require_target:
        spare = listed(names[i] for i in rest)
        raise no_target(path, f"it has {spare or 'no columns'} besides the model's features")
    return Columns(features, target)


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


def no_target(path: Path, why: str) -> InputError:
    """Return the error for a table in which no column can be the target."""
    return InputError(
        f"{path} has no target column: {why}. Add the target column, or name it by "
        f"{option('target')}."
    )
