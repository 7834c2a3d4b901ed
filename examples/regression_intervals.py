"""
Regression with prediction intervals
====================================

A prediction without its uncertainty is half of an answer. The networks of a path's folds know how
wrong they were on samples that they had not seen; CV+ makes intervals of that, which hold a new
value about as often as they should, whatever the network and the noise.
"""

# %%
# A real problem: diabetes
# ------------------------
#
# The progression of diabetes a year later, of 442 people, a third of whom are kept for the test.
# It is in whole numbers, so ``task`` says that these are amounts and not classes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import xl2

X, X_test, y, y_test = train_test_split(
    *load_diabetes(return_X_y=True), test_size=1 / 3, random_state=0
)
path = xl2.regularization_path(X, y, task="regression", progress=False)
print(path)
print(f"\nR2 on test samples: {path.ensemble_.score(X_test, y_test):.3f}")

# %%
# How often do the intervals hold the truth?
# ------------------------------------------
#
# ``path.ensemble(lam)`` has the networks of all folds. None of them saw the test samples. The
# interval behind each share is its own 95 % interval (Clopper and Pearson): so few samples cannot
# check more than that.


def share(hits):
    """Return how many are hits in percent, with a 95 % interval, as text."""
    from scipy.stats import binomtest

    limits = binomtest(int(hits.sum()), len(hits)).proportion_ci()
    return f"{100 * hits.mean():.0f} % ({100 * limits.low:.0f} to {100 * limits.high:.0f})"


ensemble = path.ensemble(path.best_lambda_)
print("level  hold the truth    mean width")
for level in (0.5, 0.8, 0.9):
    low, high = ensemble.interval(X_test, level)
    hits = (low <= y_test) & (y_test <= high)
    print(f"{100 * level:3.0f} %  {share(hits):16}  {np.mean(high - low):10.1f}")

# %%
# The test samples in the order of their predictions, with intervals of 90 %. Those that miss are
# marked.

low, high = ensemble.interval(X_test, 0.9)
order = np.argsort(ensemble.predict(X_test))
position, hit = np.arange(len(order)), ((low <= y_test) & (y_test <= high))[order]
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.vlines(position, low[order], high[order], color="#56B4E9", linewidth=2, label="90 % interval")
ax.plot(position, ensemble.predict(X_test)[order], color="black", linewidth=1.5, label="prediction")
ax.plot(position[hit], y_test[order][hit], "o", color="#0072B2", markersize=3.5, label="truth")
ax.plot(
    position[~hit], y_test[order][~hit], "X", color="#D55E00", markersize=7, label="truth outside"
)
ax.set(xlabel="test samples, by their prediction", ylabel="progression of diabetes")
ax.legend(ncols=2, loc="upper left")
plt.show()

# %%
# What intervals do not promise
# -----------------------------
#
# The share is that of all samples together, not of each kind. Here ``y = sin(2 x) + noise``, and
# the noise has the standard deviation ``0.1 + 0.4 x`` for x from 0 to 3: the intervals are equally
# wide everywhere, so they hold too many of the calm values on the left and too few of the noisy
# ones.

rng = np.random.default_rng(0)


def draw(count):
    """Return samples of the formula."""
    x = rng.uniform(0, 3, size=count)
    return x[:, None], np.sin(2 * x) + rng.normal(size=count) * (0.1 + 0.4 * x)


X, y = draw(400)
X_test, y_test = draw(4000)
path = xl2.regularization_path(X, y, epochs=200, progress=False)
ensemble = path.ensemble(path.best_lambda_)
low, high = ensemble.interval(X_test, 0.9)
hits = (low <= y_test) & (y_test <= high)
print("of all   ", share(hits))
for begin in (0, 1, 2):
    part = (X_test[:, 0] >= begin) & (X_test[:, 0] < begin + 1)
    print(f"x {begin} to {begin + 1}", share(hits[part]))

# %%
# The dots are 400 new values; the dashed lines hold 90 % of the values at each x, by the formula.

grid = np.linspace(0, 3, 200)[:, None]
low, high = ensemble.interval(grid, 0.9)
true = 1.645 * (0.1 + 0.4 * grid[:, 0])
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.plot(X_test[:400, 0], y_test[:400], ".", color="gray", markersize=3, label="new values")
ax.fill_between(grid[:, 0], low, high, color="#56B4E9", alpha=0.4, label="90 % interval")
ax.plot(grid, ensemble.predict(grid), color="#0072B2", label="prediction")
for sign in (-1, 1):
    label = "90 % by the formula" if sign == 1 else None
    ax.plot(grid, np.sin(2 * grid[:, 0]) + sign * true, "--", color="black", label=label)
ax.set(xlabel="x", ylabel="y", ylim=(-3.6, 3.6))
ax.legend(ncols=2, loc="upper left")
plt.show()
