"""The actions that follow from evidence, and which of them are advised, certain or lost."""

from __future__ import annotations

import pytest
from evidence_tools import evidence, part, right, trial

from xl2.diagnosis.actions import Action, actions_of
from xl2.diagnosis.usual_gains import predicted_gains

pytestmark = pytest.mark.host

BASE, BETTER, WORSE = right(150, 200), right(180, 200), right(120, 200)


def action(low, high):
    return Action("wider", "network", "16 units for 4", (low + high) / 2, (low, high))


@pytest.mark.parametrize(
    ("low", "high", "advised", "certain", "loses"),
    [
        (0.01, 0.03, True, True, False),
        (-0.01, 0.05, True, False, False),
        (-0.03, 0.031, False, False, False),
        (-0.02, 0.02, False, False, False),
        (0.0, 0.0, False, False, False),
        (-0.04, 0.0, False, False, True),
        (-0.04, -0.02, False, False, True),
    ],
)
def test_an_interval_decides(low, high, advised, certain, loses):
    one = action(low, high)
    assert (one.is_advised, one.is_certain, one.loses) == (advised, certain, loses)


def test_each_trial_is_compared_with_the_chosen_lambda():
    tried = [trial(WORSE, "slower", "training", epochs=3), trial(BETTER, hidden=(16,))]
    found = evidence(WORSE, BASE, trials=tried, best=1)
    actions = actions_of(found)
    keys = [one.key for one in actions]
    wider = actions[keys.index("wider")]
    assert (wider.kind, wider.what) == ("network", "16 units for 4")
    assert (wider.arguments, wider.seconds, wider.basis) == ({"hidden": (16,)}, 1.5, "tried")
    gained = {
        "slower": WORSE - BASE,
        "wider": BETTER - BASE,
        "penalty": BASE - WORSE,
    }
    expected = predicted_gains(found, [(key, d, d) for key, d in gained.items()])
    order = sorted(range(3), key=lambda k: -expected[k][0])
    assert keys == [[*gained][k] for k in order]
    assert [(one.gain, one.interval) for one in actions] == [expected[k] for k in order]
    measured = {one.key: one.measured for one in actions}
    assert measured == pytest.approx({"wider": 0.15, "penalty": 0.15, "slower": -0.15})


def test_the_penalty_is_compared_with_the_smallest_lambda():
    penalty = {one.key: one for one in actions_of(evidence(WORSE, BETTER, BASE, best=1))}["penalty"]
    assert penalty.measured == pytest.approx(0.3)
    assert 0.15 < penalty.gain < 0.3
    assert (penalty.what, dict(penalty.arguments)) == (
        "lambda 0.1 for no penalty",
        {"lambdas": [0.1]},
    )
    assert actions_of(evidence(BASE, WORSE, best=0)) == []


def test_more_samples_are_to_be_collected():
    curve = [part(right(100, 200), 40), part(right(120, 200), 80), part(right(138, 200), 120)]
    [rows] = actions_of(evidence(BASE, curve=curve))
    assert (rows.key, rows.kind, rows.basis) == ("rows", "rows", "extrapolated")
    assert (rows.what, rows.rows) == ("twice the samples, 400", 200)
    assert 0.0 < rows.gain < 0.25
    assert actions_of(evidence(BASE, curve=curve[:1])) == []
