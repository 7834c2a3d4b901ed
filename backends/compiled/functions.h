// Functions of numbers: activations, losses, and the random words of dropout.
//
// Every function is inlined into one loop over an array, which the compiler turns into vector
// instructions. So there is no branch that depends on a value, and exp is written out: a call of
// the C library would leave the loop scalar.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(_MSC_VER)
#define XL2_INLINE __forceinline
#define XL2_RESTRICT __restrict
#define XL2_INLINED
#else
#define XL2_INLINE inline __attribute__((always_inline))
#define XL2_RESTRICT __restrict__
#define XL2_INLINED __attribute__((always_inline))  // of a lambda, which otherwise is for any processor
#endif

// The loops are compiled for two generations of x86 processors, if the loader can choose one: glibc's can,
// musl's cannot.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)
#define XL2_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define XL2_EACH_PROCESSOR
#endif

// Each number is its index in ACTIVATIONS, LOSSES and OPTIMIZERS of xl2_numpy_codes.py.
enum Activation : int64_t { IDENTITY, SIGMOID, TANH, RELU };
enum Loss : int64_t { BINARY, CATEGORICAL, POISSON, SQUARED };  // and SQUARED + activation
enum Optimizer : int64_t { SGD, MOMENTUM, NESTEROV, ADAM };

