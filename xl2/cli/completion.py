"""Values that a shell completes. Nothing is imported for them: a key press must not take long."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

# What other modules know too; a test compares them.
VALUES = {
    "activation": ("relu", "tanh", "sigmoid", "identity"),
    "backend": ("auto", "numpy", "cupy", "torch", "jax", "dpnp", "array_api_strict"),
    "class_weight": ("balanced",),
    "decimal": (".", ","),
    "device": ("auto", "cpu", "cuda", "mps", "xpu"),
    "dtype": ("float32", "float64"),
    "encoding": ("utf-8", "utf-16", "latin-1", "cp1252"),
    "only": (
        *("epoch", "path", "decision", "cores", "wide", "order", "forward", "memory"),
        *("overhead", "growth", "floor", "sklearn", "torch", "jax", "keras", "thinc"),
    ),
    "optimizer": ("sgd", "momentum", "nesterov", "adam"),
    "per": ("dataset", "batch"),
    "preset": ("default", "best", "plain", "sklearn", "notebook"),
    "schedule": ("constant", "cosine", "flat_cosine", "one_cycle"),
    # Those of scikit-learn that people choose a model by.
    "scoring": (
        *("accuracy", "balanced_accuracy", "average_precision", "f1", "f1_macro", "f1_micro"),
        *("f1_weighted", "jaccard", "jaccard_macro", "matthews_corrcoef", "neg_brier_score"),
        *("neg_log_loss", "precision", "precision_macro", "recall", "recall_macro", "roc_auc"),
        *("roc_auc_ovo", "roc_auc_ovr", "top_k_accuracy", "explained_variance", "r2"),
        *("neg_max_error", "neg_mean_absolute_error", "neg_mean_absolute_percentage_error"),
        *("neg_mean_squared_error", "neg_median_absolute_error", "neg_root_mean_squared_error"),
    ),
    "sep": ("tab", "comma", "semicolon", "space", "pipe"),
    "task": ("auto", "classification", "multilabel", "regression"),
}
DATA_SETS = (
    *(".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    *(".npz", ".h5", ".hdf5", ".gz", ".idx", "-ubyte"),
)
# In a name that a shell has to quote; at : and = Bash begins another word.
UNUSUAL = set(" '\"\\$&()*;<>?`|~#!{}[]:=")
# Names of files and folders, which the shell completes.
FILES = (
    *("test", "labels", "checkpoint", "picture", "report", "out", "onnx", "plot"),
    "tensorboard",
)


def with_completion(command: Any) -> Any:
    """Let a shell complete the values of a command's arguments and options."""
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        for info in getattr(parameter.annotation, "__metadata__", ()):
            info.autocompletion = completer_of(name)
    return command


def completer_of(name: str) -> Callable[[str], list[str]] | None:
    """Return what completes the values of a parameter, if anything does."""
    if name in VALUES:
        return one_of(name)
    return {"data": data_sets, "model": models, **dict.fromkeys(FILES, files)}.get(name)


def one_of(option: str) -> Callable[[str], list[str]]:
    """Return what completes the values of an option."""

    def complete(incomplete: str) -> list[str]:
        return [value for value in VALUES[option] if value.startswith(incomplete)]

    return complete


def data_sets(incomplete: str) -> list[str]:
    """Complete a data set.

    Nothing where there are folders to choose from, or names to quote: the shell does that better.
    """
    return _files(incomplete, DATA_SETS, ("digits",))


def models(incomplete: str) -> list[str]:
    """Complete the name of a model file."""
    return _files(incomplete, (".safetensors",))


def files(incomplete: str) -> list[str]:
    """Leave a file to the shell, which completes names where there is no completion."""
    return []


def _files(incomplete: str, endings: tuple[str, ...], others: tuple[str, ...] = ()) -> list[str]:
    place, begin = os.path.split(incomplete)
    found = [name for name in others if name.startswith(incomplete)]
    for name, is_folder in _entries(place):
        if not name.startswith(begin) or (name[0] == "." and not begin):
            continue
        if is_folder or UNUSUAL & set(name) or not name.isprintable():
            return []
        if name.endswith(endings):
            found.append(os.path.join(place, name))
    return sorted(found)


def _entries(place: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(place or ".") as entries:
            yield from ((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return
