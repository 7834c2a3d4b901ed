"""PyTorch on CUDA in its two ways of avoiding single launches of kernels."""

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
    """A step as a `torch.cuda.CUDAGraph`, replayed on samples gathered into fixed arrays.

    The short last mini-batch is eager.
    """

    def __init__(self, problem: Problem, device: str = "cuda"):
        import torch

        super().__init__(problem, device)
        batch = problem.batch
        self.fixed = self.x[:batch].clone(), self.y[:batch].clone()
        kept = [p.detach().clone() for p in self.model.parameters()]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):  # do not capture what a first step loads and allocates
                super()._learn(*self.fixed)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(self.graph):
            self._loss(*self.fixed).backward()
            self.optimizer.step()
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), kept, strict=True):
                parameter.copy_(value)

    def _take(self, rows: Any) -> tuple[Any, Any]:
        import torch

        if len(rows) < self.problem.batch:
            return super()._take(rows)
        for data, out in zip((self.x, self.y), self.fixed, strict=True):
            torch.index_select(data, 0, rows, out=out)
        return self.fixed

    def _learn(self, x: Any, y: Any) -> None:
        if len(x) < self.problem.batch:
            # The graph's gradients must keep their addresses.
            held = [p.grad for p in self.model.parameters()]
            super()._learn(x, y)
            for parameter, gradient in zip(self.model.parameters(), held, strict=True):
                parameter.grad = gradient
            return
        self.graph.replay()
