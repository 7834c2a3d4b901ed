"""Sequences of batches: by graphs where they work, by the portable code elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from xl2_cupy_check import check_step
from xl2_cupy_plan import Plan, plan_of
from xl2_cupy_program import Program

SWITCH = "XL2_CUPY_GRAPHS"
SIZES = 4  # of mini-batches that a fit keeps programs for; an array has two, a stream may have more


def wanted() -> bool:
    """Tell whether the environment allows graphs."""
    return os.environ.get(SWITCH, "1") != "0"


class Runner:
    """Replaces `xl2.nn.step.run_batches`.

    A program must take its first step as the portable code does. After any failure, the
    arguments are unchanged; the portable code does the work from then on, with one warning.
    There are two exceptions. If memory is short for the program of a stack, the error is
    raised, because a stack can be halved. If it is short for a single network, the portable
    code trains it until the end of its fit.

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
        self._refused: set[Any] = set()  # devices with plans
        self._warned = False

    def run(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take steps over batches, as `xl2.nn.step.run_batches` does."""
        from xl2.nn.step import run_batches

        arguments = step, carry, constants, samples
        plan = None
        whole = (batches.stop - batches.start) // batches.size
        if whole and wanted():
            plan = plan_of(*arguments, batches)
        key = self._current(), plan
        if plan is None or self._failed(key, batches):
            return run_batches(*arguments, batches, xp)
        end = batches.start + whole * batches.size
        head = batches._replace(stop=end, rates=batches.rates[:whole])
        try:
            program = self._program(key, plan, arguments, head, xp)
            done = None
            if program is not None:
                done = program.run(carry, constants, samples, head, step.optimizer.scale, xp)
        except Exception as error:
            self.release()
            done = None
            if not self._out_of_memory(error):
                self._refused.add(key)
            elif plan.groups * plan.members > 1:
                raise
            else:
                self._own.short = key
            self._warn(error)
        # Only now is the error deleted, and the memory that its frames refer to.
        if done is None:
            return run_batches(*arguments, batches, xp)
        carry, reports = done
        if end == batches.stop:
            return carry, reports
        tail = batches._replace(start=end, rates=batches.rates[whole:], first=batches.first + whole)
        carry, last = run_batches(step, carry, constants, samples, tail, xp)
        return carry, xp.concat([reports, last], axis=-2)

    def _program(
        self, key: Any, plan: Plan, arguments: tuple[Any, Any, Any, Any], batches: Any, xp: Any
    ) -> Program | None:
        """Return the checked program of a plan, after dropping those of other fits.

        None if the first step leaves nothing finite, which cannot be checked.
        """
        programs = self._own.__dict__.setdefault("programs", {})
        if key in programs:
            return programs[key]  # type: ignore[no-any-return]
        alike = [own for own in programs if _of_one_fit(own, key)]
        for other in set(programs) - set(alike[1 - SIZES :]):
            del programs[other]
        program = Program(self._device(key[0], plan.dtype), plan)
        first = batches._replace(stop=batches.start + batches.size, rates=batches.rates[:1])
        if not check_step(program, *arguments, first, xp):
            return None
        # Last: a program that is interrupted before is not kept.
        programs[key] = program
        return program

    def _failed(self, key: Any, batches: Any) -> bool:
        """Tell whether a program of such a fit was refused, or earlier in this one too large."""
        failed = set(self._refused)
        if batches.first > 1:
            failed.add(getattr(self._own, "short", None))
        return any(other is not None and _of_one_fit(other, key) for other in failed)

    def release(self) -> bool:
        """Drop this thread's program and its memory; return whether there was any."""
        self._own.__dict__.pop("programs", None)
        return bool(self._own.__dict__.pop("devices", None))

    def _device(self, current: Any, dtype: str) -> Any:
        devices = self._own.__dict__.setdefault("devices", {})
        if (current, dtype) not in devices:
            devices[current, dtype] = self._make(dtype)
        return devices[current, dtype]

    def _warn(self, error: Exception) -> None:
        """Warn of the first failure."""
        from xl2.errors import warn_caller

        if not self._warned:
            self._warned = True
            reason = str(error).strip().partition("\n")[0]
            warn_caller(
                f"CUDA graphs are not used, and training is slower: {type(error).__name__}: "
                f"{reason}. The results are correct. {SWITCH}=0 disables graphs from the start."
            )


def _of_one_fit(one: Any, other: Any) -> bool:
    """Tell whether two keys are of one fit: they may differ in the size of the mini-batches."""
    (device, plan), (same, its) = one, other
    return bool(device == same and plan._replace(batch=its.batch) == its)
