// The update of parameters, and the penalty of weights.
#pragma once

#include "step.h"

// Rows of the first weight that are updated at once: their samples stay in the second-level cache while they meet
// the deltas of all members.
enum : int64_t { WEIGHT_ROWS = 192 };

// As in xl2/nn/optimizers.py.
constexpr double LEAST_SCALE = 1e-3;

// The gradient goes to an array of its own, or, for SGD and momentum, is at once subtracted from what it changes.
template <class T>
struct Update {
    const Step<T>& step;
    const Run& run;
    const Scratch<T>& s;

    explicit Update(const Step<T>& step) : step(step), run(step.run), s(step.s) {}

    // Write the sums of lambda W^2 of all members, before weights are updated.
    XL2_INLINE void penalise() const {
        if (step.in_panels) square_columns();
        const int64_t steps = (run.stop - run.start + run.size - 1) / run.size;
        step.each_member([&](int64_t m) XL2_INLINED {
            T sum = 0;
            for (int64_t l = 0; l < run.layers; l++)
                if (step.lambda(l, m) != 0) sum += step.lambda(l, m) * squares(l, m);
            const int64_t network = step.group * run.members + step.first + m;
            static_cast<T*>(run.penalties)[network * steps + step.step] = sum;
        });
    }

    XL2_INLINE void square_columns() const {
        const int64_t inputs = run.units[0];
        for (int64_t j = 0; j < step.wide_row; j++) s.squares[j] = 0;
        each_panel<T>(step.wide_row, [&](int64_t column, int64_t width) XL2_INLINED {
            const T* XL2_RESTRICT panel = s.panels[0] + column * rounded_up(inputs, 4);
            T* XL2_RESTRICT sums = s.squares + column;
            for (int64_t i = 0; i < inputs; i++, panel += width)
                for (int64_t j = 0; j < width; j++) sums[j] += panel[j] * panel[j];
        });
    }

    XL2_INLINE T squares(int64_t l, int64_t m) const {
        const int64_t o = run.units[l + 1];
        enum : int64_t { SUMS = 16 };  // of every sixteenth number, because one sum would take the time
        T sums[SUMS] = {}, sum = 0;
        if (l == 0 && step.in_panels) {
            for (int64_t j = 0; j < o; j++) sum += s.squares[m * o + j];
            return sum;
        }
        for (int64_t i = 0; i < run.units[l]; i++) {
            const T* w = step.parameter(l, 0, 0, m) + i * step.weight_row(l);
            int64_t j = 0;
            for (; j + SUMS <= o; j += SUMS)
                for (int64_t k = 0; k < SUMS; k++) sums[k] += w[j + k] * w[j + k];
            for (int64_t k = 0; j + k < o; k++) sums[k] += w[j + k] * w[j + k];
        }
        for (int64_t k = 0; k < SUMS; k++) sum += sums[k];
        return sum;
    }

    // Update rows [from, to) of a weight.
    XL2_INLINE void weights(int64_t l, int64_t from, int64_t to) const {
        if (l == 0 && step.in_panels) {
            weights_in_panels(from, to);
            if (run.scales) scaled_in_panels(from, to);
            return;
        }
        const int64_t i = run.units[l], o = run.units[l + 1], row = step.weight_row(l), at = from * row;
        // A network of a stack uses the same memory for every part. The parts of a network alone have
        // memory of their own, because several threads may compute them.
        T* g = s.gradient[l] + (run.groups * run.members == 1 ? from * o : 0);
        step.each_member([&](int64_t m) XL2_INLINED {
            T* arrays[4];
            for (int64_t slot = 0; slot < run.slots; slot++) arrays[slot] = step.parameter(l, 0, slot, m) + at;
            const T d = step.decay(l, m);
            const bool fused = run.optimizer == SGD || run.optimizer == MOMENTUM;
            T* target = run.optimizer == SGD ? arrays[0] : run.optimizer == MOMENTUM ? arrays[1] : g;
            const T beta = run.optimizer == SGD ? T(1) - d : fused ? T(run.constants[0]) : T(0);
            const int64_t inner = step.row(l), delta = step.row(l + 1);
            multiply<T>(run.gemm, true, false, to - from, o, step.n, fused ? T(-1) : T(1),
                        step.input(l, m) + from, l == 0 ? i : inner, step.of_layer(s.delta, l + 1, m), delta, beta,
                        target, fused ? row : o);
            if (run.optimizer == SGD) return;
            for (int64_t r = 0; r < to - from; r++) {
                T* own[4];
                for (int64_t slot = 0; slot < run.slots; slot++) own[slot] = arrays[slot] + r * row;
                const T* gradient = g + r * o;
                if (l == 0 && run.scales) {
                    change_scaled(step.scale_of(from + r, m), d, [&](auto function) XL2_INLINED {
                        function(own[0], own[1], own[2], gradient, 0, o);
                    });
                    continue;
                }
                change(own, gradient, 1, o, [&](int64_t) XL2_INLINED { return d; });
            }
        });
    }

