"""PyTorch on CPUs, CUDA devices and Apple's GPUs, without autograd."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

INSTALL = 'run pip install "xl2[torch]"'
FLOAT64 = "choose the dtype float32, or the device cpu"
START = "run `torchrun --nproc-per-node 2 PROGRAM.py`"


def import_namespace(name: str) -> Any:
    """Return PyTorch as array-api-compat completes it."""
    import array_api_compat.torch as xp

    return xp


def accelerators(xp: Any) -> list[str]:
    """Return the names of the CUDA devices, then of Apple's."""
    import torch

    found = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def devices(xp: Any) -> list[str]:
    """Return the names of the CPU and the accelerators."""
    return ["cpu", *accelerators(xp)]


def find_device(xp: Any, name: str) -> Any:
    """Return a torch.device; "cuda" is the current one."""
    import torch

    if name == "cuda" and torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if name not in devices(xp):
        raise LookupError(name)
    return torch.device(name)


def from_host(xp: Any, array: Any, device: Any) -> Any:
    """Move a NumPy array to a device; torch warns of a read-only one, and refuses one backwards."""
    plain = array.flags.writeable and min(array.strides, default=0) >= 0
    return xp.asarray(array if plain else array.copy(), device=device)


def to_host(x: Any) -> Any:
    """Move a tensor to NumPy, without its gradient."""
    return x.detach().cpu().numpy()


def in_rows(xp: Any, x: Any, dtype: Any) -> Any:
    """Return a contiguous tensor; the format is that of a new one only, if the dtype changes."""
    import torch

    return x.to(dtype, memory_format=torch.contiguous_format).contiguous()


def scope(device: Any) -> AbstractContextManager[Any]:
    """Switch autograd off: xl2 computes its own gradients."""
    import torch

    off: AbstractContextManager[Any] = torch.no_grad()
    return off


def out_of_memory(error: Exception) -> bool:
    """Recognise the errors of the CUDA allocator, and the messages of cuBLAS and the CPU's."""
    import torch

    words = "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED"
    refused = isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    return refused or isinstance(error, MemoryError | torch.OutOfMemoryError)


def peers(device: Any) -> Any:
    """Return the processes of torch.distributed."""
    from xl2_torch_distributed import processes

    return processes(device, START)


def as_module(layers: Any, activations: Any, dtype: str) -> Any:
    """Return a torch.nn.Sequential on the CPU."""
    import torch

    class Exp(torch.nn.Module):  # type: ignore[misc] # torch has no types here
        """The exponential, for which torch has no module."""

        def forward(self, z: Any) -> Any:
            return torch.exp(z)

    made = {
        "identity": torch.nn.Identity,
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "softmax": lambda: torch.nn.Softmax(dim=-1),
        "exp": Exp,
    }
    modules: list[Any] = []
    for (weight, bias), name in zip(layers, activations, strict=True):
        layer = torch.nn.Linear(*weight.shape, dtype=getattr(torch, dtype))
        with torch.no_grad():
            # PyTorch's weights are (outputs, inputs).
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias.copy()))
        modules += [layer, made[name]()]
    return torch.nn.Sequential(*modules)


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """Return ``x @ weight + bias`` in one call."""
    import torch

    if x.ndim == 2:
        return torch.addmm(bias, x, weight)
    if x.ndim > 3:
        # baddbmm takes one axis of members; a stack in groups has two.
        lead = x.shape[:-2]
        flat = (p.reshape(-1, *p.shape[len(lead) :]) for p in (x, weight, bias))
        return affine(*flat).reshape(*lead, x.shape[-2], weight.shape[-1])
    return torch.baddbmm(bias[:, None, :], x, weight)
