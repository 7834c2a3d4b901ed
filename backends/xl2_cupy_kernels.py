"""The CUDA kernels of a training step: everything between two matrix products in one launch.

`n` counts the members of all groups: n = group * members + member. Arrays are in C order and
members first, (n, rows, columns). Only those of the first layer may be ``wide``: members of a
group share its product, (rows, members, columns). Sizes are arguments, and so are activations,
losses and optimizers, by their index below: all threads take the same branch.
"""

from __future__ import annotations

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu")
LOSSES = ("squared_error", "binary_cross_entropy", "categorical_cross_entropy", "poisson")
OPTIMIZERS = ("SGD", "Momentum", "Nesterov", "Adam")

# The compiled kernels.
NAMES = ("bias_activation", "output_delta", "bias_step", "weight_step", "scaled_step")
TILE = 32  # columns and rows of a block of bias_step, and threads of a warp

SOURCE = r"""
typedef long long Index;

__device__ REAL logistic(REAL z) {
    REAL tail = exp(-fabs(z));
    return (z >= 0 ? (REAL)1 : tail) / (1 + tail);
}

__device__ REAL activate(REAL z, int activation) {
    if (activation == 1) return logistic(z);
    if (activation == 2) return tanh(z);
    if (activation == 3) return z < 0 ? (REAL)0 : z;  // a NaN stays
    return z;
}

__device__ REAL slope(REAL a, int activation) {
    if (activation == 1) return a * (1 - a);
    if (activation == 2) return 1 - a * a;
    if (activation == 3) return a > 0 ? (REAL)1 : (REAL)0;
    return 1;
}

// The index at which row r of member n begins.
__device__ Index row_of(Index n, Index r, int members, int rows, int columns, int wide) {
    if (!wide) return (n * rows + r) * columns;
    return ((n / members * rows + r) * members + n % members) * columns;
}

// Return the step of Adam for a rate of 1; change the running means of g and its square.
__device__ REAL adam(REAL g, REAL* mean, REAL* square, REAL first, REAL rest_of_first,
                     REAL second, REAL rest_of_second, REAL epsilon) {
    REAL one = first * *mean + rest_of_first * g;
    REAL two = second * *square + rest_of_second * g * g;
    *mean = one;
    *square = two;
    return one / (sqrt(two) + epsilon);
}

__device__ void learn(REAL* parameter, REAL gradient, REAL decay, REAL* one, REAL* two, REAL rate,
                      int optimizer, REAL first, REAL rest_of_first, REAL second,
                      REAL rest_of_second, REAL epsilon) {
    REAL p = *parameter;
    if (optimizer == 0) {
        *parameter = p * (1 - decay) - gradient;
        return;
    }
    REAL g = gradient + decay * p;
    if (optimizer == 3) {
        *parameter = p - rate * adam(g, one, two, first, rest_of_first, second, rest_of_second,
                                     epsilon);
        return;
    }
    REAL velocity = first * *one - g;
    *one = velocity;
    *parameter = optimizer == 1 ? p + velocity : p + first * velocity - g;
}

extern "C" __global__ void bias_activation(
    const REAL* z, const REAL* bias, REAL* outputs,
    int groups, int members, int rows, int columns, int wide, int activation) {
    Index total = (Index)groups * members * rows * columns;
    Index stride = (Index)gridDim.x * blockDim.x;
    for (Index t = (Index)blockIdx.x * blockDim.x + threadIdx.x; t < total; t += stride) {
        Index c = t % columns, r = t / columns % rows, n = t / columns / rows;
        REAL value = z[row_of(n, r, members, rows, columns, wide) + c] + bias[n * columns + c];
        outputs[t] = activate(value, activation);
    }
}

// One warp for each row: softmax needs its maximum and sum.
extern "C" __global__ void output_delta(
    const REAL* z, const REAL* bias, const REAL* y, REAL* logits, REAL* delta,
    const REAL* factors,
    int groups, int members, int rows, int columns, int wide, int loss) {
    Index count = (Index)groups * members * rows;
    Index row = ((Index)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    int lane = threadIdx.x % 32;
    if (row >= count) return;  // all 32 of them
    Index n = row / rows, r = row % rows;
    const REAL* from = z + row_of(n, r, members, rows, columns, wide);
    Index sample = n / members * rows + r;
    const REAL* target = y + sample * columns;
    REAL *logit = logits + row * columns, *to = delta + row * columns;
    REAL scale = factors[sample], highest = from[0] + bias[n * columns], total = 0;
    for (int c = lane; c < columns; c += 32) {
        REAL value = from[c] + bias[n * columns + c];
        logit[c] = value;
        highest = fmax(highest, value);
    }
    if (loss == 2) {
        for (int far = 16; far; far /= 2)
            highest = fmax(highest, __shfl_xor_sync(0xffffffffu, highest, far));
        for (int c = lane; c < columns; c += 32) total += exp(logit[c] - highest);
        for (int far = 16; far; far /= 2) total += __shfl_xor_sync(0xffffffffu, total, far);
    }
    for (int c = lane; c < columns; c += 32) {
        REAL value = logit[c], output = value;
        if (loss == 1) output = logistic(value);
        if (loss == 2) output = exp(value - highest) / total;
        if (loss == 3) output = exp(value);
        to[c] = (output - target[c]) * scale;
    }
}

// The delta of a layer's pre-activations, its sum over the rows, and the update of the biases.
// A block has 1024 threads, so each has 64 registers.
extern "C" __global__ void __launch_bounds__(1024) bias_step(
    const REAL* before, const REAL* outputs, REAL* result, REAL* bias, REAL* one, REAL* two,
    const REAL* numbers,
    int groups, int members, int rows, int columns, int wide, int activation,
    int optimizer, REAL first, REAL rest_of_first, REAL second, REAL rest_of_second,
    REAL epsilon) {
    __shared__ REAL sums[32][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    Index n = blockIdx.y;
    REAL sum = 0;
    if (c < columns)
        for (int r = threadIdx.y; r < rows; r += 32) {
            Index t = (n * rows + r) * columns + c;
            REAL value = before[t] * slope(outputs[t], activation);
            result[row_of(n, r, members, rows, columns, wide) + c] = value;
            sum += value;
        }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    for (int half = 16; half; half /= 2) {
        if (threadIdx.y < half)
            sums[threadIdx.y][threadIdx.x] += sums[threadIdx.y + half][threadIdx.x];
        __syncthreads();
    }
    Index at = n * columns + c;
    if (threadIdx.y == 0 && c < columns)
        learn(bias + at, sums[0][threadIdx.x], 0, one + at, two + at, numbers[2], optimizer,
              first, rest_of_first, second, rest_of_second, epsilon);
}

extern "C" __global__ void weight_step(
    REAL* weight, const REAL* gradient, REAL* one, REAL* two, const REAL* lam,
    const REAL* numbers,
    Index total, Index span, int members,
    int optimizer, REAL first, REAL rest_of_first, REAL second, REAL rest_of_second,
    REAL epsilon) {
    Index stride = (Index)gridDim.x * blockDim.x;
    for (Index t = (Index)blockIdx.x * blockDim.x + threadIdx.x; t < total; t += stride) {
        REAL decay = lam[t / span % members] * numbers[1];
        learn(weight + t, gradient[t], decay, one + t, two + t, numbers[2], optimizer,
              first, rest_of_first, second, rest_of_second, epsilon);
    }
}

// Adam of a weight V = s W with a scale s of each row of a member: both factors take a step by
// their own gradients, s dC/dV and the sum of W dC/dV over the row. One warp for each row.
extern "C" __global__ void scaled_step(
    REAL* weight, const REAL* gradient, REAL* one, REAL* two, REAL* scales, const REAL* lam,
    const REAL* numbers,
    Index rows, int members, int columns,
    REAL first, REAL rest_of_first, REAL second, REAL rest_of_second, REAL epsilon,
    REAL scale_rate) {
    Index row = ((Index)blockIdx.x * blockDim.x + threadIdx.x) / 32;
    int lane = threadIdx.x % 32;
    if (row >= rows) return;  // all 32 of them
    Index begin = row * columns, end = begin + columns;
    REAL *own = scales + row * 3, scale = own[0], mean = own[1], square = own[2];
    REAL decay = lam[row % members] * numbers[1], rate = numbers[2], sum = 0;
    for (Index t = begin + lane; t < end; t += 32)
        sum += (gradient[t] + decay * weight[t]) * weight[t];
    for (int far = 16; far; far /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, far);
    __syncwarp();  // before lane 0 changes what all have read
    REAL step = adam(sum / scale, &mean, &square, first, rest_of_first, second, rest_of_second,
                     epsilon);
    REAL changed = scale - scale_rate * rate * step, size = fabs(changed);
    if (size < (REAL)LEAST_SCALE) size = LEAST_SCALE;  // a NaN stays
    changed = copysign(size, changed);
    if (lane == 0) {
        own[0] = changed;
        own[1] = mean;
        own[2] = square;
    }
    for (Index t = begin + lane; t < end; t += 32) {
        REAL p = weight[t];
        step = adam((gradient[t] + decay * p) * scale, one + t, two + t, first, rest_of_first,
                    second, rest_of_second, epsilon);
        weight[t] = (p - scale * rate * step) * (changed / scale);
    }
}
"""


def source(dtype: str) -> str:
    """Return the CUDA program for float32 or float64."""
    from xl2.nn.optimizers import LEAST_SCALE

    real = "float" if dtype == "float32" else "double"
    return f"#define REAL {real}\n#define LEAST_SCALE {LEAST_SCALE!r}\n{SOURCE}"
