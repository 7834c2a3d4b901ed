"""The diagnosis of a path: by samples, by its folds, and compared with no penalty."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from evidence_tools import (
    TEST,
    FakePath,
    Wrong,
    evidence,
    part,
    path_of,
    right,
    samples,
    trial,
)
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from xl2 import InputError
from xl2.diagnosis.diagnose import diagnose

pytestmark = pytest.mark.host


def cats(best=50.0, models=(0.0, 50.0, 1000.0), means=(0.70, 0.78, 0.34), **options):
    """Return a path like the notebook's cats: 35, 39 and 17 of 50 right, 207 of 209 in training."""
    wrong = [range(15), [*range(9), 20, 21], range(33)]
    known = {
        lam: Wrong([1, 2, *(TEST + k for k in w)]) for lam, w in zip(models, wrong, strict=True)
    }
    return FakePath(known, means, best, **options)


def diagnosed(path, **options):
    return diagnose(path, *samples(209, 0), *samples(50, TEST), **options)


def flat(diagnosis):
    return " ".join(str(diagnosis).split())


# By samples.


def test_a_path_shows_its_best_lambda_and_compares_it_with_none():
    path = cats()
    found = diagnosed(path)
    assert path.asked == [0.0, 50.0]
    assert (found.lam, found.test_score) == (50.0, 0.78)
    assert (found.of_folds, found.chosen_by) == (False, "accuracy")
    assert found.train_score == pytest.approx(207 / 209)
    comparison = found.comparison
    assert (comparison.lam_a, comparison.lam_b) == (0.0, 50.0)
    assert (comparison.only_a_right, comparison.only_b_right) == (2, 6)
    words = flat(found)
    assert "4 more (6 gained, 2 lost)" in words
    assert "lambda 50 cannot be distinguished from no penalty" in words
    # Of 50 samples that are all 0, the null model has them all.
    assert (found.null_score, found.null_answer, found.null_p_value) == (
        1.0,
        "always answering 0",
        1.0,
    )
    assert any("not shown to be better than always answering 0" in one for one in found.cautions)


def test_a_path_whose_best_is_no_penalty_is_compared_with_the_best_positive_lambda():
    path = cats(best=0.0, means=(0.79, 0.78, 0.34))
    found = diagnosed(path)
    assert path.asked == [0.0, 50.0]
    assert (found.lam, found.test_score) == (0.0, 0.7)
    assert (found.comparison.lam_a, found.comparison.lam_b) == (0.0, 50.0)
    assert "Lambda 50 gets 39" in flat(found)


def test_without_a_zero_the_smallest_lambda_stands_for_it():
    path = cats(models=(0.1, 50.0, 1000.0), best=1000.0, means=(0.7, 0.3, 0.8))
    found = diagnosed(path)
    assert path.asked == [0.1, 1000.0]
    assert "the smallest lambda (0.1)" in flat(found)
    assert "no penalty" not in flat(found)
    smallest = diagnosed(cats(models=(0.1, 50.0, 1000.0), best=0.1, means=(0.8, 0.3, 0.7)))
    assert (smallest.comparison.lam_a, smallest.comparison.lam_b) == (0.1, 1000.0)


def test_a_lambda_that_diverged_is_no_choice():
    path = cats(best=50.0, means=(math.nan, 0.78, 0.34))
    found = diagnosed(path)
    assert path.asked == [50.0, 1000.0]
    assert (found.comparison.lam_a, found.comparison.lam_b) == (50.0, 1000.0)
    assert diagnosed(cats(best=0.0, means=(0.7, math.nan, math.nan))).comparison is None


def test_among_equal_scores_the_paths_choice_is_kept():
    found = diagnosed(cats(best=1000.0, means=(0.7, 0.78, 0.78)))
    assert (found.lam, found.comparison.lam_b) == (1000.0, 1000.0)


def test_a_lambda_chosen_on_the_test_samples_is_a_caution():
    found = diagnosed(cats(validation=samples(50, TEST)[0]))
    assert any("on these very test samples" in caution for caution in found.cautions)
    assert "Note: lambda was chosen" in flat(found)


