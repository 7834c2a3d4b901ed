"""The benchmarks measure what they claim; no test asserts how fast anything is."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import numpy as np
import pytest
import sklearn.neural_network

from xl2.cli.bench import _module
from xl2.errors import XL2Error

HOME = _module("suite").__package__
MODULES = (
    "candidates",
    "growth",
    "limits",
    "measure",
    "peers",
    "problem",
    "roofline",
    "scaling",
    "sections",
)
candidates, growth, limits, measure, peers, problem, roofline, scaling, sections = (
    importlib.import_module(f"{HOME}.{name}") for name in MODULES
)
table, team, timing, work, worker = (
    importlib.import_module(f"{HOME}.{name}")
    for name in ("table", "team", "timing", "work", "worker")
)
XL2, FLOOR = candidates.XL2, candidates.FLOOR
# A short last mini-batch is among them.
FEW = problem.Problem(rows=300, batch=64)
# Of a fold's 204 training rows four mini-batches have 41, and one has 40.
CHOICE = problem.Images((12, 8, 6, 4), rows=255, batch=50)

pytestmark = pytest.mark.host


def of(among, *names):
    return [one for one in among if one.peer in names]


@pytest.fixture
def one_core(monkeypatch):
    """Try one number of threads only, because each is a process that imports a library."""
    monkeypatch.setattr(measure, "cores", lambda: 1)


@pytest.fixture
def in_process(monkeypatch):
    """Answer in this process, without another import."""

    class Here(worker.Desk):
        def ask(self, method, *arguments):
            return getattr(self, method)(*arguments)

    monkeypatch.setattr(team.Team, "worker", lambda self, *_: desk)
    monkeypatch.setattr(timing, "PAUSE", 0.0)
    desk = Here()


@pytest.fixture
def faked(monkeypatch):
    """Let everything take one second, except as given."""

    def fake(seconds=None, absent=None, failed=None):
        def measured(among, problem, rounds):
            given = seconds or {}
            names = [one.name for one in among]
            taken = {name: given.get(name, [1.0] * 5) for name in names}
            for gone in (absent or {}, failed or {}):
                taken = {name: values for name, values in taken.items() if name not in gone}
            threads = dict.fromkeys(taken, "1")
            return measure.Measured(taken, threads, absent or {}, failed or {}, [0.0, 0.0])

        monkeypatch.setattr(sections, "measure", measured)
        monkeypatch.setattr(roofline, "lines", lambda *_: [])

    return fake


# The others take a second, so that every limit of an epoch is met.
FAST = {name: [0.2] * 5 for name in (XL2, candidates.NO_LAMBDA, candidates.IN_ORDER)}


@pytest.mark.parametrize("peer", ["sklearn", "torch", "jax", "keras", "thinc"])
def test_every_candidate_does_the_same_work(peer, one_core):
    if gone := peers.absent(peer):
        pytest.skip(f"no {', '.join(gone)}: pip install --group bench")
    for among in (candidates.EPOCH, candidates.OF_PATH):
        theirs = of(among, peer)
        works = {one.work for one in theirs}
        own = [one for one in of(among, peers.OWN) if one.work in works]
        if not theirs:
            continue
        found = measure.measure([*own, *theirs], FEW, rounds=1)
        assert found.failed == {}
        assert found.absent == {}
        assert set(found.seconds) == {one.name for one in (*own, *theirs)}
        assert found.apart[0] < 1e-3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_in_memory_reach_the_weights_of_rows(one_core, in_process):
    lines, desk = [], team.Team().worker("xl2", 1)
    settings = sections.Settings(rows=75, rounds=1, batches=(64,))
    found = sections.order(settings, lines.append)
    assert "weights apart by 0e+00 after few rows, 0e+00 after an epoch\n" in lines
    assert len(found) == 3
    assert all(result.spread is not None for result in found)
    for row in limits.ORDER[:2]:
        columns, rows = (desk.made[name].data[0] for name in (row.over, row.under))
        assert columns.shape == (300, 12)
        assert columns.flags.f_contiguous
        assert rows.flags.c_contiguous


def test_one_member_of_many_may_differ_after_a_long_run():
    start = [np.zeros((5, 2, 3))]
    expected, found = [np.ones((5, 2, 3))], [np.ones((5, 2, 3))]
    found[0][1] = 2.0
    done = {"one": (start, expected), "other": (start, found)}
    assert work.check(done, over_members=np.median) == 0.0
    with pytest.raises(work.BenchmarkError, match="does not do the work"):
        work.check(done)
    found[0][2:] = 2.0
    with pytest.raises(work.BenchmarkError, match="does not do the work"):
        work.check(done, over_members=np.median)


@pytest.mark.filterwarnings("ignore:Training has not finished")
def test_every_choice_of_lambda_reaches_the_same_weights_and_scores():
    if gone := peers.absent("jax"):
        pytest.skip(f"no {', '.join(gone)}: pip install --group bench")
    desk, weights, accuracies = worker.Desk(), {}, []
    for one in [one for one in candidates.ON_IMAGES if one.work]:
        desk.make(one.name, one.factory, CHOICE, {**one.options, "epochs": 60})
        weights[one.name] = desk.work(one.name)
        desk.call(one.name)
        accuracies.append(desk.made[one.name].accuracies())
    assert len(weights) == 3
    assert work.check(weights) < 1e-3
    first, *others = accuracies
    assert first.shape == (8, 5)
    assert first.max() > 0.5
    for found in others:
        # Rounding may move one of a fold's 51 samples across a border.
        np.testing.assert_allclose(found, first, atol=0.03)


def test_the_search_of_scikit_learn_trains_as_much_with_the_same_penalty(monkeypatch):
    search = importlib.import_module(f"{HOME}.peers.sklearn_mlp")
    monkeypatch.setattr(search, "cores", lambda: 1)
    done, lambdas = [], []

    class Counted(sklearn.neural_network.MLPClassifier):
        def fit(self, x, y):
            done.append((super().fit(x, y).n_iter_, len(x)))
            # It divides alpha by the samples of a mini-batch, and xl2 by those of the fold.
            lambdas.append(self.alpha / 64 * 80)
            return self

    monkeypatch.setattr(sklearn.neural_network, "MLPClassifier", Counted)
    digits = problem.Digits(problem.DIGITS, 100, 64)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        assert 0 <= search.Search(digits, epochs=3)() <= 1
    assert done == [(3, 80)] * 40 + [(3, 100)]
    assert lambdas[:40] == pytest.approx(np.repeat(problem.OF_FOLDS, 5))


def test_other_work_is_refused(one_core, in_process):
    own = next(one for one in candidates.EPOCH if one.name == XL2)
    other = candidates.Candidate("another lambda", "xl2", own.factory, {"lam": 10.0}, own.work)
    with pytest.raises(XL2Error, match=r"another lambda .* does not do the work of xl2"):
        measure.measure([own, other], FEW, rounds=1)


def test_a_candidate_that_fails_is_reported_and_the_others_measured(one_core):
    # The first cannot be made; the second raises when called.
    nowhere = candidates.Candidate("nowhere", "floor", ".peers.floor:Nonesuch")
    wrong = candidates.Candidate("wrong", "floor", ".peers.own:Fit", {"lam": -1.0})
    well = candidates.Candidate(FLOOR, "floor", ".peers.floor:Products")
    found = measure.measure([nowhere, wrong, well], FEW, rounds=1)
    assert set(found.seconds) == {FLOOR}
    assert "Nonesuch" in found.failed["nowhere"]
    assert found.failed["wrong"].startswith("InputError: ")


def test_each_candidate_is_timed_with_its_faster_number_of_threads(monkeypatch, in_process):
    monkeypatch.setattr(measure, "cores", lambda: 4)
    seconds = {("few", 1): 1.0, ("few", 4): 1.5, ("many", 1): 3.0, ("many", 4): 2.0}

    class Fake(measure.Crew):
        def ask(self, runner, method, *arguments):
            return seconds[runner.candidate.name, runner.threads] if method == "time" else None

    monkeypatch.setattr(measure, "Crew", Fake)
    rivals = [candidates.Candidate(name, "floor", "") for name in ("few", "many")]
    own = candidates.Candidate("own", "xl2", "")
    seconds["own", 4] = 7.0
    found = measure.measure([*rivals, own], FEW, rounds=2)
    assert found.threads == {"few": "1", "many": "4", "own": "own"}
    assert found.seconds == {"few": [1.0] * 2, "many": [2.0] * 2, "own": [7.0] * 2}


def test_a_process_ends_by_itself_so_that_it_ends_those_it_started():
    with team.Team() as crew:
        one = crew.worker("floor", 1)
        one.ask("make", "floor", ".peers.floor:Products", FEW, {})
    assert one.process.returncode == 0


def test_the_end_of_a_process_is_reported():
    with team.Team() as crew:
        one = crew.worker("xl2", 1)
        one.process.kill()
        with pytest.raises(team.WorkerError, match="ended with code"):
            one.ask("warm", "anything")


def test_a_peer_that_is_not_installed_is_a_line(monkeypatch, xl2, one_core, in_process):
    monkeypatch.setitem(peers.PEERS, "thinc", peers.Peer(("no_such_library",)))
    arguments = ("--only", "epoch,thinc", "--rows", 192, "--rounds", 1, "--batch-size", "64")
    _, out, _ = xl2("bench", *arguments)
    lines = out.splitlines()
    assert f"{'Thinc':<44} not installed: no_such_library" in lines
    assert f"{'xl2 on NumPy / Thinc':<44} not installed" in lines


def test_check_uses_the_lower_quartile(faked, xl2):
    arguments = ("bench", "--only", "epoch", "--batch-size", "64")
    faked(FAST)
    code, out, _ = xl2(*arguments, "--check")
    assert code == 0
    assert "MISSED" not in out
    # The limit of the floor is 1.3: above it, above it with a quartile below, and below it.
    for times, expected, verdict in (
        ([1.4] * 5, 1, "MISSED"),
        ([1.2, 1.2, 1.4, 1.5, 1.6], 0, "unclear"),
        ([1.2] * 5, 0, "met"),
    ):
        faked({**FAST, FLOOR: [0.2 / seconds for seconds in times]})
        assert xl2(*arguments)[0] == 0
        code, out, _ = xl2(*arguments, "--check")
        (line,) = (line for line in out.splitlines() if line.startswith(f"{XL2} / {FLOOR}"))
        assert (code, line.split()[-1]) == (expected, verdict)
        assert f"{np.median(times):.3f} [" in line


def test_a_peer_that_fails_is_a_miss(faked, xl2):
    faked(FAST, failed={candidates.THINC: "ValueError: no"})
    code, out, _ = xl2("bench", "--only", "epoch", "--batch-size", "64", "--check")
    assert code == 1
    assert "failed: ValueError: no" in out


def test_the_table_fits_a_terminal_and_describes_the_machine(faked, xl2):
    faked(FAST, absent={candidates.KERAS: "keras"}, failed={candidates.THINC: "x" * 200})
    code, out, _ = xl2("bench", "--only", "epoch,path,decision,wide,order", "--rounds", 3)
    assert max(map(len, out.splitlines())) <= 80
    for word in ("date", "processor", "libraries", "numpy", "784-1024-1024-10", "batches of 256"):
        assert word in out
    assert code == 0


def test_the_measurements_of_xl2_alone_run(tmp_path, xl2, in_process):
    pytest.importorskip("matplotlib", reason='no matplotlib: pip install "xl2[plot]"')
    file = tmp_path / "growth.png"
    arguments = ("--only", "forward,memory,overhead,floor", "--rows", 160, "--rounds", 1)
    code, out, _ = xl2("bench", *arguments, "--plot", file)
    assert code == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    for word in ("outputs for 2666 rows", "MiB above the data", "an epoch of 50", "members"):
        assert word in out
    assert max(len(line) for line in out.splitlines() if str(file) not in line) <= 80


def test_the_parts_of_a_step(monkeypatch, in_process):
    monkeypatch.setattr(roofline, "LONG", 1e-5)
    monkeypatch.setattr(roofline, "PEAK", 8)
    few = problem.Problem((30, 8, 4, 3), rows=100, batch=16)
    parts = {part.name: part for part in roofline.Roofline(few)()}
    assert parts["16 x 30 x 8"].operations == parts["30 x 16 x 8"].operations == 2 * 16 * 30 * 8
    assert parts["16 x 30 x 8"].moved == 4 * (16 * 30 + 30 * 8 + 16 * 8)
    assert parts["deeper layers, 6 products"].operations == 6 * 16 * (8 * 4 + 4 * 3)
    assert parts["16 x 30 x 64"].operations == 8 * 2 * 16 * 30 * 8
    assert parts["gather the samples"].moved == 2 * 4 * 16 * 30

    def fixed(self):
        taken = {"first": 3e-6, "second": 4e-6, "deeper": 2e-6, "gather": 1e-6, "update": 5e-7}
        return [roofline.Part(name, t, 6000, 3000, True) for name, t in taken.items()]

    monkeypatch.setattr(roofline.Roofline, "__call__", fixed)
    lines = roofline.lines(few, 7 * 20e-6)  # seven steps, the last of them short
    assert lines[1].split() == ["first", "3.0", "2.0", "3", "1.0"]
    assert lines[-1].startswith("a step of xl2, 20 us: 9 products, 1 gather, 0 subtract, 10 ")


def test_the_part_of_the_cores_that_is_used(monkeypatch, in_process):
    monkeypatch.setattr(scaling, "cores", lambda: 2)
    monkeypatch.setattr(worker.Desk, "make", lambda *_: None)
    monkeypatch.setattr(worker.Desk, "warm", lambda *_: None)
    two = {candidates.PATH: 5.0, candidates.DECISION: 8.0, candidates.PATH_FLOOR: 9.0}

    def interleave(calls, rounds):
        return {(name, count): [9.5 if count == 1 else two[name]] for name, count in calls}

    monkeypatch.setattr(scaling, "interleave", interleave)
    said = []
    found = scaling.scaling(sections.Settings(), said.append)
    assert [result.spread.median for result in found] == pytest.approx([0.95, 9.5 / 16, 9.5 / 18])
    assert [result.missed for result in found] == [False, True, False]
    assert max(map(len, said)) <= 80
    unclear = table.Result("", timing.Spread(0.85, 0.8, 0.95), 0.9, least=True)
    assert (unclear.missed, str(unclear).split()[-1]) == (False, "unclear")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity")
def test_a_confined_process_has_as_many_cores_as_threads():
    with team.Team(confined=True) as crew:
        one = crew.worker("floor", 1)
        one.ask("make", "floor", ".peers.floor:Products", FEW, {})
        assert len(os.sched_getaffinity(one.process.pid)) == 1


def test_cost_beside_a_straight_line(monkeypatch, in_process):
    costs = [2.0, 4.0, 8.0, 32.0]  # of one, two, four and eight

    def interleave(fits, rounds):
        return {count: [cost] for count, cost in zip(fits, costs, strict=True)}

    monkeypatch.setattr(growth, "interleave", interleave)
    found, grown = growth.growth(sections.Settings(rows=64, rounds=1), lambda line: None)
    for one in grown:
        assert [spread.median for spread in one.linear] == [1.0, 1.0, 1.0, 2.0]
    assert [result.missed for result in found] == [True, True, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nonesuch"], "nonesuch"),
        (["--rows", "0"], "rows"),
        (["--batch-size", "0"], "--batch-size"),
        (["--batch-size", "many"], "--batch-size"),
        (["--plot", "growth.txt"], "growth.txt"),
    ],
)
def test_a_wrong_argument_is_reported_before_measuring(arguments, message, xl2):
    code, out, err = xl2("bench", *arguments)
    assert code == 2
    assert message in err
    assert "seconds" not in out


def test_another_package_named_benchmarks_is_not_run(monkeypatch, tmp_path):
    import sys

    import xl2

    if HOME != "benchmarks":
        pytest.skip("the wheel has its own benchmarks; this is about a checkout")
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(XL2Error, match=str(Path(xl2.__file__).parent.parent)):
        _module("suite")


def test_the_command_line_does_not_import_them(python):
    code = "import xl2.cli; print([m for m in sys.modules if 'benchmarks' in m or m == 'numpy'])"
    assert python(code) == "[]"


def test_quartiles_are_numpys():
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    assert timing.spread_of(values) == pytest.approx(np.quantile(values, [0.5, 0.25, 0.75]))
    assert timing.ratio([2.0, 9.0, 8.0], [1.0, 3.0, 4.0]).median == 2.0


def test_the_two_rules_for_lambda_are_the_same_for_whole_mini_batches():
    """Lambda over 640 rows, or a tenth of it over each of ten mini-batches of 64."""
    meaning = importlib.import_module(f"{HOME}.meaning")
    for found in (meaning.accuracies((640,), epochs=2), meaning.norms((64,), epochs=2)):
        mine, its = found.values()
        np.testing.assert_allclose(mine, its, rtol=1e-5)
    mine, its = meaning.norms((8,), epochs=2).values()
    assert its[0] < mine[0]


def test_the_picture_of_bias_and_gap_shows_what_it_says():
    """A gap without a penalty, a bias with too much of it, and the best test score between."""
    none, some, much = importlib.import_module(f"{HOME}.bias_gap").networks()[2].values()
    assert none["training"] - none["test"] > 100 - none["training"]
    assert 100 - much["training"] > much["training"] - much["test"]
    assert some["test"] > max(none["test"], much["test"])
