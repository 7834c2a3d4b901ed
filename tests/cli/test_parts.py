"""Commands judge a model by rows that it was not trained on, and name labels that are new to it."""

import re

import numpy as np
import pytest
from data_files import write_parquet
from sklearn.metrics import r2_score

import xl2 as package
from xl2.cli.parts import divide
from xl2.cli.workflows import diagnose_model
from xl2.data import Dataset, load_data, split
from xl2.data.trained_rows import row_digests
from xl2.nn.columns import Table

pytestmark = pytest.mark.host

QUICK = ("--epochs", 30, "--batch-size", 32, "--hidden", 20, "--learning-rate", 0.02)
PATH = (*QUICK, "--lambdas", "0,1", "--cv", 2)


def write(path, X, y, names="abcdefghijklmnopqrst"):
    rows = [
        ",".join([*map(repr, x), label]) for x, label in zip(X.tolist(), y.tolist(), strict=True)
    ]
    path.write_text("\n".join([",".join([*names[: X.shape[1]], "label"]), *rows]) + "\n")


@pytest.fixture
def noise(tmp_path, monkeypatch):
    """Write 200 rows of 20 random numbers and a random label, and 60 new ones."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(260, 20)), rng.choice(["no", "yes"], 260)
    write(tmp_path / "noise.csv", X[:200], y[:200])
    write(tmp_path / "new.csv", X[200:], y[200:])
    return X, y


def by_hand(X, y):
    """Return the rows that a command holds out, with scikit-learn's split."""
    _, held, *_ = split(np.arange(len(y))[:, None], y, fraction=0.2, seed=0, stratify=True)
    return held.ravel()


def score(out, label="test"):
    found = re.search(rf"^{label} +([-\d.]+) .* (\d+) samples?$", out, re.M)
    return float(found[1]), int(found[2])


def words(out):
    return " ".join(out.split())


def test_a_file_in_any_order_is_judged_by_the_rows_that_were_held_out(xl2, noise, tmp_path):
    X, y = noise[0][:200], noise[1][:200]
    code, out, _ = xl2("path", "noise.csv", *PATH, "--out", "m")
    assert code == 0
    model, held = package.load("m"), by_hand(X, y)
    honest = 100.0 * float(np.mean(model.predict(X[held]) == y[held]))
    assert score(out) == (pytest.approx(honest, abs=0.005), 40)
    order = np.argsort(y + X[:, 0].astype(str))
    trained = np.setdiff1d(order, held)
    assert 100.0 * float(np.mean(model.predict(X[trained]) == y[trained])) > honest + 20.0
    write(tmp_path / "sorted.csv", X[order], y[order])
    np.savez("shuffled.npz", x=X[order[::-1]].astype("float32"), y=y[order[::-1]])
    columns = {name: X[order, i].astype("float32") for i, name in enumerate(model.features)}
    write_parquet(tmp_path / "sorted.parquet", **columns, label=y[order].tolist())
    for file in ("noise.csv", "sorted.csv", "shuffled.npz", "sorted.parquet"):
        code, out, err = xl2("diagnose", "m", file)
        assert (code, err) == (0, "")
        assert score(out) == (pytest.approx(honest, abs=0.005), 40)
        assert score(out, "training")[1] == 160
        assert (
            f"trained on 160 of the 200 rows of {file}; the other 40 are the test samples."
            in words(out)
        )
        assert max(map(len, out.splitlines())) <= 80


