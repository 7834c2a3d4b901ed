"""
The same script on four backends
================================

xl2 is written once, in the Python Array API, and computes with NumPy, CuPy, PyTorch or JAX. A seed
gives the same initial weights and order of samples on all of them, so that results differ by
rounding errors only. How large are these?

    python examples/four_backends.py [NAME[:DEVICE] ...]

Without names it uses every library that works on this machine.
"""

# %%
# What is installed
# -----------------

import sys

import matplotlib.pyplot as plt
import numpy as np

import xl2

infos = xl2.backends()
for info in infos:
    state = ", ".join(info.devices) if info.devices else "not used"
    print(f"{info.name:18}{info.version or '-':14}{state:12}{info.reason.partition(':')[0]}")

# %%
# The same network on each
# ------------------------
#
# A network of three layers, trained on scikit-learn's digits in float32 and, where a device has
# it, in float64. JAX has float64 only with ``JAX_ENABLE_X64=1`` in its environment.

names = sys.argv[1:] or [info.name for info in infos if info.devices]
names = ["numpy", *(name for name in names if name != "numpy")]
digits = xl2.load_data("digits")
X, y = digits.X / 16, digits.y


def train(name, dtype):
    """Return the loss and the parameters after each epoch, the accuracy and an epoch's seconds."""
    parameters = []

    def keep(network, history):
        layers = network.host_parameters()
        parameters.append(np.concatenate([np.ravel(p) for layer in layers for p in layer]))

    backend, _, device = name.partition(":")
    with xl2.use_backend(backend, device or None):
        network = xl2.Network([64, 50, 25, 10], ["relu", "relu", "softmax"], "he", dtype=dtype)
        history = xl2.fit(
            network, X, y, epochs=8, learning_rate=0.05, penalty=0.1, callbacks=[keep]
        )
    return history.loss, np.stack(parameters), network.score(X, y), np.median(history.seconds)


def apart(name, dtype):
    """Return the largest difference of a parameter from NumPy's, after each epoch."""
    return np.max(np.abs(found[name, dtype][1] - found["numpy", dtype][1]), axis=1)


found = {}
print(f"{'':26}{'':9}{'loss':>10}{'accuracy':>10}{'differs by':>12}{'s/epoch':>9}")
for dtype in ("float32", "float64"):
    for name in names:
        try:
            found[name, dtype] = train(name, dtype)
        except xl2.XL2Error as error:
            print(f"{name:26}{dtype:9}left out: {str(error).partition(':')[0]}")
            continue
        loss, _, accuracy, seconds = found[name, dtype]
        print(
            f"{name:26}{dtype:9}{loss[-1]:>10.6f}{100 * accuracy:>8.2f} %"
            f"{apart(name, dtype)[-1]:>12.0e}{seconds:>9.3f}"
        )

# %%
# "differs by" is the largest difference of a weight or bias from NumPy's. Seconds are of one small
# network on a busy machine: they say nothing about large ones.
#
# How the results agree
# ---------------------
#
# Left, the losses, all on one curve. Right, how far each is from NumPy's: some rounding errors of
# float32 and of float64, which grow a little from epoch to epoch. A backend that is not in the
# picture is not installed where this page was made.

MARKS = {"numpy": "o", "torch": "s", "jax": "^", "cupy": "D"}
COLORS = {"numpy": "#000000", "torch": "#D55E00", "jax": "#0072B2", "cupy": "#009E73"}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for number, name in enumerate(names):
    library = name.partition(":")[0]
    color, mark = COLORS.get(library, "#CC79A7"), MARKS.get(library, "v")
    for dtype, style in (("float32", "-"), ("float64", "--")):
        if (name, dtype) not in found:
            continue
        loss, epochs = found[name, dtype][0], np.arange(1, 9)
        look = {"color": color, "marker": mark, "markersize": max(13 - 3 * number, 3)}
        if dtype == "float32":
            left.plot(epochs, loss, label=name, **look)
        if name != "numpy":
            right.semilogy(epochs, apart(name, dtype), style, label=f"{name}, {dtype}", **look)
for size, name in ((np.finfo("float32").eps, "float32"), (np.finfo("float64").eps, "float64")):
    right.axhline(size, color="gray", linewidth=1, linestyle=":")
    right.annotate(f"precision of {name}", (8, size / 1.5), ha="right", va="top", fontsize="small")
left.set(xlabel="epoch", ylabel="training loss")
right.set(xlabel="epoch", ylabel="largest difference of a parameter", ylim=(1e-17, 1e-2))
left.legend()
if len(names) > 1:
    right.legend(loc="upper right", fontsize="small", ncols=2)
plt.show()
