"""`xl2 path` and `xl2 diagnose`, through the command line."""

import importlib.util
import os
import re
import shlex
import signal
import warnings

import numpy as np
import pytest
from report_tools import Reader
from safetensors.numpy import load_file
from sklearn.datasets import load_digits

import xl2 as package
from xl2.cli import workflows
from xl2.data import split

QUICK = (
    "--preset",
    "plain",
    "--epochs",
    4,
    "--batch-size",
    479,
    "--cv",
    3,
    "--hidden",
    "8",
    "--learning-rate",
    0.02,
    "--lambdas",
    "0,0.1,3",
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder, which the default picture is written to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lambdas(out):
    return [line.split()[0] for line in out.splitlines() if re.match(r" +[\d.e+]+ +[-\d]", line)]


def test_path_prints_a_table_and_the_verdict_and_draws(xl2, here, backend):
    where = ["--backend", backend.name]
    where += ["--device", "device1"] if "device1" in str(backend.device) else []
    if backend.name != "numpy":
        where.append("--no-experiments")  # tests/path/ compares those of other libraries
    code, out, err = xl2("path", "digits", *QUICK, *where)
    assert (code, err) == (0, "")
    assert lambdas(out) == ["0", "0.1", "3"]
    for text in ("3 lambdas x 3 folds, 4 epochs", "best", "bias", "gap", "McNemar"):
        assert text in out
    assert "The picture is in digits-path.png." in out
    assert (here / "digits-path.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, out.splitlines())) <= 80


def test_the_verdict_is_on_samples_that_did_not_choose_lambda(xl2, here):
    """The library, called step by step, gives what the command prints."""
    _, out, _ = xl2("path", "digits", *QUICK, "--seed", 2)
    data = package.load_data("digits")
    X, X_held, y, y_held = split(data.X, data.y, fraction=0.2, seed=2, stratify=True)
    path = package.regularization_path(
        X,
        y,
        [0, 0.1, 3],
        cv=3,
        seed=[2],
        hidden=(8,),
        epochs=4,
        batch_size=479,
        learning_rate=0.02,
        preset="plain",
        standardize=True,
    )
    # The command leaves it out, as these are pixels, and says so elsewhere.
    diagnosis = package.diagnose(path, X, y, X_held, y_held, importance=False)
    assert diagnosis.measured() in out
    assert str(path).split("\n\n")[1] in out


def test_scoring_chooses_lambda_by_another_score(xl2, here, flowers):
    code, out, err = xl2("path", flowers, *QUICK, "--scoring", "balanced_accuracy")
    assert (code, err) == (0, "")
    assert "; balanced accuracy in %" in out
    assert re.search(r"^ +null +- ", out, re.M)
    code, _, err = xl2("path", flowers, *QUICK, "--scoring", "neg_log_los")
    assert code == 2
    assert "Did you mean 'neg_log_loss'" in err


def test_out_writes_the_model_of_the_best_lambda(xl2, here, flowers):
    code, out, _ = xl2("path", flowers, *QUICK, "--out", "m.safetensors", "--picture", "a.svg")
    assert code == 0
    assert "The model of the best lambda is in m.safetensors." in out
    assert (here / "a.svg").read_text().lstrip().startswith("<?xml")
    model = package.load("m.safetensors")
    assert model.features == ("length", "width")
    code, diagnosis, _ = xl2("diagnose", "m.safetensors", flowers)
    assert code == 0
    table = re.compile(r"^(?:training|test|bias|gap)  .*$", re.M)
    assert len(table.findall(diagnosis)) == 4
    assert table.findall(diagnosis) == table.findall(out)


def test_diagnose_tests_on_the_samples_that_training_held_out(xl2, here):
    _, out, _ = xl2("train", "digits", "--epochs", 5, "--seed", 3, "--out", "m")
    code, diagnosis, _ = xl2("diagnose", "m", "digits")
    assert code == 0
    for label in ("training", "test", "bias", "gap"):
        trained, diagnosed = (
            re.search(rf"^{label} +([-\d.]+)", text, re.M) for text in (out, diagnosis)
        )
        assert float(trained.group(1)) == pytest.approx(float(diagnosed.group(1)), abs=0.011)
    assert max(map(len, diagnosis.splitlines())) <= 80


def test_diagnose_with_a_test_file_and_without_any(xl2, here):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = (X[:, 0] > 0).astype(int)
    np.savez("all.npz", x_train=X[:60], y_train=y[:60], x_test=X[60:], y_test=y[60:])
    np.savez("train.npz", x=X[:60], y=y[:60])
    np.savez("test.npz", x=X[60:], y=y[60:])
    assert xl2("train", "all.npz", "--epochs", 3, "--out", "m")[0] == 0
    code, whole, _ = xl2("diagnose", "m", "all.npz")
    assert code == 0
    given = xl2("diagnose", "m", "train.npz", "--test", "test.npz")[1]
    assert given.partition("\n\n")[2] == whole.partition("\n\n")[2]
    code, _, err = xl2("diagnose", "m", "train.npz")
    assert code == 2
    assert "All 60 rows of train.npz were trained on" in err


def test_diagnose_uses_the_columns_the_model_was_trained_on(xl2, here, flowers):
    assert xl2("path", flowers, *QUICK, "--out", "m")[0] == 0
    head, *rows = (line.split(",") for line in flowers.read_text().splitlines())
    swapped = [",".join([row[1], row[0], *row[2:]]) for row in (head, *rows)]
    (here / "swapped.csv").write_text("\n".join(swapped))
    code, out, _ = xl2("diagnose", "m", "swapped.csv")
    assert code == 0
    expected = xl2("diagnose", "m", flowers)[1]
    assert out.partition("\n\n")[2] == expected.partition("\n\n")[2]
    (here / "other.csv").write_text("\n".join([swapped[0].replace("width", "size"), *swapped[1:]]))
    code, _, err = xl2("diagnose", "m", "other.csv")
    assert code == 2
    assert "lacks 1 column that the model was trained on: 'width'" in err


def test_test_labels_that_do_not_occur_in_training_are_refused(xl2, here):
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, "a", "b")
    np.savez("data.npz", x=X, y=y)
    np.savez("other.npz", x=X + 1.0, y=np.char.upper(y))
    np.savez("upper.npz", x=X, y=np.char.upper(y))
    assert xl2("path", "data.npz", *QUICK, "--out", "m")[0] == 0
    for command in (("path", "data.npz", *QUICK, "--test", "other.npz"),
                    ("diagnose", "m", "data.npz", "--test", "other.npz"),
                    ("diagnose", "m", "upper.npz")):  # fmt: skip
        code, _, err = xl2(*command)
        assert code == 2
        assert re.search(r"test samples have labels .*: '[AB]' .*Check the label column", err)


@pytest.mark.parametrize(
    ("data", "picture"),
    [("a.2024.npz", "a.2024-path.png"), (".hidden.npz", ".hidden-path.png")],
)
def test_the_picture_is_named_after_the_data(xl2, here, data, picture):
    X = np.random.default_rng(0).normal(size=(60, 2))
    np.savez(data, x=X, y=(X[:, 0] > 0).astype(int))
    assert f"The picture is in {picture}." in xl2("path", data, *QUICK)[1]
    assert (here / picture).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "data.npz"), "'data.npz' is also an input file"),
        (("--out", "./data.npz"), "is also an input file"),
        (("--report", "a", "--out", "a"), "'a' is named for another output"),
        (("--picture", "a.png", "--out", "a.png"), "is named for another output too"),
        (("--test", "test.npz", "--out", "test.npz"), "is also an input file"),
    ],
)
def test_no_output_overwrites_another_file(xl2, here, arguments, message):
    X = np.random.default_rng(0).normal(size=(60, 2))
    for name in ("data.npz", "test.npz"):
        np.savez(name, x=X, y=(X[:, 0] > 0).astype(int))
    before = {file.name: file.read_bytes() for file in here.iterdir()}
    code, _, err = xl2("path", "data.npz", *QUICK, *arguments)
    assert code == 2
    assert message in " ".join(err.split())
    assert {file.name: file.read_bytes() for file in here.iterdir()} == before


