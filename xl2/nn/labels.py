"""Labels of other samples beside those of training: the same in another form, or new ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..errors import InputError, counted, listed, on_command_line, option


def like_training(y: Any, classes: Any) -> Any:
    """Return labels of other samples (n,) in the form that the training labels have.

    Text is the number of training that it writes, and a number the text that writes it. Rows with
    a single 1 are class numbers. What matches no training label stays a label of its own; if none
    does, all stay as they are, and so do other rows.

    Parameters
    ----------
    y : array, shape (n,) or (n, k)
    classes : sequence of labels, repeated or not
    """
    import numpy as np

    y, known = np.asarray(y), np.asarray(classes)
    if y.ndim == 2:
        single = y.dtype.kind in "fiub" and bool((y.sum(axis=1) == 1).all())
        if y.shape[1] > 1 and not (single and bool(((y == 0) | (y == 1)).all())):
            return y
        y = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    if y.dtype.kind == "S" != known.dtype.kind:
        y = np.char.decode(y, "utf-8", "replace")
    numbers = known.dtype.kind in "fiub"
    if (y.dtype.kind in "fiub") == numbers and y.dtype.kind != "O":
        return y
    labels = y.tolist()
    trained = np.unique(known).tolist()
    meant = _numbers_of(labels, trained) if numbers else _texts_of(labels, trained)
    if not set(trained) & set(meant.values()):
        return y
    found = [meant[label] for label in labels]
    if len({isinstance(label, str) for label in found}) > 1:
        mixed = np.empty(len(found), dtype=object)
        mixed[:] = found
        return mixed
    return np.asarray(found)


def _numbers_of(labels: Sequence[Any], trained: Sequence[Any]) -> dict[Any, Any]:
    """Return the number that each label writes: one of training, another one, or no number."""
    written = {str(label): label for label in trained}
    values = {float(label): label for label in trained}
    meant = {}
    for label in set(labels):
        meant[label] = written.get(label, label)
        if isinstance(meant[label], str) and (number := _as_number(label)) is not None:
            meant[label] = values.get(number, int(number) if number.is_integer() else number)
    return meant


def _texts_of(labels: Sequence[Any], trained: Sequence[str]) -> dict[Any, str]:
    """Return the text that writes each label: one of training, or the usual one."""
    values: dict[float, list[str]] = {}
    for text in trained:
        if (number := _as_number(text)) is not None:
            values.setdefault(number, []).append(text)
    meant = {}
    for label in set(labels):
        usual = str(label)
        if isinstance(label, float) and label.is_integer():
            usual = str(int(label))
        same = [] if isinstance(label, str) else values.get(float(label), [])
        meant[label] = same[0] if len(same) == 1 and usual not in same else usual
    return meant


def _as_number(text: str) -> float | None:
    """Return the finite number that a text writes, None for other text; "1_0" is other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def new_labels(y: Any, known: Any) -> dict[Any, int]:
    """Return the labels of samples (n,) that are not in `known`, with their numbers of samples.

    The most frequent comes first. `known` are labels or classes, repeated or not; see
    `like_training`.
    """
    import numpy as np

    trained = set(np.unique(np.asarray(known)).tolist())
    counts = Counter(like_training(y, known).tolist())
    new = sorted((label for label in counts if label not in trained), key=_kind_and_value)
    return {label: counts[label] for label in sorted(new, key=lambda label: -counts[label])}


def _kind_and_value(label: Any) -> tuple[bool, Any]:
    """Return a key that sorts numbers before text."""
    return isinstance(label, str), label


def describe_new_labels(found: dict[Any, int], known: Any, part: str = "test") -> str:
    """Return new labels in words: how many samples of a part have each, and what may be meant.

    `part` is "test", or empty.
    """
    import numpy as np

    trained = np.unique(np.asarray(known)).tolist()
    total = sum(found.values())
    text = f"{counted(total, f'{part} sample'.lstrip())} {'has' if total == 1 else 'have'} "
    if len(found) == 1:
        text += f"the label {next(iter(found))!r}, which no training sample has"
    else:
        numbers = [f"{label!r} ({count})" for label, count in found.items()]
        text += f"labels that no training sample has: {_first(numbers)}"
    text += f" (training labels: {listed(trained)})."
    written = {_plain(label): label for label in reversed(trained)}
    meant = {label: written[_plain(label)] for label in found if _plain(label) in written}
    if not meant:
        return text
    if len(found) == 1:
        return f"{text} Did you mean {next(iter(meant.values()))!r}?"
    pairs = [f"{label!r} for {new!r}" for new, label in meant.items()]
    return f"{text} Did you mean {', '.join(pairs[:12])}?"


def check_new_labels(y: Any, known: Any, part: str = "test") -> None:
    """Raise `InputError` if samples of a part have labels that no training sample has."""
    found = new_labels(y, known)
    if not found:
        return
    column = on_command_line() and sum(found.values()) == len(y)
    check = f" Check the label column ({option('target')})." if column else ""
    raise InputError(
        f"{describe_new_labels(found, known, part)}{check} Correct them, leave these samples out, "
        f"or pass {option('new_labels', True)} to count them as errors."
    )


def describe_classes(labels: Sequence[Any], counts: Sequence[int]) -> str:
    """Return classes with their numbers of samples, such as "class 'a' (1 sample)"."""
    known = zip(labels, counts, strict=True)
    texts = [f"{label!r} ({counted(count, 'sample')})" for label, count in known]
    return f"{'class' if len(texts) == 1 else 'classes'} {_first(texts)}"


def _first(texts: list[str]) -> str:
    more = f" and {len(texts) - 12} more" if len(texts) > 12 else ""
    return ", ".join(texts[:12]) + more


def _plain(label: Any) -> str:
    """Return a label as text without what is easily mistyped: case, and spaces around it."""
    return str(label).strip().casefold()
