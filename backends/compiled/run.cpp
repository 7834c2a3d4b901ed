// Runs of mini-batches on NumPy arrays, without Python: the compiled form of `run_batches`.
//
// Python fills in a `Run`, and calls `train_float` or `train_double` in as many threads as there are cores to
// use. Networks of a stack are independent, so each thread takes the next one through all steps of the
// call. One network alone is cut into parts that do not depend on the number of threads, and neither do
// its results.
#include "outputs.h"
#include "step.h"

#if defined(_MSC_VER)
#include <intrin.h>
#define XL2_EXPORT extern "C" __declspec(dllexport)
#else
#define XL2_EXPORT extern "C"
#endif

// The loops are compiled for two generations of x86 processors, if the loader can choose one: glibc's can,
// musl's cannot.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)
#define XL2_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define XL2_EACH_PROCESSOR
#endif

#include <thread>

XL2_INLINE void pause_briefly() {
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

    XL2_INLINE void add(Phase::Kind kind, int64_t layer, int64_t parts) {
        phase[count++] = Phase{kind, layer, parts};
    }

    XL2_INLINE explicit Phases(const Run& run) {
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
            update_parts[l] = run.groups * run.members == 1 ? parts : 1;
            updates += update_parts[l];
        }
        add(Phase::UPDATE, 0, updates);
    }

    static XL2_INLINE int64_t cuts(const Run& run, int64_t units) {
        return units < 128 ? 1 : run.parts;
    }
};

template <class T>
XL2_INLINE void do_part(const Step<T>& step, const Phases& phases, const Phase& phase, int64_t part) {
    const Run& run = step.run;
    auto cut = [&](int64_t all, int64_t at) { return all * at / phase.parts; };
    // Rows or columns of one layer, or rows of all.
    const bool columns = phase.kind == Phase::FORWARD || phase.kind == Phase::BACKWARD;
    const bool all = phase.kind == Phase::ROWS;
    const int64_t r0 = columns ? 0 : cut(step.n, part), r1 = columns ? step.n : cut(step.n, part + 1);
    if (all || phase.kind == Phase::GATHER) {
        // Networks of a stack have gathered the rows of several steps before.
        if (run.order && run.groups * run.members == 1) step.gather(r0, r1);
        step.draw(r0, r1);
    }
    if (all || phase.kind == Phase::FORWARD) {
        const int64_t first = all ? 0 : phase.layer, last = all ? run.layers - 1 : first;
        for (int64_t l = first; l <= last; l++) {
            const int64_t units = run.units[l + 1];
            step.forward(l, r0, r1, all ? 0 : cut(units, part), all ? units : cut(units, part + 1));
        }
    }
    if (all || phase.kind == Phase::LOSE) step.lose(r0, r1);
    if (all || phase.kind == Phase::BACKWARD) {
        const int64_t first = all ? run.layers - 1 : phase.layer, last = all ? 1 : first;
        for (int64_t l = first; l >= last; l--) {
            const int64_t units = run.units[l];
            step.backward(l, r0, r1, all ? 0 : cut(units, part), all ? units : cut(units, part + 1));
        }
    }
    if (phase.kind == Phase::PENALTY) step.penalise();
    if (phase.kind != Phase::UPDATE) return;
    for (int64_t l = 0, at = part; l < run.layers; l++) {
        const int64_t parts = phases.update_parts[l], units = run.units[l];
        if (at >= 0 && at < parts) {
            step.update_weight(l, units * at / parts, units * (at + 1) / parts);
            if (at == 0) step.update_bias(l);
        }
        at -= parts;
    }
}

// Count the parts of a phase in the lower bits of `next`, and the phases above them.
enum : int64_t { PART_BITS = 20, PARTS = int64_t(1) << PART_BITS, SPINS = 4000 };

// Train one network in several threads. The first one leads: it opens a phase, and waits until its
// parts are done. It takes all parts that no other thread has begun, so that it waits for nobody if the
// other cores are busy.
template <class T>
XL2_INLINE void train_together(Run& run, int64_t thread) {
    const Phases phases(run);
    Scratch<T> s;
    s.place(run, run.scratch);
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
            if (opened++ == end) return;
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
            const Step<T> step(run, s, 0, run.from + number / phases.count);
            do_part(step, phases, phases.phase[number % phases.count], part);
            run.done.fetch_add(1, std::memory_order_release);
            waited = 0;
        }
    }
}

// Train whole networks of a stack: the next one, until there are none.
template <class T>
XL2_INLINE void train_networks(Run& run, int64_t thread) {
    const Phases phases(run);
    Scratch<T> s;
    s.place(run, run.scratch + thread * run.scratch_bytes);
    for (;;) {
        const int64_t network = run.next.fetch_add(1), group = network / run.members;
        if (network >= run.groups * run.members) return;
        for (int64_t k = run.from; k < run.to; k++) {
            // Networks of a group share their rows.
            const bool gathered = s.group == group && s.step <= k && k < s.step + run.ahead;
            if (run.order && !gathered) {
                s.group = group;
                s.step = k;
                const int64_t left = run.stop - (run.start + k * run.size);
                const int64_t rows = smaller(smaller(run.ahead, run.to - k) * run.size, left);
                Step<T>(run, s, network, k).gather(0, rows);
            }
            const Step<T> step(run, s, network, k);
            for (int64_t p = 0; p < phases.count; p++)
                for (int64_t part = 0; part < phases.phase[p].parts; part++)
                    do_part(step, phases, phases.phase[p], part);
        }
    }
}

template <class T>
XL2_INLINE void train(Run& run, int64_t thread) {
    if (run.groups * run.members > 1) {
        train_networks<T>(run, thread);
    } else {
        train_together<T>(run, thread);
    }
}

#if defined(__GNUC__)
#pragma GCC visibility push(default)  // Clang has no attribute for it next to target_clones
#endif

XL2_EXPORT XL2_EACH_PROCESSOR void train_float(Run* run, int64_t thread) {
    train<float>(*run, thread);
}

XL2_EXPORT XL2_EACH_PROCESSOR void train_double(Run* run, int64_t thread) {
    train<double>(*run, thread);
}

XL2_EXPORT XL2_EACH_PROCESSOR void outputs_float(const Outputs* o) { compute_outputs<float>(*o); }

XL2_EXPORT XL2_EACH_PROCESSOR void outputs_double(const Outputs* o) { compute_outputs<double>(*o); }

XL2_EXPORT XL2_EACH_PROCESSOR void measure_float(const Measured* m) { measure<float>(*m); }

XL2_EXPORT XL2_EACH_PROCESSOR void measure_double(const Measured* m) { measure<double>(*m); }

// Return the bytes of scratch memory that a thread needs.
XL2_EXPORT int64_t scratch_bytes(const Run* run, int64_t is_double) {
    if (is_double) {
        Scratch<double> s;
        s.place(*run, nullptr);
        return s.bytes;
    }
    Scratch<float> s;
    s.place(*run, nullptr);
    return s.bytes;
}

// Return the size of a `Run`, for the check that Python's has the same fields.
XL2_EXPORT int64_t run_bytes() { return sizeof(Run); }

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
