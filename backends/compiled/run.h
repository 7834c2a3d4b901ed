// What Python hands over, and the memory of a step.
#pragma once

#include <atomic>

#include "functions.h"

enum : int64_t { MOST_LAYERS = 32 };

// A run of mini-batches. `Run` in xl2_numpy_compiled.py has the same fields in the same order, all of eight
// bytes. There are `slots` arrays for each parameter: the parameter itself and its optimizer's states.
struct Run {
    int64_t layers, loss, optimizer, slots, groups, members;
    const int64_t *units, *hidden;  // the inputs and the units of each layer; hidden activations
    double constants[3];            // of the optimizer
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
    void* logits;                   // (groups, members, rows, outputs)
    void* penalties;                // (groups, members, steps): sums of lambda W^2; may be null
    char* scratch;                  // `scratch_bytes` for each thread
    int64_t scratch_bytes;
    int64_t ahead;              // steps whose rows are gathered at once
    int64_t together;           // members of a group that a thread trains at once
    int64_t parts, columns;     // parts of a step for several threads; whether they are columns
    int64_t from, to;           // the steps of this call
    std::atomic<int64_t> next;  // for threads: the next network, or the phase and its next part
    std::atomic<int64_t> done;  // parts of the phase that are done
};

XL2_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// The arrays of a step, in the memory of one thread, or shared by all that work on one network.
template <class T>
struct Scratch {
    T *x, *y, *weight;          // gathered rows
    T* layer[MOST_LAYERS + 1];  // outputs of each hidden layer after dropout
    T* delta[MOST_LAYERS + 1];
    T* mask[MOST_LAYERS + 1];
    T* gradient[MOST_LAYERS];  // of each weight
    T* bias_gradient;
    int64_t bytes;
    int64_t group, step;  // whose rows are gathered, and from which step on

    // Networks that are trained at once share the rows, masks and gradients of the first one.
    void place(const Run& run, char* memory, const Scratch* shared) {
        bytes = 0;
        auto take = [&](int64_t count) {
            T* found = reinterpret_cast<T*>(memory + bytes);
            bytes += (count * int64_t(sizeof(T)) + 127) / 64 * 64;
            return found;
        };
        const int64_t n = run.size, gathered = run.order && !shared ? run.ahead * n : 0;
        int64_t widest = 0;
        x = take(gathered * run.units[0]);
        y = take(gathered * run.units[run.layers]);
        weight = take(run.weight ? gathered : 0);
        for (int64_t l = 1; l <= run.layers; l++) {
            const int64_t units = run.units[l];
            layer[l] = take(l < run.layers ? n * units : 0);  // logits are kept for all steps
            delta[l] = take(n * units);
            mask[l] = shared ? shared->mask[l]
                             : take(run.kept < 1 && l < run.layers ? n * units : 0);
            gradient[l - 1] = shared ? shared->gradient[l - 1] : take(run.units[l - 1] * units);
            widest = units > widest ? units : widest;
        }
        bias_gradient = take(widest * run.layers);
        group = step = -1;
    }
};