    // Update rows [from, to) of the first weight of all members.
    XL2_INLINE void weights_in_panels(int64_t from, int64_t to) const {
        for (int64_t i = from; i < to; i += WEIGHT_ROWS)
            each_panel<T>(step.wide_row, [&](int64_t column, int64_t width) XL2_INLINED {
                update_panel(i, smaller(i + WEIGHT_ROWS, to), column, width);
            });
    }

    XL2_INLINE void update_panel(int64_t from, int64_t to, int64_t column, int64_t width) const {
#ifdef XL2_HAS_PRODUCTS
        const int64_t inputs = run.units[0], at = column * rounded_up(inputs, 4);
        enum : int64_t { LANES = VECTOR_BYTES / sizeof(T) };
        T *arrays[4], decays[3 * LANES], factors[3 * LANES];
        for (int64_t slot = 0; slot < run.slots; slot++) arrays[slot] = s.panels[slot] + at;
        for (int64_t j = 0, last = -1; j < width; j++) {
            const int64_t m = smaller((column + j) / run.units[1], step.count - 1);
            decays[j] = m == last ? decays[j - 1] : step.decay(0, m);
            last = m;
            factors[j] = run.optimizer == SGD ? T(1) - decays[j] : T(run.constants[0]);
        }
        // Scales need the gradients of all panels at once, and threads have parts of them.
        T* g = s.gradient[0] + (run.scales || run.groups * run.members == 1 ? at : 0);
        T* target = run.optimizer == SGD ? arrays[0] : run.optimizer == MOMENTUM ? arrays[1] : g;
        gradient_panel(s.x, step.n, inputs, from, to, s.deltas + column * rounded_up(step.n, 4), width, factors,
                       target == g ? Into::WRITE : Into::SCALE, target);
        if (run.optimizer == SGD || run.scales) return;
        for (int64_t slot = 0; slot < run.slots; slot++) arrays[slot] += from * width;
        g += from * width;
        // Loops of a length that the compiler knows take less time.
        auto change_rows = [&](auto known) XL2_INLINED {
            change(arrays, g, to - from, known, [&](int64_t j) XL2_INLINED { return decays[j]; });
        };
        if (width == 3 * LANES) {
            change_rows(std::integral_constant<int64_t, 3 * LANES>());
        } else if (width == 2 * LANES) {
            change_rows(std::integral_constant<int64_t, 2 * LANES>());
        } else {
            change_rows(std::integral_constant<int64_t, LANES>());
        }
#else
        (void)from, (void)to, (void)column, (void)width;
#endif
    }

    // Update rows [from, to) of the first weight and their scales, after `weights_in_panels` has computed gradients.
    XL2_INLINE void scaled_in_panels(int64_t from, int64_t to) const {
        enum : int64_t { MOST = 3 * VECTOR_BYTES / int64_t(sizeof(T)) };
        const int64_t o = run.units[1], all = rounded_up(run.units[0], 4);
        step.each_member([&](int64_t m) XL2_INLINED {
            const T d = step.decay(0, m);
            for (int64_t i = from; i < to; i++)
                change_scaled(step.scale_of(i, m), d, [&](auto function) XL2_INLINED {
                    for (int64_t c = m * o, end = c + o, next; c < end; c = next) {
                        const int64_t panel = c / MOST * MOST, width = smaller(MOST, step.wide_row - panel);
                        const int64_t at = panel * all + i * width + c - panel;
                        next = smaller(panel + width, end);
                        function(s.panels[0] + at, s.panels[1] + at, s.panels[2] + at, s.gradient[0] + at, c - m * o,
                                 next - c);
                    }
                });
        });
    }

    // Change one row of a member's first weight by Adam, and its scale: `each` calls a function with the parts of
    // the row that lie together, with their gradients, first columns and lengths. The formulas are those of
    // `_update_both_factors` in xl2/nn/optimizers.py.
    template <class Each>
    XL2_INLINE void change_scaled(T* own, T decay, Each each) const {
        enum : int64_t { SUMS = 8 };  // of every eighth column, wherever a part begins: the same for all parts
        const T c0 = T(run.constants[0]), c1 = T(run.constants[1]), epsilon = T(run.constants[2]);
        const T rest0 = T(1.0 - run.constants[0]), rest1 = T(1.0 - run.constants[1]), rate = step.rate;
        T sums[SUMS] = {}, sum = 0;
        each([&](const T* w, const T*, const T*, const T* g, int64_t first_column, int64_t length) XL2_INLINED {
            int64_t j = 0;
            auto add = [&](int64_t lane) XL2_INLINED { sums[lane] += (g[j] + decay * w[j]) * w[j]; };
            for (; j < length && (first_column + j) % SUMS; j++) add((first_column + j) % SUMS);
            for (; j + SUMS <= length; j += SUMS)
                for (int64_t k = 0; k < SUMS; k++) sums[k] += (g[j + k] + decay * w[j + k]) * w[j + k];
            for (int64_t k = 0; j < length; j++, k++) add(k);
        });
        for (int64_t k = 0; k < SUMS; k++) sum += sums[k];
        const T scale = own[0], gradient = sum / scale;
        own[1] = c0 * own[1] + rest0 * gradient;
        own[2] = c1 * own[2] + rest1 * (gradient * gradient);
        own[0] = scale - T(run.scale_rate) * rate * (own[1] / (std::sqrt(own[2]) + epsilon));
        if (std::abs(own[0]) < T(LEAST_SCALE)) own[0] = std::copysign(T(LEAST_SCALE), own[0]);
        const T ratio = own[0] / scale, scaled_rate = scale * rate;
        each([&](T* XL2_RESTRICT w, T* XL2_RESTRICT mean, T* XL2_RESTRICT square, const T* XL2_RESTRICT g, int64_t,
                 int64_t length) XL2_INLINED {
            for (int64_t j = 0; j < length; j++) {
                const T of_row = (g[j] + decay * w[j]) * scale;
                mean[j] = c0 * mean[j] + rest0 * of_row;
                square[j] = c1 * square[j] + rest1 * (of_row * of_row);
                w[j] = (w[j] - scaled_rate * mean[j] / (std::sqrt(square[j]) + epsilon)) * ratio;
            }
        });
    }

