"""Sequences of batches: by graphs where they work, by the portable code elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from xl2_cupy_check import try_device
from xl2_cupy_plan import Plan, plan_of
from xl2_cupy_program import Program

SWITCH = "XL2_CUPY_GRAPHS"
SIZES = 4  # of mini-batches that a fit keeps programs for; an array has two, a stream may have more


def wanted() -> bool:
    """Tell whether the environment allows graphs."""
    return os.environ.get(SWITCH, "1") != "0"


class Runner:
    """Replaces `xl2.nn.step.run_batches`.

    A device must first pass a trial. After any failure, the arguments are unchanged; the portable
    code does the work on this device from then on, with a warning. Lack of memory is no such
    failure: it is raised if the work can be halved, and otherwise the portable code trains until
    the end of the fit, with a warning too.

    A program and its memory are kept until a fit of the same thread needs another one, or
    `release` is called. Each size of a fit's mini-batches has a program of its own. `make` maps
    a dtype to a device, `Cuda` or its twin.
    """

    def __init__(
        self,
        make: Callable[[str], Any],
        current: Callable[[], Any] = lambda: 0,
        out_of_memory: Callable[[Exception], bool] = lambda error: isinstance(error, MemoryError),
    ):
        self._make, self._current, self._out_of_memory = make, current, out_of_memory
        self._own = threading.local()  # a cuBLAS handle and its workspace serve one thread
        self._tried, self._refused = set[Any](), set[Any]()  # devices with dtypes

    def run(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take steps over batches, as `xl2.nn.step.run_batches` does."""
        from xl2.nn.step import run_batches

        reports = []
        for part in _of_one_size(batches):
            arguments = step, carry, constants, samples, part
            done = self._by_graphs(*arguments, xp)
            carry, report = run_batches(*arguments, xp) if done is None else done
            reports.append(report)
        return carry, reports[0] if len(reports) == 1 else xp.concat(reports, axis=-2)

    def _by_graphs(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
    ) -> tuple[Any, Any] | None:
        """Take steps over batches of one size by graphs; return None if they do not work."""
        from xl2.array.memory import is_halved

        arguments = step, carry, constants, samples, batches
        plan = plan_of(*arguments) if wanted() else None
        if plan is None:
            return None
        key = self._current(), plan
        if _device_of(key) in self._refused or self._is_short(key, batches):
            return None
        try:
            return self._program(key, xp).run(*arguments, xp)
        except Exception as error:
            self.release()
            if not self._out_of_memory(error):
                self._refused.add(_device_of(key))
            elif is_halved():
                raise
            else:
                self._own.short = key
            _warn(error)
        # Only now is the error deleted, and the memory that its frames refer to.
        return None

    def _program(self, key: tuple[Any, Plan], xp: Any) -> Program:
        """Return the program of a plan, after dropping those of other fits."""
        programs = self._own.__dict__.setdefault("programs", {})
        if key not in programs:
            alike = [own for own in programs if _of_one_fit(own, key)]
            # The first ones: they may have the most steps, and the sizes return in this order.
            for other in set(programs) - set(alike[: SIZES - 1]):
                del programs[other]
            programs[key] = Program(self._device(_device_of(key), xp), key[1])
        return programs[key]  # type: ignore[no-any-return]

    def _is_short(self, key: Any, batches: Any) -> bool:
        """Tell whether a program of this fit was too large for the memory earlier in it."""
        if batches.first == 1:
            self._own.short = None
        short = getattr(self._own, "short", None)
        return short is not None and _of_one_fit(short, key)

    def release(self) -> bool:
        """Drop this thread's programs and their memory; return whether there was any."""
        self._own.short = None
        self._own.__dict__.pop("programs", None)
        return self._own.__dict__.pop("device", None) is not None

    def _device(self, home: tuple[Any, str], xp: Any) -> Any:
        """Return a device, after dropping the one of another stream or dtype."""
        own = self._own.__dict__
        if own.get("device", (None,))[0] != home:
            own.pop("device", None)
            device = self._make(home[1])
            if home not in self._tried:
                try_device(device, xp)
                self._tried.add(home)
            own["device"] = home, device
        return own["device"][1]


def _warn(error: Exception) -> None:
    from xl2.errors import warn_caller

    reason = str(error).strip().partition("\n")[0]
    warn_caller(
        f"CUDA graphs are not used, and training is slower: {type(error).__name__}: "
        f"{reason}. The results are correct. {SWITCH}=0 disables graphs from the start."
    )


def _of_one_size(batches: Any) -> Iterator[Any]:
    """Yield the batches, and then the last one if it is shorter."""
    whole, rest = divmod(batches.stop - batches.start, batches.size)
    end, rates = batches.stop - rest, batches.rates
    if whole:
        yield batches._replace(stop=end, rates=rates[:whole])
    if rest:
        first = batches.first + whole
        yield batches._replace(start=end, size=rest, rates=rates[whole:], first=first)


def _device_of(key: tuple[Any, Plan]) -> tuple[Any, str]:
    return key[0], key[1].dtype


def _of_one_fit(one: Any, other: Any) -> bool:
    """Tell whether two keys are of one fit: they may differ in the size of the mini-batches."""
    (device, plan), (same, its) = one, other
    return bool(device == same and plan._replace(batch=its.batch) == its)
