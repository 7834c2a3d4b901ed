"""Runs and paths in MLflow and TensorBoard, read back with these tools."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from plain_paths import plain_path

import xl2
from xl2.cli import main
from xl2.training.loop import Keep

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
LAMBDAS = [0, 1e-5, 1]
NAMES = ["lambda 0", "lambda 1e-05", "lambda 1"]
CURVES = ["loss", "score", "penalty", "validation_loss", "validation_score"]


class MLflowStore:
    """An MLflow store in a folder, read with its client."""

    def __init__(self, folder):
        self.uri = (folder / "store").as_uri()

    def tracker(self, run=None):
        return xl2.tracking.MLflow(self.uri, "trials", run)

    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(self.uri)

    def runs(self):
        client = self.client()
        return client.search_runs([client.get_experiment_by_name("trials").experiment_id])

    def curve(self, run, member, name):
        name = f"{name}/{member}" if member else name
        found = self.client().get_metric_history(run, name)
        return [(one.step, one.value) for one in found]

    def parameters(self, run):
        return self.client().get_run(run).data.params

    def file(self, run, name):
        from pathlib import Path

        return Path(self.client().download_artifacts(run, name)).read_bytes()

    def text(self, run, name):
        return self.file(run, name).decode()


class TensorBoardFolder:
    """A folder of event files, read with TensorBoard's own reader."""

    def __init__(self, folder):
        self.folder = folder / "runs"

    def tracker(self, run=None):
        return xl2.tracking.TensorBoard(self.folder, run)

    def _events(self, run, member=""):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(self.folder / run / member), {"tensors": 0})
        events.Reload()
        return events

    def curve(self, run, member, name):
        from tensorboard.util.tensor_util import make_ndarray

        found = self._events(run, member).Tensors(name)
        return [(one.step, float(make_ndarray(one.tensor_proto))) for one in found]

    def parameters(self, run):
        rows = self.text(run, "parameters").splitlines()[2:]
        return dict(row.split(" | ") for row in rows)

    def file(self, run, name):
        return (self.folder / run / name).read_bytes()

    def text(self, run, name):
        (event,) = self._events(run).Tensors(name)
        text = event.tensor_proto.string_val[0].decode()
        return "\n".join(line.removeprefix("    ") for line in text.splitlines())


@pytest.fixture(params=[MLflowStore, TensorBoardFolder], ids=["mlflow", "tensorboard"])
def store(request, tmp_path, monkeypatch):
    name = request.param.__name__
    extra = "mlflow" if name == "MLflowStore" else "tensorboard"
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    pytest.importorskip(extra, reason=f'needs pip install "xl2[{extra}]"')
    return request.param(tmp_path)


def fitted(*callbacks, stack=None, epochs=4, **options):
    output = ["tanh", "sigmoid"]
    network = xl2.Network([3, 4, 1], output, stack=stack, backend="numpy")
    penalty = LAMBDAS if stack == 3 else 0.5
    options |= {"validation": (X, Y), "callbacks": callbacks}
    return xl2.fit(network, X, Y, epochs=epochs, penalty=penalty, **options)


def steps(values):
    return [(epoch, pytest.approx(float(value))) for epoch, value in enumerate(values, 1)]


def test_a_network_has_its_parameters_and_curves(store):
    tracker = store.tracker()
    history = fitted(tracker)
    for name in CURVES:
        assert store.curve(tracker.run, "", name) == steps(getattr(history, name))
    known = store.parameters(tracker.run)
    assert known["network"] == "3-4-1, tanh, sigmoid"
    assert known["penalty"] == "lambda 0.5, per dataset"
    assert (known["epochs"], known["samples"], known["learning rate"]) == ("4", "60", "0.01")


def test_a_stack_has_a_curve_for_each_lambda(store):
    tracker = store.tracker("mine")
    history = fitted(tracker, stack=3)
    for k, member in enumerate(NAMES):
        for name in CURVES:
            expected = steps(value[k] for value in getattr(history, name))
            assert store.curve(tracker.run, member, name) == expected