    XL2_INLINE void biases(int64_t l) const {
        // In every row of the first layer's delta, and in memory, biases of members are side by side.
        const bool side_by_side = step.side_by_side(l + 1);
        const int64_t o = run.units[l + 1] * (side_by_side ? step.count : 1), row = step.row(l + 1);
        for (int64_t m = 0; m < (side_by_side ? 1 : step.count); m++) {
            T* XL2_RESTRICT g = s.bias_gradient[l];
            sum_columns(step.of_layer(s.delta, l + 1, m), row, step.n, o, g);
            T* own[4];
            for (int64_t slot = 0; slot < run.slots; slot++) own[slot] = step.parameter(l, 1, slot, m);
            if (run.optimizer == SGD) {
                for (int64_t j = 0; j < o; j++) own[0][j] -= g[j];
            } else if (run.optimizer == MOMENTUM) {
                for (int64_t j = 0; j < o; j++) own[1][j] = T(run.constants[0]) * own[1][j] - g[j];
                change(own, g, 1, o, [](int64_t) XL2_INLINED { return T(0); });
            } else {
                change(own, g, 1, o, [](int64_t) XL2_INLINED { return T(0); });
            }
        }
    }

    // Change rows of parameters by a gradient; columns have their own decay. The gradient of momentum is already in
    // the velocity.
    template <class Width, class Decay>
    XL2_INLINE void change(T* const* arrays, const T* gradient, int64_t rows, Width width, Decay decay) const {
        const T c0 = T(run.constants[0]), c1 = T(run.constants[1]), epsilon = T(run.constants[2]);
        const T rest0 = T(1.0 - run.constants[0]), rest1 = T(1.0 - run.constants[1]), rate = step.rate;
        const T* XL2_RESTRICT g = gradient;
        T *XL2_RESTRICT w = arrays[0], *XL2_RESTRICT mean = arrays[1];
        T* XL2_RESTRICT square = run.optimizer == ADAM ? arrays[2] : nullptr;
        switch (run.optimizer) {
            case ADAM:
                for (int64_t r = 0; r < rows; r++, w += width, mean += width, square += width, g += width)
                    for (int64_t j = 0; j < width; j++) {
                        const T own = g[j] + decay(j) * w[j];
                        mean[j] = c0 * mean[j] + rest0 * own;
                        square[j] = c1 * square[j] + rest1 * (own * own);
                        w[j] -= rate * mean[j] / (std::sqrt(square[j]) + epsilon);
                    }
                break;
            case MOMENTUM:
                for (int64_t r = 0; r < rows; r++, w += width, mean += width)
                    for (int64_t j = 0; j < width; j++) {
                        mean[j] -= decay(j) * w[j];
                        w[j] += mean[j];
                    }
                break;
            default:
                for (int64_t r = 0; r < rows; r++, w += width, mean += width, g += width)
                    for (int64_t j = 0; j < width; j++) {
                        const T own = g[j] + decay(j) * w[j];
                        mean[j] = c0 * mean[j] - own;
                        w[j] += c0 * mean[j] - own;
                    }
                break;
        }
    }
};

// What is done at once: rows of a mini-batch through one layer or, in an update, rows of a weight.
struct Piece {
    enum Kind { GATHER, DRAW, FORWARD, LOSE, BACKWARD, PACK, PENALTY, UPDATE, BIAS } kind;
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
        case Piece::PACK: return step.pack(p.r0, p.r1);
        case Piece::PENALTY: return Update<T>(step).penalise();
        case Piece::UPDATE: return Update<T>(step).weights(p.layer, p.r0, p.r1);
        case Piece::BIAS: return Update<T>(step).biases(p.layer);
    }
}

// Everything above is compiled here, once for each type and processor.
XL2_EACH_PROCESSOR void piece(const Step<float>& step, const Piece& p) { do_piece(step, p); }
XL2_EACH_PROCESSOR void piece(const Step<double>& step, const Piece& p) { do_piece(step, p); }