def test_a_longer_a_shorter_and_another_file(xl2, noise, tmp_path):
    X, y = noise
    assert xl2("train", "noise.csv", *QUICK, "--out", "m")[0] == 0
    model, held = package.load("m"), by_hand(X[:200], y[:200])
    write(tmp_path / "longer.csv", X[::-1], y[::-1])
    unseen = np.append(held, np.arange(200, 260))
    code, out, _ = xl2("diagnose", "m", "longer.csv")
    assert code == 0
    honest = 100.0 * float(np.mean(model.predict(X[unseen]) == y[unseen]))
    assert score(out) == (pytest.approx(honest, abs=0.005), 100)
    write(tmp_path / "part.csv", X[100:], y[100:])
    code, out, _ = xl2("diagnose", "m", "part.csv")
    assert code == 0
    rest = int(np.sum(held >= 100)) + 60
    assert score(out)[1] == rest
    assert (
        f"trained on {160 - rest} of the 160 rows of part.csv, and on {rest} more that it lacks; "
        f"the other {rest} are" in words(out)
    )
    for command, message in (
        (("new.csv",), "None of the 60 rows of new.csv is one of the 160 .* new.csv with --test"),
        (("new.csv", "--test", "noise.csv"), r"None of the 60 .* trained on as DATA\.$"),
    ):
        code, _, err = xl2("diagnose", "m", *command)
        assert code == 2
        assert re.search(message, words(err))
    trained = np.setdiff1d(np.arange(200), held)
    write(tmp_path / "trained.csv", X[trained], y[trained])
    for command in (("trained.csv",), ("noise.csv", "--test", "trained.csv")):
        code, _, err = xl2("diagnose", "m", *command)
        assert code == 2
        assert "All 160 rows of trained.csv were trained on" in err
    code, out, _ = xl2("diagnose", "m", "trained.csv", "--test", "longer.csv")
    assert code == 0
    assert score(out) == (pytest.approx(honest, abs=0.005), 100)
    assert "160 of the 260 rows of longer.csv were trained on and are left out" in words(out)


def test_test_samples_that_are_training_samples_are_left_out_of_a_path(xl2, noise, tmp_path):
    X, y = noise
    write(tmp_path / "mixed.csv", X[150:], y[150:])
    outputs = [xl2("path", "noise.csv", *PATH, "--test", f"{name}.csv", "--out", "m")[1]
               for name in ("mixed", "new")]  # fmt: skip
    assert score(outputs[0]) == score(outputs[1])
    note = "50 of the 110 rows of mixed.csv were trained on and are left out; the test samples are"
    assert note in words(outputs[0])
    assert "left out" not in outputs[1]
    code, out, _ = xl2("diagnose", "m", "noise.csv", "--test", "mixed.csv")
    assert (code, score(out)) == (0, score(outputs[0]))
    code, _, err = xl2("train", "noise.csv", *QUICK, "--test", "noise.csv")
    assert code == 2
    assert "All 200 rows of noise.csv were trained on" in err


def test_predict_says_how_many_rows_were_trained_on(xl2, noise, tmp_path):
    X, y = noise
    assert xl2("train", "noise.csv", *QUICK, "--out", "m")[0] == 0
    model, held = package.load("m"), by_hand(X[:200], y[:200])
    right = model.predict(X) == y
    expected = (
        f"accuracy on the labels of noise.csv: {right[:200].mean():.4f} (200 rows, 160 of them "
        f"trained on); on the other 40: {right[held].mean():.4f}"
    )
    assert words(xl2("predict", "m", "noise.csv", "--out", "p")[1]).endswith(expected)
    assert "(60 rows, none of them trained on)" in xl2("predict", "m", "new.csv", "--out", "p")[1]
    trained = np.setdiff1d(np.arange(200), held)
    write(tmp_path / "trained.csv", X[trained], y[trained])
    _, out, _ = xl2("predict", "m", "trained.csv", "--out", "p")
    assert words(out).endswith("(160 rows, all of them trained on)")
    table = (tmp_path / "p").read_text()
    package.save(package.Model(model.network, model.input_scaling, None, model.classes), "bare")
    _, out, _ = xl2("predict", "bare", "trained.csv", "--out", "p")
    assert "does not say which samples it was trained on)" in words(out)
    assert (tmp_path / "p").read_text() == table


