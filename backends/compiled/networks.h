// Training the networks of a stack. A thread takes a unit, some members of a group, through all steps of a call, and
// then the next.
#pragma once

#include "update.h"

// Take rows through all layers, forward and backward.
template <class T>
void through_layers(const Step<T>& step, int64_t r0, int64_t r1) {
    const Run& run = step.run;
    for (int64_t l = 0; l < run.layers; l++)
        piece(step, {Piece::FORWARD, l, r0, r1, 0, run.units[l + 1]});
    piece(step, {Piece::LOSE, 0, r0, r1, 0, 0});
    for (int64_t l = run.layers - 1; l > 0; l--)
        piece(step, {Piece::BACKWARD, l, r0, r1, 0, run.units[l]});
    piece(step, {Piece::PACK, 0, r0, r1, 0, 0});
}

// Copy the first weights of some members, and their optimizer's states, to panels, or back.
template <class T>
void copy_panels(const Step<T>& step, bool back) {
    const Run& run = step.run;
    if (!step.in_panels) return;
    const int64_t inputs = run.units[0], columns = step.count * run.units[1];
    for (int64_t slot = 0; slot < run.slots; slot++) {
        T *panels = step.s.panels[slot], *matrix = step.parameter(0, 0, slot, 0);
        if (back) {
            from_panels(panels, step.wide_row, matrix, step.weight_row(0), inputs, columns);
        } else {
            to_panels(panels, step.wide_row, matrix, step.weight_row(0), inputs, columns);
        }
    }
    // Columns that fill the last vector have no delta.
    if (!back) std::memset(step.s.delta[1], 0, rounded_up(run.size, 4) * step.wide_row * sizeof(T));
}

// Train one unit after another, until there are none.
template <class T>
void train_networks(Run& run, int64_t thread) {
    const Scratch<T> s(run, run.scratch + thread * run.scratch_bytes);
    const int64_t parts = (run.members - 1) / run.together + 1;
    for (;;) {
        const int64_t unit = run.next.fetch_add(1), group = unit / parts;
        if (group >= run.groups) return;
        const int64_t first = group * run.members + unit % parts * run.together;
        const int64_t count = smaller(run.together, (group + 1) * run.members - first);
        copy_panels(Step<T>(run, s, first, count, run.from), false);
        for (int64_t k = run.from; k < run.to; k++) {
            const Step<T> step(run, s, first, count, k);
            if (run.order || step.in_panels) piece(step, {Piece::GATHER, 0, 0, step.n, 0, 0});
            piece(step, {Piece::DRAW, 0, 0, step.n, 0, 0});
            through_layers(step, 0, step.n);
            if (run.penalties) piece(step, {Piece::PENALTY, 0, 0, 0, 0, 0});
            for (int64_t l = 0; l < run.layers; l++) {
                piece(step, {Piece::UPDATE, l, 0, run.units[l], 0, 0});
                piece(step, {Piece::BIAS, l, 0, 0, 0, 0});
            }
        }
        copy_panels(Step<T>(run, s, first, count, run.from), true);
    }
}
