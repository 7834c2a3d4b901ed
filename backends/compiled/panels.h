// Products of the first layer, whose weights all members of a stack have side by side.
//
// Samples are gathered in quads: the numbers that four samples have for an input follow one another, and then
// come those for the next input. Weights are kept in panels of a few columns, one row after another. A tile
// of a product, four rows by one to three vectors, reads both in one direction and at fixed distances, which
// takes a third less time than rows that are far apart: the loop has few instructions, and the next numbers
// are in the cache when they are needed. The gradient reads the same quads, by input instead of by sample.
#pragma once

#include "tiles.h"

// Numbers from one quad to the next. An odd number of cache lines, so that the quads of an input are not all
// in the same set of the cache.
XL2_INLINE int64_t quad_size(int64_t inputs) { return ((inputs + 3) / 4 | 1) * 16; }

// Columns with those that fill the last vector. Panels have rows for a multiple of four inputs.
template <class T>
XL2_INLINE int64_t padded(int64_t columns) {
    return rounded_up(columns, VECTOR_BYTES / int64_t(sizeof(T)));
}

// Call a function with the first column and the width of each panel.
template <class T, class Function>
XL2_INLINE void each_panel(int64_t columns, Function function) {
    const int64_t most = 3 * VECTOR_BYTES / int64_t(sizeof(T));
    for (int64_t j = 0; j < columns; j += most) function(j, columns - j < most ? columns - j : most);
}

#ifdef XL2_HAS_PRODUCTS

template <Left LEFT, class T>
XL2_INLINE void panel_product(const Panel<T>& p, int64_t width) {
    const int64_t lanes = VECTOR_BYTES / int64_t(sizeof(T));
    if (width == 3 * lanes) {
        panel_tiles<1, 3, LEFT>(p);
    } else if (width == 2 * lanes) {
        panel_tiles<1, 2, LEFT>(p);
    } else {
        panel_tiles<2, 1, LEFT>(p);
    }
}

// Write X W for samples in quads or rows: (samples, columns) by rows, with room for a multiple of four of them and
// for padded columns.
template <Left LEFT, class T>
XL2_INLINE void forward_panels(const T* samples, int64_t count, int64_t inputs, const T* panels, int64_t own_columns,
                               T* out) {
    const bool rows = LEFT == Left::ROWS;
    const int64_t columns = padded<T>(own_columns);
    const int64_t all = rounded_up(inputs, 4), passes = (all - 1) / PANEL_INNER + 1;
    for (int64_t pass = 0; pass < passes; pass++) {
        const int64_t from = all / 4 * pass / passes * 4, to = all / 4 * (pass + 1) / passes * 4;
        each_panel<T>(columns, [&](int64_t j, int64_t width) XL2_INLINED {
            Panel<T> p;
            p.samples = samples + (rows ? from : 4 * from);
            p.step = rows ? inputs : quad_size(inputs);
            p.b = panels + j * all + from * width;
            p.c = out + j;
            p.c_row = columns;
            p.rows = rows ? count : rounded_up(count, 4);
            p.inner = (rows && to > inputs ? inputs : to) - from;
            p.into = pass ? Into::ADD : Into::WRITE;
            if (rows && own_columns - j == 1) {
                narrow_panel<1>(p);
            } else if (rows && own_columns - j == 2) {
                narrow_panel<2>(p);
            } else {
                panel_product<LEFT>(p, width);
            }
        });
    }
}

// Combine the sums X' D of one panel, for inputs [from, to), with the panel C. D is a panel of samples.
template <class T>
XL2_INLINE void gradient_panel(const T* quads, int64_t samples, int64_t inputs, int64_t from, int64_t to,
                               const T* delta, int64_t width, const T* factors, Into first, T* panel) {
    const int64_t fours = (samples + 3) / 4, passes = (4 * fours - 1) / DELTA_ROWS + 1;
    const Into later = first == Into::WRITE ? Into::ADD : Into::SUBTRACT;
    for (int64_t pass = 0; pass < passes; pass++) {
        const int64_t start = fours * pass / passes * 4, stop = fours * (pass + 1) / passes * 4;
        Panel<T> p;
        p.samples = quads + start / 4 * quad_size(inputs) + 4 * from;
        p.step = quad_size(inputs);
        p.b = delta + start * width;
        p.c = panel + from * width;
        p.c_row = width;
        p.rows = rounded_up(to - from, 4);
        p.inner = stop - start;
        p.factors = factors;
        p.into = pass ? later : first;
        panel_product<Left::INPUTS>(p, width);
    }
}

// Return whether panels are faster than a BLAS, which wins at many columns. Measured with OpenBLAS.
template <class T>
XL2_INLINE bool panels_pay(int64_t columns) {
    enum : int64_t { MOST_PANELS = 1600 };  // bytes of a row
    return columns * int64_t(sizeof(T)) <= MOST_PANELS && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
}

#else

template <class T>
XL2_INLINE bool panels_pay(int64_t) {
    return false;
}

#endif

// Copy the columns of a matrix, whose rows are `row` apart, into panels of `wide` columns in all.
template <class T>
XL2_INLINE void to_panels(T* panels, int64_t wide, const T* matrix, int64_t row, int64_t inputs, int64_t columns) {
    std::memset(panels, 0, rounded_up(inputs, 4) * wide * sizeof(T));
    each_panel<T>(wide, [&](int64_t j, int64_t width) XL2_INLINED {
        T* panel = panels + j * rounded_up(inputs, 4);
        const int64_t own = columns - j < width ? columns - j : width;
        for (int64_t i = 0; i < inputs && own > 0; i++)
            std::memcpy(panel + i * width, matrix + i * row + j, own * sizeof(T));
    });
}

template <class T>
XL2_INLINE void from_panels(const T* panels, int64_t wide, T* matrix, int64_t row, int64_t inputs, int64_t columns) {
    each_panel<T>(wide, [&](int64_t j, int64_t width) XL2_INLINED {
        const T* panel = panels + j * rounded_up(inputs, 4);
        const int64_t own = columns - j < width ? columns - j : width;
        for (int64_t i = 0; i < inputs && own > 0; i++)
            std::memcpy(matrix + i * row + j, panel + i * width, own * sizeof(T));
    });
}
