"""The samples of a path, as each of its folds takes them."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

from ..array.backend import numbers
from ..array.lazy_rows import is_stored
from ..array.operations import Operations
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import InputError, counted
from ..nn import tasks
from ..nn.inputs import check_finite
from ..nn.model import Model
from ..nn.scaling import Scaling
from ..nn.targets import Targets, is_present
from .checkpoints import Folder
from .planning import plan
from .result import Judge
from .settings import Part, Pool, Recipe
from .train_stacks import train_members


class Source:
    """The samples of a path, and how each fold takes them.

    Parameters
    ----------
    recipe : Recipe
    X : array, shape (n, features)
        In their own units.
    targets : Targets
    standardize : bool
    seed : int
        Of networks trained on all samples.
    weight : numpy.ndarray, shape (n,), or None
        How much each sample counts.
    folder : Folder, optional
        Where what is trained on all samples is kept too.
    """

    def __init__(
        self,
        recipe: Recipe,
        X: Any,
        targets: Targets,
        standardize: bool,
        seed: int,
        weight: Any = None,
        folder: Folder | None = None,
    ):
        self.recipe, self.targets, self.standardize = recipe, targets, standardize
        self.seed, self.weight, self.folder = seed, weight, folder
        blank = recipe.blank()
        self._x = blank.check_samples(_in_memory(X)) if not standardize else self._checked(X)
        if self._x.shape[0] != len(targets.values):
            raise InputError(
                f"X has {counted(self._x.shape[0], 'sample')} and y has {len(targets.values)}: "
                f"they must agree."
            )
        blank.check_weights(weight, len(targets.values))

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: everything but the samples and their targets."""
        return {**vars(self), "_x": None, "targets": None, "weight": None, "folder": None}

    def __deepcopy__(self, memo: Any) -> Source:
        # The samples are only read, and the copy of a path is to share them with it.
        return self

    def folds(self, folds: Any) -> tuple[Pool, list[Part], list[Judge]]:
        """Return the pool, the parts and the judges of a cross-validation."""
        import numpy as np

        values, weight = self.targets.values, self.weight
        self._check_folds(values, folds)
        if not self.standardize:
            take = Operations.of(self.recipe.backend.library).take_rows
            with self.recipe.backend.scope():
                parts = [
                    Part(
                        fold.training,
                        take(self._x, self._moved(fold.validation)),
                        values[fold.validation],
                        None if weight is None else weight[fold.validation],
                    )
                    for fold in folds
                ]
            return Pool(self._x, values, weight), parts, [Judge()] * len(parts)
        # Each fold has a copy of its own, scaled by what its training samples say.
        rows, copies, known, parts, judges = len(values), [], [], [], []
        for k, fold in enumerate(folds):
            judge = self._learn(fold.training)
            x, y = self._scaled(judge, self._x, values)
            copies.append(x)
            known.append(y)
            held = self.recipe.backend.asarray(x[fold.validation], self.recipe.dtype)
            own = None if weight is None else weight[fold.validation]
            parts.append(Part(fold.training + k * rows, held, y[fold.validation], own))
            judges.append(judge)
        weight = None if weight is None else np.tile(weight, len(parts))
        pool = Pool(self._all(np.concatenate(copies)), np.concatenate(known), weight)
        return pool, parts, judges

    def held_out(self, validation: Any) -> tuple[Pool, list[Part], list[Judge]]:
        """Return the pool, the part and the judge of a validation set."""
        import numpy as np

        try:
            X, y = validation
        except (TypeError, ValueError):
            raise InputError("validation is a pair, (X, y).") from None
        blank, rows = self.recipe.blank(), np.arange(len(self.targets.values))
        values = self.targets.number(read_labels(y, "validation y"), "validation y")
        if not self.standardize:
            held, known, judge, x = (
                blank.check_samples(_in_memory(X), "validation X"),
                self.targets.values,
                Judge(),
                self._x,
            )
        else:
            judge = self._learn(rows)
            x, known = self._scaled(judge, self._x, self.targets.values)
            held, values = self._scaled(judge, self._checked(X, "validation X"), values)
            x, held = self._all(x), self._all(held)
        if held.shape[0] != len(values):
            raise InputError(
                f"validation X has {counted(held.shape[0], 'sample')} and validation y has "
                f"{len(values)}: they must agree."
            )
        self._check_spread(values, "The path")
        return Pool(x, known, self.weight), [Part(rows, held, values)], [judge]

    def refit(self, lambdas: Any) -> list[Model]:
        """Train networks of some lambdas on all samples, as one stack.

        Raises
        ------
        InputError
            If one diverges, or the source comes from a pickle.
        """
        import numpy as np

        if self._x is None:
            raise InputError(
                f"This path does not carry its samples: it was pickled, or belongs to an "
                f"estimator. No network was trained on all of them before for lambda "
                f"{', '.join(f'{lam:g}' for lam in lambdas)}. Ask a path for best_model(), or "
                f"models([...]), before it is pickled."
            )
        rows, judge, x, values = (
            np.arange(len(self.targets.values)),
            Judge(),
            self._x,
            self.targets.values,
        )
        if self.standardize:
            judge = self._learn(rows)
            x, values = self._scaled(judge, x, values)
            x = self._all(x)
        parts, recipe, workers = [Part(rows)], self.recipe, self.recipe.workers()
        stacks = plan(parts, len(lambdas), 1, recipe.members_at_once(), workers)
        pool = Pool(x, values, self.weight)
        folder = None if self.folder is None else self.folder.subfolder(_named(lambdas))
        members = train_members(
            recipe, pool, parts, lambdas, [self.seed], stacks, workers, folder=folder
        )
        models = []
        for k, lam in enumerate(lambdas):
            if members.diverged[k, 0, 0]:
                raise InputError(
                    f"Trained on all samples, the network of lambda {lam:g} diverged, which none "
                    f"of the folds' did. Lower the learning rate."
                )
            network = self.recipe.blank()
            # The recipe's own, so that a pickle of all connects, and warns, once.
            network.backend = self.recipe.backend
            network.set_parameters(members.parameters[k, 0, 0])
            network.task = members.task
            models.append(Model(network, judge.inputs, judge.outputs, self.targets.classes))
        return models

    def _checked(self, X: Any, what: str = "X") -> Any:
        """Return samples on the host, in float64 as the means and scales are."""
        x = numbers(on_host(X, what), "float64", what)
        width = self.recipe.sizes[0]
        if x.ndim != 2 or x.shape[1] != width or not len(x):
            raise InputError(
                f"{what} is an array (samples, {width}) with one sample or more. Received: shape "
                f"{x.shape}."
            )
        check_finite(x, what)
        return x

    def _check_folds(self, values: Any, folds: Any) -> None:
        """Warn of folds that say nothing of a regression; refuse where none says anything."""
        dumb = [k for k, fold in enumerate(folds) if self._constant(values[fold.validation])]
        if dumb and len(dumb) == len(folds):
            self._check_spread(values[folds[0].validation], "Fold 1 of cv")
        elif dumb:
            warnings.warn(
                f"{counted(len(dumb), 'fold')} of {len(folds)} in cv, first fold {dumb[0] + 1}, "
                f"can only be judged by values that are all equal. R2 is 0 or 1 there, and says "
                f"nothing of lambda: shuffle the samples.",
                stacklevel=4,
            )

    def _constant(self, values: Any) -> bool:
        return self._regression() and bool((values == values[0]).all(axis=0).any())

    def _check_spread(self, values: Any, what: str) -> None:
        """Refuse to judge a regression by values that are all equal."""
        if not self._regression():
            return
        constant = (values == values[0]).all(axis=0)
        if constant.any():
            raise InputError(
                f"{what} is judged by {counted(len(values), 'sample')} of one value, in column "
                f"{int(constant.argmax())} (counted from 0) of y. R2 compares the errors with the "
                f"spread of the values: judge by samples of two or more."
            )

    def _regression(self) -> bool:
        # By the network: rows of 0 and 1 are values too, and several sigmoids learn them unscaled.
        return tasks.task_of(self.recipe.activations[-1], self.recipe.sizes[-1]) == "regression"

    def _learn(self, rows: Any) -> Judge:
        outputs = Scaling.learn(self.targets.values[rows]) if self._regression() else None
        return Judge(Scaling.learn(self._x[rows]), outputs)

    def _scaled(self, judge: Judge, x: Any, values: Any) -> tuple[Any, Any]:
        assert judge.inputs is not None
        scaled = values if judge.outputs is None else judge.outputs.apply(values, self.recipe.dtype)
        return judge.inputs.apply(x, self.recipe.dtype), scaled

    def _all(self, x: Any) -> Any:
        return self.recipe.backend.asarray(x, self.recipe.dtype)

    def _moved(self, rows: Any) -> Any:
        backend = self.recipe.backend
        return backend.library.from_host(backend.xp, rows, backend.device)


