"""The docstrings of the estimators describe every argument and fitted attribute.

Those that a docstring leaves out are described by the estimators to which it refers.
"""

import inspect
import re

import numpy as np
import pytest

import xl2

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

pd = pytest.importorskip("pandas", reason="a fit on a data frame has one attribute more")

X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
Y = np.arange(30) % 3
every_class = pytest.mark.parametrize(
    ("kind", "options"),
    [
        (xl2.MLPClassifier, {}),
        (xl2.MLPRegressor, {}),
        (xl2.MLPClassifierCV, {"alphas": [1.0], "cv": 2}),
        (xl2.MLPRegressorCV, {"alphas": [1.0], "cv": 2}),
    ],
)


def check(kind, section, expected):
    names, undescribed = described(kind, section)
    assert undescribed == []
    assert set(names) <= set(expected)
    assert set(expected) <= described_with_references(kind, section)


def described_with_references(kind, section):
    names = set(described(kind, section)[0])
    for other in re.findall(r"`(MLP\w+)`", inspect.getdoc(kind)):
        if other != kind.__name__:
            names |= described_with_references(getattr(xl2, other), section)
    return names


def described(documented, section):
    """Return the names in a section of a docstring, and those without a description."""
    text = inspect.getdoc(documented)
    found = re.search(rf"^{section}\n-+\n(.*?)(?=\n\n\S|\Z)", text, re.DOTALL | re.MULTILINE)
    lines = found[1].splitlines() if found else [""]
    names, undescribed = [], []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line and not line.startswith(" "):
            found = line.partition(" : ")[0].split(", ")
            names += found
            undescribed += [] if after.startswith(" ") else found
    return names, undescribed


@every_class
def test_every_argument_is_described_and_no_other(kind, options):
    check(kind, "Parameters", inspect.signature(kind).parameters)


@every_class
def test_every_fitted_attribute_is_described_and_no_other(kind, options):
    model = kind(max_iter=2, **options).fit(X, Y)
    check(kind, "Attributes", [name for name in vars(model) if re.match("[a-z].*_$", name)])


@every_class
def test_every_argument_of_a_method_is_named(kind, options):
    ours = [base for base in kind.__mro__ if base.__module__.startswith("xl2.")]
    names = {name for base in ours for name in vars(base) if re.match("[a-z]", name)}
    # scikit-learn adds the methods that request metadata.
    methods = [name for name in names if callable(getattr(kind, name)) and name[:4] != "set_"]
    assert {"fit", "predict", "score", "to_model", "to_torch"} <= set(methods)
    for name in methods:
        method = getattr(kind, name)
        words = re.findall(r"\w+", inspect.getdoc(method))
        assert set(list(inspect.signature(method).parameters)[1:]) <= set(words), name
