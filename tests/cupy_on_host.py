"""CuPy made up on the host: it computes with NumPy, and raises where CUDA would do harm silently.

Arrays are memory of a device and of a stream, and no device reads another one's. Freed memory is
overwritten and handed out again. During a capture, kernels and products are recorded with addresses
only, and nothing else is allowed. They may run only where everything that they refer to still
exists, and on the stream that it belongs to.
"""

import atexit
import ctypes
import functools
import sys
import threading
import weakref
from types import ModuleType, SimpleNamespace

import array_api_compat
import array_api_compat.numpy as namespace
import numpy as np
import pytest
from cublas_on_host import Library
from cupy_twin import Twin

import xl2_cupy
import xl2_cupy_device
from xl2.array import api, libraries, probing
from xl2.array import backend as backends
from xl2_cupy_device import Rule, Shape

UNIT = 512  # bytes to which CuPy's pool rounds sizes and addresses
KINDS = {"float32": ctypes.c_float, "float64": ctypes.c_double, "uint8": ctypes.c_ubyte}


class Memory(np.ndarray):
    """A block of memory; views of it are not."""

    block = None

    def __del__(self):
        if self.block is not None:
            self.block.machine.free(self.block)


class Array(np.ndarray):
    """An array on a device, which refuses NumPy's arrays and other devices'."""

    machine, place = None, 0

    def __array_finalize__(self, source):
        self.machine = self.machine or getattr(source, "machine", None)
        self.place = getattr(source, "place", 0)

    @property
    def data(self):
        # Neither kernels nor cuBLAS see the strides.
        assert self.flags.c_contiguous
        return SimpleNamespace(ptr=self.ctypes.data)

    @property
    def device(self):
        return Device(self.machine, self.place)

    def get(self):
        self.machine.compute(self)
        return np.array(self.view(np.ndarray))

    def __setitem__(self, key, value):
        self.machine.compute(self, value)
        super().__setitem__(key, value)

    def copy(self):
        self.machine.compute(self)
        return super().copy()

    def astype(self, dtype, order="K", copy=True):
        self.machine.compute(self)
        with np.errstate(all="ignore"):
            return super().astype(dtype, order=order, copy=copy)

    def take(self, rows, axis, out):
        self.machine.compute(self, rows, out)
        assert self.dtype == out.dtype
        assert (len(rows), *self.shape[1:]) == out.shape
        self.view(np.ndarray).take(_plain(rows), axis, _plain(out), mode="wrap")

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        self.machine.compute(*inputs, *out)
        if out:
            options["out"] = _plain(out)
        with np.errstate(all="ignore"):  # a device has no warnings
            made = getattr(ufunc, method)(*_plain(inputs), **options)
        return out[0] if out else self.machine.wrapped(made)

    def __array_function__(self, function, types, arguments, options):
        options = {name: _plain(value) for name, value in options.items()}
        self.machine.compute(*_arrays(arguments))
        return self.machine.wrapped(function(*_plain(arguments), **options))


class Device:
    """The context in which a device is the current one."""

    def __init__(self, machine, number=None):
        self.machine, self.before = machine, []
        self.id = machine.device if number is None else number

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    __hash__ = None  # as in CuPy

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def __enter__(self):
        self.before.append(self.machine.device)
        self.machine.use(device=self.id)

    def __exit__(self, *_):
        self.machine.use(device=self.before.pop())


