"""What the processes of a distributed fit have to agree on."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..array.backend import Backend
from ..array.libraries import Library, file_of, known_libraries
from ..array.peers import Peers
from ..array.rows import HostRows
from ..errors import BackendError, InputError, PeerError, option
from ..nn.network import Network
from ..nn.streams import Pairs


def peers_of(backend: Backend, pairs: Pairs | None) -> Peers:
    """Return the peers of this process; raise `InputError` if the fit cannot be distributed."""
    asked, library = option("distributed", True), backend.library
    if pairs is not None:
        raise InputError(
            f"{asked} cannot be used with an iterable of batches, which has no rows to divide. "
            f"Pass arrays, or an array on disk."
        )
    if not _has_peers(library):
        found = [(name, file_of(name)) for name in known_libraries()]
        able = [f"{name} ({own.START})" for name, own in found if _has_peers(own)]
        raise BackendError(
            f"{asked} needs a backend that divides a mini-batch among processes or devices. "
            f"Received: {backend}. Choose {option('backend')} among {', '.join(able)}."
        )
    found_peers: Peers = library.peers(backend.device)
    return found_peers


def _has_peers(library: Library) -> bool:
    return "peers" in vars(library)


@contextlib.contextmanager
def placed(network: Network, peers: Peers | None) -> Iterator[None]:
    """Return the context in which a network is on the backend of its peers."""
    if peers is None:
        yield
        return
    before = network.backend
    network.move_to(peers.place(before))
    try:
        yield
    finally:
        network.move_to(peers.home(before))


@contextlib.contextmanager
def one_fate(peers: Peers | None) -> Iterator[None]:
    """Return the context of work after which all peers go on, or none: one of them failed.

    The work has no sums in it. Without it the others would wait for the one that failed.
    """
    if peers is None or peers.count == 1:
        yield
        return
    try:
        yield
    except PeerError:
        raise
    except Exception as error:
        peers.gather(f"{type(error).__name__}: {error}")
        raise
    failed = [(rank, text) for rank, text in enumerate(peers.gather("")) if text]
    if failed:
        rank, text = failed[0]
        raise PeerError(f"Process {rank} of {peers.count} failed, so this one stops too. {text}")


def check_same_fit(
    peers: Peers | None,
    network: Network,
    samples: Sequence[Any],
    fingerprint: Mapping[str, str],
    epochs: int,
    checkpoint: Any,
) -> None:
    """Raise `PeerError` on all peers unless all of them begin the same fit.

    The fingerprint has data, settings and the version of xl2; `checkpoint` may be None. `samples`
    are those of training and of validation: processes that read theirs meet more often.
    """
    if peers is None or peers.count == 1:
        return
    saved = (
        "none"
        if checkpoint is None
        else f"every {checkpoint.every:g}{', resumed' if checkpoint.resume else ''}"
    )
    own = {
        **fingerprint,
        "number of epochs": str(epochs),
        "checkpoint": saved,
        "place of the samples": ", ".join(
            "read when needed" if isinstance(x, HostRows) else "in memory" for x in samples
        ),
        "first parameters": _digest_of_parameters(network),
    }
    _check_equal(peers, own, "Call fit with the same network, data and settings in all of them.")


def check_same_start(peers: Peers | None, network: Network, epochs: int) -> None:
    """Raise `PeerError` on all peers unless all of them resumed from the same checkpoint."""
    if peers is None or peers.count == 1:
        return
    own = {"epochs resumed": str(epochs), "parameters": _digest_of_parameters(network)}
    _check_equal(
        peers,
        own,
        f"All of them read the file that process 0 writes: {option('checkpoint')} must lead to it "
        f"on every machine.",
    )


def _check_equal(peers: Peers, own: Mapping[str, str], advice: str) -> None:
    """Raise `PeerError` on all peers with the differences of their descriptions."""
    first, *others = peers.gather(dict(own))
    differences = [
        f'{name} is "{first[name]}" in process 0 and "{one.get(name)}" in process {rank}'
        for rank, one in enumerate(others, 1)
        for name in first
        if one.get(name) != first[name]
    ]
    if differences:
        raise PeerError(
            f"The {peers.count} processes of this fit do not agree: {'; '.join(differences)}. "
            f"{advice}"
        )


def _digest_of_parameters(network: Network) -> str:
    import numpy as np

    found = hashlib.sha256()
    for layer in network.host_parameters():
        for array in layer:
            found.update(np.ascontiguousarray(array).tobytes())
    return f"digest {found.hexdigest()[:16]}"