def test_a_regression(xl2, here):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    np.savez("values.npz", x=X, y=X @ [1.0, 2.0, -1.0] + 0.5)
    code, out, _ = xl2("path", "values.npz", *QUICK, "--target-score", 0.9)
    assert code == 0
    assert "; R2" in out
    assert "0.9" in out


@pytest.fixture
def people(here):
    """Write a table of 24 people, each with five samples like fingerprints and a random label."""
    rng = np.random.default_rng(0)
    with (here / "people.csv").open("w") as file:
        file.write("a,b,c,who,label\n")
        for k in rng.permutation(np.repeat(np.arange(24), 5)):
            x = np.random.default_rng(k).normal(size=3) + 0.01 * rng.normal(size=3)
            file.write(",".join([*map(str, x), f"p{k}", "ny"[k % 2]]) + "\n")
    return "people.csv"


def accuracy(out):
    return float(re.search(r"^test +([\d.]+)", out, re.M)[1])


def test_samples_of_one_person_are_held_out_together(xl2, here, people):
    """A network that knows the person of a test sample knows its label, and nothing else."""
    plain = ["train", people, "--epochs", 60, "--learning-rate", 0.02]
    (here / "known.csv").write_text(re.sub(r",(who|p\d+)", "", (here / people).read_text()))
    _, known, _ = xl2("train", "known.csv", *plain[2:])
    code, out, err = xl2(*plain, "--groups", "who", "--out", "m.safetensors")
    assert (code, err) == (0, "")
    assert accuracy(known) > 90.0
    assert accuracy(out) < 75.0
    model = package.load("m.safetensors")
    assert (model.features, model.table.groups) == (("a", "b", "c"), "who")
    # The file still has the column: it is no feature, and the target is found beside it.
    code, out, _ = xl2("predict", "m.safetensors", people, "--out", "p.csv")
    assert code == 0
    assert "accuracy on the labels of people.csv" in out
    assert xl2("predict", "m.safetensors", "known.csv", "--out", "q.csv")[0] == 0
    assert (here / "p.csv").read_text() == (here / "q.csv").read_text()
    # Without the column the samples that were held out are found too, but no groups.
    code, out, _ = xl2("diagnose", "m.safetensors", people)
    assert code == 0
    assert "test samples may be" not in out
    code, less, _ = xl2("diagnose", "m.safetensors", "known.csv")
    assert code == 0
    assert "known.csv has no column 'who': test samples may be" in less
    assert less.partition("\n\n")[2] == out.partition("\n\n")[2]


