// A training step of one network, on rows, columns and layers that threads can share.
#pragma once

#include "products.h"
#include "run.h"

// One step of one network.
template <class T>
struct Step {
    const Run& run;
    Scratch<T>& s;
    const Scratch<T>& gathered;  // that has the rows
    int64_t group, member, network, step, n, first_row;
    const T *x, *y, *weight;
    T* logits;
    T rate;

    Step(const Run& run, Scratch<T>& scratch, const Scratch<T>& gathered, int64_t network,
         int64_t step)
        : run(run), s(scratch), gathered(gathered), group(network / run.members), member(network % run.members),
          network(network), step(step), first_row(run.start + step * run.size) {
        n = smaller(run.size, run.stop - first_row);
        rate = T(run.rates[step]);
        const int64_t inputs = run.units[0], outputs = run.units[run.layers];
        const T* all_weights = static_cast<const T*>(run.weight);
        if (run.order) {
            const int64_t at = run.ahead > 1 ? (step - gathered.step) * run.size : 0;
            x = gathered.x + at * inputs;
            y = gathered.y + at * outputs;
            weight = all_weights ? gathered.weight + at : nullptr;
        } else {
            x = static_cast<const T*>(run.x) + first_row * inputs;
            y = static_cast<const T*>(run.y) + first_row * outputs;
            weight = all_weights ? all_weights + first_row : nullptr;
        }
        const int64_t all = run.stop - run.start;
        logits = static_cast<T*>(run.logits) + (network * all + first_row - run.start) * outputs;
    }

    XL2_INLINE T* parameter(int64_t l, int64_t bias, int64_t slot) const {
        const int64_t size = bias ? run.units[l + 1] : run.units[l] * run.units[l + 1];
        return static_cast<T*>(run.parameters[(l * 2 + bias) * run.slots + slot]) + network * size;
    }

    XL2_INLINE const T* input(int64_t l) const { return l == 0 ? x : s.layer[l]; }
    XL2_INLINE T* output(int64_t l) const { return l + 1 == run.layers ? logits : s.layer[l + 1]; }

    // Gather rows [from, to) of the mini-batches from this step on.
    XL2_INLINE void gather(int64_t from, int64_t to) const {
        const int64_t inputs = run.units[0], outputs = run.units[run.layers];
        const int64_t* order = run.order + group * run.order_stride + first_row;
        const T* samples = static_cast<const T*>(run.x);
        const T* targets = static_cast<const T*>(run.y);
        const T* weights = static_cast<const T*>(run.weight);
        for (int64_t r = from; r < to; r++) {
            std::memcpy(s.x + r * inputs, samples + order[r] * inputs, inputs * sizeof(T));
            std::memcpy(s.y + r * outputs, targets + order[r] * outputs, outputs * sizeof(T));
            if (weights) s.weight[r] = weights[order[r]];
        }
    }

    // Draw the factors of dropout for some rows of all layers.
    XL2_INLINE void draw(int64_t from, int64_t to) const {
        if (run.kept >= 1) return;
        for (int64_t l = 1; l < run.layers; l++) {
            const uint32_t position = uint32_t((run.first + step) * (run.layers - 1) + l - 1);
            dropout_factors(s.mask[l], from * run.units[l], to * run.units[l],
                            run.keys + 2 * group, position, int32_t(run.least_kept),
                            T(1.0 / run.kept));
        }
    }

    // Compute the outputs of layer `l` for rows [r0, r1) and columns [c0, c1).
    XL2_INLINE void forward(int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1) const {
        const int64_t i = run.units[l], o = run.units[l + 1], width = c1 - c0;
        T* out = output(l);
        multiply<T>(run.gemm, false, false, r1 - r0, width, i, T(1), input(l) + r0 * i, i,
                 parameter(l, 0, 0) + c0, o, T(0), out + r0 * o + c0, o);
        const T* XL2_RESTRICT bias = parameter(l, 1, 0) + c0;
        for (int64_t r = r0; r < r1; r++) {
            T* XL2_RESTRICT z = out + r * o + c0;
            for (int64_t j = 0; j < width; j++) z[j] += bias[j];
        }
        if (l + 1 == run.layers) return;
        each_piece(o, r0, r1, c0, c1, [&](int64_t at, int64_t count) {
            activate(run.hidden[l], out + at, count);
            if (run.kept < 1) scale_by(out + at, s.mask[l + 1] + at, count);
        });
    }

