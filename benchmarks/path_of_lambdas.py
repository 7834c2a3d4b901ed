"""What a path of eight lambdas costs: one stack, eight single fits, or JAX by hand.

    python -m benchmarks.path_of_lambdas [--rows 60000] [--rounds 11] [--data FILE] [--check]

Everything is measured in one run, in turns: see `timing`. That the candidates do
the same work is checked first, by the weights they arrive at.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

import xl2

from .floor import Products
from .jax_by_hand import ByHand
from .machine import describe
from .problem import (
    ACTIVATIONS,
    BATCH,
    LAMBDAS,
    RATE,
    SEED,
    SIZES,
    Problem,
    Weights,
    random_problem,
    read_problem,
)
from .timing import interleave, ratio, spread_of, timed

ALONE = LAMBDAS.index(1.0)  # the member that is fitted as a single network too
# Of a path: it scores its networks on all samples at the end, once, whatever its epochs.
EPOCHS = 5

# How far results may be apart, as a part of the way that the weights have gone. Rounding
# moves a pre-activation across relu's corner now and then, and from there on a unit learns
# something else: in float32 even one and two BLAS threads are 0.01 apart after 60000
# samples. A mistake shows on few samples: after 1000 the candidates are 3e-5 apart, and a
# batch left out, or the lambda of another member, makes it 0.1 and more.
TOLERANCE, FEW = 0.03, 1000

LIBRARIES = ("numpy", "array-api-compat", "jax", "jaxlib")


class Name(NamedTuple):
    """What a candidate is called: what it trains, and how."""

    kind: str
    how: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.how}"


ONE, STACK, PATH = "one network", f"stack of {len(LAMBDAS)}", f"path of {len(LAMBDAS)}"
JAX, FLOOR = "JAX by hand", "products alone"
OWN = "as it is"  # with as many BLAS threads as `fit` takes by itself
PLAIN = "vmap and scan"
# Ratios that are not to be exceeded: xl2 as it is, and JAX as its users write it.
TARGETS = ((STACK, ONE, 5.5), (PATH, ONE, 5.5), (PATH, JAX, 0.6))


@dataclass
class Fit:
    """An epoch of `xl2.fit` on NumPy, as a candidate: each call goes on from the last.

    Attributes
    ----------
    problem : Problem
    lams : sequence of float
        One for a single network, several for a stack.
    threads : int or None
        BLAS's; None leaves the choice to `fit`, as a user does.
    network : Network
        Its initial weights are the same for all members and all candidates.
    """

    problem: Problem
    lams: Sequence[float]
    threads: int | None
    network: xl2.Network = field(init=False)

    def __post_init__(self) -> None:
        stack = len(self.lams) if len(self.lams) > 1 else None
        self.network = xl2.Network(
            SIZES, ACTIVATIONS, "xavier", seed=SEED, stack=stack, backend="numpy"
        )

    def __call__(self) -> None:
        """Train for an epoch."""
        with self._blas():
            xl2.fit(
                self.network,
                *self.problem,
                epochs=1,
                batch_size=BATCH,
                learning_rate=RATE,
                penalty=list(self.lams) if len(self.lams) > 1 else self.lams[0],
                seed=SEED,
                progress=False,
            )

    def _blas(self) -> AbstractContextManager[Any]:
        if self.threads is None:
            return contextlib.nullcontext()
        # A limit around `fit` would not do: the one that it sets is the inner one.
        limit = partial(threadpool_limits, self.threads, "blas")
        return patch.object(self.network.backend.library, "threads", lambda product: limit())

    def weights(self) -> Weights:
        """Return copies of the weights, members first; a single network is one member."""
        first, *deeper = [weight.copy() for weight, _ in self.network.host_parameters()]
        if first.ndim == 2:
            return [weight[None] for weight in (first, *deeper)]
        return [np.moveaxis(first, 1, 0), *deeper]


@dataclass
class OfPath:
    """`xl2.regularization_path` on NumPy, which trains its stacks side by side.

    Attributes
    ----------
    problem : Problem
    epochs : int
        How many a call trains, from the initial weights on.
    """

    problem: Problem
    epochs: int = 1
    path: xl2.Path | None = None

    def __call__(self) -> None:
        """Train all lambdas."""
        x, y = self.problem
        self.path = xl2.regularization_path(
            x,
            y,
            LAMBDAS,
            validation=(x[:BATCH], y[:BATCH]),
            hidden=SIZES[1:-1],
            output=ACTIVATIONS[-1],
            initializer="xavier",
            optimizer="sgd",
            epochs=self.epochs,
            batch_size=BATCH,
            learning_rate=RATE,
            seeds=[SEED],
            progress=False,
            backend="numpy",
        )

    def weights(self) -> Weights:
        """Return the weights, members first."""
        assert self.path is not None
        members = [self.path.network(lam).weights for lam in LAMBDAS]
        return [np.stack(layer) for layer in zip(*members, strict=True)]


def candidates_of(problem: Problem, threads: Sequence[int]) -> dict[Name, Any]:
    """Return each `Fit` and `ByHand`, a stack first; without JAX where it is not installed."""
    found: dict[Name, Any] = {}
    hows = {OWN: None, **{f"{n} thread{'s' if n > 1 else ''}": n for n in threads}}
    for kind, lams in ((STACK, LAMBDAS), (ONE, (LAMBDAS[ALONE],))):
        found |= {Name(kind, how): Fit(problem, lams, count) for how, count in hows.items()}
    found[Name(PATH, OWN)] = OfPath(problem)
    if importlib.util.find_spec("jax") is not None:
        start = next(iter(found.values())).weights()
        found[Name(JAX, PLAIN)] = ByHand(problem, start, 0)
        found[Name(JAX, "members wide")] = ByHand(problem, start, 1)
    return found


def run_once(candidates: dict[Name, Any]) -> float:
    """Run each candidate once, and see that all do the same work.

    Returns
    -------
    float
        The largest `distance` from the first one.

    Raises
    ------
    SystemExit
        If it is above `TOLERANCE`.
    """
    (reference, stack), *others = candidates.items()
    start = stack.weights()
    stack()
    expected, worst = stack.weights(), 0.0
    for name, candidate in others:
        candidate()
        of = slice(ALONE, ALONE + 1) if name.kind == ONE else slice(None)
        apart = distance(candidate.weights(), [w[of] for w in expected], [w[of] for w in start])
        if not apart <= TOLERANCE:
            sys.exit(
                f"{name} does not do the work of {reference}: after an epoch their weights are "
                f"apart by {apart:.1e} of the way from the start, above {TOLERANCE:g}."
            )
        worst = max(worst, apart)
    return worst


def distance(found: Weights, expected: Weights, start: Weights) -> float:
    """Return how far two results are apart, as a part of the way from the start.

    It is the norm of a layer's difference over that of its change, at its largest
    over layers and members.
    """

    def norm(difference: Any) -> Any:
        return np.sqrt(np.sum(np.square(difference, dtype="float64"), axis=(1, 2)))

    layers = zip(found, expected, start, strict=True)
    return max(float(np.max(norm(a - b) / norm(b - c))) for a, b, c in layers)


def report(seconds: dict[Name, list[float]], in_a_row: float) -> bool:
    """Print the seconds, the ratios and the targets.

    Parameters
    ----------
    seconds : dict of Name to list of float
        Of each candidate, one value a round.
    in_a_row : float
        Of single fits, one a lambda, one after another.

    Returns
    -------
    bool
        False if a target was missed by more than the spread: if the lower quartile
        of the ratio is above it.
    """
    chosen = {kind: Name(kind, OWN) for kind in (STACK, ONE, PATH)}
    if of_kind(seconds, JAX):
        chosen[JAX] = Name(JAX, PLAIN)
    rows: list[tuple[object, object]] = [("seconds an epoch", "median [quartiles]")]
    rows += [(name, spread_of(values)) for name, values in seconds.items()]
    rows += [] if JAX in chosen else [(JAX, "not installed")]
    rows += [(f"{len(LAMBDAS)} fits in a row, {OWN}", f"{in_a_row:.3f}, once")]

    rows += [("", ""), ("ratio within a round", "median [quartiles]")]
    for name in (*of_kind(seconds, PATH), *of_kind(seconds, STACK)):
        others = [Name(ONE, name.how), *of_kind(seconds, JAX)]
        rows += [(f"{name} / {other}", ratio(seconds[name], seconds[other])) for other in others]

    for name in of_kind(seconds, FLOOR):
        others = [Name(PATH, OWN), *of_kind(seconds, JAX)]
        rows += [(f"{name} / {other}", ratio(seconds[name], seconds[other])) for other in others]

    rows += [("", ""), ("target", "median [quartiles]")]
    kept = True
    for kind, other, limit in TARGETS:
        result = "not installed"
        if other in chosen:
            within = ratio(seconds[chosen[kind]], seconds[chosen[other]])
            result = f"{within}  {'met' if within.median <= limit else 'MISSED'}"
            kept = kept and within.low <= limit
        rows.append((f"{kind} / {other}, at most {limit:g}", result))
    for title, found in rows:
        print(f"{title!s:56}{found}".rstrip())
    return kept


def of_kind(names: Iterable[Name], kind: str) -> list[Name]:
    """Return the candidates of a kind."""
    return [name for name in names if name.kind == kind]


def main() -> int:
    """Measure and print; with --check return 1 where a target was clearly missed."""
    parser = argparse.ArgumentParser(description="The cost of a path of eight lambdas.")
    parser.add_argument("--rows", type=int, default=60000, help="samples of an epoch")
    parser.add_argument("--rounds", type=int, default=11, help="runs of each candidate")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2], help="of BLAS, instead of what fit takes"
    )
    parser.add_argument("--data", help="784 features and ten classes, for xl2.load_data")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    arguments = parser.parse_args()
    source = arguments.data
    problem = read_problem(source, arguments.rows) if source else random_problem(arguments.rows)
    print(*describe(LIBRARIES), "", sep="\n")
    print(f"network    {'-'.join(map(str, SIZES))}, {', '.join(ACTIVATIONS)}, float32")
    print(f"epoch      {len(problem.y)} samples in batches of {BATCH}, SGD")
    print(f"lambdas    {', '.join(f'{lam:g}' for lam in LAMBDAS)}; alone {LAMBDAS[ALONE]:g}")
    few = Problem(*(array[:FEW] for array in problem))
    apart = [run_once(candidates_of(few, arguments.threads))]
    candidates = candidates_of(problem, arguments.threads)
    apart.append(run_once(candidates))
    sizes = len(few.y), len(problem.y)
    after = [f"{d:.0e} ({n} samples)" for d, n in zip(apart, sizes, strict=True)]
    print(f"apart      {', '.join(after)}\n")
    # Products arrive at no weights: they take part in the timing only.
    candidates[Name(FLOOR, "2 threads")] = Products(problem, 2)
    whole = candidates[Name(PATH, OWN)]
    whole.epochs = EPOCHS
    seconds = interleave(candidates, arguments.rounds)
    seconds[Name(PATH, OWN)] = [taken / EPOCHS for taken in seconds[Name(PATH, OWN)]]
    fits = [Fit(problem, (lam,), None) for lam in LAMBDAS]
    kept = report(seconds, sum(timed(fit) for fit in fits))
    return 1 if arguments.check and not kept else 0


if __name__ == "__main__":
    sys.exit(main())
