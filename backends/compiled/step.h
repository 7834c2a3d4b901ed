// A training step of the members that a thread trains at once, or of one network, on rows and columns that
// threads can share.
#pragma once

#include "run.h"

template <class T>
struct Step {
    const Run& run;
    const Scratch<T>& s;
    int64_t group, first, count;  // `count` members of a group from `first` on
    int64_t step, n, first_row;   // the mini-batch: its samples and the first of them
    bool in_panels;               // the first weight
    int64_t wide_row;             // of the first layer, if members are side by side in it, padded in panels
    const T *x, *y, *weight;
    T rate;

    // The members from `network` on, which counts through all groups.
    Step(const Run& run, const Scratch<T>& scratch, int64_t network, int64_t count, int64_t step)
        : run(run), s(scratch), group(network / run.members), first(network % run.members), count(count),
          step(step), first_row(run.start + step * run.size), in_panels(uses_panels<T>(run)) {
        wide_row = in_panels ? padded<T>(count * run.units[1]) : count * run.units[1];
        n = smaller(run.size, run.stop - first_row);
        rate = T(run.rates[step]);
        const int64_t from = run.order ? 0 : first_row;
        const T* weights = static_cast<const T*>(run.weight);
        x = in_panels || run.order ? s.x : static_cast<const T*>(run.x) + from * run.units[0];
        y = run.order ? s.y : static_cast<const T*>(run.y) + from * run.units[run.layers];
        weight = !weights ? nullptr : run.order ? s.weight : weights + from;
    }

    // Arrays of a member, and from one row of them to the next. The first layer has members side by side in
    // every row, if it is not the last one.

    XL2_INLINE bool side_by_side(int64_t l) const { return l == 1 && run.layers > 1; }

    // Rows of the first weight have those of all members of a group, one after another.
    XL2_INLINE T* parameter(int64_t l, int64_t bias, int64_t slot, int64_t m) const {
        T* all = static_cast<T*>(run.parameters[(l * 2 + bias) * run.slots + slot]);
        const int64_t units = run.units[l + 1], inputs = run.units[l], member = first + m;
        if (bias) return all + (group * run.members + member) * units;
        if (l == 0) return all + (group * inputs * run.members + member) * units;
        return all + (group * run.members + member) * inputs * units;
    }

    XL2_INLINE int64_t weight_row(int64_t l) const {
        return l == 0 ? run.members * run.units[1] : run.units[l + 1];
    }

    XL2_INLINE T* of_layer(T* const* arrays, int64_t l, int64_t m) const {
        return arrays[l] + m * run.units[l] * (side_by_side(l) ? 1 : n);
    }

    XL2_INLINE int64_t row(int64_t l) const { return side_by_side(l) ? wide_row : run.units[l]; }

    XL2_INLINE const T* input(int64_t l, int64_t m) const { return l == 0 ? x : of_layer(s.layer, l, m); }

    XL2_INLINE T* output(int64_t l, int64_t m) const {
        if (l + 1 < run.layers) return of_layer(s.layer, l + 1, m);
        const int64_t all = run.stop - run.start, network = group * run.members + first + m;
        return static_cast<T*>(run.logits) + (network * all + first_row - run.start) * run.units[run.layers];
    }

    template <class Function>
    XL2_INLINE void each_member(Function function) const {
        for (int64_t m = 0; m < count; m++) function(m);
    }

    // Gather rows [from, to) of the mini-batch; quads are whole.
    XL2_INLINE void gather(int64_t from, int64_t to) const {
        const int64_t inputs = run.units[0], outputs = run.units[run.layers];
        const int64_t* order = run.order ? run.order + group * run.order_stride + first_row : nullptr;
        const T* samples = static_cast<const T*>(run.x);
        auto sample = [&](int64_t r) XL2_INLINED { return samples + (order ? order[r] : first_row + r) * inputs; };
#ifdef XL2_HAS_PRODUCTS
        if (in_panels) {
            for (int64_t r = from; r < to; r += 4) {
                const T* rows[8];  // a row that is missing repeats the last one: its delta is 0
                for (int64_t q = 0; q < 8; q++) rows[q] = sample(smaller(r + q, to - 1));
                make_quad(s.x + r / 4 * quad_size(inputs), rows, rows + 4, inputs);
            }
        }
#endif
        if (!order) return;
        const T* targets = static_cast<const T*>(run.y);
        const T* weights = static_cast<const T*>(run.weight);
        for (int64_t r = from; r < to; r++) {
            if (!in_panels) std::memcpy(s.x + r * inputs, sample(r), inputs * sizeof(T));
            std::memcpy(s.y + r * outputs, targets + order[r] * outputs, outputs * sizeof(T));
            if (weights) s.weight[r] = weights[order[r]];
        }
    }

    // Draw the factors of dropout for some rows of all layers; members of a group share them.
    XL2_INLINE void draw(int64_t from, int64_t to) const {
        if (run.kept >= 1) return;
        for (int64_t l = 1; l < run.layers; l++) {
            const uint32_t position = uint32_t((run.first + step) * (run.layers - 1) + l - 1);
            dropout_factors(s.mask[l], from * run.units[l], to * run.units[l],
                            run.keys + 2 * group, position, int32_t(run.least_kept),
                            T(1.0 / run.kept));
        }
    }