    // Call a function with the first index and the length of each piece without a gap.
    template <class Function>
    XL2_INLINE void each_piece(int64_t units, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                               Function function) const {
        const bool whole = c1 - c0 == units;
        const int64_t rows = whole ? 1 : r1 - r0, count = whole ? (r1 - r0) * units : c1 - c0;
        for (int64_t r = 0; r < rows; r++) function((r0 + r) * units + c0, count);
    }

    XL2_INLINE void scale_by(T* XL2_RESTRICT a, const T* XL2_RESTRICT factors, int64_t count) const {
        for (int64_t j = 0; j < count; j++) a[j] *= factors[j];
    }

    // Return the number of samples, or their weight, to divide sums by. The weights are read where they are
    // stored: another thread may be about to gather them.
    XL2_INLINE T total() const {
        const T* stored = static_cast<const T*>(run.weight);
        if (!stored) return T(n);
        const int64_t* order = run.order ? run.order + group * run.order_stride : nullptr;
        T sum = 0;
        for (int64_t r = first_row; r < first_row + n; r++) sum += stored[order ? order[r] : r];
        return sum > 0 ? sum : std::numeric_limits<T>::infinity();
    }

    XL2_INLINE T scale() const { return run.optimizer == ADAM ? T(1) : rate; }

    // Compute the delta of the logits of rows [from, to).
    XL2_INLINE void lose(int64_t from, int64_t to) const {
        const int64_t outputs = run.units[run.layers], at = from * outputs;
        T* delta = s.delta[run.layers];
        loss_delta(run.loss, logits + at, y + at, delta + at, to - from, outputs);
        const T factor = scale() / total();
        for (int64_t r = from; r < to; r++) {
            const T own = weight ? weight[r] * factor : factor;
            for (int64_t j = 0; j < outputs; j++) delta[r * outputs + j] *= own;
        }
    }

    // Compute the delta of rows [r0, r1) and columns [c0, c1) of the outputs before layer `l`.
    XL2_INLINE void backward(int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1) const {
        const int64_t i = run.units[l], o = run.units[l + 1], width = c1 - c0;
        T* before = s.delta[l];
        multiply<T>(run.gemm, false, true, r1 - r0, width, o, T(1), s.delta[l + 1] + r0 * o, o,
                 parameter(l, 0, 0) + c0 * o, o, T(0), before + r0 * i + c0, i);
        each_piece(i, r0, r1, c0, c1, [&](int64_t at, int64_t count) {
            times_derivative(run.hidden[l - 1], before + at, s.layer[l] + at, T(run.kept), count);
            if (run.kept < 1) scale_by(before + at, s.mask[l] + at, count);
        });
    }

    XL2_INLINE T decay(int64_t l) const {
        const double lambda = run.lambdas[l * run.members + member];
        return T(lambda) * (scale() / (run.rows ? T(run.rows[group]) : total()));
    }

    // Write the sum of lambda W^2, before weights are updated.
    XL2_INLINE void penalise() const {
        T sum = 0;
        for (int64_t l = 0; l < run.layers; l++) {
            const T* weights = parameter(l, 0, 0);
            const T lambda = T(run.lambdas[l * run.members + member]);
            T squares = 0;
            for (int64_t i = 0; lambda != 0 && i < run.units[l] * run.units[l + 1]; i++)
                squares += weights[i] * weights[i];
            sum += lambda * squares;
        }
        const int64_t steps = (run.stop - run.start + run.size - 1) / run.size;
        static_cast<T*>(run.penalties)[network * steps + step] = sum;
    }

