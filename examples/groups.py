"""
Groups: several samples of one person
=====================================

Twelve recordings of each of 60 people are 720 rows, but not 720 independent samples. If some of a
person's recordings train a network, it recognises the person in the others, and a cross-validation
over rows promises what no new person will see. ``groups=`` keeps each person in one fold.

The recordings are drawn by a formula, so that as many new people as we like can tell who is right.
"""

# %%
# The recordings
# --------------
#
# Half of the people are ill. A recording has ten values: what the person is like, which stays the
# same, with a standard deviation of 1, and noise with one of 0.5. The illness adds 0.6 to the
# first three.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

import xl2

PEOPLE, RECORDINGS, VALUES = 60, 12, 10


def record(people, rng):
    """Return the recordings of new people: their values, who is ill, and whose they are."""
    ill = np.arange(people) % 2
    person = rng.normal(size=(people, VALUES))
    person[:, :3] += 0.6 * ill[:, None]
    whose = np.repeat(np.arange(people), RECORDINGS)
    noise = 0.5 * rng.normal(size=(people * RECORDINGS, VALUES))
    return person[whose] + noise, ill[whose], whose


rng = np.random.default_rng(0)
X, y, person = record(PEOPLE, rng)
X_new, y_new, _ = record(1000, rng)

# %%
# Two cross-validations
# ---------------------
#
# The same networks, samples and lambdas. Only the folds differ.

LAMBDAS = [0, 1, 3, 10]
folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
rows = xl2.regularization_path(X, y, LAMBDAS, hidden=(32,), epochs=60, progress=False)
people = xl2.regularization_path(
    X, y, LAMBDAS, hidden=(32,), epochs=60, cv=folds, groups=person, progress=False
)
print("Folds of rows:", rows, sep="\n\n", end="\n\n")
print("Folds of people:", people, sep="\n\n")

# %%
# Who is right?
# -------------
#
# What each path promises of its best lambda, by the predictions of the networks that did not see a
# row, and what its model gets right of 1000 new people. A person's recordings stand or fall
# together, so an honest standard error is that over people; the folds of rows take each row for a
# new one.


def mean_of(right, independent):
    """Return the accuracy in percent and its standard error over what is independent."""
    shares = right.reshape(independent, -1).mean(axis=1)
    return 100 * shares.mean(), 100 * shares.std(ddof=1) / np.sqrt(independent)


found = []
for name, path, independent in (("rows", rows, len(y)), ("people", people, PEOPLE)):
    promised = path.classes_[path.oof_predictions_.argmax(axis=1)] == y
    kept = path.best_model_.predict(X_new) == y_new
    found += [mean_of(promised, independent), mean_of(kept, len(X_new) // RECORDINGS)]
    (mean, error), (new, error_of_new) = found[-2:]
    print(
        f"Folds of {name} promise {mean:.1f} ± {error:.1f} %, "
        f"and new people get {new:.1f} ± {error_of_new:.1f} %."
    )

# %%
# Folds of rows also choose the wrong lambda: recognising people needs no penalty, but telling new
# ill from new healthy people does.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for name, path, look, color in (
    ("rows", rows, "s--", "#0072B2"),
    ("people", people, "o-", "#D55E00"),
):
    means = 100 * path.metrics_["accuracy"].mean(axis=(1, 2))
    errors = 100 * path.metrics_["accuracy"][:, :, 0].std(axis=1, ddof=1) / np.sqrt(path.n_folds_)
    label = f"folds of {name}"
    left.errorbar(range(len(means)), means, errors, fmt=look, color=color, capsize=3, label=label)
left.set_xticks(range(len(LAMBDAS)), [f"{lam:g}" for lam in LAMBDAS])
left.set(xlabel="lambda (L2 penalty)", ylabel="accuracy in validation (%)")
left.legend()
positions = [0, 1, 2.5, 3.5]
means, errors = zip(*found, strict=True)
bars = right.bar(positions, means, yerr=errors, capsize=4, color=["#56B4E9", "#0072B2"] * 2)
right.axhline(50, color="black", linestyle=":", linewidth=1)
right.set_xticks(positions, ["promised", "new people"] * 2)
right.set_xlabel("folds of rows                    folds of people")
right.set(ylabel="accuracy (%)", ylim=(40, 100))
plt.show()
