"""PyTorch, eager: a plain training loop, and a stack by batched products."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..problem import LAMBDA, LAMBDAS, RATE, Problem, Weights


class Eager:
    """`torch.nn.Sequential`, autograd and `torch.optim.SGD`, as PyTorch's users write it.

    The penalty is a ``weight_decay`` of lambda / m for the weights; biases are a group without
    one. The samples are moved to the device once.
    """

    def __init__(self, problem: Problem, device: str = "cpu"):
        import torch

        self.problem, self.device = problem, device
        data = map(torch.from_numpy, (problem.samples()[0], problem.targets()))
        self.x, self.y = (array.to(device) for array in data)
        layers = [torch.nn.Linear(*pair, device=device) for pair in pairwise(problem.sizes)]
        with torch.no_grad():
            for layer, weight in zip(layers, problem.start(), strict=True):
                layer.weight.copy_(torch.from_numpy(weight[0].T.copy()))
                layer.bias.zero_()
        self.layers = layers
        between = [module for layer in layers for module in (layer, torch.nn.ReLU())]
        self.model = torch.nn.Sequential(*between[:-1])
        self.loss = torch.nn.BCEWithLogitsLoss(reduction="sum")
        groups = [
            {"params": [layer.weight for layer in layers], "weight_decay": 0.0},
            {"params": [layer.bias for layer in layers]},
        ]
        self.optimizer = torch.optim.SGD(groups, lr=RATE)

    def __call__(self) -> None:
        """Train for an epoch."""
        import torch

        order = torch.from_numpy(self.problem.order()).to(self.device)
        for rows in order.split(self.problem.batch):
            self._learn(*self._take(rows))
        if self.device != "cpu":
            torch.cuda.synchronize()

    def _take(self, rows: Any) -> tuple[Any, Any]:
        """Return the samples of a step."""
        return self.x[rows], self.y[rows]

    def _learn(self, x: Any, y: Any) -> None:
        """Take a step."""
        # It differs in the short last mini-batch only.
        self.optimizer.param_groups[0]["weight_decay"] = LAMBDA / len(x)
        self.optimizer.zero_grad()
        self._loss(x, y).backward()
        self.optimizer.step()

    def _loss(self, x: Any, y: Any) -> Any:
        return self.loss(self.model(x), y) / len(x)

    def weights(self) -> Weights:
        """Return copies of the weights, as a stack of one."""
        return [layer.weight.detach().cpu().numpy().T[None].copy() for layer in self.layers]


class Batched:
    """A stack with `torch.baddbmm`, all members on the same samples, as an expanded view.

    Without `autograd`, gradients are written out and updates are in place.
    """

    def __init__(self, problem: Problem, lams: tuple[float, ...] = LAMBDAS, autograd: bool = False):
        import torch

        self.problem = problem
        self.x, self.y = map(torch.from_numpy, (problem.samples()[0], problem.targets()))
        self.lams = torch.tensor(lams)[:, None, None]
        self.w = [torch.from_numpy(weight) for weight in problem.start(len(lams))]
        self.b = [torch.zeros(len(lams), 1, weight.shape[2]) for weight in self.w]
        for parameter in (*self.w, *self.b):
            parameter.requires_grad_(autograd)
        self.loss = torch.nn.BCEWithLogitsLoss(reduction="sum")
        self.step = self._by_autograd if autograd else torch.no_grad()(self._by_hand)

    def __call__(self) -> None:
        """Train for an epoch."""
        import torch

        order = torch.from_numpy(self.problem.order())
        for rows in order.split(self.problem.batch):
            x, y = (a[rows].expand(len(self.lams), -1, -1) for a in (self.x, self.y))
            self.step(x, y, RATE / len(rows))

    def _by_autograd(self, x: Any, y: Any, scale: float) -> None:
        import torch

        for weight, bias in zip(self.w[:-1], self.b[:-1], strict=True):
            x = torch.relu(torch.baddbmm(bias, x, weight))
        loss = self.loss(torch.baddbmm(self.b[-1], x, self.w[-1]), y)
        gradients = torch.autograd.grad(loss, self.w + self.b)
        with torch.no_grad():
            for weight in self.w:
                weight.mul_(1.0 - scale * self.lams)
            for parameter, gradient in zip(self.w + self.b, gradients, strict=True):
                parameter.sub_(gradient, alpha=scale)

    def _by_hand(self, x: Any, y: Any, scale: float) -> None:
        import torch

        outputs, keep = [x], 1.0 - scale * self.lams
        for weight, bias in zip(self.w[:-1], self.b[:-1], strict=True):
            outputs.append(torch.baddbmm(bias, outputs[-1], weight).relu_())
        delta = torch.baddbmm(self.b[-1], outputs[-1], self.w[-1])
        delta.sigmoid_().sub_(y).mul_(scale)
        for k in reversed(range(len(self.w))):
            before = torch.bmm(delta, self.w[k].mT).mul_(outputs[k] > 0) if k else delta
            self.w[k].mul_(keep).baddbmm_(outputs[k].mT, delta, alpha=-1)
            self.b[k].sub_(delta.sum(1, keepdim=True))
            delta = before

    def weights(self) -> Weights:
        """Return copies of the weights, members first."""
        return [weight.detach().numpy().copy() for weight in self.w]
