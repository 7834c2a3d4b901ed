"""cuBLAS as its manual describes it, on the host: matrices at addresses, columns first."""

import ctypes

import numpy as np

from xl2_cupy_cublas import SIGNATURES


class Library:
    """Its functions by their names; `calls` are those that were called."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        assert name in SIGNATURES, f"there are no types for {name}"

        def call(*arguments):
            types = SIGNATURES[name]
            assert len(arguments) == len(types)
            for argument, kind in zip(arguments, types, strict=True):
                if kind in (ctypes.c_int, ctypes.c_longlong, ctypes.c_size_t):
                    kind(argument)
            self.calls.append(name)
            return self._answer(name, *arguments)

        self.__dict__[name] = call
        return call

    def _answer(self, name, *arguments):
        if "gemm" not in name:
            return 0
        kind = {"S": ctypes.c_float, "D": ctypes.c_double}[name[len("cublas")]]
        batched = name.endswith("StridedBatched")
        _, turn_a, turn_b, m, n, k, alpha, *rest = arguments
        if batched:
            a, lda, far_a, b, ldb, far_b, beta, c, ldc, far_c, count = rest
        else:
            (a, lda, b, ldb, beta, c, ldc), count = rest, 1
            far_a = far_b = far_c = 0

        def matrix(address, rows, columns, leading):
            """Return a view of a matrix whose columns are `leading` numbers apart."""
            assert leading >= max(rows, 1)
            size = leading * (columns - 1) + rows
            flat = np.ctypeslib.as_array((kind * size).from_address(address))
            step = flat.itemsize
            return np.lib.stride_tricks.as_strided(flat, (rows, columns), (step, leading * step))

        one, two = (kind.from_address(x).value for x in (alpha, beta))
        for i in range(count):
            far = i * ctypes.sizeof(kind)
            left = matrix(a + far * far_a, *((k, m) if turn_a else (m, k)), lda)
            right = matrix(b + far * far_b, *((n, k) if turn_b else (k, n)), ldb)
            to = matrix(c + far * far_c, m, n, ldc)
            product = (left.T if turn_a else left) @ (right.T if turn_b else right)
            # With a beta of 0, cuBLAS does not read c: it may hold NaN.
            to[...] = one * product + (two * to if two else 0.0)
        return 0
