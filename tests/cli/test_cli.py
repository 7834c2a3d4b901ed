"""`xl2 train`, `predict` and `backends`, through the command line."""

from __future__ import annotations

import csv
import os
import re
import shlex
import signal
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file


def percent(out, label):
    return float(re.search(rf"^{label} +([-\d.]+)", out, re.M).group(1))


def test_train_prints_accuracy_bias_and_gap(xl2, backend):
    where = ["--backend", backend.name]
    where += ["--device", "device1"] if "device1" in str(backend.device) else []
    code, out, err = xl2("train", "digits", "--epochs", 8, "--lambda", 1, *where)
    assert (code, err) == (0, "")
    assert "64-64-64-10" in out
    training, held = percent(out, "training"), percent(out, "test")
    assert held > 85
    assert percent(out, "bias") == pytest.approx(100 - training, abs=0.011)
    assert percent(out, "gap") == pytest.approx(training - held, abs=0.011)
    assert max(map(len, out.splitlines())) <= 80


def test_the_same_command_prints_the_same_table(xl2):
    def table():
        return xl2("train", "digits", "--epochs", 2, "--seed", 5)[1].partition("\n\n")[2]

    assert table() == table()


def test_train_then_predict_with_text_labels(xl2, flowers, tmp_path):
    model, out = tmp_path / "model.safetensors", tmp_path / "p.csv"
    code, printed, _ = xl2("train", flowers, "--hidden", 8, "--learning-rate", 0.02, "--out", model)
    assert code == 0
    assert str(model) in printed.replace("\n", "")
    assert percent(printed, "test") > 80
    code, printed, _ = xl2("predict", model, flowers, "--out", out)
    assert code == 0
    assert "90 predictions" in printed
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["prediction"] for row in rows} == {"rose", "iris", "tulipe"}
    assert all(1 / 3 <= float(row["probability"]) <= 1 for row in rows)
    with flowers.open(newline="") as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    right = np.mean([row["prediction"] == kind for row, kind in zip(rows, kinds, strict=True)])
    assert f"{right:.4f}" in printed


def test_predict_finds_columns_by_name_and_needs_no_label(xl2, flowers, tmp_path):
    model = tmp_path / "m"
    xl2("train", flowers, "--epochs", 5, "--out", model)
    expected = xl2("predict", model, flowers)[1]
    lines = [row.split(",") for row in flowers.read_text().splitlines()]
    swapped = tmp_path / "swapped.csv"
    swapped.write_text("\n".join(f"{b},{a}" for a, b, _ in lines))
    code, out, _ = xl2("predict", model, swapped)
    assert code == 0
    assert out == expected
    swapped.write_text(swapped.read_text().replace("width", "depth"))
    code, _, err = xl2("predict", model, swapped)
    assert code == 2
    assert "width" in err


def test_two_classes_have_one_output_and_the_larger_probability_is_printed(xl2, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    np.savez(tmp_path / "d.npz", x=X, y=np.where(X[:, 0] > 0, "oui", "non"))
    model = tmp_path / "m"
    code, out, _ = xl2("train", tmp_path / "d.npz", "--out", model, "--epochs", 80)
    assert code == 0
    assert "2-64-64-1," in out
    rows = list(csv.DictReader(xl2("predict", model, tmp_path / "d.npz")[1].splitlines()))
    assert {row["prediction"] for row in rows} == {"oui", "non"}
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)


