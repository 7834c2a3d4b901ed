"""What limits a model, of evidence whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidence_tools import evidence, part, right, trial

from xl2.diagnosis.actions import actions_of
from xl2.diagnosis.limits import first_advice, limits_of
from xl2.diagnosis.tried import tried_of

pytestmark = pytest.mark.host

BASE, BETTER, WORSE = right(150, 200), right(180, 200), right(120, 200)
RISING = [part(right(100, 200), 40), part(right(120, 200), 80), part(right(138, 200), 120)]
FLAT = [part(BASE, 40), part(BASE, 80), part(BASE, 120)]


def limits(found, missing=0.25):
    return limits_of(tried_of(found, 1.0, "log loss"), missing)


def test_without_evidence_it_is_unknown_what_is_missing():
    assert limits_of(None, 0.1).by == "unknown"
    assert limits_of(None, 0.0).by == "nothing"
    assert limits_of(None, -0.1).by == "nothing"


@pytest.mark.parametrize(
    ("by", "options"),
    [
        ("unknown", {}),
        ("network", {"trials": [trial(BETTER)]}),
        ("network", {"trials": [trial(BETTER)], "curve": FLAT}),
        ("samples", {"trials": [trial(WORSE)], "curve": RISING}),
        ("samples", {"curve": RISING}),
        ("neither", {"trials": [trial(WORSE), trial(BASE, "slower", "training")]}),
        ("neither", {"trials": [trial(WORSE)], "curve": FLAT}),
        ("neither", {"curve": FLAT}),
    ],
)
def test_what_was_tried_says_what_limits(by, options):
    found = evidence(BASE, **options)
    assert limits(found).by == by
    assert limits(found, missing=0.0).by == "nothing"
    noise = replace(found, signal=replace(found.signal, p_value=0.5))
    assert limits(noise, missing=0.0).by == "signal"
    assert limits(noise).by == "signal"


def test_each_part_is_that_of_its_action():
    found = evidence(
        WORSE,
        BASE,
        trials=[trial(BETTER), trial(WORSE, "slower", "training"), trial(WORSE, "a", "features")],
        curve=RISING,
        repeated=6,
        unavoidable=0.02,
    )
    actions = {action.key: action for action in actions_of(found)}
    parts = limits(found)
    assert parts.missing == 0.25
    assert parts.network == actions["wider"].gain > 0.1
    assert parts.penalty == actions["penalty"].gain > 0.09
    assert parts.samples == actions["rows"].gain
    assert parts.all_samples > parts.samples > 0.0
    assert (parts.repeated, parts.unavoidable) == (6, 0.02)


def test_the_rest_is_what_neither_gives():
    found = evidence(BASE, trials=[trial(BETTER)], curve=RISING)
    known = limits(found, missing=0.9)
    assert known.rest == pytest.approx(0.9 - known.network - known.all_samples)
    assert limits(found, missing=0.01).rest == 0.0
    # A loss of the best setting takes nothing away.
    lost = limits(evidence(BASE, trials=[trial(WORSE)], curve=FLAT))
    assert lost.network < 0.0
    assert lost.rest == pytest.approx(0.25 - lost.all_samples)
    assert limits(evidence(BASE, trials=[trial(BETTER)])).rest is None
    assert limits(evidence(BASE, curve=RISING)).rest is None


def test_the_penalty_is_never_advised_because_the_model_has_it():
    actions = actions_of(evidence(WORSE, BETTER, trials=[trial(WORSE)]))
    assert (actions[0].kind, actions[0].is_advised) == ("penalty", True)
    assert first_advice(actions) is None
    assert limits(evidence(WORSE, BETTER, trials=[trial(WORSE)])).by == "neither"


def test_more_samples_are_no_setting():
    actions = actions_of(evidence(BASE, curve=RISING, trials=[trial(BASE + 0.001)]))
    assert first_advice(actions).kind == "rows"
    assert first_advice(actions, samples=False).key == "wider"


@pytest.mark.parametrize("seed", range(5))
def test_nothing_that_loses_is_advised(seed):
    rng = np.random.default_rng(seed)
    base = (rng.random(100) < 0.8).astype(float)
    trials = [trial(rng.permutation(base) * (rng.random(100) < 0.9), f"{k}") for k in range(8)]
    actions = actions_of(evidence(base, trials=trials))
    assert [action.gain for action in actions] == sorted((a.gain for a in actions), reverse=True)
    found = first_advice(actions)
    assert found is None or (found.gain > 0.0 and found.interval[1] > 0.0)
    assert not any(action.is_advised and action.loses for action in actions)
    assert not any(action.is_certain and action.loses for action in actions)
