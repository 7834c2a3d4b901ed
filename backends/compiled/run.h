// What Python hands over, and the memory of a step.
#pragma once

#include <atomic>

#include "panels.h"

enum : int64_t { MOST_LAYERS = 32 };

// A run of mini-batches. `Run` in xl2_numpy_compiled.py has the same fields in the same order, all of eight
// bytes. There are `slots` arrays for each parameter: the parameter itself and its optimizer's states.
struct Run {
    int64_t layers, loss, optimizer, slots, groups, members;
    const int64_t *units, *hidden;  // the inputs and the units of each layer; hidden activations
    double constants[3];            // of the optimizer
    double scale_rate;              // of Adam's scales of inputs
    double kept;                    // the fraction of units that dropout keeps; 1 without dropout
    int64_t least_kept;             // the smallest random number that keeps a unit
    void* gemm;                     // BLAS: sgemm or dgemm
    const void *x, *y, *weight;     // the samples; weight may be null
    const int64_t* order;           // rows of the samples; null for all in order
    int64_t order_stride;           // from one group's order to the next
    int64_t start, stop, size;      // the first row, the row after the last, rows of a step
    int64_t first;                  // the number of the first step
    const double *rates, *lambdas;  // of each step; (layers, members)
    const double* rows;             // what divides lambda in each group; null: the step's samples
    const int32_t* keys;            // of dropout: two for each group
    void* const* parameters;        // (layers, weight and bias, slots)
    void* scales;                   // (groups, inputs, members, 3): the scale of an input, and its averages; may be null
    void* logits;                   // (groups, members, rows, outputs)
    void* penalties;                // (groups, members, steps): sums of lambda W^2; may be null
    char* scratch;                  // `scratch_bytes` for each thread
    int64_t scratch_bytes;
    int64_t together;           // members of a group that a thread trains at once
    int64_t parts, columns;     // parts of a step for several threads; whether they are columns
    int64_t from, to;           // the steps of this call
    std::atomic<int64_t> next;  // for threads: the next network, or the phase and its next part
    std::atomic<int64_t> done;  // parts of the phase that are done
};

// Return whether the first layer is kept in panels: a BLAS is faster at many columns. It depends on the network
// alone, so that the results do not depend on the number of threads.
template <class T>
XL2_INLINE bool uses_panels(const Run& run) {
    return run.layers > 1 && !run.columns && panels_pay<T>(run.units[1]);
}

XL2_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// The arrays of a step of the members that a thread trains at once, or of one network that threads share.
//
// The outputs of the first layer, and their deltas, have the members side by side in every row; other layers
// have one member after another.
template <class T>
struct Scratch {
    T *x, *y, *weight;          // gathered rows; those of x are quads if there are panels
    T* layer[MOST_LAYERS + 1];  // outputs of each hidden layer after dropout
    T* delta[MOST_LAYERS + 1];
    T* mask[MOST_LAYERS + 1];
    T* gradient[MOST_LAYERS];  // of each weight
    T* bias_gradient[MOST_LAYERS];
    T* deltas;     // of the first layer, in panels
    T* squares;    // sums of the columns of the first weight
    T* panels[4];  // of the first weight and its optimizer's states
    int64_t bytes;

    Scratch(const Run& run, char* memory) {
        bytes = 0;
        auto take = [&](int64_t count) {  // a cache line is not shared by two arrays, nor by what is read beyond
            T* found = reinterpret_cast<T*>(memory + bytes);
            bytes += (count * int64_t(sizeof(T)) + 127) / 64 * 64;
            return found;
        };
        const bool panels_used = uses_panels<T>(run);
        const int64_t n = run.size, members = run.together, inputs = run.units[0];
        const int64_t columns = members * run.units[1], rows = rounded_up(n, 4);
        const int64_t wide = panels_used ? padded<T>(columns) : columns;
        x = take(panels_used ? rows / 4 * quad_size(inputs) : run.order ? n * inputs : 0);
        y = take(run.order ? n * run.units[run.layers] : 0);
        weight = take(run.order && run.weight ? n : 0);
        for (int64_t l = 1; l <= run.layers; l++) {
            const int64_t units = run.units[l], all = members * n * units;
            layer[l] = take(l == run.layers ? 0 : l == 1 ? rows * wide : all);  // logits are kept
            delta[l] = take(l == 1 ? rows * wide : all);
            mask[l] = take(run.kept < 1 && l < run.layers ? n * units : 0);
            gradient[l - 1] = take(l == 1 && panels_used ? rounded_up(inputs, 4) * wide
                                                        : run.units[l - 1] * units);
            bias_gradient[l - 1] = take(l == 1 ? wide : units);
        }
        squares = take(wide);
        deltas = take(panels_used ? rows * wide : 0);
        for (int64_t slot = 0; slot < run.slots; slot++)
            panels[slot] = take(panels_used ? rounded_up(inputs, 4) * wide : 0);
    }
};