    // Update rows [from, to) of a weight. SGD and momentum leave the sum to the product.
    XL2_INLINE void update_weight(int64_t l, int64_t from, int64_t to) const {
        const int64_t i = run.units[l], o = run.units[l + 1], at = from * o, count = (to - from) * o;
        const T d = decay(l);
        T* w = parameter(l, 0, 0) + at;
        // A network of a stack uses the same memory for every part. The parts of a network alone have
        // memory of their own, because several threads may compute them.
        T* g = s.gradient[l] + (run.groups * run.members == 1 ? at : 0);
        T *target = g, beta = 0;
        if (run.optimizer == SGD) {
            target = w;
            beta = T(1) - d;
        } else if (run.optimizer == MOMENTUM) {
            target = parameter(l, 0, 1) + at;
            beta = T(run.constants[0]);
        }
        const bool fused = target != g;
        multiply<T>(run.gemm, true, false, to - from, o, n, fused ? T(-1) : T(1), input(l) + from, i,
                 s.delta[l + 1], o, beta, target, o);
        if (run.optimizer == MOMENTUM) {
            for (int64_t k = 0; k < count; k++) {
                target[k] -= d * w[k];
                w[k] += target[k];
            }
        } else if (!fused) {
            update(w, g, run.optimizer == ADAM ? parameter(l, 0, 2) + at : nullptr,
                   parameter(l, 0, 1) + at, d, count);
        }
    }

    XL2_INLINE void update_bias(int64_t l) const {
        const int64_t o = run.units[l + 1];
        const T* XL2_RESTRICT delta = s.delta[l + 1];
        T* XL2_RESTRICT g = s.bias_gradient;
        T* w = parameter(l, 1, 0);
        for (int64_t k = 0; k < l; k++) g += run.units[k + 1];
        for (int64_t j = 0; j < o; j++) g[j] = 0;
        for (int64_t r = 0; r < n; r++)
            for (int64_t j = 0; j < o; j++) g[j] += delta[r * o + j];
        if (run.optimizer == SGD) {
            for (int64_t j = 0; j < o; j++) w[j] -= g[j];
        } else {
            update(w, g, run.optimizer == ADAM ? parameter(l, 1, 2) : nullptr,
                   parameter(l, 1, 1), T(0), o);
        }
    }

    XL2_INLINE void update(T* XL2_RESTRICT w, const T* XL2_RESTRICT g, T* XL2_RESTRICT square,
                           T* XL2_RESTRICT mean, T d, int64_t count) const {
        if (run.optimizer == ADAM) {
            const T b1 = T(run.constants[0]), c1 = T(1.0 - run.constants[0]);
            const T b2 = T(run.constants[1]), c2 = T(1.0 - run.constants[1]);
            const T epsilon = T(run.constants[2]), step_size = rate;
            for (int64_t k = 0; k < count; k++) {
                const T own = g[k] + d * w[k];
                mean[k] = b1 * mean[k] + c1 * own;
                square[k] = b2 * square[k] + c2 * (own * own);
                w[k] -= step_size * mean[k] / (std::sqrt(square[k]) + epsilon);
            }
        } else {
            const T momentum = T(run.constants[0]);
            const T own_part = run.optimizer == NESTEROV ? T(1) : T(0);
            const T velocity_part = run.optimizer == NESTEROV ? momentum : T(1);
            for (int64_t k = 0; k < count; k++) {
                const T own = g[k] + d * w[k];
                mean[k] = momentum * mean[k] - own;
                w[k] += velocity_part * mean[k] - own_part * own;
            }
        }
    }
};

// What is done at once: rows of a mini-batch through one layer or, in an update, rows of a weight.
struct Piece {
    enum Kind { GATHER, DRAW, FORWARD, LOSE, BACKWARD, PENALTY, UPDATE, BIAS } kind;
    int64_t layer, r0, r1, c0, c1;
};

template <class T>
XL2_INLINE void do_piece(const Step<T>& step, const Piece& p) {
    switch (p.kind) {
        case Piece::GATHER: return step.gather(p.r0, p.r1);
        case Piece::DRAW: return step.draw(p.r0, p.r1);
        case Piece::FORWARD: return step.forward(p.layer, p.r0, p.r1, p.c0, p.c1);
        case Piece::LOSE: return step.lose(p.r0, p.r1);
        case Piece::BACKWARD: return step.backward(p.layer, p.r0, p.r1, p.c0, p.c1);
        case Piece::PENALTY: return step.penalise();
        case Piece::UPDATE: return step.update_weight(p.layer, p.r0, p.r1);
        case Piece::BIAS: return step.update_bias(p.layer);
    }
}

// Everything above is compiled here, once for each type and processor.
XL2_EACH_PROCESSOR void piece(const Step<float>& step, const Piece& p) { do_piece(step, p); }
XL2_EACH_PROCESSOR void piece(const Step<double>& step, const Piece& p) { do_piece(step, p); }
