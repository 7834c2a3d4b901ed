// Products of matrices with few columns, as the layers of a small network have.
//
// A BLAS copies both factors into its own order before it multiplies, which pays if every number is used
// hundreds of times. Here it is used some dozen times, so the factors are read where they are. A tile of
// the product, a few rows by one to three vectors, stays in registers while its sums grow.
#pragma once

#include "functions.h"

enum : int64_t { VECTOR_BYTES = 32 };  // of AVX2

#if defined(__x86_64__) && defined(__GNUC__)
#define XL2_HAS_PRODUCTS

// These functions need a newer processor than the rest, so they are called only after `is_small`. They are
// not inlined: each is compiled once, and has all registers for its own loop.
#define XL2_FOR_AVX2 __attribute__((target("avx2,fma")))
#define XL2_WIDE XL2_FOR_AVX2 __attribute__((noinline))
#define XL2_UNROLL _Pragma("GCC unroll 8")

// Rows of B in one pass: they stay in the first-level cache while all rows of A meet them. The rows of A
// in one group, a multiple of the rows of each tile, stay in a cache while all columns of B meet them.
enum : int64_t { MOST_INNER = 100, GROUP = 96 };

// Vectors of N numbers at any address.
template <class T, int N>
struct Lanes {
    typedef T type __attribute__((vector_size(N * sizeof(T)), aligned(sizeof(T)), may_alias));
};
template <class T>
struct Lanes<T, 1> {
    typedef T type;
};

// C (rows, columns) = alpha A (rows, inner) B (inner, columns) + beta C.
template <class T>
struct Product {
    T alpha, beta;
    const T *a, *b;
    T* c;
    int64_t a_row, a_inner, b_row, c_row;  // from one row, or column, to the next
    int64_t rows, columns, inner;
    int64_t width;  // columns of B that can be read: more than `columns` if B is padded
};

// Write N columns of a tile, whose sums are `sums_row` apart.
template <int N, class T>
XL2_INLINE void put(const Product<T>& p, T* c, const T* sums, int64_t sums_row, int64_t rows) {
    typedef typename Lanes<T, N>::type Piece;
    const T alpha = p.alpha, beta = p.beta;
    const int64_t c_row = p.c_row;
    for (int64_t r = 0; r < rows; r++) {
        const Piece sum = alpha * *reinterpret_cast<const Piece*>(sums + r * sums_row);
        Piece* to = reinterpret_cast<Piece*>(c + r * c_row);
        *to = beta == 0 ? sum : sum + beta * *to;  // C may be NaN if it does not count
    }
}

// Compute V vectors of columns of the product, or fewer columns, in tiles of R rows.
template <int R, int V, class T>
XL2_WIDE void tiles(const Product<T>& p) {
    enum : int64_t { LANES = VECTOR_BYTES / sizeof(T), WIDTH = V * LANES };
    typedef typename Lanes<T, LANES>::type Vector;
    for (int64_t first = 0; first < p.rows; first += R) {
        const int64_t rows = p.rows - first < R ? p.rows - first : int64_t(R);
        const T *a[R], *b = p.b, *b_end = p.b + p.width - LANES;
        Vector sum[R][V];
        // A row that is missing repeats the first one, and the last vector of columns ends where B ends:
        // both compute some sums twice, instead of reading beyond the arrays.
        XL2_UNROLL
        for (int r = 0; r < R; r++) {
            a[r] = p.a + (first + (r < rows ? r : 0)) * p.a_row;
            XL2_UNROLL
            for (int v = 0; v < V; v++) sum[r][v] = Vector{};
        }
        for (int64_t k = 0; k < p.inner; k++) {
            Vector right[V];
            XL2_UNROLL
            for (int v = 0; v < V; v++) {
                const T* from = (v < V - 1 ? b + v * LANES : b_end) + k * p.b_row;
                right[v] = *reinterpret_cast<const Vector*>(from);
            }
            XL2_UNROLL
            for (int r = 0; r < R; r++) {
                const T left = a[r][k * p.a_inner];
                XL2_UNROLL
                for (int v = 0; v < V; v++) sum[r][v] += left * right[v];
            }
        }
        // A loop cannot count through registers, so the sums go through memory: the code is short.
        T sums[R * WIDTH], *c = p.c + first * p.c_row;
        XL2_UNROLL
        for (int r = 0; r < R; r++) {
            XL2_UNROLL
            for (int v = 0; v < V; v++)
                *reinterpret_cast<Vector*>(sums + r * WIDTH + v * LANES) = sum[r][v];
        }
        XL2_UNROLL
        for (int v = 0; v < V - 1; v++)
            put<LANES>(p, c + v * LANES, sums + v * LANES, WIDTH, rows);
        // The last columns are at the end of the last vector, unless B is padded.
        const int64_t left = p.columns - (V - 1) * LANES;
        const T* rest = sums + (V - 1) * LANES + WIDTH - p.width;
        c += (V - 1) * LANES;
        if (left == LANES) put<LANES>(p, c, rest, WIDTH, rows);
        if (LANES > 4 && (left & 4)) {
            put<4>(p, c, rest, WIDTH, rows);
            c += 4;
            rest += 4;
        }
        if (left & 2) {
            put<2>(p, c, rest, WIDTH, rows);
            c += 2;
            rest += 2;
        }
        if (left & 1) put<1>(p, c, rest, WIDTH, rows);
    }
}

