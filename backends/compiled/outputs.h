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
    void* scratch;            // two layers of (rows, members, units)
};

enum OutputKind : int64_t { SOFTMAX = RELU + 1, EXP };

template <class T>
XL2_INLINE void compute_outputs(const Outputs& o) {
    const int64_t members = o.members, n = o.rows;
    const T* input = static_cast<const T*>(o.x);
    int64_t widest = 0;
    for (int64_t l = 1; l < o.layers; l++) widest = o.units[l] > widest ? o.units[l] : widest;
    T* spare[2] = {static_cast<T*>(o.scratch), static_cast<T*>(o.scratch) + n * members * widest};
    for (int64_t l = 0; l < o.layers; l++) {
        const int64_t inputs = o.units[l], units = o.units[l + 1];
        const bool first = l == 0, last = l + 1 == o.layers;
        const T* weight = static_cast<const T*>(o.parameters[2 * l]);
        const T* bias = static_cast<const T*>(o.parameters[2 * l + 1]);
        // Members side by side in every row, so that the first layer is one product; outputs one by one.
        const int64_t row = last ? units : members * units, step = last ? n * units : units;
        T* out = last ? static_cast<T*>(o.outputs) : spare[l % 2];
        const int64_t products = first && !last ? 1 : members;
        const int64_t width = first && !last ? members * units : units;
        for (int64_t m = 0; m < products; m++) {
            const T* own = first ? weight + m * units : weight + m * inputs * units;
            multiply<T>(o.gemm, false, false, n, width, inputs, T(1),
                        first ? input : input + m * inputs, first ? inputs : members * inputs, own,
                        first ? members * units : units, T(0), out + m * step, row);
        }
        for (int64_t block = 0; block < (last ? members : 1); block++) {
            const int64_t wide = last ? units : members * units;
            for (int64_t r = 0; r < n; r++) {
                T* XL2_RESTRICT z = out + block * step + r * row;
                const T* XL2_RESTRICT b = bias + block * units;
                for (int64_t j = 0; j < wide; j++) z[j] += b[j];
            }
        }
        if (!last) activate(o.hidden[l], out, n * members * units);
        input = out;
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
    int64_t loss, networks, rows, outputs, members;
    const void *logits, *y, *weight;  // (networks, rows, outputs); of each group, or of all
    int64_t stride;                   // samples from a group's targets to the next; 0 for the same
    double *losses, *right;           // of each network: sums of losses, and of right samples
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
    T power[PIECE];
    for (int64_t k = 0; k < m.networks; k++) {
        const int64_t from = k / m.members * m.stride;
        const T* z = static_cast<const T*>(m.logits) + k * m.rows * outputs;
        const T* y = static_cast<const T*>(m.y) + from * outputs;
        const T* weight = m.weight ? static_cast<const T*>(m.weight) + from : nullptr;
        double losses = 0, right = 0;
        for (int64_t first = 0; first < m.rows; first += most) {
            const int64_t rows = smaller(most, m.rows - first), count = rows * outputs;
            int64_t best[PIECE];
            for (int64_t r = 0; r < rows && classes; r++) {
                const T* own = z + r * outputs;
                best[r] = index_of_largest(own, outputs);
                const T highest = own[best[r]];
                for (int64_t j = 0; j < outputs; j++) power[r * outputs + j] = own[j] - highest;
            }
            for (int64_t i = 0; i < count && !classes; i++) power[i] = z[i] < 0 ? z[i] : -z[i];
            for (int64_t i = 0; i < count; i++) power[i] = exponential(power[i]);
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
                    for (int64_t j = 0; j < outputs; j++) {
                        loss += (z[j] < 0 ? T(0) : z[j]) - z[j] * y[j] + std::log1p(own[j]);
                        const T output = (z[j] < 0 ? own[j] : T(1)) / (T(1) + own[j]);
                        wrong += (output > T(0.5)) != (y[j] > T(0.5));
                    }
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
