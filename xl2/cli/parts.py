"""The training and the test samples of a command; none that was trained on is a test sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..data import Dataset
from ..data.splitting import split_rows
from ..data.trained_rows import MANY_REPEATS, Found, find_trained, row_digests
from ..errors import InputError, counted
from ..nn.decision import decide
from ..nn.labels import check_new_labels, describe_new_labels, like_training, new_labels
from ..nn.targets import number_classes
from ..nn.trained import Trained

Notes = tuple[str, ...]  # sentences about how a data set was divided, to be printed


@dataclass(frozen=True)
class Parts:
    """A data set in two parts, and the sorted digests of the training samples."""

    training: Dataset
    test: Dataset
    trained_rows: Any
    notes: Notes = ()
    reading: Notes = ()  # how the files were read
    task: str = "auto"  # what the targets are: one of `xl2.nn.decision.TASKS`


def divide(
    data: Dataset,
    test: Dataset | None,
    fraction: float,
    seed: int,
    task: str,
    count_new_labels: bool = False,
) -> Parts:
    """Divide a data set that a model will be trained on.

    The test samples are those of `test` that are not in the data set, else the test part of the
    data set, else a `fraction` of its samples, stratified by class, or of its groups.
    """
    import numpy as np

    task, y, note = decide(labels_of(data), task)
    training = replace(data, y=y, X_test=None, y_test=None)
    if test is None:
        if data.X_test is not None:
            tests = replace(training, X=data.X_test, y=data.y_test, rows=None)
        else:
            if task == "classification":
                number_classes(y)
            rows, held = split_rows(y, fraction, seed, task == "classification", data.groups)
            training, tests = training.take(rows), training.take(held)
        known = np.sort(row_digests(training.X))
        notes = _equal(int(np.isin(row_digests(tests.X), known).sum()), len(tests.X))
    else:
        known = np.sort(row_digests(training.X))
        tests, notes = _unseen(test, known)
        tests, more = _other_groups(tests, training, data.table.groups if data.table else None)
        notes += more
    if task == "classification":
        tests = replace(tests, y=like_training(labels_of(tests), y))
        notes += _new(tests, y, count_new_labels)
    notes = (note, *notes) if note else notes
    return Parts(training, tests, known, notes, _reading(data, test), task)


def divide_as_trained(
    model: Trained, data: Dataset, test: Dataset | None, count_new_labels: bool = False
) -> Parts:
    """Divide a data set into the samples that a model was trained on, and others.

    The test samples are those of `test` that it was not trained on, else the others of `data`.
    """
    known = model.trained_rows is not None
    parts = _by_digests(model, data, test) if known else _as_given(data, test)
    if model.task in ("binary", "classes"):
        parts = replace(
            parts,
            training=_labelled(parts.training, model),
            test=_labelled(parts.test, model),
        )
    notes = new_label_notes(model, parts.test, count_new_labels, "test")
    notes += new_label_notes(model, parts.training, count_new_labels, "")
    return replace(parts, notes=parts.notes + notes, reading=_reading(data, test))


def _reading(data: Dataset, test: Dataset | None) -> Notes:
    """Return how files were read, without saying anything twice."""
    return tuple(dict.fromkeys((*data.notes, *(test.notes if test is not None else ()))))


def new_label_notes(model: Trained, data: Dataset, count: bool = True, part: str = "") -> Notes:
    """Refuse labels that a model was not trained on, or say that they count as errors."""
    if model.task not in ("binary", "classes"):
        return ()
    return _new(data, model.known_classes, count, part)


def _labelled(data: Dataset, model: Trained) -> Dataset:
    """Return samples with their labels in the form of those that a model was trained on."""
    return replace(data, y=like_training(labels_of(data), model.known_classes))


def _by_digests(model: Trained, data: Dataset, test: Dataset | None) -> Parts:
    import numpy as np

    known, pool = model.trained_rows, replace(data, y=labels_of(data), X_test=None, y_test=None)
    if data.X_test is not None:
        X, y = np.concatenate([data.X, data.X_test]), np.concatenate([data.y, data.y_test])
        pool = replace(pool, X=X, y=y, rows=None)
    found = find_trained(row_digests(pool.X), known, len(data.X))
    _check(found, pool, len(known), test is not None)
    training, tests = pool.take(found.trained), pool.take(~found.trained)
    notes = _taken(found, pool, len(known), test is not None)
    if test is None:
        notes += _equal(found.equal, len(tests.X))
    else:
        tests, more = _unseen(test, known)
        notes += more or (f"The {counted(len(test.X), 'row')} of {test.name} are test samples.",)
    tests, more = _other_groups(tests, training, model.table.groups if model.table else None)
    return Parts(training, tests, known, notes + more)


def _as_given(data: Dataset, test: Dataset | None) -> Parts:
    """Take the parts of a data set, because the model does not say what it was trained on."""
    import numpy as np

    if test is None and data.X_test is None:
        raise InputError(
            "The model does not say which samples it was trained on: xl2 path and xl2 train write "
            "that into a model file, Python and earlier versions did not. Pass its training "
            "samples as DATA, and others with --test FILE."
        )
    training = replace(data, y=labels_of(data), X_test=None, y_test=None)
    known = np.sort(row_digests(data.X))
    notes = (
        "The model does not say which samples it was trained on. The "
        f"{counted(len(data.X), 'row')} of {data.name} are taken to be these.",
    )
    if test is not None:
        tests, more = _unseen(test, known)
    else:
        tests = replace(training, X=data.X_test, y=data.y_test, rows=None)
        more = _equal(int(np.isin(row_digests(tests.X), known).sum()), len(tests.X))
    return Parts(training, tests, known, notes + more)


def weights_of(training: Dataset, class_weight: str | None, task: str) -> Any:
    """Return the weights of training samples, (n,), also those of their classes; None if equal."""
    from sklearn.utils.class_weight import compute_sample_weight

    if class_weight is None:
        return training.weights
    y = labels_of(training)
    if class_weight != "balanced":
        raise InputError(f"--class-weight must be balanced. Received: {class_weight!r}.")
    if task != "classification":
        what = "values" if task == "regression" else "several labels for each sample"
        raise InputError(f"--class-weight is for classes, but the target is {what}. Leave it out.")
    balanced = compute_sample_weight(class_weight, y)
    return balanced if training.weights is None else balanced * training.weights


def labels_of(data: Dataset) -> Any:
    """Return the labels of a data set that has to have some."""
    if data.y is None:
        raise InputError(f"{data.name} has no labels to train on.")
    return data.y


def _unseen(test: Dataset, known: Any) -> tuple[Dataset, Notes]:
    """Return the rows of a test file that are no training rows."""
    found, rows = find_trained(row_digests(test.X), known), len(test.X)
    if found.count == rows:
        raise InputError(
            f"All {counted(rows, 'row')} of {test.name} were trained on, so they show nothing "
            "about new samples. Pass other samples with --test FILE."
        )
    tests = replace(test, X_test=None, y_test=None).take(~found.trained)
    if not found.count:
        return tests, doubts(found)
    note = (
        f"{found.count} of the {rows} rows of {test.name} were trained on and are left out; the "
        f"test samples are the other {rows - found.count}."
    )
    return tests, (note, *doubts(found))


def _other_groups(tests: Dataset, training: Dataset, column: str | None) -> tuple[Dataset, Notes]:
    """Return the test samples that are of no group of the training samples."""
    import numpy as np

    if column is None:
        return tests, ()
    if tests.groups is None or training.groups is None:
        lacking = tests if tests.groups is None else training
        note = f"{lacking.name} has no column {column!r}: test samples may be of groups that were "
        return tests, (f"{note}trained on.",)
    known, groups = training.groups, tests.groups
    if (known.dtype.kind in "US") != (groups.dtype.kind in "US"):
        known, groups = known.astype(str), groups.astype(str)
    shared = np.isin(groups, known)
    if shared.all():
        raise InputError(
            f"All test samples are of groups ({column}) that were trained on. Pass samples of "
            "other groups with --test FILE."
        )
    if not shared.any():
        return tests, ()
    note = f"{counted(int(shared.sum()), 'test sample')} of groups ({column}) that were trained on "
    return tests.take(~shared), (f"{note}are left out.",)


def _new(tests: Dataset, known: Any, count: bool, part: str = "test") -> Notes:
    """Refuse labels that no training sample has, or say that they count as errors."""
    y = like_training(labels_of(tests), known)
    if y.ndim > 1:
        return ()  # rows of 0 and 1
    if not count:
        check_new_labels(y, known, part)
    found = new_labels(y, known)
    return (f"{describe_new_labels(found, known, part)} They count as errors.",) if found else ()


def _check(found: Found, data: Dataset, known: int, tested: bool) -> None:
    """Refuse data without training rows, or without test rows."""
    rows = counted(len(data.X), "row")
    if not found.count:
        this = "" if tested else f", and {data.name} with --test"
        text = (
            f"None of the {rows} of {data.name} is one of the {known} that the model was trained "
            f"on, with the same features. Pass the file that it was trained on as DATA{this}."
        )
        raise InputError(" ".join([text, *doubts(found)]))
    if found.count == len(data.X) and not tested:
        text = (
            f"All {rows} of {data.name} were trained on, so they show nothing about new samples. "
            "Pass others with --test FILE."
        )
        raise InputError(" ".join([text, *doubts(found)]))


def _taken(found: Found, data: Dataset, known: int, tested: bool) -> Notes:
    """Say which rows of a data set are the training samples."""
    rest = len(data.X) - found.count
    text = f"The model was trained on {found.count} of the {len(data.X)} rows of {data.name}"
    if found.missing:
        text += f", and on {found.missing} more that it lacks"
    if rest:
        text += f"; the other {rest} are " + ("left out" if tested else "the test samples")
    return (f"{text}.", *doubts(found))


def _equal(equal: int, rows: int) -> Notes:
    """Say how many of the test samples repeat training samples."""
    if not equal:
        return ()
    have = "has" if equal == 1 else "have"
    return (f"{equal} of the {rows} test samples {have} the features of a training sample.",)


def doubts(found: Found) -> Notes:
    """Say why equal features do not prove that a row was trained on."""
    if not found.missing or found.repeats <= MANY_REPEATS:
        return ()
    share = f"{100.0 * found.repeats:.3g} % of the training rows repeat others"
    if found.count:
        return (
            f"{share}, so some rows that equal training rows may be new. They count as trained on.",
        )
    if found.equal:
        number = counted(found.equal, "row")
        return (f"{number} with the features of training rows count as new, because {share}.",)
    return ()