def test_members_that_are_dropped_or_share_a_lambda_keep_their_names(store):
    def drop(network, history):
        return Keep([2]) if len(history) == 2 else None

    tracker = store.tracker()
    history = fitted(tracker, drop, stack=3)
    assert store.curve(tracker.run, NAMES[1], "loss") == steps(v[1] for v in history.loss[:2])
    last = [v[k] for v, k in zip(history.loss, (2, 2, 0, 0), strict=True)]
    assert store.curve(tracker.run, NAMES[2], "loss") == steps(last)
    history = fitted(tracker, stack=(2, 2))
    for g in range(2):
        for m in range(2):
            member = f"lambda 0.5 member {m + 1} group {g + 1}"
            expected = steps(value[g, m] for value in history.loss)
            assert store.curve(tracker.run, member, "loss") == expected


def test_a_resumed_run_goes_on_in_the_same_curves(store, tmp_path):
    def interrupt(network, history):
        if len(history) == 3:
            raise KeyboardInterrupt

    saving = {"checkpoint": tmp_path / "c", "every": 2}
    with pytest.raises(KeyboardInterrupt):
        fitted(first := store.tracker(), interrupt, **saving)
    again = store.tracker()
    history = fitted(again, resume=True, epochs=6, **saving)
    assert again.run == first.run
    assert store.curve(again.run, "", "loss") == steps(history.loss)
    # Without a checkpoint the same tracker begins another run.
    fitted(again, epochs=2)
    assert again.run != first.run
    assert len(store.curve(again.run, "", "loss")) == 2