def test_the_r2_of_rows_that_were_not_trained_on(xl2, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = X @ [1.0, 2.0] + X[:, 0] ** 2
    np.savez("values.npz", x=X, y=y)
    assert xl2("train", "values.npz", *QUICK, "--out", "m")[0] == 0
    model, trained = package.load("m"), row_digests(X)
    left = ~np.isin(trained, model.trained_rows)
    expected = r2_score(y[left], model.predict(X)[left])
    _, out, _ = xl2("predict", "m", "values.npz", "--out", "p")
    assert f"(60 rows, 48 of them trained on); on the other 12: {expected:.4f}" in words(out)
    # One row has no R2.
    one = np.append(np.flatnonzero(~left), np.flatnonzero(left)[0])
    np.savez("one.npz", x=X[one], y=y[one])
    _, out, _ = xl2("predict", "m", "one.npz", "--out", "p")
    assert words(out).endswith("(49 rows, 48 of them trained on)")


def test_a_model_that_does_not_say_what_it_was_trained_on(xl2, noise, tmp_path):
    X, y = noise
    assert xl2("train", "noise.csv", *QUICK, "--out", "m")[0] == 0
    model = package.load("m")
    package.save(package.Model(model.network, model.input_scaling, None, model.classes), "bare")
    code, _, err = xl2("diagnose", "bare", "noise.csv")
    assert code == 2
    assert "does not say which samples it was trained on" in err
    assert "--test FILE" in err
    write(tmp_path / "mixed.csv", X[150:], y[150:])
    code, out, _ = xl2("diagnose", "bare", "noise.csv", "--test", "mixed.csv")
    assert (code, score(out)[1]) == (0, 60)
    assert "The 200 rows of noise.csv are taken to be these" in words(out)
    np.savez("two.npz", x_train=X[:200], y_train=y[:200], x_test=X[190:], y_test=y[190:])
    code, out, _ = xl2("diagnose", "bare", "two.npz")
    assert (code, score(out)[1]) == (0, 70)
    assert "10 of the 70 test samples have the features of a training sample" in words(out)
    np.savez("two.npz", x_train=X[:200], y_train=y[:200], x_test=X[199:], y_test=y[199:])
    out = xl2("diagnose", "bare", "two.npz")[1]
    assert "1 of the 61 test samples has the features of a training sample" in words(out)


def test_a_table_of_few_distinct_rows(xl2, tmp_path, monkeypatch):
    """Each row is one of 30 kinds, with a label drawn for each sample."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.integers(0, [5, 6], size=(700, 2)).astype(float)
    y = np.where(rng.random(700) < 0.2 + 0.1 * X[:, 0], "yes", "no")
    order = np.argsort(y[:300])
    write(tmp_path / "kinds.csv", X[:300][order], y[:300][order])
    write(tmp_path / "new.csv", X[300:], y[300:])
    code, trained, _ = xl2("train", "kinds.csv", *QUICK, "--out", "m")
    assert code == 0
    code, out, _ = xl2("diagnose", "m", "kinds.csv")
    assert (code, score(out)[1]) == (0, 60)
    assert "trained on 240 of the 300 rows" in words(out)
    note = "60 of the 60 test samples have the features of a training sample."
    assert note in words(out)
    assert note in words(trained)
    # Which of equal rows were trained on is drawn, so the score is that of the model on average.
    model = package.load("m")
    expected = 100.0 * float(np.mean(model.predict(X[300:]) == y[300:]))
    assert score(out)[0] == pytest.approx(expected, abs=22.0)
    code, out, _ = xl2("diagnose", "m", "kinds.csv", "--test", "new.csv")
    assert (code, score(out)[1]) == (0, 400)
    assert "400 rows with the features of training rows count as new" in words(out)


def test_a_part_of_a_table_of_few_distinct_rows(xl2, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    X = np.round(rng.normal(size=(900, 2)), 1)
    y = np.where(X[:, 0] + rng.normal(size=900) > 0, "yes", "no")
    write(tmp_path / "rounded.csv", X[:500], y[:500])
    write(tmp_path / "new.csv", X[500:], y[500:])
    write(tmp_path / "part.csv", X[100:600], y[100:600])
    assert xl2("train", "rounded.csv", *QUICK, "--out", "m")[0] == 0
    code, out, _ = xl2("diagnose", "m", "rounded.csv", "--test", "new.csv")
    assert (code, score(out)[1]) == (0, 400)
    assert re.search(r"\d+ rows with the features of training rows count as new, because [\d.]+ %",
                     words(out))  # fmt: skip
    code, out, _ = xl2("diagnose", "m", "part.csv")
    assert code == 0
    assert "so some rows that equal training rows may be new. They count as trained on" in words(
        out
    )
    code, _, err = xl2("diagnose", "m", "new.csv")
    assert code == 2
    assert "None of the 400 rows" in err


def test_samples_of_groups_that_were_trained_on_are_no_test_samples(noise):
    X, y = noise
    data = Dataset(
        X[:200],
        y[:200],
        groups=np.repeat(np.arange(40), 5),
        table=Table(22, tuple(range(20)), "20", "who"),
    )
    model = package.Model(package.Network([20, 1]), classes=("no", "yes"), table=data.table)
    trained = divide(data, None, 0.2, 0, "auto").trained_rows
    model = package.Model(
        model.network, classes=model.classes, table=data.table, trained_rows=trained
    )
    known = data.groups[np.isin(row_digests(data.X), trained)]
    more = Dataset(X[200:], y[200:], groups=np.array([*[str(known[0])] * 10, *["90"] * 50]),
                   name="new.csv")  # fmt: skip
    found, notes = diagnose_model(model, data, more)
    assert (found.train_rows, found.test_rows) == (len(trained), 50)
    assert "10 test samples of groups (who) that were trained on are left out." in notes
    same = Dataset(X[200:], y[200:], groups=np.full(60, known[0]))
    with pytest.raises(package.InputError, match=r"All test samples are of groups \(who\)"):
        diagnose_model(model, data, same)


@pytest.mark.parametrize("command", ["path", "train", "diagnose"])
def test_labels_that_training_never_had_are_refused_or_counted(xl2, noise, tmp_path, command):
    X, y = noise
    typos = np.where(np.arange(60) < 12, "Yes", y[200:])
    write(tmp_path / "typo.csv", X[200:], typos)
    settings = {"path": PATH, "train": QUICK, "diagnose": ()}[command]
    if command == "diagnose":
        assert xl2("train", "noise.csv", *QUICK, "--out", "m")[0] == 0
    start = [command, *(["m"] if command == "diagnose" else []), "noise.csv", *settings]
    start += ["--test", "typo.csv"]
    code, out, err = xl2(*start)
    assert (code, out) == (2, "")
    note = "12 test samples have the label 'Yes', which no training sample has (training labels: "
    note += "'no', 'yes'). Did you mean 'yes'?"
    assert note in err
    assert "--new-labels" in err
    more = ["--out", "m"] if command != "diagnose" else []
    code, out, err = xl2(*start, "--new-labels", *more)
    assert (code, err) == (0, "")
    assert f"{note} They count as errors." in words(out)
    model = package.load("m")
    right = 100.0 * float(np.mean(model.predict(X[200:]) == typos))
    if command == "train":
        assert float(re.search(r"^test +([\d.]+)", out, re.M)[1]) == pytest.approx(right, abs=0.005)
    else:
        assert score(out) == (pytest.approx(right, abs=0.005), 60)
    code, out, _ = xl2("predict", "m", "typo.csv", "--out", "p")
    assert code == 0
    assert f"accuracy on the labels of typo.csv: {right / 100.0:.4f}" in out
    assert "12 samples have the label 'Yes', which" in out
    assert len((tmp_path / "p").read_text().splitlines()) == 61


def test_the_digests_are_those_of_the_table_that_was_read(xl2, noise):
    assert xl2("path", "noise.csv", *PATH, "--out", "m")[0] == 0
    data, model = load_data("noise.csv"), package.load("m")
    X, *_ = split(data.X, data.y, fraction=0.2, seed=0, stratify=True)
    assert model.trained_rows.tolist() == sorted(row_digests(X).tolist())