def test_a_path_divides_no_person(xl2, people, monkeypatch):
    quick = ["--epochs", 5, "--lambdas", "0,1", "--cv", 4, "--hidden", 5, "--learning-rate", 0.02]
    seen = []

    def watched(X, y, *arguments, **options):
        seen.append((X, y, options["groups"]))
        return plain_path(X, y, *arguments, **options)

    plain_path = workflows.regularization_path
    monkeypatch.setattr(workflows, "regularization_path", watched)
    code, out, err = xl2("path", people, *quick, "--groups", "who", "--out", "m.safetensors",
                         "--report", "r.html")  # fmt: skip
    assert (code, err) == (0, "")
    data = package.load_data(people, groups="who")
    (
        X,
        X_held,
        *_,
    ) = split(data.X, data.y, seed=0, stratify=True, groups=data.groups)
    np.testing.assert_array_equal(seen[0][0], X)
    known = {tuple(x): who for x, who in zip(data.X, data.groups, strict=True)}
    assert seen[0][2].tolist() == [known[tuple(x)] for x in X]
    assert not {known[tuple(x)] for x in X} & {known[tuple(x)] for x in X_held}
    _, again, _ = xl2("diagnose", "m.safetensors", people)
    table = re.compile(r"^(?:training|test|bias|gap)  .*$", re.M)
    assert len(table.findall(again)) == 4
    assert table.findall(again) == table.findall(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--groups", "who"], "applies only to tables"),
        (["people.csv", "--groups", "whom"], "no column 'whom' for --groups"),
        (["people.csv", "--groups", "who", "--target", "who"], "'who' cannot be both"),
        (["people.csv", "--groups", "who", "--cv", 40], "--cv 40 needs 40 groups or more"),
    ],
)
def test_unusable_groups_are_one_message(xl2, people, arguments, message):
    code, out, err = xl2("path", *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith("Error: ")


@pytest.mark.host
@pytest.mark.filterwarnings("ignore:Training has not finished")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "default: adam (beta_2=0.95, scale_rate=6), batches of 128, seed 0"),
        (("--optimizer", "adam"), "default: adam, batches of 128, seed 0"),
        (("--preset", "notebook"), "notebook: sgd, batches of 64, seed 0"),
    ],
)
def test_the_optimizer_of_a_preset_is_told_from_that_of_its_name(xl2, here, options, expected):
    short = ("--epochs", 1, "--cv", 2, "--hidden", "4", "--lambdas", "0")
    code, out, err = xl2("path", "digits", *short, *options)
    assert (code, err) == (0, "")
    assert f"preset {expected}\n" in out


