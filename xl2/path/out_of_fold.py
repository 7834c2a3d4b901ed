"""What the networks of a path predict for the samples that they were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..data.trained_rows import row_digests
from ..diagnosis.evidence import Evidence, Signal
from ..diagnosis.null_model import LABELS, MEAN, always
from ..diagnosis.signal import CROSSED, permutation_test
from ..nn.tasks import decode
from ..nn.temperature import best_temperature
from .fold_data import FoldData
from .members import Members
from .null_model import answer_of
from .predictions import Predictions
from .sample_scores import accuracy, log_likelihood, r2
from .scores import PathScores
from .scoring import Scorers

LEAST = 1e-7  # of a probability in float32


class Pooled(NamedTuple):
    """Predictions of several networks for the validation samples of their folds, in a row each."""

    rows: Any  # of the samples, as indices (N,)
    outputs: Any  # as in `Predictions`, (N, outputs) in float64
    y: Any  # as in `Truth`
    weight: Any  # (N,), or None
    folds: Any  # (N,)

    def take(self, chosen: Any) -> Pooled:
        """Return some of the predictions."""
        return Pooled(*(None if part is None else part[chosen] for part in self))

    def temperature(self, task: str) -> float:
        """Return the best temperature; several predictions of a sample count as one."""
        import numpy as np

        own = np.bincount(self.rows, self.weight)
        squares = float((own**2).sum())
        samples = float(own.sum()) ** 2 / squares if squares else 0.0
        return best_temperature(task, self.outputs, self.y, self.weight, samples=samples)

    def parts(self, count: int, most: int) -> Any:
        """Return which part of the `count` samples each prediction is of, (N,).

        A sample is in one part. Parts are folds, or several of them if there are more than `most`;
        of a single fold they are fifths, drawn at random.
        """
        import numpy as np

        if not self.folds.any():
            return np.random.default_rng(0).permutation(count)[self.rows] % 5
        first = np.full(count, self.folds.max())
        np.minimum.at(first, self.rows, self.folds)
        return first[self.rows] % most


@dataclass(frozen=True)
class OutOfFold:
    """The validation samples of all folds, one fold after the other, and what members predict."""

    members: Members
    data: FoldData
    scorers: Scorers

    def evidence(self, path: PathScores) -> Evidence:
        """Return the scores of the path's lambdas and of the null model, sample by sample."""
        import numpy as np

        held = [fold.held for fold in self.data.folds]
        folds = np.repeat(np.arange(len(held), dtype=np.int32), [len(t.y) for t in held])
        weights = np.concatenate(
            [np.ones(len(t.y)) if t.weight is None else t.weight for t in held]
        ).astype(np.float32)
        known = [
            k
            for k, own in enumerate(self.members.outputs)
            if all(one is not None for one in own.ravel())
        ]
        scores, losses = (
            np.stack(rows)
            for rows in zip(
                *[self.mean_scores(self.members.outputs[k]) for k in known], strict=True
            )
        )
        return Evidence(
            folds=folds,
            weights=weights,
            lambdas=[float(path.lambdas_[k]) for k in known],
            scores=scores,
            losses=losses,
            best=known.index(path.best_index_),
            rows=float(np.mean([len(fold.rows) for fold in self.data.folds])),
            all_rows=len(self.data.truth.y),
            signal=self._signal(known, folds),
        )

    def pooled(self, k: int) -> Pooled:
        """Return what all networks of a lambda predict, each by itself."""
        import numpy as np

        rows, outputs, truths = list[Any](), list[Any](), list[Any]()
        folds = zip(self.members.outputs[k], self.data.folds, self.data.validated, strict=True)
        for own, fold, validated in folds:
            for one in own:
                rows.append(validated)
                outputs.append(one)
                truths.append(fold.held)
        weighted = truths[0].weight is not None
        return Pooled(
            np.concatenate(rows),
            np.concatenate(outputs).astype(np.float64),
            np.concatenate([truth.y for truth in truths]),
            np.concatenate([truth.weight for truth in truths]) if weighted else None,
            np.repeat(np.arange(len(rows)) // len(self.members.outputs[k, 0]), [*map(len, rows)]),
        )

    def predictions(self, found: Pooled, count: int) -> Any:
        """Return the mean prediction for each of `count` samples, in their order.

        They are probabilities or values, float64; NaN for a sample that no fold is validated on.
        """
        import numpy as np

        total, times = np.zeros((count, found.outputs.shape[1])), np.zeros((count, 1))
        np.add.at(total, found.rows, found.outputs)
        np.add.at(times, found.rows, 1.0)
        outputs = np.divide(total, times, where=times > 0.0, out=np.full_like(total, np.nan))
        task = self.scorers.task
        if task == "regression":
            return decode(task, outputs)
        if task == "classes":
            outputs /= outputs.sum(axis=1, keepdims=True)  # they were rounded to float32
        return Predictions(task, outputs).probabilities

    def repeats(self, X: Any) -> dict[str, Any]:
        """Return how many samples are repeated, and which part of them has to be wrong.

        `X` are the samples of the path on the host, in their own units.
        """
        import numpy as np

        kinds, counts = np.unique(row_digests(X), return_inverse=True, return_counts=True)[1:]
        unavoidable, y = 0.0, self.data.truth.y
        if self.scorers.task in ("binary", "classes"):
            pairs, size = np.unique(np.stack([kinds, y]), axis=1, return_counts=True)
            most = np.zeros(len(counts), dtype=np.int64)
            np.maximum.at(most, pairs[0], size)
            unavoidable = float((counts - most).sum() / len(y))
        return {"repeated": int(counts[counts > 1].sum()), "unavoidable": unavoidable}

    def mean_scores(self, outputs: Any) -> tuple[Any, Any]:
        """Return the scores and losses of each validation sample, (n,), averaged over seeds.

        `outputs` (folds, seeds) has an array (n of the fold, outputs) for each.
        """
        import numpy as np

        found = []
        for own, fold in zip(outputs, self.data.folds, strict=True):
            each = [self._scores(one, fold.held) for one in own]
            found.append(np.mean(np.array(each), axis=0))
        scores, losses = np.concatenate(found, axis=1).astype(np.float32)
        return scores, losses

    def _scores(self, outputs: Any, truth: Any) -> tuple[Any, Any]:
        found = Predictions(self.scorers.task, outputs.astype("float64"))
        if self.scorers.task == "regression":
            share = r2(found, *truth)
            return share, share
        return accuracy(found, *truth), log_likelihood(found, *truth)

    def _signal(self, known: list[int], folds: Any) -> Signal:
        """Return whether any lambda's predictions fit the targets better than dealt ones."""
        import numpy as np

        task, held = self.scorers.task, [fold.held for fold in self.data.folds]
        y = np.concatenate([truth.y for truth in held])
        outputs = np.stack(
            [
                np.concatenate(
                    [np.mean(np.stack(own.tolist()), axis=0) for own in self.members.outputs[k]]
                )
                for k in known
            ]
        ).astype(np.float32)
        if task == "regression":
            scale = np.where(y.std(axis=0) > 0.0, y.std(axis=0), 1.0)
            unit = (y - y.mean(axis=0)) / scale
            told = np.clip((outputs - y.mean(axis=0)) / scale, -1e6, 1e6)

            def score(order: Any) -> Any:
                return (told * unit[order]).sum(axis=(1, 2))
        elif task == "multilabel":
            sure = np.clip(outputs, LEAST, 1.0 - LEAST)
            odds = np.log(sure) - np.log1p(-sure)

            def score(order: Any) -> Any:
                return (odds * y[order]).sum(axis=(1, 2))
        else:
            chances = outputs
            if task == "binary":
                chances = np.concatenate([1.0 - outputs, outputs], axis=2)
            logs = np.log(np.clip(chances, LEAST, 1.0))
            # A row for each sample and class, because rows are gathered faster than numbers.
            by_class = np.moveaxis(logs, 0, -1).reshape(-1, len(known)).copy()
            first = np.arange(len(y)) * logs.shape[2]
            share = np.full(len(y), 1.0 / len(y), logs.dtype)

            def score(order: Any) -> Any:
                return share @ by_class.take(first + y[order], axis=0)

        wider = CROSSED if len(held) > 1 else 1.0
        p_value = permutation_test(score, y, folds, len(known), wider=wider)
        null = []
        for fold in self.data.folds:
            answer = answer_of(self.scorers, self.data.training_truth(fold), len(fold.held.y))
            null.append(self._scores(answer.outputs, fold.held)[0])
        return Signal(p_value, np.concatenate(null).astype(np.float32), self._answer())

    def _answer(self) -> str:
        """Return in words what the null model answers."""
        import numpy as np

        task, y = self.scorers.task, self.data.truth.y
        if task == "regression":
            return MEAN
        if task == "multilabel":
            return LABELS
        return always(self.scorers.classes[np.bincount(y, self.data.truth.weight).argmax()])
