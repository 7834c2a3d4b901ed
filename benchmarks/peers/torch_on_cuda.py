"""PyTorch on CUDA by its two ways out of launching one kernel after another."""

from __future__ import annotations

from typing import Any

from ..problem import Problem
from .torch_by_hand import Eager


class Compiled(Eager):
    """The loss by ``torch.compile(mode="reduce-overhead")``, which captures graphs itself."""

    def __init__(self, problem: Problem, device: str = "cuda"):
        import torch

        super().__init__(problem, device)
        self._compiled = torch.compile(super()._loss, mode="reduce-overhead")

    def _loss(self, x: Any, y: Any) -> Any:
        import torch

        if len(x) < self.problem.batch:
            return super()._loss(x, y)
        torch.compiler.cudagraph_mark_step_begin()
        return self._compiled(x, y)


class Graphed(Eager):
    """A whole step as a `torch.cuda.CUDAGraph`, replayed on samples gathered into their place.

    The short last mini-batch is eager.
    """

    def __init__(self, problem: Problem, device: str = "cuda"):
        import torch

        super().__init__(problem, device)
        batch = problem.batch
        self.place = self.x[:batch].clone(), self.y[:batch].clone()
        kept = [p.detach().clone() for p in self.model.parameters()]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):  # what a first step loads and allocates is not to be captured
                super()._learn(*self.place)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self.graph):
            self._loss(*self.place).backward()
            self.optimizer.step()
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), kept, strict=True):
                parameter.copy_(value)

    def _take(self, rows: Any) -> tuple[Any, Any]:
        import torch

        if len(rows) < self.problem.batch:
            return super()._take(rows)
        for data, place in zip((self.x, self.y), self.place, strict=True):
            torch.index_select(data, 0, rows, out=place)
        return self.place

    def _learn(self, x: Any, y: Any) -> None:
        if len(x) < self.problem.batch:
            # The graph's gradients have to stay where they are.
            held = [p.grad for p in self.model.parameters()]
            super()._learn(x, y)
            for parameter, gradient in zip(self.model.parameters(), held, strict=True):
                parameter.grad = gradient
            return
        self.graph.replay()
