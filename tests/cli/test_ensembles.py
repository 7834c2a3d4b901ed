"""`xl2 path --ensemble`, and the other commands with its file."""

import csv
import json
import re

import numpy as np
import pytest

import xl2 as package

QUICK = ("--epochs", 6, "--cv", 3, "--hidden", "6", "--learning-rate", 0.02, "--lambdas", "0,3")
QUICK += ("--no-experiments", "--seed", "0,1", "--ensemble", "--out", "m.safetensors")
NAME = "ensemble of 10 networks, (no penalty|lambda 3)"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def values(here):
    """Write a table whose last column is a value with noise."""
    rng = np.random.default_rng(0)
    with (here / "values.csv").open("w") as file:
        file.write("a,town,y\n")
        for _ in range(120):
            a, town = rng.normal(), rng.integers(3)
            file.write(f"{a},{'xyz'[town]},{50 * a + 20 * town + 5 * rng.normal()}\n")
    return "values.csv"


def said(text):
    return " ".join(text.split())


def test_the_ensemble_is_scored_saved_used_and_named(xl2, here, flowers):
    flowers = flowers.name
    code, out, err = xl2("path", flowers, *QUICK, "--report", "r.html")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    scores = re.search(
        f"E{NAME[1:]}: test accuracy ([\\d.]+) %; that of the network above is ([\\d.]+) %",
        said(out),
    )
    assert re.search(rf"test +{re.escape(scores[3])} %", out)
    assert re.search(f"The {NAME}, is in m.safetensors", said(out))
    assert (here / "r.html").exists()

    model = package.load("m.safetensors")
    assert len(model.models) == 10
    assert model.features == ("length", "width")
    assert "--ensemble" in model.tried["options"]
    assert model.table.target == "kind"

    code, out, err = xl2("predict", "m.safetensors", flowers, "--out", "p.csv")
    assert (code, err) == (0, "")
    assert re.search(f"The model is an {NAME}.", said(out))
    # On the rows that were held out, it has the score that the path said.
    assert f"{float(scores[2]) / 100:.4f}" in said(out)
    with (here / "p.csv").open() as file:
        predicted = [row["prediction"] for row in csv.DictReader(file)]
    data = package.load_data(flowers)
    assert predicted == model.predict(data.X).tolist()

    code, out, err = xl2("diagnose", "m.safetensors", flowers)
    assert (code, err) == (0, "")
    assert re.search(f"The model is an {NAME}.", said(out))
    assert re.search(rf"test +{re.escape(scores[2])} %", out)

    pytest.importorskip("onnx", reason='needs pip install "xl2[onnx]"')
    code, out, err = xl2("export", "m.safetensors", "--onnx", "m.onnx")
    assert (code, err) == (0, "")
    assert re.search(f"The ONNX graph of an {NAME}, is in m.onnx", said(out))


def test_the_preset_best_saves_an_ensemble_unless_it_is_told_not_to(xl2, here, flowers):
    few = [x for x in QUICK if x != "--ensemble"] + ["--preset", "best"]
    assert xl2("path", flowers, *few)[0] == 0
    assert len(package.load("m.safetensors").models) == 20
    assert xl2("path", flowers, *few, "--no-ensemble")[0] == 0
    assert isinstance(package.load("m.safetensors"), package.Model)


def test_json_has_the_score(xl2, here, flowers):
    code, out, _ = xl2("path", flowers, *QUICK, "--json")
    assert code == 0
    found = json.loads(out)["ensemble"]
    assert found["networks"] == 10
    assert 0.0 <= found["test_score"] <= 1.0
    code, out, _ = xl2("path", flowers, *[x for x in QUICK if x != "--ensemble"], "--json")
    assert json.loads(out)["ensemble"] is None


def test_intervals_are_columns_of_the_predictions(xl2, here, values):
    code, out, _ = xl2("path", values, *QUICK)
    assert code == 0
    assert re.search(f"E{NAME[1:]}: test R2 [-\\d.]+; that of the network above is", said(out))
    code, out, err = xl2("predict", "m.safetensors", values, "--interval", 0.8, "--out", "p.csv")
    assert (code, err) == (0, "")
    with (here / "p.csv").open() as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    model = package.load("m.safetensors")
    data = package.load_data(values, like=model)
    low, high = model.interval(data.X, 0.8)
    np.testing.assert_allclose([row["low"] for row in rows], low)
    np.testing.assert_allclose([row["high"] for row in rows], high)
    np.testing.assert_allclose([row["prediction"] for row in rows], model.predict(data.X))
    code, _, err = xl2("predict", "m.safetensors", values, "--interval", 0.2)
    assert code == 2
    assert "--interval must be a number from 0.5 to below 1" in said(err)


def test_a_model_without_intervals_is_refused(xl2, here, flowers, values):
    xl2("path", flowers, *QUICK)
    code, _, err = xl2("predict", "m.safetensors", flowers, "--interval", 0.9)
    assert code == 2
    assert "--interval is for values, but this model predicts labels" in said(err)
    xl2("path", values, *[x for x in QUICK if x != "--ensemble"])
    code, _, err = xl2("predict", "m.safetensors", values, "--interval", 0.9)
    assert code == 2
    assert "only the model of xl2 path --ensemble has" in said(err)
