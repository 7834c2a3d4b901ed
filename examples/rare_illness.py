"""
A rare illness: chosen by AUC, answered by costs
================================================

One sample in eight is ill. Who calls everybody healthy is right in 88 % of the cases, so accuracy
says little. Here lambda is chosen by the area under the ROC curve (AUC), and the threshold by what
the two kinds of mistakes cost.

The samples are scikit-learn's breast cancer data: a made-up screening, not a study. Four features
are used, because with all thirty any method is nearly perfect.
"""

# %%
# The samples
# -----------
#
# Half of the benign and 24 of the 212 malignant tumours are for training. The others are for the
# test, where the healthy and the ill have the weights of a population in which as many are ill as
# in training.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score, roc_curve

import xl2

FEATURES = ["mean texture", "mean smoothness", "mean compactness", "mean symmetry"]
cancer = load_breast_cancer()
columns = [list(cancer.feature_names).index(name) for name in FEATURES]
labels = np.where(cancer.target == 0, "ill", "healthy")
rng = np.random.default_rng(0)
rows = np.concatenate(
    [
        rng.choice(np.flatnonzero(labels == label), count, replace=False)
        for label, count in (("healthy", 178), ("ill", 24))
    ]
)
X, y = cancer.data[rows][:, columns], labels[rows]
X_test, y_test = np.delete(cancer.data, rows, 0)[:, columns], np.delete(labels, rows)
ill, share = y_test == "ill", np.mean(y == "ill")
print(f"training: {np.sum(y == 'ill')} of {len(y)} are ill, {100 * share:.0f} %")
print(f"test: {ill.sum()} of {len(ill)} are ill, with the weight of {100 * share:.0f} %")


# %%
# Lambda by AUC
# -------------
#
# The last row of the table is the null model, which calls everybody healthy. Some lambdas are
# hardly more accurate, but their AUC is far from its 0.5.

path = xl2.regularization_path(X, y, scoring="roc_auc", progress=False)
print(path)

# %%
# How good is it on others?
# -------------------------
#
# 2000 bootstrap samples of the test samples, drawn from the ill and the healthy apart, give the
# interval of the AUC, and below the bands of the curves.

model = path.best_model_
probability = model.forward(X_test)[:, 0]  # of "ill", the second of path.classes_
parts = [np.flatnonzero(ill), np.flatnonzero(~ill)]
draws = [np.concatenate([rng.choice(part, len(part)) for part in parts]) for _ in range(2000)]
areas = [roc_auc_score(ill[draw], probability[draw]) for draw in draws]
area, (low, high) = roc_auc_score(ill, probability), np.quantile(areas, [0.025, 0.975])
print(f"AUC on {len(ill)} test samples: {area:.3f}, 95 % interval {low:.3f} to {high:.3f}")

# %%
# Answers by costs
# ----------------
#
# To miss an illness costs ten times as much as a false alarm. Then "ill" is the cheaper answer
# from a probability of 1 / 11 on, if probabilities are as high as they should be: a path has
# calibrated them. The most probable answer, with the threshold 0.5, is meant for equal costs.

COST_FALSE_ALARM, COST_MISSED = 1, 10
threshold = path.threshold(cost_fp=COST_FALSE_ALARM, cost_fn=COST_MISSED)


weights = np.where(ill, share / ill.mean(), (1 - share) / (1 - ill.mean()))


def costs(answers):
    """Return what each answer costs, times its weight; their mean is that of the population."""
    return weights * (COST_MISSED * (ill & ~answers) + COST_FALSE_ALARM * (~ill & answers))


policies = {
    "everybody is healthy": np.zeros(len(ill), dtype=bool),
    "everybody is ill": np.ones(len(ill), dtype=bool),
    "the most probable answer": probability >= 0.5,
    f"ill from {threshold:.3f} on": probability >= threshold,
}
print(f"{'answer':28}{'ill found':>12}{'alarms':>8}{'mean cost':>11}   95 % interval")
for name, answers in policies.items():
    each = costs(answers)
    low, high = np.quantile([each[draw].mean() for draw in draws], [0.025, 0.975])
    found, alarms = 100 * answers[ill].mean(), 100 * answers[~ill].mean()
    print(f"{name:28}{found:10.0f} %{alarms:6.0f} %{each.mean():11.3f}   {low:.3f} to {high:.3f}")

# %%
# Answers to the same people are compared person by person, which is more certain than two
# intervals beside each other.

*others, by_costs = policies
for name in others:
    each = costs(policies[name]) - costs(policies[by_costs])
    low, high = np.quantile([each[draw].mean() for draw in draws], [0.025, 0.975])
    print(f"saved beside {name:28}{each.mean():6.3f} ({low:.3f} to {high:.3f})")

# %%
# The ROC curve and the costs, each with the band of 95 % of the bootstrap samples. The dots are
# the two thresholds.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
rates = np.linspace(0, 1, 101)


def curve(of):
    """Return the ROC curve of some samples at the false positive rates of the picture."""
    false, true, _ = roc_curve(ill[of], probability[of])
    return np.interp(rates, false, true)


band = np.quantile([curve(draw) for draw in draws[:500]], [0.025, 0.975], axis=0)
left.fill_between(rates, *band, color="#0072B2", alpha=0.2, linewidth=0)
left.plot(*roc_curve(ill, probability)[:2], color="#0072B2", label=f"AUC {area:.3f}")
left.plot([0, 1], [0, 1], color="gray", linestyle=":", label="chance")
grid = np.linspace(0, 1, 201)
by_threshold = np.stack([costs(probability >= t) for t in grid])
band = np.quantile([by_threshold[:, d].mean(axis=1) for d in draws[:500]], [0.025, 0.975], axis=0)
right.fill_between(grid, *band, color="#0072B2", alpha=0.2, linewidth=0, step="mid")
right.step(grid, by_threshold.mean(axis=1), where="mid", color="#0072B2")
for at, name, marker in ((0.5, "0.5", "s"), (threshold, "1 / 11", "o")):
    answers = probability >= at
    look = {"color": "#D55E00", "marker": marker, "linestyle": "", "markersize": 8, "zorder": 3}
    left.plot(answers[~ill].mean(), answers[ill].mean(), label=f"threshold {name}", **look)
    right.plot(at, costs(answers).mean(), label=f"threshold {name}", **look)
left.set(xlabel="healthy who are called ill", ylabel="ill who are found")
right.set(xlabel="threshold", ylabel="mean cost", ylim=(0, None))
left.legend(loc="lower right")
right.legend(loc="lower right")
plt.show()
