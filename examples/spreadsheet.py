"""
From a spreadsheet to predictions
=================================

A table as spreadsheets save it in many countries: semicolons between cells, decimal commas, a
title above the header, numbered rows, gaps, and text in features and labels. xl2 reads it, says
how it read it, trains on it, and predicts the rows of another file.

The table is scikit-learn's wine data. Its colour is written in words, and one cell in twenty is
emptied.
"""

# %%
# The file
# --------

import csv
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import xl2
from xl2.figures import ConfusionMatrixDisplay, GainsDisplay, ImportanceDisplay

folder = TemporaryDirectory()
table, unlabelled = (Path(folder.name) / name for name in ("wine.csv", "new.csv"))
wine = load_wine()
NAMES = ["alcohol", "malic acid", "magnesium", "phenols", "colour", "hue"]
COLUMNS = [wine.feature_names.index(name) for name in ("alcohol", "malic_acid", "magnesium")]
COLUMNS += [wine.feature_names.index(name) for name in ("total_phenols", "color_intensity", "hue")]
LABELS = ("Barolo", "Grignolino", "Barbera")
rng = np.random.default_rng(0)


def cells_of(sample):
    """Return the cells of a wine, with decimal commas, a colour in words, and gaps."""
    cells = [f"{value:.2f}".replace(".", ",") for value in sample[COLUMNS]]
    colour = np.searchsorted([3.5, 5.5], sample[COLUMNS[4]])
    cells[4] = ("light", "medium", "deep")[colour]
    return ["" if rng.random() < 0.05 else cell for cell in cells]


rows = [[*cells_of(sample), LABELS[k]] for sample, k in zip(wine.data, wine.target, strict=True)]
rows, unseen = train_test_split(rows, test_size=8, stratify=wine.target, random_state=0)
with table.open("w", newline="", encoding="utf-8") as file:
    file.write("Wines of Piedmont\n")
    writer = csv.writer(file, delimiter=";")
    writer.writerow(["", *NAMES, "cultivar"])
    writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
print("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:5]))

# %%
# Reading it
# ----------
#
# Where the right reading is nearly certain, it is taken and said; otherwise the file is refused,
# with the name of the argument that decides.

data = xl2.load_data(table, target="cultivar")
for note in data.notes:
    print(textwrap.fill(note, 80))

# %%
# Training
# --------
#
# ``preprocessing=data.columns`` fills the gaps and makes inputs of the words, in each fold by what
# its own training rows have.

X, X_test, y, y_test = train_test_split(
    data.X, data.y, test_size=0.3, stratify=data.y, random_state=0
)
path = xl2.regularization_path(
    X, y, preprocessing=data.columns, experiments=True, budget=20, progress=False
)
diagnosis = xl2.diagnose(path, X, y, X_test, y_test)
print(diagnosis)

# %%
# What each action would gain, and what each column is worth to the network. An empty mark or bar
# may be chance.

figure, axes = plt.subplots(2, 1, figsize=(8, 8.5), height_ratios=(3, 2), layout="constrained")
GainsDisplay.from_diagnosis(diagnosis, ax=axes[0])
ImportanceDisplay.from_diagnosis(diagnosis, ax=axes[1])
plt.show()

# %%
# The predictions for the test rows, which were not used in training:

model = path.best_model_
display = ConfusionMatrixDisplay.from_predictions(y_test, model.predict(X_test))
plt.show()

# %%
# Another file
# ------------
#
# The model file has all that is needed to read new rows: a table with the columns in another
# order, and one more, needs no argument.

xl2.save(model, table.with_suffix(".safetensors"))
with unlabelled.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, delimiter=";")
    writer.writerow([*reversed(NAMES), "price"])
    writer.writerows([*reversed(row[:-1]), 20] for row in unseen)

model = xl2.load(table.with_suffix(".safetensors"))
new = xl2.load_data(unlabelled, like=model, require_target=False)
probabilities = model.forward(new.X)
print(f"{'predicted':12}{'probability':>12}  it is")
for answer, sure, row in zip(model.predict(new.X), probabilities.max(axis=1), unseen, strict=True):
    print(f"{answer:12}{sure:12.2f}  {row[-1]}")
folder.cleanup()

# %%
# The command line does the same: ``xl2 path wine.csv --out wine.safetensors`` and ``xl2 predict
# wine.safetensors new.csv``.
