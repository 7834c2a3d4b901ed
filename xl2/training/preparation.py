"""What a fit is given, checked, and as a run takes it."""

from __future__ import annotations

from typing import Any

from ..array.api import Array
from ..array.operations import Operations
from ..array.switch import decided, resolve
from ..errors import InputError
from ..nn import tasks
from ..nn.network import Network
from ..nn.penalties import Penalty, penalties_of
from ..nn.step import Samples
from ..nn.streams import Pairs
from .run import HeldOut


def place(network: Network, X: Any, backend: str | None, device: Any) -> None:
    """Move the network to where the fit is to compute."""
    said = decided(backend, device) if backend is not None or device is not None else None
    if said is not None:
        network.move_to(resolve(said.backend or network.backend.name, said.device))
    elif not network.on_chosen_device:
        network.move_to(resolve(data=X))


def known_samples(network: Network, X: Any, y: Any, sample_weight: Any) -> Samples:
    """Return what a fit learns from, checked, and set the network's task by it."""
    # A NaN or an infinity would leave no parameter finite, and is then looked for: see `Run`.
    x = network.check_samples(X, finite=False)
    _choose_task(network, y)
    expected = network.check_targets(y, x.shape[0])
    return Samples(x, expected, network.check_weights(sample_weight, x.shape[0]))


def stream(network: Network, pairs: Pairs, sample_weight: Any, rows: Any) -> Samples:
    """Return what a fit learns from where it comes by, and set the network's task by the first.

    Raises
    ------
    InputError
        For what a stream cannot have.
    """
    if len(network.stack) == 2:
        raise InputError(
            "An iterable of batches is for one network, or a stack of K whose members share "
            "their samples; a stack in groups has samples of each group's own. Give arrays, or "
            "an array on disk."
        )
    if sample_weight is not None or rows is not None:
        name = "rows" if sample_weight is None else "sample_weight"
        raise InputError(
            f"{name} is for samples that have a number, and those of an iterable have none. Let "
            f"it give the samples to learn from, as (X, y) or (X, y, sample_weight)."
        )
    _choose_task(network, pairs.first[1])
    return Samples(pairs, None)


def check_repeats(pairs: Pairs, every: float) -> None:
    """Refuse to keep a run on an iterable that it could not go on with."""
    if not pairs.repeats:
        raise InputError(
            f"A run on this {pairs.kind} cannot be resumed: it can be gone through once, and what "
            f"has come by is gone. For a checkpoint give something that can be iterated again."
        )
    if every < 1:
        raise InputError(
            f"Within an epoch a run on an iterable cannot be resumed: give every=1 or more. "
            f"Received: every={every!r}."
        )


def gather(network: Network, known: Samples, rows: Any) -> Samples:
    """Return the targets and weights of some rows, (n, ...) or (G, n, ...)."""
    backend = network.backend
    take = Operations.of(backend.library).take_rows
    with backend.scope():
        moved = backend.library.from_host(backend.xp, rows, backend.device)
        return Samples(None, *(None if a is None else take(a, moved) for a in known[1:]))


def dataset_rows(network: Network, seen: Samples, penalty: Penalty) -> Any:
    """Return what divides lambda where that is not the mini-batch's number."""
    if penalties_of(penalty, network.stack)[0].per == "batch":
        return None
    if seen.y is None:
        raise InputError(
            "L2(per='dataset') divides lambda by the number of samples, and nobody knows how "
            "many an iterable gives. Choose per='batch'."
        )
    if seen.weight is None:
        return seen.y.shape[-2]
    if len(network.stack) == 2:
        raise InputError("sample_weight in a stack in groups needs a penalty per='batch'.")
    with network.backend.scope():
        return float(network.backend.xp.sum(seen.weight))


def held_out_samples(network: Network, validation: Any) -> list[HeldOut]:
    """Check held-out samples; those that several groups share are moved once."""
    if validation is None:
        return []
    in_groups = isinstance(validation, list) and len(network.stack) == 2
    if in_groups and len(validation) != network.stack[0]:
        raise InputError(
            f"validation is one (X, y), or a list of one for each of {network.stack[0]} groups. "
            f"Received: {len(validation)}."
        )
    moved: dict[tuple[int, int], tuple[Array, Array]] = {}
    found = []
    for group, (X, y) in enumerate(validation if in_groups else [validation]):
        if (id(X), id(y)) not in moved:
            x = network.check_samples(X, "validation X")
            moved[id(X), id(y)] = x, network.check_targets(y, x.shape[0], "validation y")
        found.append(HeldOut(group if in_groups else None, *moved[id(X), id(y)]))
    return found


def _choose_task(network: Network, y: Any) -> None:
    with network.backend.scope():
        given = network.backend.asarray(y, network.dtype, "y")
        network.task = tasks.task_of(network.activations[-1], network.sizes[-1], given)