def _in_memory(X: Any) -> Any:
    """Read an array on disk: folds are drawn from all rows."""
    return X[:] if is_stored(X) else X


def _named(lambdas: Any) -> str:
    """Return a folder's name for networks of some lambdas: of others another one."""
    said = "-".join(repr(float(lam)) for lam in lambdas)
    if len(said) <= 60:
        return f"refit-{said}"
    return f"refit-{len(lambdas)}-lambdas-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def on_host(x: Any, what: str) -> Any:
    """Return an array of any library, or lists, as a NumPy array.

    Raises
    ------
    InputError
        If the rows are of unequal lengths, or the array is a sparse matrix.
    """
    if is_sparse(x):
        raise InputError(
            f"{what} is a sparse matrix, and a path takes dense samples. Give {what}.toarray(), "
            f"or train one lambda at a time by xl2.fit, which makes a part of them dense at a time."
        )
    try:
        return to_numpy(x)
    except ValueError as error:
        raise InputError(f"{what} is no array: {str(error).rstrip('.')}.") from None


def read_labels(y: Any, what: str) -> Any:
    """Return labels or values as a NumPy array (n,) or (n, outputs) without a NaN."""
    labels = on_host(y, what)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2) or not len(labels):
        raise InputError(
            f"{what} is one label a sample, (n,), or values (n, outputs). Received: shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind in "OT":
        # What pandas, lists with a None, and NumPy's text of any length give.
        listed = labels.ravel().tolist()
        present = [is_present(label) for label in listed]
        if not all(present):
            row = present.index(False) // (labels.size // len(labels))
            raise InputError(
                f"{what} has a missing label, first in row {row} (counted from 0). Drop such rows "
                f"or fill them in; xl2 does not guess."
            )
        kinds = {type(label).__name__ for label in listed}
        if len(kinds) > 1:
            raise InputError(f"{what} mixes {', '.join(sorted(kinds))}: labels are of one kind.")
        labels = on_host(labels.tolist(), what)
    if labels.dtype.kind not in "biufSU":
        raise InputError(
            f"{what} is text or numbers. Received: {labels.dtype}. Make text of it, as "
            f"y.astype(str) does, or numbers."
        )
    if labels.dtype.kind == "f":
        check_finite(labels, what)
    return labels
