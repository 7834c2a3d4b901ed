"""Many small networks, each on samples of its own, trained as one stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from xl2 import Network, fit
from xl2.array.stacks import group_of, take_members

from .populations import FEATURES, Population

EPOCHS = 30
STRENGTHS = (0.0, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)  # lambda / n
COMPARED = (0, 4)  # no penalty, and one that matters


def trained(
    population: Population, hidden: tuple[int, ...], X: Any, y: Any, rows: Any, strengths: Any
) -> Network:
    """Return a stack (G, M): a group for each of `rows` (G, n), a member for each strength."""
    groups, count = rows.shape
    network = Network(
        [FEATURES, *hidden, max(population.classes, 1)],
        [*["relu"] * len(hidden), "softmax" if population.classes else "identity"],
        "he",
        stack=(groups, len(strengths)),
        seed=list(range(groups)),
    )
    fit(
        network,
        X,
        y,
        rows=rows,
        seed=list(range(groups)),
        penalty=[count * strength for strength in strengths],
        epochs=EPOCHS,
        batch_size=32,
        learning_rate=0.01,
        optimizer="adam",
        progress=False,
    )
    return network


def answers(network: Network, group: int, X: Any, y: Any, among: Any = None) -> Any:
    """Return how a group's members answer each sample, (M, n): 1 if right; a squared error.

    `among` are indices of the members, by default all.
    """
    members = group_of(network.parameters, group)
    if among is not None:
        members = take_members(members, np.array(among))
    outputs = network.logits_of(network.check_samples(X), members)
    if network.task == "regression":
        return (outputs[..., 0] - y).astype(np.float64) ** 2
    return (outputs.argmax(axis=-1) == y).astype(np.float64)


def shares(population: Population, answered: Any, y: Any) -> Any:
    """Return what each sample adds to the accuracy of each member, or to its R2, from `answers`.

    The score is their mean. `y` has the targets of these samples, or of more.
    """
    return answered if population.classes else 1.0 - answered / y.var()