def test_training_that_has_not_finished_is_a_note_below_the_table_and_in_the_report(
    xl2, here, flowers
):
    few = ["--epochs", 10, "--lambdas", "0", "--cv", 2, "--report", "r.html"]
    few += ["--preset", "plain"]
    code, out, err = xl2("path", flowers.name, *few)
    assert (code, err) == (0, "")
    assert re.search(r"\n\nTraining has not finished at lambda 0: [^:]*--epochs\s\d+\.\n\n", out)
    assert out.count("not finished") == 1
    assert max(map(len, out.splitlines())) <= 80
    assert (
        "Training has not finished at lambda 0: in the last 1 epoch"
        in (here / "r.html").read_text()
    )


def test_a_warning_is_printed_without_the_line_of_code(xl2, here):
    """One person only has the label "c"."""
    with (here / "t.csv").open("w") as file:
        file.write("x,who,label\n")
        for k in range(60):
            file.write(f"{k % 7},{k % 6},{'c' if k % 6 == 5 else 'ab'[k % 2]}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, _, err = xl2(
            "path", "t.csv", "--groups", "who", "--epochs", 1, "--lambdas", "0,1", "--cv", 3,
            "--seed", 0,
        )  # fmt: skip
    assert code == 0, err
    split, folds = (" ".join(text.split()) for text in err.split("Warning: ")[1:])
    assert re.match(r"No held-out sample has the classes .* 'c' \(10 samples\)", split)
    assert re.match(r"Folds are validated on classes .*'c'\. No network", folds)
    assert err.endswith(".\n")
    assert max(map(len, err.splitlines())) <= 80


def test_rare_classes_are_warnings_and_the_path_is_trained(xl2, here):
    rng = np.random.default_rng(0)
    rows = [(x, "ab"[int(x > 0)]) for x in rng.normal(size=60)]
    rows += [(3.0, "c")] * 5 + [(9.0, "d")]
    (here / "t.csv").write_text("x,kind\n" + "".join(f"{x:.3f},{kind}\n" for x, kind in rows))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, out, err = xl2("path", "t.csv", "--epochs", 1, "--lambdas", "0,1", "--cv", 5)
    assert code == 0, err
    assert "2 lambdas x 5 folds" in out
    split, folds = (" ".join(text.split()) for text in err.split("Warning: ")[1:3])
    assert split == (
        "No held-out sample has the class 'd' (1 sample), so the 14 held out do not show how well "
        "it is predicted. Add samples of it."
    )
    assert folds.startswith("The classes 'c' (4 samples), 'd' (1 sample) have fewer samples than")
    assert folds.endswith("Add samples of them, or leave them out.")
    assert max(map(len, err.splitlines())) <= 80


