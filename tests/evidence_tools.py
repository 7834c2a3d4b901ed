"""Evidence as a path and its experiments collect it, made of arrays."""

from __future__ import annotations

import numpy as np

from xl2.array.digests import digest
from xl2.diagnosis.evidence import Evidence, Signal, Trial
from xl2.diagnosis.tried import Tried, tried_of
from xl2.nn.score_names import shown_score

NULL = "always answering 0"
TEST = 1_000_000  # the first test sample; training samples start at 0


class Wrong:
    """A classifier that predicts 0, and 1 for the samples in `wrong`."""

    task = "classes"

    def __init__(self, wrong):
        self.wrong = list(wrong)

    def predict(self, X):
        return np.isin(X[:, 0], self.wrong).astype(int)


def samples(rows, first):
    return np.arange(first, first + rows)[:, None], np.zeros(rows, dtype=int)


def trial(scores, key="wider", kind="network", what="16 units for 4", rows=0.0, **arguments):
    """Return an experiment with the scores of its samples (n,)."""
    scores = np.asarray(scores, dtype="float32")
    return Trial(key, kind, what, arguments, scores, scores, 1.5, rows)


def part(scores, rows):
    """Return a point of a learning curve."""
    return trial(scores, f"{rows}", "rows", f"{rows} training samples", float(rows))


def evidence(
    *scores,
    folds=5,
    rows=None,
    best=-1,
    weights=None,
    p_value=0.001,
    null=0.5,
    answer=NULL,
    **more,
):
    """Return evidence of lambdas 0, 0.1, ... with the scores of their samples (n,).

    The folds are equally long, and the last lambda is the chosen one.
    """
    scores = np.asarray(scores, dtype="float32")
    count = scores.shape[1]
    return Evidence(
        folds=np.arange(count) * folds // count,
        weights=np.ones(count) if weights is None else weights,
        lambdas=[k / 10 for k in range(len(scores))],
        scores=scores,
        losses=scores,
        best=range(len(scores))[best],
        rows=count - count / folds if rows is None else rows,
        all_rows=count,
        signal=Signal(p_value, np.full(count, null, "float32"), answer),
        **more,
    )


def right(count, of):
    """Return the scores of samples of which so many are right, spread evenly."""
    return (np.arange(of) * count % of < count).astype("float32")


class FakePath:
    """The part of a regularization path that `diagnose` uses."""

    def __init__(self, models, means, best, score_name="accuracy", validation=None, found=None):
        self.models_ = models
        self.task_ = "regression" if score_name == "r2" else "binary"
        self.lambdas_ = np.array(list(models))
        self.validation_means_ = np.array(means)
        self.best_lambda_, self.best_index_ = best, list(models).index(best)
        self.evidence_, self.asked = found, []
        chosen_by = shown_score(score_name).name
        known = None if validation is None else digest(validation)
        self.tried_ = Tried(best, chosen_by, 0.001, validation=known)
        if found is not None:
            self.n_folds_ = int(found.folds.max()) + 1
            self.tried_ = tried_of(found, best, chosen_by)

    def model(self, lam):
        self.asked.append(lam)
        return self.models_[lam]


def path_of(found, training=1.0, task="binary"):
    """Return a path that is diagnosed by its folds."""
    models = dict.fromkeys(found.lambdas)
    path = FakePath(
        models,
        [0.5] * len(models),
        found.lambdas[found.best],
        "r2" if task == "regression" else "neg_log_loss",
        found=found,
    )
    path.task_ = task
    path.curves_ = {"score": np.full((1, len(models), path.n_folds_, 1), training)}
    return path
