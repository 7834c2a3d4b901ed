"""What a release is made of agrees: the changelog, the versions, the workflows and the recipe."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT
from packaging.version import Version

pytestmark = pytest.mark.host
yaml = pytest.importorskip("yaml", reason="needs PyYAML, which dask brings")

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RECIPE = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())


def changes(folder, version, text):
    """Run .github/changes.py in a repository with this changelog."""
    (folder / ".github").mkdir(exist_ok=True)
    script = folder / ".github" / "changes.py"
    script.write_text((ROOT / ".github" / "changes.py").read_text())
    (folder / "CHANGELOG.md").write_text(text)
    return subprocess.run(
        [sys.executable, script, version], capture_output=True, text=True, check=False
    )


def test_a_release_is_announced_with_its_section_of_the_changelog(tmp_path):
    text = (
        "# Changelog\n\n## [Unreleased]\n\n- not yet\n\n## [1.10.0] - 2026-02-01\n\n### Added\n\n"
        "- new\n\n## [1.1.0] - 2026-01-01\n\n- old, [linked]\n\n[linked]: CHANGELOG.md\n"
    )
    for version, section in (("1.10.0", "### Added\n\n- new\n"), ("1.1.0", "- old, [linked]\n")):
        done = changes(tmp_path, version, text)
        assert (done.returncode, done.stdout) == (0, section)


@pytest.mark.parametrize("title", ["[Unreleased]", "[1.0.0]", "[1.0.00] - 2026-01-01"])
def test_without_a_section_there_is_no_release(tmp_path, title):
    done = changes(tmp_path, "1.0.0", f"# Changelog\n\n## {title}\n\n- new\n")
    assert done.returncode == 1
    assert "no section for 1.0.0: give what is under [Unreleased] the title" in done.stderr


def test_a_tree_without_tags_has_a_version_after_all_released_ones():
    fallback = PYPROJECT["tool"]["hatch"]["version"]["fallback-version"]
    released = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert all(Version(fallback) > Version(version) for version in released)
    assert f'default="{fallback}"' in RECIPE["context"]["version"]


def test_the_conda_package_needs_what_the_wheel_needs():
    project, needs = PYPROJECT["project"], RECIPE["requirements"]

    def spaced(lines):
        return sorted(re.sub(r"(?=>=)", " ", line, count=1) for line in lines)

    assert sorted(needs["run"]) == spaced(
        [*project["dependencies"], f"python{project['requires-python']}"]
    )
    assert sorted(needs["host"]) == spaced(
        [*PYPROJECT["build-system"]["requires"], "python", "pip"]
    )
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    assert RECIPE["build"]["python"]["entry_points"] == scripts
    about = RECIPE["about"]
    assert (about["summary"], about["license"]) == (project["description"], project["license"])


def test_the_citation_is_of_this_project():
    citation, project = yaml.safe_load((ROOT / "CITATION.cff").read_text()), PYPROJECT["project"]
    assert citation["authors"] == project["authors"]
    assert citation["license"] == project["license"]
    assert citation["title"].startswith("xl2: ")


def test_only_the_job_that_publishes_can_act_as_the_project():
    """And only the one that announces can write to the repository."""
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    assert release["permissions"] == {"contents": "read"}
    jobs = release["jobs"].items()
    assert {name: job["permissions"] for name, job in jobs if "permissions" in job} == {
        "publish": {"id-token": "write"},
        "announce": {"contents": "write"},
    }


def test_workflows_use_the_same_version_of_an_action():
    used = set(re.findall(r"uses: (\S+)@(\S+)", "\n".join(w.read_text() for w in WORKFLOWS)))
    assert len(used) == len({action for action, _ in used})


def test_forms_ask_for_what_is_needed():
    forms = [*(ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")]
    asked = {form.stem: yaml.safe_load(form.read_text()).get("body", []) for form in forms}
    assert asked.pop("config") == []
    for body in asked.values():
        required = [one for one in body if one.get("validations", {}).get("required")]
        assert required
        assert len({one["id"] for one in body}) == len(body)
    assert any("xl2 backends" in one["attributes"]["label"] for one in asked["bug"])
    assert any("xl2 inspect" in one["attributes"]["label"] for one in asked["data"])
