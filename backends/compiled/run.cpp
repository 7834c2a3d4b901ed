// Runs of mini-batches on NumPy arrays, without Python: the compiled form of `run_batches`.
//
// Python fills in a `Run`, and calls `train_float` or `train_double` in as many threads as there are cores to
// use. Networks of a stack are independent, so each thread takes some members of a group through all steps of
// the call, and then the next. One network alone is cut into parts that do not depend on the number of threads,
// and neither do its results.
#include "networks.h"
#include "outputs.h"
#include "together.h"

#if defined(_MSC_VER)
#define XL2_EXPORT extern "C" __declspec(dllexport)
#else
#define XL2_EXPORT extern "C"
#endif

template <class T>
void train(Run& run, int64_t thread) {
    if (run.groups * run.members > 1) {
        train_networks<T>(run, thread);
    } else {
        train_together<T>(run, thread);
    }
}

#if defined(__GNUC__)
#pragma GCC visibility push(default)  // Clang has no attribute for it next to target_clones
#endif

XL2_EXPORT void train_float(Run* run, int64_t thread) { train<float>(*run, thread); }

XL2_EXPORT void train_double(Run* run, int64_t thread) { train<double>(*run, thread); }

XL2_EXPORT XL2_EACH_PROCESSOR void outputs_float(const Outputs* o) { compute_outputs<float>(*o); }

XL2_EXPORT XL2_EACH_PROCESSOR void outputs_double(const Outputs* o) { compute_outputs<double>(*o); }

XL2_EXPORT XL2_EACH_PROCESSOR void measure_float(const Measured* m) { measure<float>(*m); }

XL2_EXPORT XL2_EACH_PROCESSOR void measure_double(const Measured* m) { measure<double>(*m); }

// Return the bytes of scratch memory that a thread needs, or that outputs need.
XL2_EXPORT int64_t scratch_bytes(const Run* run, int64_t is_double) {
    return is_double ? Scratch<double>(*run, nullptr).bytes : Scratch<float>(*run, nullptr).bytes;
}

XL2_EXPORT int64_t outputs_bytes(const Outputs* o, int64_t is_double) {
    return is_double ? OutputsScratch<double>(*o).bytes : OutputsScratch<float>(*o).bytes;
}

// Return the sizes of what Python fills in, for the check that it has the same fields, and the number of the last
// change that sizes do not tell.
XL2_EXPORT int64_t layout() {
    return int64_t(2) << 48 | int64_t(sizeof(Run)) << 32 | int64_t(sizeof(Outputs)) << 16 | int64_t(sizeof(Measured));
}

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