def test_a_regression_predicts_in_the_units_of_the_target(xl2, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = 1e4 + 1e3 * X @ [1.0, -2.0, 0.5]
    np.savez(tmp_path / "d.npz", x=X, y=y)
    model = tmp_path / "m"
    code, out, _ = xl2("train", tmp_path / "d.npz", "--out", model, "--epochs", 80)
    assert code == 0
    assert "R2" in out
    assert percent(out, "test") > 0.9
    lines = xl2("predict", model, tmp_path / "d.npz")[1].splitlines()
    assert lines[0] == "prediction"
    assert np.corrcoef([float(line) for line in lines[1:]], y)[0, 1] > 0.97
    assert abs(np.mean([float(line) for line in lines[1:]]) - y.mean()) < 300


def test_the_columns_of_a_test_file_may_be_in_another_order(xl2, flowers, tmp_path):
    lines = [row.split(",") for row in flowers.read_text().splitlines()]
    swapped = tmp_path / "swapped.csv"
    plain = tmp_path / "plain.csv"
    other = [lines[0], *((f"{float(a) + 1e-3}", b, kind) for a, b, kind in lines[1:])]
    plain.write_text("\n".join(",".join(row) for row in other))
    swapped.write_text("\n".join(f"{b},{a},{kind}" for a, b, kind in other))
    code, out, _ = xl2("train", flowers, "--test", swapped, "--epochs", 3)
    assert code == 0
    assert percent(out, "test") == percent(
        xl2("train", flowers, "--test", plain, "--epochs", 3)[1], "test"
    )
    assert "90 samples not used for training" in out


def test_standardisation_uses_the_training_samples_and_their_weights_only(tmp_path):
    import xl2 as library
    from xl2.cli.workflows import train
    from xl2.data import Dataset

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 2)), np.arange(50) % 2
    data = Dataset(X, y, X_test=X + 1000, y_test=y)
    model = train(data, epochs=1).model
    np.testing.assert_allclose(model.input_scaling.mean, X.mean(axis=0))
    np.testing.assert_allclose(model.input_scaling.scale, X.std(axis=0))
    weights = np.arange(50) % 3
    model = train(replace(data, weights=weights.astype(float)), epochs=1).model
    repeated = X[np.repeat(np.arange(50), weights)]
    np.testing.assert_allclose(model.input_scaling.mean, repeated.mean(axis=0))
    np.testing.assert_allclose(model.input_scaling.scale, repeated.std(axis=0))
    library.save(model, tmp_path / "m")
    np.testing.assert_array_equal(
        library.load(tmp_path / "m").input_scaling.mean, model.input_scaling.mean
    )


def test_backends_are_listed_with_their_whole_install_hint(xl2, monkeypatch):
    monkeypatch.setattr("xl2.array.switch.is_installed", lambda name: name == "numpy")
    code, out, _ = xl2("backends")
    assert code == 0
    assert re.search(r"numpy +2\.\S+ +cpu", out)
    assert "xl2[torch]" in out.replace("\n", "")
    assert max(map(len, out.splitlines())) <= 80