def test_a_path_has_its_curves_scores_verdict_model_and_report(store, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("<p>Report</p>")
    path = plain_path(X, Y, LAMBDAS, cv=3, hidden=(4,), epochs=30, backend="numpy")
    diagnosis = xl2.diagnose(path)
    tracker = store.tracker()
    tracker.log(path, diagnosis, model=path.best_model_, report=page)
    run = tracker.run
    for k, lam in enumerate(NAMES):
        expected = path.curves_["validation_loss"][:, k].mean(axis=(1, 2))
        assert store.curve(run, lam, "validation_loss") == steps(expected)
        ((_, score),) = store.curve(run, lam, "final_validation_score")
        assert score == pytest.approx(path.validation_means_[k])
    assert store.curve(run, "", "best_lambda") == [(0, pytest.approx(path.best_lambda_))]
    assert store.curve(run, "", "gap") == [(0, pytest.approx(diagnosis.gap, abs=1e-6))]
    assert store.text(run, "verdict.txt") == str(diagnosis)
    assert store.text(run, "scores.txt") == str(path)
    assert json.loads(store.file(run, "verdict.json")) == diagnosis.to_dict()
    assert store.file(run, "report.html") == page.read_bytes()
    xl2.save(path.best_model_, tmp_path / "model")
    assert store.file(run, "model.safetensors") == (tmp_path / "model").read_bytes()
    if "matplotlib" in sys.modules:
        assert store.file(run, "path.png").startswith(b"\x89PNG")
    known = store.parameters(run)
    assert (known["folds"], known["lambdas"]) == ("3", "0, 1e-05, 1")
    # What is logged without a path is added to the run.
    page.write_text("<p>Another</p>")
    tracker.log(report=page)
    assert tracker.run == run
    assert store.file(run, "report.html") == page.read_bytes()


def test_a_store_that_fails_in_the_middle_does_not_end_training(store, monkeypatch):
    tracker = store.tracker()
    write = tracker._write

    def fail(points):
        if points[0].epoch == 3:
            raise OSError("No space left on device")
        write(points)

    monkeypatch.setattr(tracker, "_write", fail)
    with pytest.warns(UserWarning, match="No space left on device. The result is not") as caught:
        history = fitted(tracker)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(history) == 4
    assert store.curve(tracker.run, "", "loss") == steps(history.loss[:2])


def test_a_run_says_how_it_ended(tmp_path, monkeypatch):
    def end(error):
        def raising(network, history):
            raise error

        return raising

    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow", reason='needs pip install "xl2[mlflow]"')
    store = MLflowStore(tmp_path)
    fitted(store.tracker("good"))
    for error in (KeyboardInterrupt, ValueError("wrong")):
        with pytest.raises((KeyboardInterrupt, ValueError)):
            fitted(store.tracker(f"{error!r}"), end(error))
    assert sorted(one.info.status for one in store.runs()) == ["FAILED", "FINISHED", "KILLED"]
    # A run of the user's own is used, and stays open.
    mlflow.set_tracking_uri(store.uri)
    with mlflow.start_run() as run:
        tracker = xl2.tracking.MLflow()
        fitted(tracker, epochs=1)
        assert tracker.run == run.info.run_id
        assert mlflow.active_run().info.status == "RUNNING"
    mlflow.set_tracking_uri(None)


def test_errors_come_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    pytest.importorskip("mlflow", reason='needs pip install "xl2[mlflow]"')
    with pytest.raises(xl2.InputError, match=r"store 'http://127.0.0.1:9' cannot be used"):
        xl2.tracking.MLflow("http://127.0.0.1:9")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(xl2.InputError, match=r"file/runs' of TensorBoard's files cannot be used"):
        xl2.tracking.TensorBoard(file / "runs")
    tracker = xl2.tracking.TensorBoard(tmp_path)
    with pytest.raises(xl2.InputError, match=r"nowhere.html' cannot be read: No such file"):
        tracker.log(report=tmp_path / "nowhere.html")
    with pytest.raises(xl2.InputError, match=r"callbacks=\[tracker\]"):
        fitted(lambda *now: tracker(*now))


def test_the_commands_log_what_they_train(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for extra in ("mlflow", "tensorboard"):
        pytest.importorskip(extra, reason=f'needs pip install "xl2[{extra}]"')
    monkeypatch.chdir(tmp_path)
    data = np.column_stack([X, Y])
    np.savetxt("data.csv", data, delimiter=",", header="a,b,c,label", comments="")
    store, folder = MLflowStore(tmp_path), TensorBoardFolder(tmp_path)
    small = ["data.csv", "--epochs", "20", "--hidden", "4", "--out", "model"]
    logging = ["--mlflow", store.uri, "--tensorboard", str(folder.folder)]
    path = ["--lambdas", "0,1", "--cv", "2", "--no-experiments"]
    for command in (["train", *small], ["path", *small, *path]):
        monkeypatch.setattr(sys, "argv", ["xl2", *command, *logging])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0
    client = store.client()
    one = client.search_runs([client.get_experiment_by_name("xl2").experiment_id])
    assert len(one) == 2
    trained, of_path = sorted(folder.folder.iterdir())
    assert len(folder.curve(trained.name, "", "loss")) == 20
    assert len(folder.curve(of_path.name, "lambda 1", "loss")) == 20
    assert folder.file(of_path.name, "model.safetensors") == (tmp_path / "model").read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
def test_runs_are_logged_to_a_database(tmp_path, monkeypatch):
    """MLflow's default kind of store; creating one takes seconds."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    for module in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(module, reason="MLflow needs it for a database")
    store = MLflowStore(tmp_path)
    store.uri = f"sqlite:///{tmp_path}/runs.db"
    tracker = store.tracker()
    history = fitted(tracker, stack=3)
    for k, member in enumerate(NAMES):
        expected = steps(values[k] for values in history.loss)
        assert store.curve(tracker.run, member, "loss") == expected
    path = plain_path(X, Y, LAMBDAS, cv=3, hidden=(4,), epochs=30, backend="numpy")
    diagnosis = xl2.diagnose(path)
    tracker.log(path, diagnosis, model=path.best_model_)
    assert store.text(tracker.run, "verdict.txt") == str(diagnosis)


@pytest.mark.parametrize(("make", "module", "extra"), [
    (lambda: xl2.tracking.MLflow(), "mlflow", "mlflow"),
    (lambda: xl2.tracking.TensorBoard("x"), "tensorboard", "tensorboard"),
])  # fmt: skip
def test_a_missing_library_is_named_with_its_extra(monkeypatch, make, module, extra):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(xl2.InputError, match=rf'run pip install "xl2\[{extra}\]"'):
        make()


def test_neither_library_is_imported_before_it_is_used(python):
    code = "import sys, xl2; xl2.tracking.MLflow; print({'mlflow', 'tensorboard'} & {*sys.modules})"
    assert python(code) == "set()"
