// Tiles of products of panels: what `panels.h` is about, for AVX2.
#pragma once

#include <type_traits>

#include "products.h"

XL2_INLINE int64_t rounded_up(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

#ifdef XL2_HAS_PRODUCTS

// Inputs, or samples in a gradient, that are added up before the next panel: their rows of B stay in a cache, the
// second-level one or the first-level one, while all rows of the product meet them.
enum : int64_t { PANEL_INNER = 400, DELTA_ROWS = 128, CACHE_LINE = 64 };

// Keep a vector in a register: the compiler would read it again for each use.
#define XL2_KEEP(vector) asm("" : "+x"(vector))

// Add the products of a number and V vectors. Sixteen registers are just enough for a tile, if the compiler does
// not move sums from one to another, as it would.
#define XL2_FUSED(KIND, v) "\n\tvfmadd231p" KIND " %[right" #v "], %[left], %[sum" #v "]"
#define XL2_ADD_PRODUCTS(T, KIND)                                                                        \
    template <int V, class Vector>                                                                       \
    XL2_INLINE XL2_FOR_AVX2 void add_products(Vector* sum, const T& number, const Vector* right) {       \
        Vector left;                                                                                     \
        if constexpr (V == 3) {                                                                          \
            asm("vbroadcasts" KIND " %[number], %[left]" XL2_FUSED(KIND, 0) XL2_FUSED(KIND, 1)           \
                    XL2_FUSED(KIND, 2)                                                                   \
                : [sum0] "+&x"(sum[0]), [sum1] "+&x"(sum[1]), [sum2] "+&x"(sum[2]), [left] "=&x"(left)   \
                : [number] "m"(number), [right0] "x"(right[0]), [right1] "x"(right[1]),                  \
                  [right2] "x"(right[2]));                                                               \
        } else if constexpr (V == 2) {                                                                   \
            asm("vbroadcasts" KIND " %[number], %[left]" XL2_FUSED(KIND, 0) XL2_FUSED(KIND, 1)           \
                : [sum0] "+&x"(sum[0]), [sum1] "+&x"(sum[1]), [left] "=&x"(left)                         \
                : [number] "m"(number), [right0] "x"(right[0]), [right1] "x"(right[1]));                 \
        } else {                                                                                         \
            asm("vbroadcasts" KIND " %[number], %[left]" XL2_FUSED(KIND, 0)                              \
                : [sum0] "+&x"(sum[0]), [left] "=&x"(left)                                               \
                : [number] "m"(number), [right0] "x"(right[0]));                                         \
        }                                                                                                \
    }
XL2_ADD_PRODUCTS(float, "s")
XL2_ADD_PRODUCTS(double, "d")

#if defined(__clang__)
#define XL2_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define XL2_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, Index{i, j, k, l})
#endif

// Write four samples as a quad; inputs that fill up the last four are 0. `then` are those of the next quad,
// which are fetched from memory in the meantime.
template <class T>
XL2_WIDE void make_quad(T* to, const T* const* from, const T* const* then, int64_t inputs) {
    typedef typename Lanes<T, 4>::type Four;
    typedef std::conditional_t<sizeof(T) == 4, int32_t, int64_t> Whole;
    typedef Whole Index __attribute__((vector_size(4 * sizeof(T)), unused));
    int64_t i = 0;
    for (; i + 4 <= inputs; i += 4) {
        if (i % (CACHE_LINE / int64_t(sizeof(T))) == 0)
            for (int r = 0; r < 4; r++) __builtin_prefetch(then[r] + i);
        Four row[4], *quad = reinterpret_cast<Four*>(to + 4 * i);
        XL2_UNROLL
        for (int r = 0; r < 4; r++) row[r] = *reinterpret_cast<const Four*>(from[r] + i);
        const Four low = XL2_SHUFFLE(row[0], row[1], 0, 4, 1, 5), low2 = XL2_SHUFFLE(row[2], row[3], 0, 4, 1, 5);
        const Four high = XL2_SHUFFLE(row[0], row[1], 2, 6, 3, 7), high2 = XL2_SHUFFLE(row[2], row[3], 2, 6, 3, 7);
        quad[0] = XL2_SHUFFLE(low, low2, 0, 1, 4, 5);
        quad[1] = XL2_SHUFFLE(low, low2, 2, 3, 6, 7);
        quad[2] = XL2_SHUFFLE(high, high2, 0, 1, 4, 5);
        quad[3] = XL2_SHUFFLE(high, high2, 2, 3, 6, 7);
    }
    for (; i < rounded_up(inputs, 4); i++)
        for (int64_t r = 0; r < 4; r++) to[4 * i + r] = i < inputs ? from[r][i] : T(0);
}

// What becomes of the sums of a product.
enum class Into { WRITE, ADD, SUBTRACT, SCALE };  // C = sum; C += sum; C -= sum; C = factor C - sum

// How a product reads samples: by samples from quads, by inputs from quads, as the gradient does, or by rows.
enum class Left { QUADS, INPUTS, ROWS };

// A panel of a product. `rows`, and `inner` unless samples are rows, are multiples of four.
template <class T>
struct Panel {
    const T* samples;
    int64_t step;  // from one quad, or row, to the next
    const T* b;    // a panel
    T* c;
    int64_t c_row, rows, inner;
    const T* factors;  // of each column
    Into into;
};

// Add the products of a number for each row and a row of B.
template <int ROWS, int V, class T, class Vector>
XL2_INLINE XL2_FOR_AVX2 void add_row(Vector (*sum)[3], const T* const* numbers, const T* b) {
    Vector right[3];
    XL2_UNROLL
    for (int v = 0; v < V; v++) {
        right[v] = reinterpret_cast<const Vector*>(b)[v];
        XL2_KEEP(right[v]);
    }
    XL2_UNROLL
    for (int r = 0; r < ROWS; r++) add_products<V>(sum[r], *numbers[r], right);
}

// Compute a panel in tiles of Q times four rows by V vectors. Where rows are missing, those of the first four, or
// the first row, are repeated.
template <int Q, int V, Left LEFT, class T>
XL2_WIDE void panel_tiles(const Panel<T>& p) {
    enum : int64_t { LANES = VECTOR_BYTES / sizeof(T), WIDTH = V * LANES, ROWS = 4 * Q };
    typedef typename Lanes<T, LANES>::type Vector;
    const int64_t next = LEFT == Left::INPUTS ? p.step : LEFT == Left::QUADS ? 16 : 4;
    const int64_t next_four = LEFT == Left::INPUTS ? 16 : LEFT == Left::QUADS ? p.step : 4 * p.step;
    for (int64_t first = 0; first < p.rows; first += ROWS) {
        const bool whole = p.rows - first > ROWS - 4;  // or at least a part of each four
        const T *a = p.samples + first / 4 * next_four, *b = p.b;
        const int64_t second = whole ? next_four : 0;
        T* c = p.c + first * p.c_row;
        const T *row[ROWS], *numbers[ROWS];
        Vector sum[ROWS][3];
        XL2_UNROLL
        for (int r = 0; r < ROWS; r++) {
            if constexpr (LEFT == Left::ROWS) row[r] = a + (first + r < p.rows ? r * p.step : 0);
            XL2_UNROLL
            for (int v = 0; v < V; v++) sum[r][v] = Vector{};
        }
        for (int r = 0; r < 4; r++) __builtin_prefetch(c + r * p.c_row, 1);
        int64_t k = 0;
        for (; k + 4 <= p.inner; k += 4, a += next, b += 4 * WIDTH) {
            if (LEFT == Left::INPUTS) __builtin_prefetch(a + ROWS * 4);
            XL2_UNROLL
            for (int u = 0; u < 4; u++) {
                XL2_UNROLL
                for (int r = 0; r < ROWS; r++) {
                    if constexpr (LEFT == Left::ROWS) {
                        numbers[r] = row[r] + k + u;
                    } else if constexpr (LEFT == Left::QUADS) {
                        numbers[r] = a + r / 4 * second + r % 4 + u * 4;
                    } else {
                        numbers[r] = a + r / 4 * second + r % 4 * 4 + u;
                    }
                }
                add_row<ROWS, V>(sum, numbers, b + u * WIDTH);
            }
        }
        if constexpr (LEFT == Left::ROWS) {
            for (; k < p.inner; k++, b += WIDTH) {
                XL2_UNROLL
                for (int r = 0; r < ROWS; r++) numbers[r] = row[r] + k;
                add_row<ROWS, V>(sum, numbers, b);
            }
        }
        const int written = whole ? int(ROWS) : 4;
#define XL2_EACH_SUM(STATEMENT)                                                     \
    XL2_UNROLL                                                                      \
    for (int v = 0; v < V; v++) {                                                   \
        XL2_UNROLL                                                                  \
        for (int r = 0; r < written; r++) {                                         \
            Vector* to = reinterpret_cast<Vector*>(c + r * p.c_row + v * LANES);    \
            STATEMENT;                                                              \
        }                                                                           \
    }
        switch (p.into) {
            case Into::WRITE: XL2_EACH_SUM(*to = sum[r][v]) break;
            case Into::ADD: XL2_EACH_SUM(*to += sum[r][v]) break;
            case Into::SUBTRACT: XL2_EACH_SUM(*to -= sum[r][v]) break;
            case Into::SCALE:
                XL2_EACH_SUM(*to = reinterpret_cast<const Vector*>(p.factors)[v] * *to - sum[r][v])
                break;
        }
#undef XL2_EACH_SUM
    }
}

// Compute the first C columns of a narrow panel for samples in rows, as sums over vectors of inputs: with a vector
// of columns most of it would be for nothing. The other columns become 0.
template <int C, class T>
XL2_WIDE void narrow_panel(const Panel<T>& p) {
    enum : int64_t { LANES = VECTOR_BYTES / sizeof(T) };
    typedef typename Lanes<T, LANES>::type Vector;
    T turned[C][PANEL_INNER];
    for (int64_t k = 0; k < p.inner; k++)
        for (int j = 0; j < C; j++) turned[j][k] = p.b[k * LANES + j];
    for (int64_t first = 0; first < p.rows; first += 4) {
        const T* row[4];
        Vector sum[4][C];
        XL2_UNROLL
        for (int r = 0; r < 4; r++) {
            row[r] = p.samples + (first + r < p.rows ? first + r : first) * p.step;
            XL2_UNROLL
            for (int j = 0; j < C; j++) sum[r][j] = Vector{};
        }
        int64_t k = 0;
        for (; k + LANES <= p.inner; k += LANES) {
            XL2_UNROLL
            for (int r = 0; r < 4; r++) {
                XL2_UNROLL
                for (int j = 0; j < C; j++)
                    sum[r][j] += *reinterpret_cast<const Vector*>(row[r] + k) *
                                 *reinterpret_cast<const Vector*>(turned[j] + k);
            }
        }
        for (int64_t r = 0; r < 4 && first + r < p.rows; r++) {
            T* c = p.c + (first + r) * p.c_row;
            for (int64_t j = 0; j < LANES; j++) {
                T total = p.into == Into::ADD ? c[j] : T(0);
                for (int64_t v = 0; v < LANES && j < C; v++) total += sum[r][j][v];
                for (int64_t i = k; i < p.inner && j < C; i++) total += row[r][i] * turned[j][i];
                c[j] = total;
            }
        }
    }
}

#endif