// Copy the factor B, turned or too narrow for a vector, into rows of `width` numbers: four columns at once,
// and the last one again where there are no more.
template <class T>
XL2_INLINE void pack(T* to, int64_t width, const T* b, int64_t b_inner, int64_t b_column,
                     int64_t inner, int64_t columns) {
    typedef typename Lanes<T, 4>::type Four;
    for (int64_t j = 0; j < width; j += 4) {
        const T* from[4];
        XL2_UNROLL
        for (int64_t c = 0; c < 4; c++) from[c] = b + (j + c < columns ? j + c : columns - 1) * b_column;
        for (int64_t k = 0; k < inner; k++) {
            const int64_t i = k * b_inner;
            *reinterpret_cast<Four*>(to + k * width + j) =
                Four{from[0][i], from[1][i], from[2][i], from[3][i]};
        }
    }
}

// C (m, n) = alpha A (m, k) B (k, n) + beta C, all by rows; a turned factor is stored as (k, m) or (n, k).
// Each number of C is the same sum in the same order, whatever the other rows are.
template <class T>
XL2_WIDE void product(bool a_turned, bool b_turned, int64_t m, int64_t n, int64_t k, T alpha,
                      const T* a, int64_t lda, const T* b, int64_t ldb, T beta, T* c, int64_t ldc) {
    enum : int64_t { LANES = VECTOR_BYTES / sizeof(T) };
    T packed[MOST_INNER * 3 * LANES];
    const bool packs = b_turned || n < LANES;
    const int64_t b_inner = b_turned ? 1 : ldb, b_column = b_turned ? ldb : 1;
    // A packed factor is not packed again for each group.
    const int64_t passes = (k - 1) / MOST_INNER + 1, group = packs ? m : int64_t(GROUP);
    Product<T> p;
    p.alpha = alpha;
    p.a_row = a_turned ? 1 : lda;
    p.a_inner = a_turned ? lda : 1;
    p.c_row = ldc;
    for (int64_t pass = 0; pass < passes; pass++) {
        const int64_t first = k * pass / passes;
        p.inner = k * (pass + 1) / passes - first;
        p.beta = pass == 0 ? beta : T(1);
        for (int64_t i = 0; i < m; i += group) {
            p.rows = m - i < group ? m - i : group;
            for (int64_t j = 0; j < n; j += p.columns) {
                // Twelve vectors of sums, and what they are made of, are all that 16 registers can hold.
                const int64_t left = (n - j + LANES - 1) / LANES;
                const int64_t vectors = left == 1 ? 1 : left == 2 || left == 4 ? 2 : 3;
                const int64_t most = vectors * LANES;
                p.a = a + i * p.a_row + first * p.a_inner;
                p.b = b + first * b_inner + j * b_column;
                p.c = c + i * ldc + j;
                p.columns = p.width = n - j < most ? n - j : most;
                p.b_row = ldb;
                if (packs) {
                    pack(packed, most, p.b, b_inner, b_column, p.inner, p.columns);
                    p.b = packed;
                    p.b_row = p.width = most;
                }
                if (vectors == 3) {
                    tiles<4, 3>(p);
                } else if (vectors == 2) {
                    tiles<6, 2>(p);
                } else {
                    tiles<8, 1>(p);
                }
            }
        }
    }
}

// Return whether `product` is faster than a BLAS: one of the three dimensions is small, and few columns
// share the cache. Measured with OpenBLAS on a processor with AVX2.
template <class T>
XL2_INLINE bool is_small(int64_t m, int64_t n, int64_t k) {
    return n * int64_t(sizeof(T)) <= 800 && (m <= 64 || n <= 64 || k <= 64) &&
           __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#endif

template <class T>
using Gemm = void (*)(const char*, const char*, const int*, const int*, const int*, const T*,
                      const T*, const int*, const T*, const int*, const T*, T*, const int*);

// As `product`; a BLAS, which has columns instead of rows, gets the turned product.
template <class T>
XL2_INLINE void multiply(void* gemm, bool a_turned, bool b_turned, int64_t m, int64_t n, int64_t k,
                         T alpha, const T* a, int64_t lda, const T* b, int64_t ldb, T beta, T* c,
                         int64_t ldc) {
#ifdef XL2_HAS_PRODUCTS
    if (is_small<T>(m, n, k)) return product<T>(a_turned, b_turned, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
    const int rows = int(m), columns = int(n), inner = int(k);
    const int a_lead = int(lda), b_lead = int(ldb), c_lead = int(ldc);
    reinterpret_cast<Gemm<T>>(gemm)(b_turned ? "T" : "N", a_turned ? "T" : "N", &columns, &rows,
                                    &inner, &alpha, b, &b_lead, a, &a_lead, &beta, c, &c_lead);
}
