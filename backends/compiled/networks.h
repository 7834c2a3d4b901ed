// Training the networks of a stack, each in one thread.
#pragma once

#include "step.h"

// Take rows through the layers from `first` on, forward and backward.
template <class T>
void through_layers(const Step<T>& step, int64_t first, int64_t r0, int64_t r1) {
    const Run& run = step.run;
    for (int64_t l = first; l < run.layers; l++)
        piece(step, {Piece::FORWARD, l, r0, r1, 0, run.units[l + 1]});
    piece(step, {Piece::LOSE, 0, r0, r1, 0, 0});
    for (int64_t l = run.layers - 1; l > 0; l--)
        piece(step, {Piece::BACKWARD, l, r0, r1, 0, run.units[l]});
}

// The most members of a group that a thread trains at once; bytes of the samples that they read by turns, few
// enough to stay in the cache; and rows of a weight that are updated at once.
enum : int64_t { MOST_TOGETHER = 16, SHARED_BYTES = 1 << 18, WEIGHT_ROWS = 96 };

// Train the next members of a group, until there are none.
template <class T>
void train_networks(Run& run, int64_t thread) {
    Scratch<T> s[MOST_TOGETHER];
    char* memory = run.scratch + thread * run.scratch_bytes;
    for (int64_t m = 0; m < run.together; m++) {
        s[m].place(run, memory, m ? &s[0] : nullptr);
        memory += s[m].bytes;
    }
    const int64_t inputs = run.units[0], parts = (run.members - 1) / run.together + 1;
    for (;;) {
        const int64_t unit = run.next.fetch_add(1), group = unit / parts;
        if (group >= run.groups) return;
        const int64_t first = group * run.members + unit % parts * run.together;
        const int64_t count = smaller(run.together, (group + 1) * run.members - first);
        for (int64_t k = run.from; k < run.to; k++) {
            // Members of a group share their rows.
            const bool gathered = s[0].group == group && s[0].step <= k && k < s[0].step + run.ahead;
            if (run.order && !gathered) {
                s[0].group = group;
                s[0].step = k;
                const int64_t left = run.stop - (run.start + k * run.size);
                const int64_t rows = smaller(smaller(run.ahead, run.to - k) * run.size, left);
                piece(Step<T>(run, s[0], s[0], first, k), {Piece::GATHER, 0, 0, rows, 0, 0});
            }
            auto each = [&](auto function) {
                for (int64_t m = 0; m < count; m++)
                    function(Step<T>(run, s[m], s[0], first + m, k));
            };
            const int64_t n = smaller(run.size, run.stop - (run.start + k * run.size));
            int64_t block = SHARED_BYTES / int64_t(inputs * sizeof(T)) / 8 * 8;
            block = block < 16 ? 16 : block;
            piece(Step<T>(run, s[0], s[0], first, k), {Piece::DRAW, 0, 0, n, 0, 0});
            for (int64_t r = 0; r < n; r += block)
                each([&](const Step<T>& step) {
                    piece(step, {Piece::FORWARD, 0, r, smaller(r + block, n), 0, run.units[1]});
                });
            each([&](const Step<T>& step) {
                through_layers(step, 1, 0, n);
                if (run.penalties) piece(step, {Piece::PENALTY, 0, 0, 0, 0, 0});
            });
            for (int64_t i = 0; i < inputs; i += WEIGHT_ROWS)
                each([&](const Step<T>& step) {
                    piece(step, {Piece::UPDATE, 0, i, smaller(i + WEIGHT_ROWS, inputs), 0, 0});
                });
            each([&](const Step<T>& step) {
                for (int64_t l = 0; l < run.layers; l++) {
                    if (l > 0) piece(step, {Piece::UPDATE, l, 0, run.units[l], 0, 0});
                    piece(step, {Piece::BIAS, l, 0, 0, 0, 0});
                }
            });
        }
    }
}
