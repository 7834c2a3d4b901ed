"""`tox -e audit`, with made-up output of pip-audit and pip-licenses."""

import json
import subprocess

import audit
import pytest

pytestmark = pytest.mark.host


def printing(output, errors=""):
    return lambda *arguments: subprocess.CompletedProcess(arguments, 1, output, errors)


def test_a_known_vulnerability_is_reported(monkeypatch, capsys):
    sound = {"name": "numpy", "version": "2.4.6", "vulns": []}
    bad = {"name": "jinja2", "version": "3.1.0", "vulns": [{"id": "CVE-2024-22195"}]}
    skipped = {"name": "xl2", "skip_reason": "not on PyPI"}
    found = json.dumps({"dependencies": [sound, bad, skipped], "fixes": []})
    monkeypatch.setattr(audit, "run", printing(found))
    assert audit.vulnerabilities() == [("jinja2", "3.1.0", "CVE-2024-22195")]
    assert "2 of 3 distributions were looked up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "errors", "printed"),
    [
        ("", "Traceback\nConnectionError: no route", "ConnectionError: no route"),
        ('{"dependencies": [{"name": "xl2", "skip_reason": "no"}]}', "", "no index knew of any"),
    ],
)
def test_an_index_that_cannot_be_reached_is_reported(monkeypatch, capsys, output, errors, printed):
    monkeypatch.setattr(audit, "run", printing(output, errors))
    assert audit.vulnerabilities() == []
    assert printed in capsys.readouterr().out


def test_an_unusual_licence_is_reported(monkeypatch):
    printed = [
        {"Name": "numpy", "Version": "2.4.6", "License": "BSD-3-Clause AND 0BSD"},
        {"Name": "gpl", "Version": "1", "License": "GNU General Public License v3 (GPLv3)"},
        {"Name": "unknown", "Version": "2", "License": "UNKNOWN"},
    ]
    monkeypatch.setattr(audit, "run", printing(json.dumps(printed)))
    assert [name for name, *_ in audit.doubtful_licences()] == ["gpl", "unknown"]
