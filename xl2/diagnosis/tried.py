"""What a path and its experiments found: all that a verdict needs beside the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..array.digests import digest
from .actions import Action, actions_of
from .evidence import LEVEL, Evidence
from .formats import plain
from .gains import CONFIDENCE
from .importance import Importance
from .learning_curve import extrapolated


@dataclass(frozen=True)
class Tried:
    """What was tried beside the model of a path's best lambda.

    The path has it, and so has the model, in its file too: so both get one verdict.

    Attributes
    ----------
    lam, chosen_by : float, str
        The best lambda, and the validation score by which it is the best, such as "log loss".
    signal : float
        The p-value of the permutation test that the path's networks know more than chance.
    actions : tuple of Action
        What was tried and what more samples would do, the largest gain first.
    left_out : tuple of (str, str)
        Experiments that were not tried, and why.
    folds : int
        The number of folds in which they were tried.
    all_samples : float or None
        What any number of training samples would gain: the asymptote of the learning curve.
    repeated, unavoidable : int or None, float or None
        As in `xl2.diagnosis.evidence.Evidence`.
    importance : Importance or None
        What shuffling each column of the folds' validation samples costs.
    validation : str or None
        The digest of the samples of `validation=`, by whose scores lambda was chosen.
    options : tuple of str or None
        Those of the command that trained the model, without files; None in Python.
    averaged : int
        The networks of ``path.ensemble_``, if they are trained on all samples; else 0.
    """

    lam: float
    chosen_by: str
    signal: float
    actions: tuple[Action, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    folds: int = 0
    all_samples: float | None = None
    repeated: int | None = None
    unavoidable: float | None = None
    importance: Importance | None = None
    validation: str | None = None
    options: tuple[str, ...] | None = None
    averaged: int = 0

    @property
    def found_signal(self) -> bool:
        """Whether the networks know more than chance explains."""
        return self.signal <= LEVEL

    def selected_on(self, X: Any) -> bool:
        """Return whether lambda was chosen by the scores on exactly these samples."""
        try:
            return self.validation is not None and self.validation == digest(X)
        except ValueError:
            return False  # not numbers, so not samples

    def to_dict(self) -> dict[str, Any]:
        """Return everything as the plain values that `Model.tried` has."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    @classmethod
    def of_dict(cls, stored: Mapping[str, Any]) -> Tried:
        """Return what `to_dict` was made of."""
        options, importance = stored["options"], stored["importance"]
        return cls(
            **{
                **stored,
                "actions": tuple(
                    Action(
                        **{
                            **one,
                            "interval": tuple(one["interval"]),
                            "arguments": _arguments(one["arguments"]),
                        }
                    )
                    for one in stored["actions"]
                ),
                "left_out": tuple((what, why) for what, why in stored["left_out"]),
                "importance": None if importance is None else Importance.of_dict(importance),
                "options": None if options is None else tuple(options),
            }
        )


def tried_of(
    evidence: Evidence, lam: float, chosen_by: str, validation: str | None = None
) -> Tried:
    """Return what a verdict needs of the evidence of a path."""
    limit = extrapolated(evidence, CONFIDENCE, float("inf"))
    return Tried(
        lam,
        chosen_by,
        evidence.signal.p_value,
        tuple(replace(a, arguments=_arguments(plain(a.arguments))) for a in actions_of(evidence)),
        tuple(evidence.left_out),
        int(evidence.folds.max()) + 1,
        None if limit is None else limit[0],
        evidence.repeated,
        evidence.unavoidable,
        evidence.importance,
        validation,
    )


def _arguments(plain_ones: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return arguments of `xl2.regularization_path` as they are written in Python."""
    if plain_ones is None:
        return None
    layers = ("hidden", "initializer")  # a value for each layer
    return {
        name: tuple(value) if name in layers and isinstance(value, list) else value
        for name, value in plain_ones.items()
    }
