"""PyTorch on CPUs and the GPUs of NVIDIA, AMD, Intel and Apple, without autograd."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

INSTALL = 'run pip install "xl2[torch]"'
FLOAT64 = "choose the dtype float32, or the device cpu"
UPDATE = "update PyTorch, and macOS or the driver of the device"
START = "run `torchrun --nproc-per-node 2 PROGRAM.py`"


def import_namespace(name: str) -> Any:
    """Return PyTorch as array-api-compat completes it."""
    import array_api_compat.torch as xp

    return xp


def accelerators(xp: Any) -> list[str]:
    """Return the names of the CUDA devices, then of Intel's, then of Apple's.

    PyTorch for ROCm calls AMD's devices "cuda" too.
    """
    import torch

    found = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    found += [f"xpu:{i}" for i in range(torch.xpu.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def devices(xp: Any) -> list[str]:
    """Return the names of the CPU and the accelerators."""
    return ["cpu", *accelerators(xp)]


def find_device(xp: Any, name: str) -> Any:
    """Return a torch.device; "cuda" or "xpu" is the current one of its kind."""
    import torch

    for kind, module in (("cuda", torch.cuda), ("xpu", torch.xpu)):
        if name == kind and module.is_available():
            return torch.device(kind, module.current_device())
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
    """Recognise the errors of the allocators of CUDA and Intel's GPUs, and the words of others."""
    import torch

    words = (
        *("can't allocate memory", "MPS backend out of memory", "Invalid buffer size"),
        *("CUBLAS_STATUS_ALLOC_FAILED", "HIPBLAS_STATUS_ALLOC_FAILED"),
        *("UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY", "UR_RESULT_ERROR_OUT_OF_HOST_MEMORY"),
    )
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


# On Apple's M1 and M2, sums of 32767 terms and more also add what lies behind the factors:
# https://github.com/pytorch/pytorch/issues/195163
_SHORT_SUMS, _LONGEST = ("mps",), 16384


def _parts(x: Any, terms: int) -> list[slice]:
    """Return the parts that a product's sums are taken in; none if they are taken at once."""
    if terms <= _LONGEST or x.device.type not in _SHORT_SUMS:
        return []
    return [slice(start, start + _LONGEST) for start in range(0, terms, _LONGEST)]


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """Return ``x @ weight + bias`` in one call."""
    import torch

    if parts := _parts(x, x.shape[-1]):
        none = torch.zeros_like(bias)
        found = [affine(x[..., p], weight[..., p, :], none if p.start else bias) for p in parts]
        return _total(found)
    if x.ndim == 2:
        return torch.addmm(bias, x, weight)
    if x.ndim > 3:
        # baddbmm takes one axis of members; a stack in groups has two.
        lead = x.shape[:-2]
        flat = (p.reshape(-1, *p.shape[len(lead) :]) for p in (x, weight, bias))
        return affine(*flat).reshape(*lead, x.shape[-2], weight.shape[-1])
    return torch.baddbmm(bias[:, None, :], x, weight)


def affine_shared(x: Any, weight: Any, bias: Any) -> Any:
    """Apply the first layer of a stack."""
    import torch

    from xl2.array.operations import affine_shared as portable

    if parts := _parts(x, x.shape[-1]):
        none = torch.zeros_like(bias)
        return _total(
            [portable(x[..., p], weight[..., p, :, :], none if p.start else bias) for p in parts]
        )
    return portable(x, weight, bias)


def backpropagate(delta: Any, weight: Any, outputs: Any, activation: Any) -> Any:
    """Propagate a delta back through a layer."""
    from xl2.array.operations import backpropagate as portable

    if parts := _parts(delta, delta.shape[-1]):
        rest = outputs, activation
        return _total([portable(delta[..., p], weight[..., p], *rest) for p in parts])
    return portable(delta, weight, outputs, activation)


def gradient(x: Any, delta: Any) -> Any:
    """Return the gradient of a weight."""
    from xl2.array.operations import gradient as portable

    if parts := _parts(x, x.shape[-2]):
        return _total([portable(x[..., p, :], delta[..., p, :]) for p in parts])
    return portable(x, delta)


def gradient_shared(x: Any, delta: Any) -> Any:
    """Return the gradient of a stack's first weight."""
    from xl2.array.operations import gradient_shared as portable

    if parts := _parts(x, x.shape[-2]):
        return _total([portable(x[..., p, :], delta[..., p, :]) for p in parts])
    return portable(x, delta)


def _total(found: list[Any]) -> Any:
    total = found[0]
    for one in found[1:]:
        total += one
    return total
