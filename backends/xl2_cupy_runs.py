"""Runs of batches by graphs where that works, and by the portable text where it does not."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

from xl2_cupy_check import tried
from xl2_cupy_plan import Plan, plan_of
from xl2_cupy_program import Program

SWITCH = "XL2_CUPY_GRAPHS"


def wanted() -> bool:
    """Tell whether the environment does not leave graphs out."""
    return os.environ.get(SWITCH, "1") != "0"


class Runner:
    """Takes the place of `xl2.nn.step.run_batches`.

    Before a program is used its first step is taken by the portable text too, and both have to
    arrive at the same. Whatever goes wrong, the arguments are as they were: the run is then
    taken by the portable text, now and from then on, and that is said once. Only where there
    is no memory for the program of a stack that is an error, because a stack can be halved; a
    network is trained by the portable text until its next fit.

    A program stays, with its memory, until another fit of this thread needs another one, or
    `release` is called.

    Parameters
    ----------
    make : callable
        From a dtype to a device: `Cuda`, or its twin.
    current : callable
        Returns which device is the current one.
    out_of_memory : callable
        As that of `xl2.array.generic`.
    """

    def __init__(
        self,
        make: Callable[[str], Any],
        current: Callable[[], Any] = lambda: 0,
        out_of_memory: Callable[[Exception], bool] = lambda error: isinstance(error, MemoryError),
    ):
        self._make, self._current, self._out_of_memory = make, current, out_of_memory
        self._own = threading.local()  # a handle and its workspace serve one thread
        self._refused: set[Any] = set()  # devices with plans
        self._said = False

    def run(
        self, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
    ) -> tuple[Any, Any]:
        """Take one step after another; see `xl2.nn.step.run_batches`."""
        from xl2.nn.step import run_batches

        arguments = step, carry, constants, samples
        plan = None
        whole = (batches.stop - batches.start) // batches.size
        if whole and wanted():
            plan = plan_of(*arguments, batches)
        key = self._current(), plan
        if plan is None or key in self._refused or self._is_short(key, batches.first):
            return run_batches(*arguments, batches, xp)
        end = batches.start + whole * batches.size
        head = batches._replace(stop=end, rates=batches.rates[:whole])
        try:
            program = self._program(key, plan, *arguments, head, xp)
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
            self._say(error)
        # Behind that block the error is gone, and what its frames held of the program.
        if done is None:
            return run_batches(*arguments, batches, xp)
        carry, reports = done
        if end == batches.stop:
            return carry, reports
        tail = batches._replace(start=end, rates=batches.rates[whole:], first=batches.first + whole)
        carry, last = run_batches(step, carry, constants, samples, tail, xp)
        return carry, xp.concat([reports, last], axis=-2)

    def _program(
        self,
        key: Any,
        plan: Plan,
        step: Any,
        carry: Any,
        constants: Any,
        samples: Any,
        batches: Any,
        xp: Any,
    ) -> Program | None:
        """Return the program of a plan, tried; the one before it is dropped with its memory.

        None where after the first step nothing is finite: it says nothing of a program.
        """
        if getattr(self._own, "key", None) == key:
            return self._own.program  # type: ignore[no-any-return]
        for name in ("key", "program"):
            self._own.__dict__.pop(name, None)
        program = Program(self._device(key[0], plan.dtype), plan)
        first = batches._replace(stop=batches.start + batches.size, rates=batches.rates[:1])
        if not tried(program, step, carry, constants, samples, first, xp):
            return None
        # The key comes last: it says that the other is there, whatever interrupts this.
        self._own.program = program
        self._own.key = key
        return program

    def release(self) -> bool:
        """Drop this thread's program with its memory; return whether there was any."""
        had = bool(self._own.__dict__.pop("devices", None))
        for name in ("key", "program"):
            self._own.__dict__.pop(name, None)
        return had

    def _is_short(self, key: Any, first: int) -> bool:
        """Tell whether there was no memory for a program earlier in a fit, whose runs go on."""
        return first > 1 and getattr(self._own, "short", None) == key

    def _device(self, current: Any, dtype: str) -> Any:
        devices = self._own.__dict__.setdefault("devices", {})
        if (current, dtype) not in devices:
            devices[current, dtype] = self._make(dtype)
        return devices[current, dtype]

    def _say(self, error: Exception) -> None:
        """Say what did not work, the first time."""
        if not self._said:
            self._said = True
            reason = str(error).strip().partition("\n")[0]
            warnings.warn(
                f"CUDA graphs are not used, and training is slower: {type(error).__name__}: "
                f"{reason}. What was computed is right. {SWITCH}=0 leaves them out from the start.",
                UserWarning,
                stacklevel=3,
            )
