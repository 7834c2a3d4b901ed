"""What `--json` prints is what path.schema.json says, whatever was trained."""

import json
import re
import runpy

import numpy as np
import pytest
from conftest import ROOT

from xl2.cli.printing import SCHEMA, json_schema

jsonschema = pytest.importorskip("jsonschema", reason="tox installs it with NumPy")
pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("always::UserWarning"),
]

WRITTEN = json.loads(json_schema())
QUICK = ("--epochs", 15, "--cv", 3, "--hidden", "4", "--lambdas", "0,3", "--learning-rate", 0.05,
         "--preset", "plain", "--json")  # fmt: skip


def checked(out):
    """Return what was printed: strict JSON, by the schema."""

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    found = json.loads(out, parse_constant=refuse)
    jsonschema.validate(found, WRITTEN, jsonschema.Draft202012Validator)
    assert out.isascii()
    return found


def objects(schema):
    """Yield every schema of an object, and of what is in it."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for one in schema.values():
            yield from objects(one)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Enter a folder with data sets."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=120)
    np.savez("classes.npz", x=X, y=np.where(y > 0, "yes", "no"))
    np.savez("values.npz", x=X, y=y)
    np.savez("more.npz", x=X + 0.1, y=y)
    np.savez("noise.npz", x=X, y=rng.integers(0, 2, 120))
    np.savez("labels.npz", x=X, y=np.stack([y > 0, X[:, 1] > 0], axis=1).astype(int))
    np.savez("exact.npz", x=X, y=X[:, 0] > 0)
    return tmp_path


def test_the_schema_is_valid_and_describes_every_field():
    jsonschema.Draft202012Validator.check_schema(WRITTEN)
    assert WRITTEN["properties"]["schema"]["const"] == SCHEMA
    found = list(objects(WRITTEN))
    assert len(found) == 8
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == [*one["properties"]]
        for name, field in one["properties"].items():
            assert re.match(r"[A-Z].*\.$", field["description"]), name


def test_the_schema_is_printed(xl2):
    for command in ("path", "diagnose"):
        code, out, err = xl2(command, "--json-schema")
        assert (code, err) == (0, "")
        assert json.loads(out) == WRITTEN


@pytest.mark.parametrize(
    ("data", "more", "has"),
    [
        ("classes.npz", ("--budget", 100, "--without", "0"), {"actions", "comparison"}),
        ("values.npz", ("--budget", 100), {"actions", "comparison", "importance"}),
        ("classes.npz", ("--no-experiments",), {"comparison", "importance"}),
        ("classes.npz", ("--ensemble", "--preset", "best", "--epochs", 3), {"ensemble"}),
        ("labels.npz", ("--lambdas", "0"), {"path"}),
        ("noise.npz", ("--budget", 100), {"path"}),
        ("values.npz", ("--scoring", "neg_mean_absolute_error", "--test", "more.npz"), {"path"}),
        ("exact.npz", ("--seed", "0,1", "--scoring", "roc_auc", "--calibrate"), {"path"}),
        ("classes.npz", ("--lambdas", "0,1e30", "--preset", "sklearn"), {"path"}),
    ],
    ids=lambda one: one if isinstance(one, str) else " ".join(map(str, one)),
)
def test_what_a_path_and_the_diagnosis_of_its_model_print_is_by_the_schema(
    xl2, here, data, more, has
):
    code, out, _ = xl2("path", data, *QUICK, "--out", "m", *more)
    assert code == 0
    path = checked(out)
    assert path["command"] == "path"
    assert {name for name in has if not path[name]} == set()
    if data == "noise.npz":
        assert path["limits"]["by"] == "signal"
        assert path["actions"] == []
    assert (path["ensemble"] is None) == ("--ensemble" not in more)
    test = more[more.index("--test") :][:2] if "--test" in more else ()
    code, out, _ = xl2("diagnose", "m", data, *test, "--json")
    assert code == 0
    model = checked(out)
    assert (model["command"], model["path"], model["ensemble"]) == ("diagnose", None, None)


def test_the_verdict_of_any_model_is_by_the_schema(xl2, here):
    assert xl2("train", "classes.npz", "--epochs", 3, "--out", "m")[0] == 0
    code, out, _ = xl2("diagnose", "m", "classes.npz", "--json")
    assert code == 0
    assert checked(out)["lam"] is None


def test_a_field_that_is_not_described_is_refused(xl2, here):
    out = xl2("path", "classes.npz", *QUICK, "--no-experiments")[1]
    found = checked(out)
    for place in (found, found["limits"], found["path"]):
        place["unknown"] = 1
        with pytest.raises(jsonschema.ValidationError, match="unknown"):
            jsonschema.validate(found, WRITTEN, jsonschema.Draft202012Validator)
        del place["unknown"]
    del found["path"]
    with pytest.raises(jsonschema.ValidationError, match="path"):
        jsonschema.validate(found, WRITTEN, jsonschema.Draft202012Validator)


def test_the_docs_have_every_field():
    made = runpy.run_path(str(ROOT / "docs" / "json_fields.py"))
    text = made["PAGE"].read_text("utf-8")
    assert made["with_tables"](text) == text, "run: python docs/json_fields.py --write"
    for one in objects(WRITTEN):
        for name in one["properties"]:
            assert f"| `{name}` | " in text