    // Compute the outputs of layer `l` for rows [r0, r1) and columns [c0, c1) of each member.
    XL2_INLINE void forward(int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1) const {
        const int64_t i = run.units[l], o = run.units[l + 1], width = c1 - c0;
        const int64_t rows = r1 - r0, in_row = row(l), out_row = l + 1 < run.layers ? row(l + 1) : o;
#ifdef XL2_HAS_PRODUCTS
        if (l == 0 && in_panels)
            forward_panels<Left::QUADS>(s.x + r0 / 4 * quad_size(i), rows, i, s.panels[0], wide_row,
                                        s.layer[1] + r0 * wide_row);
#endif
        each_member([&](int64_t m) XL2_INLINED {
            T* out = output(l, m);
            if (l > 0 || !in_panels)
                multiply<T>(run.gemm, false, false, rows, width, i, T(1), input(l, m) + r0 * in_row, in_row,
                            parameter(l, 0, 0, m) + c0, weight_row(l), T(0), out + r0 * out_row + c0, out_row);
            add_bias(out + r0 * out_row + c0, out_row, rows, width, parameter(l, 1, 0, m) + c0);
        });
        if (l + 1 == run.layers) return;
        each_piece(s.layer, l + 1, r0, r1, c0, c1,
                   [&](T* z, int64_t length, int64_t) XL2_INLINED { activate(run.hidden[l], z, length); });
        drop(s.layer, l + 1, r0, r1, c0, c1);
    }

    // Call a function with each piece without a gap of a layer's array, and where it begins. A piece may be
    // wider than a member.
    template <class Function>
    XL2_INLINE void each_piece(T* const* arrays, int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                               Function function) const {
        const bool whole = c1 - c0 == run.units[l];
        const int64_t length = row(l);
        for (int64_t m = 0; m < (whole && side_by_side(l) ? 1 : count); m++) {
            const int64_t start = of_layer(arrays, l, m) - arrays[l];
            for (int64_t r = r0; r < (whole ? r0 + 1 : r1); r++) {
                const int64_t at = start + r * length + c0;
                function(arrays[l] + at, whole ? (r1 - r0) * length : c1 - c0, at);
            }
        }
    }

    // Multiply the outputs of a layer, or their deltas, by the factors of dropout.
    XL2_INLINE void drop(T* const* arrays, int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1) const {
        if (run.kept >= 1) return;
        each_member([&](int64_t m) XL2_INLINED {
            for (int64_t r = r0; r < r1; r++) {
                T* XL2_RESTRICT a = of_layer(arrays, l, m) + r * row(l);
                const T* XL2_RESTRICT factors = s.mask[l] + r * run.units[l];
                for (int64_t j = c0; j < c1; j++) a[j] *= factors[j];
            }
        });
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
        const T factor = scale() / total();
        each_member([&](int64_t m) XL2_INLINED {
            T* delta = of_layer(s.delta, run.layers, m);
            loss_delta(run.loss, output(run.layers - 1, m) + at, y + at, delta + at, to - from, outputs);
            for (int64_t r = from; r < to; r++) {
                const T own = weight ? weight[r] * factor : factor;
                for (int64_t j = 0; j < outputs; j++) delta[r * outputs + j] *= own;
            }
        });
    }

    // Compute the delta of rows [r0, r1) and columns [c0, c1) of the outputs before layer `l`.
    XL2_INLINE void backward(int64_t l, int64_t r0, int64_t r1, int64_t c0, int64_t c1) const {
        const int64_t o = run.units[l + 1], before = row(l), after = row(l + 1);
        each_member([&](int64_t m) XL2_INLINED {
            multiply<T>(run.gemm, false, true, r1 - r0, c1 - c0, o, T(1), of_layer(s.delta, l + 1, m) + r0 * after,
                        after, parameter(l, 0, 0, m) + c0 * o, o, T(0),
                        of_layer(s.delta, l, m) + r0 * before + c0, before);
        });
        each_piece(s.delta, l, r0, r1, c0, c1, [&](T* delta, int64_t length, int64_t at) XL2_INLINED {
            times_derivative(run.hidden[l - 1], delta, s.layer[l] + at, T(run.kept), length);
        });
        drop(s.delta, l, r0, r1, c0, c1);
    }

    // Copy rows of the first layer's deltas into panels; rows that fill the last quad are 0.
    XL2_INLINE void pack(int64_t from, int64_t to) const {
        if (!in_panels) return;
        const int64_t rows = rounded_up(n, 4);
        each_panel<T>(wide_row, [&](int64_t column, int64_t width) XL2_INLINED {
            for (int64_t r = from; r < (to == n ? rows : to); r++) {
                T* XL2_RESTRICT packed = s.deltas + column * rows + r * width;
                const T* XL2_RESTRICT delta = s.delta[1] + (r < n ? r : 0) * wide_row + column;
                for (int64_t j = 0; j < width; j++) packed[j] = r < n ? delta[j] : T(0);
            }
        });
    }

    // The scale of an input, and its averages.
    XL2_INLINE T* scale_of(int64_t input, int64_t m) const {
        return static_cast<T*>(run.scales) + ((group * run.units[0] + input) * run.members + first + m) * 3;
    }

    XL2_INLINE T lambda(int64_t l, int64_t m) const { return T(run.lambdas[l * run.members + first + m]); }

    XL2_INLINE T decay(int64_t l, int64_t m) const {
        if (lambda(l, m) == 0) return 0;
        return lambda(l, m) * (scale() / (run.rows ? T(run.rows[group]) : total()));
    }
};