template <class To, class From>
XL2_INLINE To bits_of(From from) {
    static_assert(sizeof(To) == sizeof(From), "a number and its bits have the same size");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

// exp by the method of Cephes: 2^k times exp of a rest in [-ln 2 / 2, ln 2 / 2]. Adding and
// subtracting `magic` rounds to a whole number, which is then in its lowest bits. The power 2^k is
// multiplied in two parts, because 2^128 is not a float.
XL2_INLINE float exponential(float x) {
    const float magic = 12582912.0f;
    float z = x < -87.3f ? -87.3f : x;
    z = z > 88.73f ? 88.73f : z;
    const float shifted = z * 1.44269504088896341f + magic, k = shifted - magic;
    const float r = (z - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float power = (p * r) * r + (r + 1.0f);
    const int32_t n = bits_of<int32_t>(shifted) - bits_of<int32_t>(magic), half = n >> 1;
    const float result = power * bits_of<float>(uint32_t(half + 127) << 23) *
                         bits_of<float>(uint32_t(n - half + 127) << 23);
    return x < -87.3f ? 0.0f : result;
}

XL2_INLINE double exponential(double x) {
    const double magic = 6755399441055744.0;
    double z = x < -708.0 ? -708.0 : x;
    z = z > 709.79 ? 709.79 : z;
    const double shifted = z * 1.4426950408889634073599 + magic, k = shifted - magic;
    const double r = (z - k * 6.93145751953125e-1) - k * 1.42860682030941723212e-6, s = r * r;
    const double p =
        r * ((1.26177193074810590878e-4 * s + 3.02994407707441961300e-2) * s + 1.0);
    const double q =
        ((3.00198505138664455042e-6 * s + 2.52448340349684104192e-3) * s + 2.27265548208155028766e-1) *
            s + 2.0;
    const double power = 1.0 + 2.0 * (p / (q - p));
    const int64_t n = bits_of<int64_t>(shifted) - bits_of<int64_t>(magic);
    const int64_t half = n >= 0 ? n - n / 2 : -((-n) / 2);
    const double result = power * bits_of<double>(uint64_t(half + 1023) << 52) *
                          bits_of<double>(uint64_t(n - half + 1023) << 52);
    return x < -708.0 ? 0.0 : result;
}

template <class T>
XL2_INLINE T sigmoid(T z) {
    const T tail = exponential(z < 0 ? z : -z);
    return (z < 0 ? tail : T(1)) / (T(1) + tail);
}

// log(1 + x) for x from 0 to 1: twice the series of atanh at x / (2 + x), which is at most 1/3.
template <class T>
XL2_INLINE T log_1_plus(T x) {
    const T s = x / (T(2) + x), square = s * s;
    T sum = 0;
    for (int term = sizeof(T) == 4 ? 7 : 16; term > 0; term--) sum = sum * square + T(2) / T(2 * term - 1);
    return sum * s;
}

// tanh by the method of Cephes: a polynomial where 1 - tail would cancel.
XL2_INLINE float hyperbolic_tangent(float z) {
    const float size = z < 0 ? -z : z, s = z * z, tail = exponential(-2.0f * size);
    const float far = (1.0f - tail) / (1.0f + tail);
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    return size < 0.625f ? p * s * z + z : (z < 0 ? -far : far);
}

XL2_INLINE double hyperbolic_tangent(double z) {
    const double size = z < 0 ? -z : z, s = z * z, tail = exponential(-2.0 * size);
    const double far = (1.0 - tail) / (1.0 + tail);
    const double p = (-9.64399179425052238628e-1 * s - 9.92877231001918586564e1) * s -
                     1.61468768441708447952e3;
    const double q = ((s + 1.12811678491632931402e2) * s + 2.23548839060100448583e3) * s +
                     4.84406305325125486048e3;
    return size < 0.625 ? z + z * s * (p / q) : (z < 0 ? -far : far);
}

template <class T>
XL2_INLINE void activate(int64_t activation, T* XL2_RESTRICT z, int64_t count) {
    switch (activation) {
        case SIGMOID:
            for (int64_t i = 0; i < count; i++) z[i] = sigmoid(z[i]);
            break;
        case TANH:
            for (int64_t i = 0; i < count; i++) z[i] = hyperbolic_tangent(z[i]);
            break;
        case RELU:  // NaN stays NaN, so that divergence is detected
            for (int64_t i = 0; i < count; i++) z[i] = z[i] < 0 ? T(0) : z[i];
            break;
        default:
            break;
    }
}

// Add numbers to every row of a matrix, whose rows are `row` apart. Some rows at once, because the loop over the
// columns is short.
template <class T>
XL2_INLINE void add_bias(T* z, int64_t row, int64_t rows, int64_t columns, const T* XL2_RESTRICT bias) {
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4, z += 4 * row) {
        T *XL2_RESTRICT a = z, *XL2_RESTRICT b = z + row, *XL2_RESTRICT c = z + 2 * row, *XL2_RESTRICT d = z + 3 * row;
        for (int64_t j = 0; j < columns; j++) {
            a[j] += bias[j];
            b[j] += bias[j];
            c[j] += bias[j];
            d[j] += bias[j];
        }
    }
    for (; r < rows; r++, z += row)
        for (int64_t j = 0; j < columns; j++) z[j] += bias[j];
}

// Add up every column of a matrix.
template <class T>
XL2_INLINE void sum_columns(const T* z, int64_t row, int64_t rows, int64_t columns, T* XL2_RESTRICT sums) {
    for (int64_t j = 0; j < columns; j++) sums[j] = 0;
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4, z += 4 * row)
        for (int64_t j = 0; j < columns; j++) sums[j] += (z[j] + z[row + j]) + (z[2 * row + j] + z[3 * row + j]);
    for (; r < rows; r++, z += row)
        for (int64_t j = 0; j < columns; j++) sums[j] += z[j];
}

// Multiply a delta by the derivative of an activation, computed from its output `scale * a`.
template <class T>
XL2_INLINE void times_derivative(int64_t activation, T* XL2_RESTRICT delta,
                                 const T* XL2_RESTRICT a, T scale, int64_t count) {
    switch (activation) {
        case SIGMOID:
            for (int64_t i = 0; i < count; i++) delta[i] *= scale * a[i] * (T(1) - scale * a[i]);
            break;
        case TANH:
            for (int64_t i = 0; i < count; i++) delta[i] *= T(1) - scale * a[i] * (scale * a[i]);
            break;
        case RELU:
            for (int64_t i = 0; i < count; i++) delta[i] *= a[i] > 0 ? T(1) : T(0);
            break;
        default:
            break;
    }
}

