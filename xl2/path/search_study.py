"""The study of `xl2.tune`: Optuna's record of its trials, in memory or in a database.

A trial that was interrupted is marked as failed, without a reason, and does not count. The
sampler is seeded for each trial with the number of those that do, and does not learn from
failed ones: so the next trial has the parameters of the interrupted one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..array.dask_rows import computed, is_dask
from ..array.rows import in_memory, is_stored
from ..array.switch import resolve
from ..errors import InputError
from ..nn.dask_samples import as_rows, is_dask_frame
from ..nn.frames import is_frame, names_of
from ..training.fingerprint import Fingerprint, check_same, described, digest_of, release
from .arguments import on_host
from .encoders import as_pandas

FINGERPRINT, REASON, LAMBDA, SECONDS = "xl2", "reason", "lambda", "seconds"
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}  # by Optuna's names
# What is computed does not depend on them.
ELSEWHERE = ("backend", "device", "client", "max_memory", "progress")
SAMPLES = ("sample_weight", "groups")
# Each thread that trains stacks would have a database of its own.
IN_MEMORY = ("sqlite://", "sqlite:///:memory:")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna, which logs every trial, unless its verbosity was changed."""
    from optuna import logging

    before = logging.get_verbosity()
    if before == logging.INFO:
        logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def open_study(name: str, storage: Any, own: Fingerprint, pruner: Any) -> Any:
    """Return the study of that name in a storage, or a new one; refuse that of another search."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    if storage in IN_MEMORY:
        storage = None
    where = "in memory" if storage is None else f"in {storage}"
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            pruner=pruner,
        )
    except (SQLAlchemyError, optuna.exceptions.OptunaError, ImportError, ValueError) as error:
        raise InputError(
            f"storage={storage!r} cannot be opened: {str(error).splitlines()[0]} Pass a URL such "
            f"as 'sqlite:///search.db', in a folder that exists."
        ) from None
    saved = study.user_attrs.get(FINGERPRINT)
    if saved is None:
        if study.trials or study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
            raise InputError(f"The study {name!r} {where} is not of xl2.tune. Pass another name.")
        study.set_user_attr(FINGERPRINT, own)
    else:
        check_same(saved, own, f"The study {name!r} {where} cannot go on", "another name")
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def counted_trials(study: Any) -> list[Any]:
    """Return the trials that are complete or pruned, or failed for a reason."""
    ended = ("COMPLETE", "PRUNED")
    return [one for one in study.trials if one.state.name in ended or REASON in one.user_attrs]


def ask(study: Any, seeds: Sequence[int], distributions: Mapping[str, Any]) -> Any:
    """Return the next trial, the same whether or not the search was interrupted."""
    import numpy as np
    import optuna

    sequence = np.random.SeedSequence([*seeds, len(counted_trials(study))])
    study.sampler = optuna.samplers.TPESampler(seed=int(sequence.generate_state(1)[0]))
    return study.ask(distributions)


def fingerprint_of_search(
    X: Any, labels: Any, space: object, arguments: Mapping[str, Any]
) -> Fingerprint:
    """Return what has to be the same when a search goes on; its keys are used in messages."""
    where = resolve(arguments.get("backend"), arguments.get("device"), data=X)
    found = {
        "version of xl2": release(),
        "space": str(space),
        "X": _digest(X, where),
        "y": _digest(labels, where),
    }
    for name, value in arguments.items():
        if name == "validation" and value is not None:
            found[name] = ", ".join(_digest(part, where) for part in value)
        elif name == "cv" and isinstance(value, list):
            found[name] = ", ".join(_digest(rows, where) for fold in value for rows in fold)
        elif name in SAMPLES and value is not None:
            found[name] = _digest(value, where)
        elif name not in ELSEWHERE:
            found[name] = described(value)
    return found


def _digest(x: Any, backend: Any) -> str:
    """Return the digest of samples or labels; of a frame of Dask that of its first partition."""
    import numpy as np

    if is_dask_frame(x):
        first = _digest(x.partitions[0].compute(), backend)
        return f"{x.npartitions} partitions, the first with {first}"
    if is_dask(x) and x.ndim == 1:
        x = computed(x)
    if is_frame(x):
        import pandas as pd

        hashes = pd.util.hash_pandas_object(as_pandas(x), index=False).to_numpy()
        return f"{digest_of(hashes, backend)} and columns {', '.join(names_of(x))}"
    rows = in_memory(as_rows(x), "float64")
    if is_stored(rows):
        return digest_of(rows, backend)
    array = on_host(rows, "X")
    if array.dtype.kind not in "biuf":  # text has no bytes of its own in an array of objects
        array = np.frombuffer(repr(array.tolist()).encode(), np.uint8)
    return digest_of(array, backend)
