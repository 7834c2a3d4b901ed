// Outputs of networks outside training, and the loss and the score of outputs.
#pragma once

#include "step.h"

// The outputs of one network, or of members that share their samples. `Outputs` in xl2_numpy_compiled.py
// has the same fields. The first weight is (inputs, members, units), as a stack has it.
struct Outputs {
    int64_t layers, members, rows;
    const int64_t *units, *hidden;
    int64_t output;  // the output activation, as in `OutputKind`
    void* gemm;
    const void* x;            // (rows, inputs)
    void* const* parameters;  // (layers, weight and bias)
    void* outputs;            // (members, rows, outputs)
    double* check;            // a number that is finite only if all samples are
    char* scratch;            // of `outputs_bytes`
};

enum OutputKind : int64_t { SOFTMAX = RELU + 1, EXP };
enum : int64_t { OUTPUT_ROWS = 64 };

// The arrays of hidden layers, (rows, members x units), and of the first weight in panels.
template <class T>
struct OutputsScratch {
    bool panels_used;
    int64_t wide, bytes;
    T *layer[2], *panels;

    explicit OutputsScratch(const Outputs& o) {
        panels_used = o.layers > 1 && panels_pay<T>(o.units[1]);
        wide = panels_used ? padded<T>(o.members * o.units[1]) : o.members * o.units[1];
        bytes = 0;
        auto take = [&](int64_t count) {
            T* found = reinterpret_cast<T*>(o.scratch + bytes);
            bytes += rounded_up(count * int64_t(sizeof(T)), 64);
            return found;
        };
        int64_t widest = wide;
        for (int64_t l = 2; l < o.layers; l++)
            widest = o.members * o.units[l] > widest ? o.members * o.units[l] : widest;
        for (T*& each : layer) each = take(o.layers > 1 ? rounded_up(o.rows, 4) * widest : 0);
        panels = take(panels_used ? rounded_up(o.units[0], 4) * wide : 0);
    }
};

template <class T>
XL2_INLINE void compute_outputs(const Outputs& o) {
    const OutputsScratch<T> s(o);
    const int64_t members = o.members, n = o.rows;
    const T* input = static_cast<const T*>(o.x);
    int64_t input_row = o.units[0];
    for (int64_t l = 0; l < o.layers; l++) {
        const int64_t inputs = o.units[l], units = o.units[l + 1];
        const bool first = l == 0, last = l + 1 == o.layers;
        const T* weight = static_cast<const T*>(o.parameters[2 * l]);
        const T* bias = static_cast<const T*>(o.parameters[2 * l + 1]);
        // Members side by side in every row, so that the first layer is one product; outputs one by one.
        const int64_t row = last ? units : first ? s.wide : members * units, step = last ? n * units : units;
        T* out = last ? static_cast<T*>(o.outputs) : s.layer[l % 2];
        const int64_t products = first && !last ? 1 : members;
        const int64_t width = first && !last ? members * units : units;
#ifdef XL2_HAS_PRODUCTS
        if (first && s.panels_used) {
            to_panels(s.panels, s.wide, weight, width, inputs, width);
            // Few samples at once stay in the second-level cache while they meet all panels.
            for (int64_t r = 0; r < n; r += OUTPUT_ROWS)
                forward_panels<Left::ROWS>(input + r * inputs, smaller(OUTPUT_ROWS, n - r), inputs, s.panels, width,
                                           out + r * s.wide);
        }
#endif
        for (int64_t m = 0; m < products && !(first && s.panels_used); m++) {
            const T* own = first ? weight + m * units : weight + m * inputs * units;
            multiply<T>(o.gemm, false, false, n, width, inputs, T(1), first ? input : input + m * inputs, input_row,
                        own, first ? members * units : units, T(0), out + m * step, row);
        }
        for (int64_t block = 0; block < (last ? members : 1); block++) {
            const int64_t columns = last ? units : members * units;
            add_bias(out + block * step, row, n, columns, bias + block * units);
        }
        if (first) {  // an infinite or missing number makes what every unit adds up infinite or missing
            *o.check = 0;
            for (int64_t r = 0; r < n; r++) *o.check += double(out[r * row]);
        }
        if (!last) activate(o.hidden[l], out, n * row);
        input = out;
        input_row = row;
    }
    T* z = static_cast<T*>(o.outputs);
    const int64_t outputs = o.units[o.layers], count = members * n * outputs;
    if (o.output == SOFTMAX) {
        softmax(z, members * n, outputs);
    } else if (o.output == EXP) {
        for (int64_t i = 0; i < count; i++) z[i] = exponential(z[i]);
    } else {
        activate(o.output, z, count);
    }
}

