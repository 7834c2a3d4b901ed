"""How messages name options: in Python, in an estimator, and on the command line."""

import threading

import pytest

from xl2.array.libraries import Library
from xl2.array.workers import side_by_side
from xl2.errors import Face, facing, offers, on_command_line, option

pytestmark = pytest.mark.host

COMMAND = Face(
    {
        "task": "--task",
        "fraction": "--held-out",
        "hidden": "--hidden",
        "resume": "--resume",
        "experiments": "--experiments",
        "refits": "--no-refits",
        "groups": "--groups",
    },
    command_line=True,
)
NAMED = [
    (("task",), "task", "--task"),
    (("task", "auto"), "task='auto'", "--task auto"),
    (("fraction", 0.5), "fraction=0.5", "--held-out 0.5"),
    (("hidden", [20, 10]), "hidden=[20, 10]", "--hidden 20,10"),
    (("hidden", ()), "hidden=()", "--hidden ''"),
    (("resume", True), "resume=True", "--resume"),
    (("experiments", False), "experiments=False", "--no-experiments"),
    (("refits", False), "refits=False", "--no-refits"),
    (("groups", "my group"), "groups='my group'", "--groups 'my group'"),
    (("max_memory", 9), "max_memory=9", "max memory 9"),
]


@pytest.mark.parametrize(("arguments", "python", "command"), NAMED)
def test_an_option_is_named_as_the_user_sets_it(arguments, python, command):
    assert option(*arguments) == python
    with facing(COMMAND):
        assert option(*arguments) == command
    assert option(*arguments) == python


def test_an_estimator_has_its_own_names():
    with facing(Face({"epochs": "max_iter", "cv": "cv"})):
        assert option("epochs", 500) == "max_iter=500"
        assert option("epochs") == "max_iter"
        assert (offers("cv"), offers("max_memory"), on_command_line()) == (True, False, False)
    assert (offers("max_memory"), on_command_line()) == (True, False)
    with facing(COMMAND):
        assert (offers("task"), offers("max_memory"), on_command_line()) == (True, False, True)


def test_a_face_ends_with_its_block_even_by_an_error():
    with pytest.raises(RuntimeError), facing(COMMAND):
        raise RuntimeError
    assert not on_command_line()


def test_threads_name_the_options_of_their_caller():
    seen, together = [], threading.Barrier(2, timeout=30)

    def work(device, job, wanted):
        together.wait()
        seen.append((threading.get_ident(), option("task", job)))

    with facing(COMMAND):
        side_by_side(Library(), 2, work, ["a", "b"], [0])
    assert sorted(text for _, text in seen) == ["--task a", "--task b"]
    assert threading.get_ident() not in {thread for thread, _ in seen}
