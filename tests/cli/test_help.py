"""The help: plain text of at most 80 columns, with headings and examples that can be run."""

import shlex

import pytest
import typer.main

from xl2.cli import app
from xl2.cli.examples import EXAMPLES
from xl2.cli.help import COMMANDS, EXIT_CODES, OPTIONS

pytestmark = pytest.mark.host

PROGRAM = typer.main.get_command(app)
NAMES = [*PROGRAM.commands]


def test_every_command_is_under_one_heading():
    listed = [name for names in COMMANDS.values() for name in names]
    assert sorted(listed) == sorted(NAMES)


def test_every_option_is_under_one_heading():
    listed = [name for names in OPTIONS.values() for name in names]
    assert len(listed) == len(set(listed))
    known = set()
    for command in (PROGRAM, *PROGRAM.commands.values()):
        options = command.get_params(typer.Context(command))
        own = {one.name for one in options if one.param_type_name == "option"}
        assert own <= set(listed)
        known |= own
    assert known == set(listed)


@pytest.mark.parametrize("name", ["", *NAMES])
@pytest.mark.parametrize("columns", [80, 60])
def test_help_is_plain_text_that_fits(xl2, monkeypatch, name, columns):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("xl2.cli.help.NARROW", 70 if columns == 80 else 100)
    code, out, err = xl2(*name.split(), "--help")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith(f"Usage: {' '.join(['xl2', *name.split()])} ")
    for word in ("{", "[required]", "TEXT, NUMBER", "None"):  # as typer writes them
        assert word not in out


def test_help_lists_what_most_people_need_first(xl2):
    out = xl2("path", "--help")[1]
    headings = [line for line in out.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings[:2] == ["Arguments:", "Most used:"]
    assert headings[-2:] == ["Help:", "Examples:"]
    for name in [*PROGRAM.commands["path"].params]:
        if name.param_type_name == "option":
            assert out.count(f" {name.opts[0]} ") >= 1, name.opts


@pytest.mark.parametrize("name", NAMES)
def test_options_without_which_a_command_does_nothing_are_marked(xl2, name):
    options = [p for p in PROGRAM.commands[name].params if p.param_type_name == "option"]
    needed = [one.opts[0] for one in options if one.required]
    assert xl2(name, "--help")[1].count("(required)") == len(needed)
    assert needed == (["--onnx"] if name == "export" else [])


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_a_command_that_can_be_parsed(xl2, name):
    assert 1 <= len(EXAMPLES[name]) <= 4
    out = xl2(name, "--help")[1]
    for about, example in EXAMPLES[name]:
        program, command, *arguments = shlex.split(example)
        assert (program, command) == ("xl2", name)
        PROGRAM.commands[name].make_context(name, arguments)
        assert about.endswith(":")
        assert f"    {example}\n" in out


def test_the_program_tells_exit_codes_and_where_to_begin(xl2):
    out = xl2("--help")[1]
    for code, _ in EXIT_CODES:
        assert f"\n  {code:10}" in out
    assert "xl2 inspect FILE" in out
    for line in out.splitlines():  # a line for each command
        for command in NAMES:
            assert not line.startswith(f"  {command} ") or line.endswith(".")