// Replace the logits of samples by the outputs of softmax. All powers are one loop, because a few outputs
// are less than a vector.
template <class T>
XL2_INLINE void softmax(T* XL2_RESTRICT z, int64_t samples, int64_t outputs) {
    for (int64_t r = 0; r < samples; r++) {
        T* own = z + r * outputs;
        T highest = own[0];
        for (int64_t j = 1; j < outputs; j++) highest = own[j] > highest ? own[j] : highest;
        for (int64_t j = 0; j < outputs; j++) own[j] -= highest;
    }
    for (int64_t i = 0; i < samples * outputs; i++) z[i] = exponential(z[i]);
    for (int64_t r = 0; r < samples; r++) {
        T* own = z + r * outputs;
        T total = 0;
        for (int64_t j = 0; j < outputs; j++) total += own[j];
        for (int64_t j = 0; j < outputs; j++) own[j] /= total;
    }
}

// Write the derivative of a loss by the logits of some samples to `delta`.
template <class T>
XL2_INLINE void loss_delta(int64_t loss, const T* XL2_RESTRICT z, const T* XL2_RESTRICT y,
                           T* XL2_RESTRICT delta, int64_t samples, int64_t outputs) {
    const int64_t count = samples * outputs;
    switch (loss) {
        case BINARY:
            for (int64_t i = 0; i < count; i++) delta[i] = sigmoid(z[i]) - y[i];
            break;
        case CATEGORICAL:
            std::memcpy(delta, z, count * sizeof(T));
            softmax(delta, samples, outputs);
            for (int64_t i = 0; i < count; i++) delta[i] -= y[i];
            break;
        case POISSON:
            for (int64_t i = 0; i < count; i++) delta[i] = exponential(z[i]) - y[i];
            break;
        case SQUARED + SIGMOID:
            for (int64_t i = 0; i < count; i++) {
                const T a = sigmoid(z[i]);
                delta[i] = (a - y[i]) * (a * (T(1) - a));
            }
            break;
        case SQUARED + TANH:
            for (int64_t i = 0; i < count; i++) {
                const T a = hyperbolic_tangent(z[i]);
                delta[i] = (a - y[i]) * (T(1) - a * a);
            }
            break;
        case SQUARED + RELU:
            for (int64_t i = 0; i < count; i++) {
                const T a = z[i] < 0 ? T(0) : z[i];
                delta[i] = (a - y[i]) * (a > 0 ? T(1) : T(0));
            }
            break;
        default:
            for (int64_t i = 0; i < count; i++) delta[i] = z[i] - y[i];
            break;
    }
}

// Threefry2x32 with 20 rounds, as in xl2/nn/dropout.py: the factors of units `from` to `to`, counted
// through the samples of a layer. Two neighbours share the 64 bits of a counter.
template <class T>
XL2_INLINE void dropout_factors(T* XL2_RESTRICT mask, int64_t from, int64_t to,
                                const int32_t* keys, uint32_t position, int32_t least_kept,
                                T kept) {
    const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
    const uint32_t key[3] = {uint32_t(keys[0]), uint32_t(keys[1]),
                             uint32_t(keys[0]) ^ uint32_t(keys[1]) ^ 0x1BD11BDAu};
    enum : int64_t { BLOCK = 64 };
    for (int64_t first = from / 2; first < (to + 1) / 2; first += BLOCK) {
        uint32_t x[BLOCK], y[BLOCK];
        for (int64_t i = 0; i < BLOCK; i++) {
            x[i] = uint32_t(first + i) + key[0];
            y[i] = position + key[1];
        }
        for (int round = 0; round < 20; round++) {
            const int left = rotations[round % 8];
            for (int64_t i = 0; i < BLOCK; i++) {
                x[i] += y[i];
                y[i] = ((y[i] << left) | (y[i] >> (32 - left))) ^ x[i];
            }
            if (round % 4 == 3) {
                const uint32_t turn = round / 4 + 1;
                for (int64_t i = 0; i < BLOCK; i++) {
                    x[i] += key[turn % 3];
                    y[i] += key[(turn + 1) % 3] + turn;
                }
            }
        }
        for (int64_t i = 0; i < BLOCK; i++) {
            const int64_t at = 2 * (first + i);
            if (at >= from && at < to) mask[at] = int32_t(x[i]) >= least_kept ? kept : T(0);
            if (at + 1 >= from && at + 1 < to) mask[at + 1] = int32_t(y[i]) >= least_kept ? kept : T(0);
        }
    }
}