class Machine:
    """Devices, their memory and their streams. `module` is CuPy, and `cublas` its library."""

    def __init__(self, devices=1, limit=None):
        self._own, self.lock = threading.local(), threading.RLock()
        self.devices, self.limit = devices, limit
        self.blocks, self.freed, self.storage = {}, {}, []
        self.captures, self.streams = {}, {0: None}  # of streams other than the default one
        self.graphs, self.launched = [], []  # (kind, device, stream, addresses)
        self.moved = 0  # arrays, from one device to another
        self.twins = {dtype: Twin(dtype) for dtype in ("float32", "float64")}
        self.cublas = Cublas(self)
        pool = {"free_bytes": lambda: 0, "used_bytes": self.used, "get_limit": lambda: limit or 0}
        runtime = {
            "getDevice": lambda: self.device,
            "getDeviceCount": lambda: devices,
            "memGetInfo": lambda: (2**30, 2**30),
        }
        self.module = ModuleType("cupy")
        vars(self.module).update(
            ndarray=Array, uint8=np.uint8, empty=self.empty, zeros=self.zeros, asarray=self.asarray,
            RawModule=lambda code, options: SimpleNamespace(
                get_function=lambda name: Kernel(self, name)
            ),
            get_default_memory_pool=lambda: SimpleNamespace(**pool),
            cuda=SimpleNamespace(
                Stream=lambda **options: Stream(self, **options),
                get_current_stream=lambda: SimpleNamespace(ptr=self.stream),
                runtime=SimpleNamespace(**runtime),
                Device=self.on,
                is_available=lambda: True,
            ),
        )  # fmt: skip
        self.namespace = Namespace(self)

    @property
    def device(self):
        return getattr(self._own, "device", 0)

    @property
    def stream(self):
        return getattr(self._own, "stream", 0)

    def use(self, **places):
        vars(self._own).update(places)

    def on(self, number=None):
        return Device(self, number)

    # Memory.

    def allocate(self, size):
        self.compute()
        size = max(1, -(-size // UNIT)) * UNIT
        with self.lock:
            if self.limit is not None and self.used() + size > self.limit:
                raise MemoryError(f"out of memory allocating {size:,} bytes")
            arena = self.freed.setdefault((self.device, self.stream, size), [])
            if not arena:
                arena.append(np.empty(size + UNIT, dtype=np.uint8))
                self.storage.append(arena[-1])  # an address never belongs to anything else
            storage = arena.pop()
            start = -storage.ctypes.data % UNIT
            memory = storage[start : start + size].view(Memory)
            memory.block = SimpleNamespace(
                machine=self, start=memory.ctypes.data, size=size, storage=storage,
                device=self.device, stream=self.stream,
            )  # fmt: skip
            self.blocks[memory.block.start] = memory.block
        return memory

    def free(self, block):
        with self.lock:
            del self.blocks[block.start]
            block.storage[...] = 0xFF  # as a float, NaN
            arena = block.device, block.stream, block.size
            self.freed[arena].append(block.storage)

    def used(self):
        return sum(block.size for block in self.blocks.values())

    def block_at(self, address):
        with self.lock:
            for block in self.blocks.values():
                if block.start <= address < block.start + block.size:
                    return block
        raise AssertionError(f"nothing is at the address {address}, or no longer")

    def wrapped(self, x):
        """Return NumPy's arrays as ones of the current device, at the same addresses."""
        if type(x) in (list, tuple):
            return type(x)(self.wrapped(one) for one in x)
        if not isinstance(x, np.ndarray | np.generic):
            return x
        return self.placed(np.asarray(x).view(Array))

    def placed(self, x):
        x.machine, x.place = self, self.device
        return x

    def empty(self, shape, dtype):
        dtype = np.dtype(dtype)
        memory = self.allocate(int(np.prod(shape)) * dtype.itemsize)
        # Not a view of a plain array, which would refer to the storage and not to the block.
        return self.placed(np.ndarray.__new__(Array, shape, dtype, buffer=memory))

    def zeros(self, shape, dtype):
        made = self.empty(shape, dtype)
        made[...] = 0
        return made

    def asarray(self, x, dtype=None, copy=None):
        if isinstance(x, Array) and x.place == self.device:
            same = dtype in (None, x.dtype)
            return x.copy() if copy and same else x if same else x.astype(dtype)
        self.moved += isinstance(x, Array)
        x = np.array(x, dtype=dtype, subok=False)
        made = self.empty(x.shape, x.dtype.newbyteorder("="))
        np.copyto(made.view(np.ndarray), x)
        return made

    # Work.

    def compute(self, *arrays):
        """Raise for what is neither kernel nor product in a capture, or not on this device."""
        assert self.stream not in self.captures, "neither a kernel nor a product"
        for x in arrays:
            if isinstance(x, Array) and x.place != self.device:
                raise ValueError("Peer access is unavailable between these devices.")
            if isinstance(x, np.ndarray) and not isinstance(x, Array):
                raise TypeError("Unsupported type <class 'numpy.ndarray'>")

    def launch(self, kind, addresses, work):
        """Do work now, or record it in the capture of the current stream."""
        calls = self.captures.get(self.stream)
        (self.launched if calls is None else calls).append(
            (kind, self.device, self.stream, addresses)
        )
        if calls is None:
            self.check(addresses)
            with np.errstate(all="ignore"):
                work()
        else:
            calls[-1] += (work,)

    def check(self, addresses):
        """Everything exists, on this device, and is used on its own stream."""
        for address in addresses:
            block = self.block_at(address)
            assert (block.device, block.stream) == (self.device, self.stream)

    def alive(self, kind):
        """Return how many graphs, streams or handles exist."""
        return {
            "graphs": sum(graph() is not None for graph in self.graphs),
            "streams": len(self.streams) - 1,
            "handles": len(self.cublas.handles),
        }[kind]

    def disturb(self):
        """End the captures on the current device, as a destroyed graph or handle does."""
        for stream, calls in self.captures.items():
            if self.streams[stream] == self.device:
                calls.append("disturbed")


class Namespace:
    """What array-api-compat makes of CuPy."""

    __name__ = "array_api_compat.cupy"

    def __init__(self, machine):
        self._machine = machine

    def __getattr__(self, name):
        found, machine = getattr(namespace, name), self._machine
        if isinstance(found, type) or not callable(found):
            return found

        def call(*arguments, device=None, **options):
            machine.compute(*_arrays([*arguments, *options.values()]))
            options = {name: _plain(value) for name, value in options.items()}
            with np.errstate(all="ignore"):
                return machine.wrapped(found(*_plain(arguments), **options))

        return call

    def asarray(self, x, dtype=None, copy=None, device=None):
        with self._machine.on(device and device.id):
            return self._machine.asarray(x, dtype, copy)

    def __array_namespace_info__(self):
        info = namespace.__array_namespace_info__()
        return SimpleNamespace(
            dtypes=lambda device=None, kind=None: info.dtypes(kind=kind),
            default_dtypes=lambda device=None: info.default_dtypes(),
        )


class Stream:
    """A stream that does not wait for the default one."""

    def __init__(self, machine, non_blocking=False):
        self.machine, self.device, self.ptr = machine, machine.device, 16 * len(machine.streams)
        while self.ptr in machine.streams:
            self.ptr += 16
        self.blocking = not non_blocking
        machine.streams[self.ptr] = self.device

    def __del__(self):
        del self.machine.streams[self.ptr]

    def __enter__(self):
        assert self.device == self.machine.device
        self.before = self.machine.stream
        self.machine.use(stream=self.ptr)
        return self

    def __exit__(self, *_):
        self.machine.use(stream=self.before)

    def begin_capture(self):
        assert not self.blocking, "work of the default stream would end the capture"
        assert self.ptr not in self.machine.captures
        self.machine.captures[self.ptr] = []

    def end_capture(self):
        calls = self.machine.captures.pop(self.ptr)
        if "disturbed" in calls:
            raise RuntimeError("cudaErrorStreamCaptureInvalidated")
        return Graph(self.machine, calls)


class Graph:
    """Calls with addresses; it keeps nothing alive that is there."""

    def __init__(self, machine, calls):
        self.machine, self.device, self.calls = machine, machine.device, calls
        machine.graphs.append(weakref.ref(self))

    def launch(self):
        machine = self.machine
        assert machine.device == self.device
        machine.compute()
        with machine.lock:
            for *_, addresses, work in self.calls:
                machine.check(addresses)
                with np.errstate(all="ignore"):
                    work()
        machine.launched.append(("graph", self.device, machine.stream, []))

    def __del__(self):
        self.machine.disturb()


class Kernel:
    """A kernel of xl2, by the formulas of the twin."""

    def __init__(self, machine, name):
        self.machine, self.name = machine, name

    def __call__(self, blocks, threads, passed):
        assert max(blocks[1:], default=1) <= 65535
        machine, arrays = self.machine, [x for x in passed if isinstance(x, Array)]
        dtype = str(arrays[0].dtype)
        given, addresses = [], [x.data.ptr for x in arrays]
        for x in passed:
            assert type(x) not in (bool, int, float), "of 8 bytes, whatever is expected"
            given.append(_view(x, KINDS[dtype]) if isinstance(x, Array) else x.item())
        work = getattr(self, self.name)
        machine.launch(self.name, addresses, lambda: work(machine.twins[dtype], *given))

    def bias_activation(self, twin, z, bias, outputs, *others):
        twin.bias_activation(z, bias, outputs, Shape(*others[:4]), *others[4:])

    def output_delta(self, twin, *others):
        twin.output_delta(*others[:6], Shape(*others[6:10]), *others[10:])

    def bias_step(self, twin, *others):
        arrays, states, (numbers, *sizes) = others[:4], others[4:6], others[6:]
        shape, (wide, activation, *rule) = Shape(*sizes[:4]), sizes[4:]
        twin.bias_step(*arrays, states, numbers, shape, wide, activation, Rule(*rule))

    def weight_step(self, twin, weight, gradient, one, two, lam, numbers, total, span, members,
                    *rule):  # fmt: skip
        assert total == weight.size
        twin.weight_step(weight, gradient, (one, two), lam, numbers, span, members, Rule(*rule))

    def scaled_step(self, twin, weight, gradient, one, two, scales, lam, numbers, rows, members,
                    columns, *rule):  # fmt: skip
        assert rows * columns == weight.size
        states, (*rule, rate) = (one, two, scales), rule
        twin.scaled_step(weight, gradient, states, lam, numbers, members, Rule(3, *rule), rate)


class Cublas(Library):
    """The cuBLAS of a machine: a handle has a device, a stream and a workspace."""

    def __init__(self, machine):
        super().__init__()
        self.machine, self.handles, self.made = machine, {}, 0

    def _answer(self, name, *arguments):
        machine, (handle, *others) = self.machine, arguments
        if name == "cublasCreate_v2":
            self.made += 1
            handle._obj.value = self.made
            self.handles[self.made] = SimpleNamespace(device=machine.device, thread=_thread())
            return 0
        own = self.handles[handle.value]
        if name == "cublasDestroy_v2":
            machine.disturb()
            del self.handles[handle.value]
            return 0
        assert (own.device, own.thread) == (machine.device, _thread())
        if name == "cublasSetStream_v2":
            own.stream, own.workspace = others[0], None
        elif name == "cublasSetWorkspace_v2":
            own.workspace, size = others
            assert own.workspace % 256 == 0
            assert machine.block_at(own.workspace).size >= size
        elif "gemm" in name:
            assert own.stream == machine.stream
            size = {"S": 4, "D": 8}[name[len("cublas")]]
            pointers = _pointers(name, arguments)
            assert not any(address % size for address in pointers)
            machine.launch(name, [*pointers, own.workspace],
                           lambda: Library._answer(self, name, *arguments))  # fmt: skip
        return 0


def _pointers(name, arguments):
    """Return the addresses of the factors, of the matrices and of the result."""
    places = (6, 7, 10, 13, 14) if name.endswith("StridedBatched") else (6, 7, 9, 11, 12)
    return [arguments[at] for at in places]


def _arrays(x):
    """Yield the arrays among arguments."""
    if isinstance(x, list | tuple):
        for one in x:
            yield from _arrays(one)
    elif isinstance(x, np.ndarray):
        yield x


def _plain(x):
    """Return arguments with NumPy's arrays."""
    if isinstance(x, list | tuple):
        return type(x)(map(_plain, x))
    return x.view(np.ndarray) if isinstance(x, Array) else x


def _view(x, kind):
    """Return an array at the same address that does not keep the memory alive."""
    if not x.size:
        return np.zeros(x.shape, x.dtype)
    return np.ctypeslib.as_array((kind * x.size).from_address(x.ctypes.data)).reshape(x.shape)


def _thread():
    return threading.get_ident()


def replace_cupy(monkeypatch, **options):
    """Let a machine be CuPy, cuBLAS and the backend "cupy"; return it."""
    machine = Machine(**options)
    originals = array_api_compat.to_device, array_api_compat.device, libraries.is_installed

    def to_device(x, device):
        if not isinstance(x, Array):
            return originals[0](x, device)
        with device:
            return machine.asarray(x)

    def device_of(x):
        return x.device if isinstance(x, Array) else originals[1](x)

    for owner, name, value in (
        (xl2_cupy_device, "load", lambda: machine.cublas),
        (atexit, "register", lambda function: None),
        (array_api_compat, "to_device", to_device),
        (array_api_compat, "device", device_of),
        (libraries, "is_installed", lambda name: name == "cupy" or originals[2](name)),
        (probing, "_found", {}),
        (libraries, "load", functools.cache(libraries.load.__wrapped__)),
        (backends, "load", lambda name: libraries.load(name)),
        (xl2_cupy, "_runner", functools.cache(xl2_cupy._runner.__wrapped__)),
        (libraries.file_of("cupy"), "import_namespace", lambda name: machine.namespace),
    ):
        monkeypatch.setattr(owner, name, value)
    monkeypatch.setitem(sys.modules, "cupy", machine.module)
    monkeypatch.setitem(api._namespaces, Array, machine.namespace)
    return machine


def pytest_configure(config):
    """Run tests with this CuPy, on the second device: ``pytest -p cupy_on_host --backend cupy``."""
    replace_cupy(pytest.MonkeyPatch(), devices=2).use(device=1)