def test_a_grid_is_given_by_its_length_and_several_seeds_by_number(xl2, here):
    _, out, _ = xl2(
        "path", "digits", *QUICK[:-2], "--lambdas", "grid:3", "--patience", 2, "--seed", "0,1"
    )
    assert lambdas(out) == ["0", "10", "100"]
    assert "3 lambdas x 3 folds x 2 seeds" in out


@pytest.mark.host
def test_a_report_has_no_password_of_an_address(xl2, here, monkeypatch):
    monkeypatch.setattr("xl2.cli.values.trackers", lambda mlflow, tensorboard: [])
    given = ["--epochs", 5, "--lambdas", "0,1", "--cv", 2, "--budget", 3]
    code, _, _ = xl2("path", "digits", *given, "--mlflow", "https://me:secret@host/store",
                     "--report", "out.html")  # fmt: skip
    assert code == 0
    page = (here / "out.html").read_text()
    assert "https://me:***@host/store" in page
    assert "secret" not in page


def test_a_report_is_written(xl2, here):
    X, y = load_digits(return_X_y=True)
    np.savez("new.npz", x=np.concatenate([X[:9], X[:30] + 0.5]), y=np.append(y[:9], y[:30]))
    plain = *QUICK, "--no-experiments"
    code, out, _ = xl2("path", "digits", *plain, "--test", "new.npz", "--report", "out.html")
    assert code == 0
    assert "The report is in out.html." in out
    page = (here / "out.html").read_text()
    # How the samples were divided.
    note = "9 of the 39 rows of new.npz were trained on and are left out; the test samples are the"
    assert note in " ".join(out.split())
    assert note in page
    assert "xl2 path digits" in page
    assert "McNemar" in page


@pytest.mark.host
@pytest.mark.parametrize("which", ["held out", "of another file", "without labels"])
def test_rows_of_the_report_are_those_of_the_file(xl2, here, rng, which):
    X = rng.normal(size=(60, 3)).round(4)
    y = [f"{value:.4f}" for value in X.sum(axis=1)]
    if which == "without labels":
        y[2] = y[7] = ""
    lines = [",".join([*map(str, x), label]) for x, label in zip(X, y, strict=True)]
    (here / "first.csv").write_text("\n".join(["a,b,c,sum", *lines[:30]]))
    (here / "second.csv").write_text("\n".join(["a,b,c,sum", *lines[20:]]))
    (here / "all.csv").write_text("\n".join(["a,b,c,sum", *lines]))
    of, name = (lines[20:], "second.csv") if which == "of another file" else (lines, "all.csv")
    files = ("first.csv", "--test", "second.csv") if name == "second.csv" else ("all.csv",)
    plain = *QUICK, "--no-experiments", "--drop-missing-labels", "--task", "regression"
    code, _, err = xl2("path", *files, *plain, "--report", "out.html")
    assert (code, err) == (0, "")
    page = (here / "out.html").read_text()
    head, *rows = Reader(page).table("Largest errors")
    assert head == ["row", "true", "predicted", "error"]
    assert len(rows) > 10
    for row, true, *_ in rows:
        assert float(true) == pytest.approx(float(of[int(row) - 1].split(",")[3]), abs=6e-4)
    assert f"Rows are those of {name}, counted from 1" in page


@pytest.mark.parametrize(
    ("missing", "arguments", "message"),
    [
        ("matplotlib", ("--picture", "a.png"), "A picture needs matplotlib"),
        ("matplotlib", ("--report", "a.html"), "A picture needs matplotlib"),
        ("jinja2", ("--report", "a.html"), "A report needs Jinja2"),
    ],
)
def test_a_missing_library_is_reported_before_training(
    xl2, here, monkeypatch, missing, arguments, message
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == missing else found(name, *more),
    )
    code, out, err = xl2("path", "digits", *QUICK, *arguments)
    assert (code, out) == (2, "")
    assert f'{message}, which is not installed: run pip install "xl2[plot]"' in err
    assert list(here.iterdir()) == []