def test_a_path_of_regressions_is_compared_by_r2(rng):
    X = rng.normal(size=(120, 10))
    y = X[:, 0] + rng.normal(size=120)
    known = {lam: Ridge(alpha=lam + 1e-9).fit(X[:20], y[:20]) for lam in (0.0, 5.0, 50.0)}
    path = FakePath(known, [0.1, 0.3, 0.2], 5.0, score_name="r2")
    found = diagnose(path, X[:20], y[:20], X[20:], y[20:])
    expected = [r2_score(y[20:], known[lam].predict(X[20:])) for lam in (0.0, 5.0)]
    assert [found.comparison.score_a, found.comparison.score_b] == pytest.approx(expected)
    assert found.test_score == pytest.approx(expected[1])
    assert "Paired t-test of the squared errors" in flat(found)
    assert max(map(len, str(found).splitlines())) <= 80


# By the folds.


def test_a_path_alone_is_diagnosed_by_its_folds():
    scores = right(160, 200)
    found = diagnose(path_of(evidence(scores, null=0.55), training=0.95), target_score=0.9)
    # With one lambda nothing is chosen: the corrected score is the mean.
    assert found.test_score == pytest.approx(0.8, abs=0.01)
    assert found.test_interval[0] < 0.8 < found.test_interval[1]
    assert (found.train_score, found.train_rows, found.test_rows) == (0.95, 160, 200)
    assert found.bias == pytest.approx(0.9 - 0.95)
    assert found.gap == pytest.approx(0.95 - found.test_score)
    assert (found.of_folds, found.is_certain, found.comparison) == (True, False, None)
    assert (found.null_score, found.null_answer) == (pytest.approx(0.55), "always answering 0")
    assert found.signal == found.null_p_value == 0.001
    words = flat(found)
    assert "The validation score is that of the folds" in words
    assert "training minus validation" in words


def test_the_best_of_equal_lambdas_is_scored_below_its_mean(rng):
    scores = (rng.random((20, 100)) < 0.7).astype(float)
    best = int(scores.mean(axis=1).argmax())
    found = diagnose(path_of(evidence(*scores, best=best)))
    assert found.test_score < scores[best].mean() - 0.02


def test_weights_of_samples_count_in_the_score_of_the_folds():
    """Weights of 1 and 3 are as good as samples that are there once and three times."""
    scores, weights = right(140, 200), np.where(np.arange(200) % 2, 1.0, 3.0)
    weighted = diagnose(path_of(evidence(scores, weights=weights)))
    expected = np.average(scores, weights=weights)
    assert weighted.test_score == pytest.approx(expected, abs=0.01)
    assert diagnose(path_of(evidence(scores))).test_score == pytest.approx(0.7, abs=0.01)


def test_validation_samples_flatter_the_lambda_that_they_chose():
    found = diagnose(path_of(evidence(right(80, 100), folds=1, rows=300)))
    assert any("chosen by the scores on these very test samples" in one for one in found.cautions)
    assert found.folds == 1


def test_one_validation_sample_is_too_few():
    path = path_of(evidence(np.ones(1), folds=1, rows=9))
    with pytest.raises(InputError, match="one validation sample cannot be diagnosed"):
        diagnose(path)


def test_the_folds_of_a_regression_have_r2():
    shares = np.linspace(0.0, 1.2, 100)
    found = diagnose(path_of(evidence(shares, null=0.0), task="regression"))
    assert (found.task, found.score_name) == ("regression", "R2")
    assert found.test_score == pytest.approx(0.6, abs=0.01)


def test_everything_of_a_path_is_data_for_json():
    base, more = right(150, 200), right(170, 200)
    found = diagnose(
        path_of(
            evidence(
                base,
                base,
                trials=[trial(more, hidden=(16,)), trial(base, "odd", initializer=np.zeros)],
                curve=[part(right(100, 200), 40), part(right(120, 200), 80)],
                left_out=[("60 epochs for 20", "it diverged")],
                repeated=4,
                unavoidable=0.01,
            )
        )
    )
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["advice"] == list(found.advice)
    assert [a["arguments"] for a in data["actions"] if a["key"] == "wider"] == [{"hidden": [16]}]
    assert data["limits"]["repeated"] == 4
    assert data["left_out"] == [["60 epochs for 20", "it diverged"]]
    assert {action["key"] for action in data["actions"]} == {"wider", "odd", "penalty", "rows"}
    assert max(map(len, str(found).splitlines())) <= 80
    assert "Left out, because it diverged: 60 epochs for 20." in flat(found)


def test_long_names_of_actions_fit_a_terminal():
    base, name = right(150, 200), "-".join(["400"] * 6) + " units for " + "-".join(["100"] * 6)
    found = diagnose(path_of(evidence(base, trials=[trial(right(190, 200), what=name)])))
    assert max(map(len, str(found).splitlines())) <= 80
    assert name in found._repr_html_()
    assert name.replace(" ", "") in "".join(str(found).split())
