"""From a table of your own to a verdict, a model and a picture.

    python examples/your_own_csv.py [TABLE.csv] [LABEL_COLUMN]

Without a table it writes scikit-learn's wine data to one and uses that. Its output goes into the
current folder.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import xl2
from xl2.data import split


def write_wine(path: Path) -> None:
    """Write a table with named columns and text labels."""
    from sklearn.datasets import load_wine

    wine = load_wine()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*wine.feature_names, "cultivar"])
        for row, label in zip(wine.data, wine.target, strict=True):
            writer.writerow([*row, ("Barolo", "Grignolino", "Barbera")[label]])


def main() -> None:
    """Train, diagnose, save, and load the model again."""
    if len(sys.argv) > 1:
        table, label = Path(sys.argv[1]), (sys.argv[2] if len(sys.argv) > 2 else None)
    else:
        table, label = Path("wine.csv"), "cultivar"
        write_wine(table)
    data = xl2.load_data(table, target=label)
    X, X_test, y, y_test = split(data.X, data.y, fraction=0.3, stratify=True)
    path = xl2.regularization_path(
        X,
        y,
        cv=5,
        hidden=(16,),
        epochs=200,
        preprocessing=data.columns,  # fills in missing values, encodes texts
        standardize=True,
        experiments=True,
    )
    print(path, end="\n\n")
    print(xl2.diagnose(path, X, y, X_test, y_test))

    xl2.save(path.best_model_, "wine.safetensors")
    model = xl2.load("wine.safetensors")
    print(f"\nThe first test sample is {y_test[0]}; the model predicts {model.predict(X_test)[0]}.")
    try:
        path.plot().figure_.savefig("wine-path.png")
    except xl2.InputError as error:
        print(error)  # matplotlib is not installed


if __name__ == "__main__":
    main()