WRONG = [
    (["train", "nonesuch.csv"], "nonesuch.csv.*digits"),
    (["train", "digits", "--backend", "nonesuch"], "Unknown backend 'nonesuch'. .*backends are"),
    (["train", "digits", "--device", "cuda", "--backend", "numpy"], "Unknown device 'cuda'"),
    (["train", "digits", "--activation", "selu"], "Unknown hidden activation 'selu'"),
    (
        ["train", "digits", "--lambda", "-1"],
        "lambda must be a finite number, 0 or more. Received: -1.0",
    ),
    (["train", "digits", "--lambda", "nan"], "lambda"),
    (["train", "digits", "--lambda", "1,2"], "each of the 3 layers"),
    (["train", "digits", "--lambda", "much"], "--lambda must be numbers"),
    (
        ["train", "digits", "--per", "year"],
        "--per must be 'dataset' or 'batch'. Received: --per year",
    ),
    (["train", "digits", "--hidden", "a"], "--hidden must be whole numbers"),
    (
        ["train", "digits", "--hidden", "0"],
        "--hidden must be .* of 1 or more, such as --hidden 50,25",
    ),
    (["train", "digits", "--epochs", "0"], "--epochs must be a whole number, 1 or more"),
    (["train", "digits", "--batch-size", "-3"], "--batch-size"),
    (["train", "digits", "--learning-rate", "0"], "--learning-rate"),
    (["train", "digits", "--optimizer", "lbfgs"], "optimizers are sgd"),
    (["train", "digits", "--task", "chess"], "tasks are auto"),
    (["train", "digits", "--dtype", "float16"], "dtypes are float32, float64"),
    (["train", "digits", "--held-out", "2"], "--held-out must be"),
    (["train", "digits", "--out", "/no/such/folder/m"], "does not exist"),
    (["predict", "no-model", "digits"], "There is no file.*xl2 train --out"),
    (["train", "digits", "--learning-rate", "1e30", "--optimizer", "sgd"], "epoch 1, step"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_bad_input_is_one_message_and_exit_code_2(xl2, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = xl2(*arguments, *(["--backend", "numpy"] if "--backend" not in arguments
                                       and arguments[0] == "train" else []))  # fmt: skip
    assert code == 2
    assert out == ""
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,c\n1,2,x\n3,4,x\n5,6,x\n", "only one class, 'x'"),
        ("a,b,c\n1,2,x\n3,oops,y\n", "oops"),
        ("a,b,c\n1,2,x\n3,4,\n", "missing"),
        ("a,b,c\n1,2,x\n3,inf,y\n", "inf"),
        ("a,b,c\n", "(?i)empty|no "),
        ("", "(?i)empty"),
    ],
)
def test_bad_tables_are_refused_and_nothing_is_written(xl2, tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    code, _, err = xl2("train", tmp_path / "t.csv", "--out", tmp_path / "m")
    assert code == 2
    assert re.search(message, err), err
    assert not (tmp_path / "m").exists()


def test_a_model_refuses_another_number_of_features(xl2, flowers, tmp_path):
    np.savez(tmp_path / "d.npz", x=np.eye(4), y=[0, 1, 0, 1])
    xl2("train", flowers, "--epochs", 1, "--out", tmp_path / "m")
    code, _, err = xl2("predict", tmp_path / "m", tmp_path / "d.npz")
    assert code == 2
    assert re.search(r"\b2\b", err)
    assert re.search(r"\b4\b", err)


def test_ctrl_c_exits_130(xl2, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("xl2.cli.workflows.train", interrupt)
    code, out, err = xl2("train", "digits", "--backend", "numpy")
    assert (code, out, err) == (130, "", "Interrupted.\n")


def test_neither_the_data_nor_the_model_is_overwritten(xl2, flowers, tmp_path):
    model = tmp_path / "m"
    xl2("train", flowers, "--epochs", 1, "--out", model)
    kept = flowers.read_bytes(), model.read_bytes()
    for command in (("train", flowers, "--out", flowers),
                    ("predict", model, flowers, "--out", flowers),
                    ("predict", model, flowers, "--out", model)):  # fmt: skip
        code, _, err = xl2(*command)
        assert code == 2
        assert "is also an input file. Use another name" in " ".join(err.split())
    assert (flowers.read_bytes(), model.read_bytes()) == kept


def test_an_interrupted_run_resumes_and_ends_with_the_same_model(xl2, tmp_path, monkeypatch):
    from xl2.training import loop

    kept, whole = (tmp_path / name for name in ("kept", "whole"))
    command = ("train", "digits", "--epochs", 4, "--backend", "numpy")
    xl2(*command, "--out", whole)
    epoch, seen = loop.train_epoch, []

    def interrupted(self, *arguments):
        epoch(self, *arguments)
        seen.append(1)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(loop, "train_epoch", interrupted)
    keep = (*command, "--checkpoint", tmp_path / "c", "--out", kept)
    code, out, err = xl2(*keep)
    assert (code, out) == (130, "")
    command_line = shlex.join(["xl2", *map(str, keep), "--resume"])
    assert err == f"Interrupted. To continue: {command_line}\n"
    assert not kept.exists()
    again = shlex.split(err.partition("To continue: xl2 ")[2])
    code, out, err = xl2(*again)
    assert (code, err) == (0, "")
    assert "4 epochs" in out
    assert len(seen) == 4
    # The header of a safetensors file has no order.
    one, other = load_file(kept), load_file(whole)
    assert one.keys() == other.keys()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_a_checkpoint_overwrites_no_other_file(xl2, flowers, tmp_path):
    content = flowers.read_bytes()
    for options in ((), ("--resume",)):
        code, _, err = xl2("train", flowers, "--checkpoint", flowers, *options)
        assert code == 2
        assert "is also an input file" in " ".join(err.split())
    code, _, err = xl2("train", flowers, "--checkpoint", tmp_path / "c", "--out", tmp_path / "c")
    assert code == 2
    assert "is named for another output too" in " ".join(err.split())
    code, _, err = xl2("train", flowers, "--resume")
    assert code == 2
    assert "--checkpoint" in err
    assert flowers.read_bytes() == content
    assert not (tmp_path / "c").exists()


def test_a_checkpoint_of_another_run_is_one_message(xl2, flowers, tmp_path):
    xl2("train", flowers, "--epochs", 1, "--checkpoint", tmp_path / "c")
    code, _, err = xl2(
        "train", flowers, "--epochs", 1, "--checkpoint", tmp_path / "c", "--resume", "--lambda", 2
    )
    assert code == 2
    changed = 'its penalty was "lambda 0.0, per dataset" and is now "lambda 2.0'
    assert changed in " ".join(err.split())


ESCAPES = "\x1b[2Jevil\u202e"


def test_a_terminal_is_sent_no_escapes_of_a_file(xl2, tmp_path, monkeypatch):
    import xl2 as library

    model = tmp_path / "m"
    library.save(library.Model(library.Network([1, 1], "sigmoid"), classes=("a", ESCAPES)), model)
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    network = library.load(model)
    network.network.set_parameters(
        [(np.ones((1, 1)), np.ones(1))]
    )  # every sample is of the second class
    library.save(network, model)
    _, out, _ = xl2("predict", model, tmp_path / "t.csv")
    assert out.count(ESCAPES) == 2  # a pipe gets them unchanged
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, out, _ = xl2("predict", model, tmp_path / "t.csv")
    assert out.count(r"\x1b[2Jevil\u202e") == 2
    assert out.replace("\n", "").isprintable()


def test_errors_have_no_escapes_of_a_file(xl2, flowers, tmp_path):
    from model_files import changed

    model = changed(tmp_path / "m", {"activations": '{"\u202eevil": 1}'})
    code, _, err = xl2("predict", model, flowers)
    assert code == 2
    assert "evil" in err
    assert err.replace("\n", "").isprintable()


def test_a_label_that_standard_output_cannot_hold_is_one_message(xl2, tmp_path, monkeypatch):
    import io
    import sys

    import xl2 as library

    model = library.Model(library.Network([1, 1], "sigmoid"), classes=("\u65e5", "\u65e5\u65e5"))
    library.save(model, tmp_path / "m")
    (tmp_path / "t.csv").write_text("x\n1\n2\n")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "cp1252"))
    code, _, err = xl2("predict", tmp_path / "m", tmp_path / "t.csv")
    assert code == 2
    assert "Standard output is" in err
    assert "--out" in err
    assert len(err.splitlines()) == 1


def test_a_name_that_no_file_can_have_is_one_message(xl2):
    code, _, err = xl2("train", "a" * 300 + ".csv")
    assert code == 2
    assert "cannot be opened" in err


def test_labels_are_smoothed_only_if_asked_for_because_nothing_calibrates(tmp_path):
    from xl2.cli.workflows import train
    from xl2.data import Dataset

    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 2))
    data = Dataset(X, (X[:, 0] > 0).astype(int))
    losses = [train(data, label_smoothing=part).history.loss[-1] for part in (None, 0.0, 0.2)]
    assert losses[0] == losses[1] < 0.1
    assert losses[2] > 0.25