def test_without_matplotlib_only_the_picture_is_missing(xl2, here, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "matplotlib" else found(name, *more),
    )
    code, out, _ = xl2("path", "digits", *QUICK)
    assert code == 0
    assert "McNemar" in out
    assert 'No picture was drawn: that needs pip install "xl2[plot]".' in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lambdas", "1,1"), "more than once: 1"),
        (("--lambdas", "0,-1"), "0 or more. Received: -1.0"),
        (("--lambdas", "nan"), "finite number"),
        (("--lambdas", "a,b"), "--lambdas must be numbers separated by commas"),
        (("--lambdas", "grid:x"), "--lambdas grid:"),
        (("--lambdas", "grid:"), "--lambdas grid:N must have one whole number"),
        (("--lambdas", "grid:3,4"), "--lambdas grid:N must have one whole number"),
        (("--lambdas", ""), "lambdas is empty"),
        (("--cv", 1), "cv must be from 2"),
        (("--seed", "0,0"), "or a list of distinct ones"),
        (("--seed", ""), "--seed must be whole numbers"),
        (("--seed", -1), "seed of the split must be a whole number"),
        (("--seed", 2**32), "from 0 to 4294967295"),
        (("--picture", "no/such/folder.png"), "folder of 'no/such/folder.png' does not exist"),
        (("--picture", "path.docx"), "must end in .png, .svg or .pdf"),
        (("--report", "no/such/out.html"), "folder of 'no/such/out.html' does not exist"),
        (("--out", "no/such/m"), "folder of 'no/such/m' does not exist"),
        (("--dtype", "float16"), "float16"),
    ],
)
def test_mistakes_are_reported_before_training(xl2, here, monkeypatch, arguments, message):
    def train(*arguments, **settings):
        raise AssertionError("it trained")

    monkeypatch.setattr("xl2.path.train_stacks.train_network", train)
    code, _, err = xl2("path", "digits", *arguments)
    assert code == 2
    assert message in " ".join(err.split())
    assert list(here.iterdir()) == []


def test_the_answer_is_printed_though_the_disk_is_full(xl2, here, monkeypatch):
    def fail(path, *content):
        raise package.InputError("No space left on device.")

    for module in ("model_file", "writing"):
        monkeypatch.setattr(f"xl2.io.{module}.write_whole", fail)
    code, out, err = xl2("path", "digits", *QUICK, "--out", "m")
    assert code == 2
    assert "No space left" in err
    assert "McNemar" in out


def test_an_interrupted_path_resumes_and_prints_the_same(xl2, here, monkeypatch):
    from xl2.training import loop

    command = ("path", "digits", *QUICK, "--no-experiments", "--backend", "numpy")
    whole = xl2(*command, "--out", "whole")[1]
    epoch, seen = loop.train_epoch, []

    def interrupted(self, *arguments):
        epoch(self, *arguments)
        seen.append(1)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(loop, "train_epoch", interrupted)
    code, out, err = xl2(*command, "--checkpoint", "c", "--out", "kept")
    assert (code, out) == (130, "")
    assert re.fullmatch(r"Interrupted\. To continue: xl2 path digits .* --resume\n", err)
    code, out, err = xl2(*shlex.split(err.partition("To continue: xl2 ")[2]))
    assert (code, err) == (0, "")
    verdict = re.compile(r"\d+\.\d s;|\b(whole|kept)\b")
    assert verdict.sub("", out) == verdict.sub("", whole)
    # The header of a safetensors file has no order.
    one, other = load_file("kept"), load_file("whole")
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    assert (here / "c" / "plan").exists()
