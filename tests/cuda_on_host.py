"""Runs the CUDA kernels on the CPU, with one thread of the system for each of a block.

The threads take one block after another.

The barrier, and the shuffle between the 32 threads of a warp, are written in C++. Everything
else is the source of the kernels, compiled by the system's compiler.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np

import xl2_cupy_kernels as kernels

PRELUDE = r"""
#include <barrier>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>
using namespace std;
struct Three { int x = 1, y = 1, z = 1; };
thread_local Three threadIdx, blockIdx;
Three blockDim, gridDim;
unique_ptr<barrier<>> whole;
vector<unique_ptr<barrier<>>> warps;
double exchanged[1024];
int mine() { return threadIdx.y * blockDim.x + threadIdx.x; }
void __syncthreads() { whole->arrive_and_wait(); }
void __syncwarp() { warps[mine() / 32]->arrive_and_wait(); }
template <class T> T __shfl_xor_sync(unsigned, T value, int far) {
    int me = mine();
    exchanged[me] = value;
    __syncwarp();
    T found = exchanged[me ^ far];
    __syncwarp();
    return found;
}
#define __global__
#define __device__ static
#define __shared__ static
#define __launch_bounds__(threads)
"""
LAUNCH = r"""
template <class Kernel> void launch(const int* sizes, Kernel kernel) {
    gridDim = {sizes[0], sizes[1]};
    blockDim = {sizes[2], sizes[3]};
    int count = blockDim.x * blockDim.y;
    whole = make_unique<barrier<>>(count);
    warps.clear();
    for (int w = 0; w < (count + 31) / 32; w++) warps.push_back(make_unique<barrier<>>(32));
    vector<thread> threads;
    for (int t = 0; t < count; t++) threads.emplace_back([=] {
        FLUSH
        threadIdx = {t % blockDim.x, t / blockDim.x, 0};
        for (int by = sizes[5]; by < gridDim.y; by++)
            for (int bx = sizes[4]; bx < gridDim.x; bx++) {
                blockIdx = {bx, by, 0};
                kernel();
                __syncthreads();
            }
    });
    for (auto& one : threads) one.join();
}
"""


def compiler():
    return shutil.which("c++") or shutil.which("g++")


def build(folder, dtype, flush=False):
    """Return a function that launches a kernel by its name, like cupy.RawKernel.

    Blocks before `first` are left out. With `flush`, numbers below the normal ones are zero, as
    with CuPy's option -ftz=true; only x86 can do it.
    """
    head = "#include <xmmintrin.h>\n#define FLUSH _mm_setcsr(_mm_getcsr() | 0x8040);\n"
    text = (head if flush else "#define FLUSH\n") + PRELUDE + kernels.source(dtype) + LAUNCH
    for name in kernels.NAMES:
        head = text.partition(f" {name}(\n")[2].partition(")")[0]
        arguments = [part.split()[-1].strip("*") for part in head.split(",")]
        text += (
            f'extern "C" void launch_{name}(const int* sizes, {head}) '
            f"{{ launch(sizes, [=] {{ {name}({', '.join(arguments)}); }}); }}\n"
        )
    source, made = folder / f"{dtype}.cpp", folder / f"{dtype}.so"
    source.write_text(text)
    flags = ["-std=c++20", "-O1", "-pthread", "-shared", "-fPIC", "-Wno-narrowing"]
    subprocess.run([compiler(), *flags, source, "-o", made], check=True)
    library = ctypes.CDLL(str(made))
    kinds = {"i": ctypes.c_int, "l": ctypes.c_longlong, "f": ctypes.c_float, "d": ctypes.c_double}

    def launch(name, blocks, threads, arguments, first=(0, 0)):
        sizes = [*blocks, 1][:2] + [*threads, 1][:2]
        passed = [(ctypes.c_int * 6)(*sizes, *first)]
        for x in arguments:
            if isinstance(x, np.ndarray):
                passed.append(ctypes.c_void_p(x.ctypes.data))
            else:
                passed.append(kinds[np.asarray(x).dtype.char](x.item()))
        getattr(library, f"launch_{name}")(*passed)

    return launch
