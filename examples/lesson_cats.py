"""
Lesson 2: with a large gap, a penalty may help
==============================================

The notebook's second network learns 209 pictures, of cats and other things, and gets nearly all of
them right, but only 70 % of 50 others. There the best penalty gained four pictures. How certain is
that, and what else may help?

It needs the pictures as ``d20_train_data.npz`` and ``d20_test_data.npz`` in the folder that the
environment variable ``XL2_DATA`` names. Without these files it takes 60 of scikit-learn's digits,
which are as few for their task.
"""

# %%
# The samples
# -----------

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import xl2
from xl2.figures import GainsDisplay, RegularizationPathDisplay, plot_images

folder = Path(os.environ.get("XL2_DATA", "."))
if (folder / "d20_train_data.npz").is_file():
    train, test = (
        xl2.load_data(folder / f"d20_{part}_data.npz", features_first=True)
        for part in ("train", "test")
    )
    # Four pixels become one: the notebook's 64 x 64 take four times as long.
    X, X_test = (
        part.X.reshape(-1, 32, 2, 32, 2, 3).mean(axis=(2, 4)).reshape(-1, 3072)
        for part in (train, test)
    )
    y, y_test = train.y, test.y
    names, shape = ["other", "cat"], (32, 32, 3)
    settings = {"lambdas": [0, 10, 30, 50, 100], "optimizer": "sgd", "epochs": 200, "budget": 1.5}
else:
    print("The cats are not installed: these are 60 of scikit-learn's digits.")
    digits = xl2.load_data("digits")
    X, X_test, y, y_test = train_test_split(
        digits.X, digits.y, train_size=60, test_size=180, stratify=digits.y, random_state=0
    )
    names, shape = [str(digit) for digit in range(10)], (8, 8)
    settings = {"lambdas": [0, 0.3, 1, 3, 10], "optimizer": "adam", "epochs": 100, "budget": 100}
print(f"{len(X)} training samples and {len(X_test)} test samples of {X.shape[1]} values")

# %%
# Five penalties, three times each
# --------------------------------
#
# With so few samples the initial weights matter. Each lambda is trained from three of them, all
# fifteen networks at once, and their spread is part of the error bars.

path = xl2.regularization_path(
    X,
    y,
    preset="plain",
    validation=(X_test, y_test),
    seed=range(3),
    standardize=True,
    experiments=["curve", "ensemble", "wider", "narrower", "slower"],
    hidden=(20, 7),
    learning_rate=0.01,
    batch_size=256,
    progress=False,
    **settings,
)
print(path)

# %%
# Compare the differences along the validation curve with its error bars: where they are smaller,
# the curve alone does not say that one lambda is better than another.

RegularizationPathDisplay.from_path(path)
plt.show()

# %%
# How certain is the gain?
# ------------------------
#
# The verdict compares the same test samples with and without the penalty. Only those count that
# one network gets right and the other wrong, and McNemar's test tells how often chance alone would
# divide them like this.

diagnosis = xl2.diagnose(path, X, y, X_test, y_test)
print(diagnosis)
comparison = diagnosis.comparison
if comparison is not None and not comparison.distinguishable:
    print(f"\nSo {comparison.rows} test samples cannot say whether L2 helped.")

# %%
# What else may help
# ------------------
#
# Each action with its 90 % interval. One that crosses the line of no gain may be a tie.

GainsDisplay.from_diagnosis(diagnosis)
plt.show()

# %%
# Test samples that the network gets wrong, with what they are and what it takes them for:

predicted = path.best_model_.predict(X_test)
wrong = np.flatnonzero(predicted != y_test)[:8]
titles = [f"{names[int(y_test[k])]}\nnot {names[int(predicted[k])]}" for k in wrong]
plot_images(X_test[wrong].reshape(-1, *shape), titles)
plt.show()