// What is measured; `Measured` in xl2_numpy_compiled.py has the same fields.
struct Measured {
    int64_t loss, rows, outputs, members;
    int64_t block;                    // rows of a part
    int64_t from, to;                 // the parts of this call, which count through all networks
    const void *logits, *y, *weight;  // (networks, rows, outputs); of each group, or of all
    int64_t stride;                   // samples from a group's targets to the next; 0 for the same
    double *losses, *right;           // of each part: sums of losses, and of right samples
};

template <class T>
XL2_INLINE int64_t index_of_largest(const T* a, int64_t count) {
    T highest = a[0];
    int64_t best = 0;
    for (int64_t j = 1; j < count; j++) {
        const bool larger = a[j] > highest;
        best = larger ? j : best;
        highest = larger ? a[j] : highest;
    }
    return best;
}

// Logits that are measured at once; more outputs than these are for the portable code.
enum : int64_t { PIECE = 1024 };

// Add up the losses, and the samples whose largest logit is that of their class, or whose outputs are all
// on the same side of 0.5 as their targets.
template <class T>
XL2_INLINE void measure(const Measured& m) {
    const int64_t outputs = m.outputs, most = PIECE / outputs;
    const bool classes = m.loss == CATEGORICAL;
    T power[PIECE], term[PIECE], differs[PIECE];
    const int64_t blocks = (m.rows - 1) / m.block + 1;
    for (int64_t k = m.from; k < m.to; k++) {
        const int64_t network = k / blocks, start = k % blocks * m.block, all = smaller(m.block, m.rows - start);
        const int64_t from = network / m.members * m.stride + start;
        const T* z = static_cast<const T*>(m.logits) + (network * m.rows + start) * outputs;
        const T* y = static_cast<const T*>(m.y) + from * outputs;
        const T* weight = m.weight ? static_cast<const T*>(m.weight) + from : nullptr;
        double losses = 0, right = 0;
        for (int64_t first = 0; first < all; first += most) {
            const int64_t rows = smaller(most, all - first), count = rows * outputs;
            int64_t best[PIECE];
            for (int64_t r = 0; r < rows && classes; r++) {
                const T* own = z + r * outputs;
                best[r] = index_of_largest(own, outputs);
                const T highest = own[best[r]];
                for (int64_t j = 0; j < outputs; j++) power[r * outputs + j] = own[j] - highest;
            }
            for (int64_t i = 0; i < count && !classes; i++) power[i] = z[i] < 0 ? z[i] : -z[i];
            for (int64_t i = 0; i < count; i++) power[i] = exponential(power[i]);
            for (int64_t i = 0; i < count && !classes; i++) {
                const T larger = z[i] < 0 ? T(0) : T(1);
                // The output 1 / (1 + power) of a positive logit is above 0.5, unless it rounds to it.
                const T above = T(1) + power[i] < T(2) ? larger : T(0);
                differs[i] = above == (y[i] > T(0.5) ? T(1) : T(0)) ? T(0) : T(1);
                term[i] = larger * z[i] - z[i] * y[i] + log_1_plus(power[i]);
            }
            for (int64_t r = 0; r < rows; r++, z += outputs, y += outputs) {
                const T* own = power + r * outputs;
                T loss = 0, total = 0;
                int64_t wrong = 0;
                if (classes) {
                    const T highest = z[best[r]];
                    for (int64_t j = 0; j < outputs; j++) total += own[j];
                    for (int64_t j = 0; j < outputs; j++) loss -= (z[j] - highest) * y[j];
                    loss += std::log(total);
                    wrong = best[r] != index_of_largest(y, outputs);
                } else {
                    for (int64_t j = 0; j < outputs; j++) loss += term[r * outputs + j];
                    for (int64_t j = 0; j < outputs; j++) wrong += differs[r * outputs + j] != 0;
                }
                const double each = weight ? double(weight[first + r]) : 1.0;
                losses += each * loss;
                right += wrong == 0 ? each : 0.0;
            }
        }
        m.losses[k] = losses;
        m.right[k] = right;
    }
}
