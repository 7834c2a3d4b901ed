// Training one network in several threads.
#pragma once

#include <thread>

#include "networks.h"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

inline void pause_briefly() {
#if defined(_MSC_VER) && defined(_M_X64)
    _mm_pause();
#elif defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Multiplications from which an update is divided.
enum : int64_t { PART_WORK = int64_t(1) << 20 };

// What threads do together between two waits.
struct Phase {
    enum Kind { GATHER, ROWS, FORWARD, LOSE, BACKWARD, PENALTY, UPDATE } kind;
    int64_t layer, parts;
};

// The phases of a step: rows are taken through all layers, or, if the layers are wide, columns of one layer
// after another, because every part of the rows would read all weights.
struct Phases {
    Phase phase[2 * MOST_LAYERS + 4];
    int64_t count = 0, update_parts[MOST_LAYERS];

    void add(Phase::Kind kind, int64_t layer, int64_t parts) {
        phase[count++] = Phase{kind, layer, parts};
    }

    explicit Phases(const Run& run) {
        if (run.columns) {
            add(Phase::GATHER, 0, run.parts);
            for (int64_t l = 0; l < run.layers; l++) add(Phase::FORWARD, l, cuts(run, run.units[l + 1]));
            add(Phase::LOSE, 0, 1);
            for (int64_t l = run.layers - 1; l > 0; l--)
                add(Phase::BACKWARD, l, cuts(run, run.units[l]));
        } else {
            add(Phase::ROWS, 0, run.parts);
        }
        if (run.penalties) add(Phase::PENALTY, 0, 1);
        int64_t updates = 0;
        for (int64_t l = 0; l < run.layers; l++) {
            const int64_t work = run.units[l] * run.units[l + 1] * run.size;
            int64_t parts = 1;  // a power of two, so that two or four threads have the same to do
            while (parts < 8 && parts * PART_WORK < work && 2 * parts <= run.units[l]) parts *= 2;
            update_parts[l] = parts;
            updates += update_parts[l];
        }
        add(Phase::UPDATE, 0, updates);
    }

    static int64_t cuts(const Run& run, int64_t units) {
        return units < 128 ? 1 : run.parts;
    }
};

// Do a part of a phase.
template <class T>
void do_part(const Step<T>& step, const Phases& phases, const Phase& phase, int64_t part) {
    const Run& run = step.run;
    // Quads of samples and inputs are not cut.
    auto cut = [](int64_t all, int64_t at, int64_t count) {
        return at == count ? all : all * at / count / 4 * 4;
    };
    const int64_t l = phase.layer, r0 = cut(step.n, part, phase.parts), r1 = cut(step.n, part + 1, phase.parts);
    auto columns = [&](Piece::Kind kind, int64_t units) {
        piece(step, {kind, l, 0, step.n, cut(units, part, phase.parts), cut(units, part + 1, phase.parts)});
    };
    switch (phase.kind) {
        case Phase::GATHER:
        case Phase::ROWS:
            if (run.order || step.in_panels) piece(step, {Piece::GATHER, 0, r0, r1, 0, 0});
            piece(step, {Piece::DRAW, 0, r0, r1, 0, 0});
            if (phase.kind == Phase::ROWS) through_layers(step, r0, r1);
            break;
        case Phase::FORWARD: columns(Piece::FORWARD, run.units[l + 1]); break;
        case Phase::LOSE: piece(step, {Piece::LOSE, 0, 0, step.n, 0, 0}); break;
        case Phase::BACKWARD: columns(Piece::BACKWARD, run.units[l]); break;
        case Phase::PENALTY: piece(step, {Piece::PENALTY, 0, 0, 0, 0, 0}); break;
        case Phase::UPDATE:
            for (int64_t layer = 0, at = part; layer < run.layers; layer++) {
                const int64_t count = phases.update_parts[layer], units = run.units[layer];
                if (at >= 0 && at < count) {
                    piece(step, {Piece::UPDATE, layer, cut(units, at, count), cut(units, at + 1, count), 0, 0});
                    if (at == 0) piece(step, {Piece::BIAS, layer, 0, 0, 0, 0});
                }
                at -= count;
            }
            break;
    }
}

// Count the parts of a phase in the lower bits of `next`, and the phases above them.
enum : int64_t { PART_BITS = 20, PARTS = int64_t(1) << PART_BITS, SPINS = 4000 };

// Train one network in several threads. The first one leads: it opens a phase, and waits until its
// parts are done. It takes all parts that no other thread has begun, so it waits only for those that another
// has.
template <class T>
void train_together(Run& run, int64_t thread) {
    const Phases phases(run);
    const Scratch<T> s(run, run.scratch);
    if (thread == 0) copy_panels(Step<T>(run, s, 0, 1, run.from), false);
    const int64_t end = (run.to - run.from) * phases.count;
    int64_t opened = 0, waited = 0;
    for (;;) {
        if (thread == 0) {
            if (opened > 0) {
                const int64_t parts = phases.phase[(opened - 1) % phases.count].parts;
                for (waited = 0; run.done.load(std::memory_order_acquire) < parts; waited++) {
                    pause_briefly();
                    if (waited > SPINS) std::this_thread::yield();
                }
            }
            run.done.store(0, std::memory_order_relaxed);
            run.next.store(opened * PARTS, std::memory_order_release);
            if (opened++ == end) {
                copy_panels(Step<T>(run, s, 0, 1, run.from), true);
                return;
            }
        }
        for (waited = 0;;) {
            int64_t ticket = run.next.load(std::memory_order_acquire);
            int64_t number = ticket >> PART_BITS;
            if (number >= end) return;
            const int64_t parts = phases.phase[number % phases.count].parts;
            if ((ticket & (PARTS - 1)) >= parts) {
                if (thread == 0) break;
                pause_briefly();
                if (++waited > SPINS) std::this_thread::yield();
                continue;
            }
            ticket = run.next.fetch_add(1, std::memory_order_acq_rel);
            number = ticket >> PART_BITS;
            const int64_t part = ticket & (PARTS - 1);
            if (number >= end || part >= phases.phase[number % phases.count].parts) continue;
            const Step<T> step(run, s, 0, 1, run.from + number / phases.count);
            do_part(step, phases, phases.phase[number % phases.count], part);
            run.done.fetch_add(1, std::memory_order_release);
            waited = 0;
        }
    }
}
