"""The devices that the stacks of a path are trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from ..array.backend import Backend
from .settings import Part, Pool, Recipe


class Place(NamedTuple):
    """What stacks are made of on one device.

    Attributes
    ----------
    recipe : Recipe
        Its backend is the device.
    pool : Pool
    parts : sequence of Part
        Their samples are there.
    """

    recipe: Recipe
    pool: Pool
    parts: Sequence[Part]


def places(
    recipe: Recipe, pool: Pool, parts: Sequence[Part], beside: Sequence[Backend]
) -> list[Place]:
    """Return where the samples are, and a place with copies of them on each device beside."""
    if beside:  # each is then used in threads of its own
        recipe = dataclasses.replace(recipe, backend=recipe.backend.pinned())
    return [Place(recipe, pool, parts), *(_moved(recipe, pool, parts, one) for one in beside)]


def _moved(recipe: Recipe, pool: Pool, parts: Sequence[Part], backend: Backend) -> Place:
    with backend.scope():
        x = backend.asarray(pool.x, recipe.dtype)
        held = [
            part
            if part.x is None
            else dataclasses.replace(part, x=backend.asarray(part.x, recipe.dtype))
            for part in parts
        ]
    return Place(dataclasses.replace(recipe, backend=backend), pool._replace(x=x), held)
