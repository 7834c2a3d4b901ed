"""Labels that no training sample has, such as `Setosa` for `setosa`: how many, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError, counted, listed, on_command_line, option


def new_labels(y: Any, known: Any) -> dict[Any, int]:
    """Return the labels of samples (n,) that are not in `known`, with their numbers of samples.

    The most frequent comes first. `known` are labels or classes, repeated or not.
    """
    import numpy as np

    labels, counts = np.unique(np.asarray(y), return_counts=True)
    trained = set(np.unique(np.asarray(known)).tolist())
    pairs = zip(labels.tolist(), counts.tolist(), strict=True)
    return dict(sorted((p for p in pairs if p[0] not in trained), key=lambda pair: -pair[1]))


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
