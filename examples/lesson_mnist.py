"""
Lesson 1: with a large bias, a penalty does not help
====================================================

The notebook that xl2 comes from trained a small network on MNIST, and every L2 penalty cost
accuracy. This is the lesson with error bars: what limits such a network, whether a penalty helps,
and what would.

It needs MNIST as ``d09_train_data.npz`` and ``d09_test_data.npz`` in the folder that the
environment variable ``XL2_DATA`` names. Without these files it takes scikit-learn's digits, and a
network that is too small for them.
"""

# %%
# The samples
# -----------

import os
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

import xl2
from xl2.figures import RegularizationPathDisplay, VerdictDisplay

folder = Path(os.environ.get("XL2_DATA", "."))
if (folder / "d09_train_data.npz").is_file():
    train, test = (xl2.load_data(folder / f"d09_{part}_data.npz") for part in ("train", "test"))
    X, X_test, y, y_test = train.X, test.X, train.y, test.y
    settings = {"lambdas": [0, 100, 1000, 3000], "hidden": (50, 25), "epochs": 6}
    settings |= {"learning_rate": 0.01, "budget": 6}
else:
    print("MNIST is not installed: these are scikit-learn's digits.")
    digits = xl2.load_data("digits")
    X, X_test, y, y_test = train_test_split(
        digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0
    )
    settings = {"lambdas": [0, 20, 60, 200], "hidden": (5,), "epochs": 30}
    settings |= {"learning_rate": 0.05, "budget": 100}
print(f"{len(X)} training samples and {len(X_test)} test samples of {X.shape[1]} pixels")

# %%
# Four penalties at once
# ----------------------
#
# As in the notebook, the test samples choose lambda, and the verdict warns of that: with ``cv=5``
# instead of ``validation=`` they would have no part in the choice. One other network is tried on
# the same samples, a wider one.

path = xl2.regularization_path(
    X,
    y,
    preset="plain",
    optimizer="sgd",
    validation=(X_test, y_test),
    standardize=True,
    experiments=["wider"],
    progress=False,
    **settings,
)
print(path)

# %%
# As lambda grows, the loss on the training samples rises, and soon that on the others rises with
# it: the penalty takes away what the network has too little of.

RegularizationPathDisplay.from_path(path)
plt.show()

# %%
# What limits it, and what would help
# -----------------------------------
#
# Bias is what is missing on the samples that it was trained on, and the gap is what is lost on
# others. The bar of the test accuracy is its 95 % interval.

diagnosis = xl2.diagnose(path, X, y, X_test, y_test)
VerdictDisplay.from_diagnosis(diagnosis)
plt.show()

# %%
# The advice comes first, then what it rests on. Where the bias dominates, more units are worth
# more than any lambda.

print(diagnosis)
