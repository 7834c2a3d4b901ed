"""
A model served without xl2, as ONNX
===================================

A trained model becomes an ONNX graph, with its standardisation, its filled gaps, its categories
and its labels. ``onnxruntime`` serves it, in Python, C++, Java or a browser, and needs neither xl2
nor the library that trained it.

It needs ``pip install "xl2[onnx]"``.
"""

# %%
# A model of a table
# ------------------
#
# scikit-learn's wine data again, with a column of text and with gaps.

import importlib.util

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import xl2

wine = load_wine(as_frame=True)
frame = wine.data.drop(columns="color_intensity")
frame["colour"] = pd.cut(
    wine.data["color_intensity"], [0, 3.5, 5.5, 20], labels=["light", "medium", "deep"]
).astype(str)
rng = np.random.default_rng(0)
frame.loc[rng.random(len(frame)) < 0.1, "magnesium"] = np.nan
labels = np.array(["Barolo", "Grignolino", "Barbera"])[wine.target]
X, X_test, y, y_test = train_test_split(
    frame, labels, test_size=0.4, stratify=labels, random_state=0
)
path = xl2.regularization_path(X, y, progress=False)
model = path.best_model_
print(f"accuracy on {len(y_test)} test samples: {100 * model.score(X_test, y_test):.1f} %")

# %%
# The graph
# ---------
#
# Each column is an input of its own name. A missing number is NaN, a missing text is empty.

if importlib.util.find_spec("onnxruntime") is None or importlib.util.find_spec("onnx") is None:
    raise SystemExit('This example needs pip install "xl2[onnx]".')
import onnxruntime

graph = xl2.to_onnx(model)
data = graph.SerializeToString()
print(f"{len(graph.graph.node)} operations, {len(data) / 1024:.0f} KiB")
session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
for value in session.get_inputs():
    print(f"  {value.name:30}{value.type:16}{value.shape}")
for value in session.get_outputs():
    print(f"  -> {value.name:27}{value.type:16}{value.shape}")

# %%
# The same answers
# ----------------


def serve(samples):
    """Return the labels and the probabilities that onnxruntime computes for a frame."""
    inputs = {}
    for value in session.get_inputs():
        kind = "object" if value.type == "tensor(string)" else "float32"
        inputs[value.name] = samples[[value.name]].to_numpy(dtype=kind)
    return session.run(["label", "probabilities"], inputs)


answers, probabilities = serve(X_test)
ours = model.forward(X_test)
apart = np.max(np.abs(probabilities - ours))
print(f"labels that differ: {np.sum(answers != model.predict(X_test))} of {len(answers)}")
print(f"largest difference of a probability: {apart:.0e}")

# %%
# Gaps, and a colour that training never saw, are treated as xl2 treats them:

strange = X_test.iloc[:3].copy()
strange["alcohol"] = np.nan
strange["colour"] = ["orange", "", "deep"]
with_gap = strange.assign(colour=strange["colour"].where(strange["colour"] != ""))
answers, served = serve(strange)
print("labels:", *answers)
print(f"largest difference: {np.max(np.abs(served - model.forward(with_gap))):.0e}")

# %%
# Left, the probabilities of onnxruntime against those of xl2. Right, how far they are apart:
# rounding errors of float32.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for k, (name, mark, color) in enumerate(
    zip(path.classes_, "os^", ["#0072B2", "#D55E00", "#009E73"], strict=True)
):
    left.plot(ours[:, k], probabilities[:, k], mark, color=color, fillstyle="none", label=name)
left.axline((0, 0), slope=1, color="gray", linestyle=":", linewidth=1)
left.set(xlabel="probability, xl2", ylabel="probability, onnxruntime")
left.legend()
errors = np.abs(probabilities - ours).ravel()
right.hist(errors / np.finfo("float32").eps, bins=np.arange(0, 4, 0.25), color="#0072B2")
right.set(xlabel="difference, in rounding errors of 1 (1.2e-7)", ylabel="probabilities")
plt.show()
