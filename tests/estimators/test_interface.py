"""MLPClassifier and MLPRegressor have scikit-learn's parameters, methods and attributes."""

import inspect

import pytest
import sklearn
from parity_tools import LIBRARIES, either, pair
from versions import SCIKIT_LEARN_1_9

pd = pytest.importorskip("pandas", reason="a fit on a data frame has one attribute more")

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def parameters(function):
    return list(inspect.signature(function).parameters.values())


@either
def test_the_arguments_are_scikit_learns_and_then_xl2s(name):
    theirs, ours = (parameters(getattr(library, name)) for library in LIBRARIES)
    described = [[(p.name, p.default, p.kind) for p in of] for of in (theirs, ours)]
    assert described[1][: len(theirs)] == described[0]
    assert all(p.kind is p.KEYWORD_ONLY for p in ours[len(theirs) :])


@either
def test_every_public_method_exists_with_the_same_arguments(name):
    theirs, ours = (getattr(library, name) for library in LIBRARIES)
    methods = [method for method in dir(theirs) if not method.startswith("_")]
    assert {"fit", "partial_fit", "predict", "score", "get_metadata_routing"} <= set(methods)
    for method in methods:
        assert hasattr(ours, method), method
    for method in ("fit", "partial_fit", "predict", "score"):
        expected, found = (parameters(getattr(c, method)) for c in (theirs, ours))
        described = [[(p.name, p.default, p.kind) for p in of] for of in (expected, found)]
        assert described[1][: len(expected)] == described[0]
        assert all(p.kind is p.KEYWORD_ONLY for p in found[len(expected) :])


@either
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_fitted_attributes_are_the_same(name, solver, early_stopping, x, y):
    theirs, ours = (
        e.fit(pd.DataFrame(x, columns=list("abc")), y)
        for e in pair(name, solver=solver, early_stopping=early_stopping)
    )
    expected = {key for key in vars(theirs) if key.endswith("_")}
    assert "feature_names_in_" in expected
    assert {key for key in vars(ours) if key.endswith("_")} == expected


@either
def test_parameters_and_repr_agree(name):
    theirs, ours = (getattr(library, name)() for library in LIBRARIES)
    assert repr(ours) == repr(theirs)
    assert ours.get_params().items() >= theirs.get_params().items()
    for e in (theirs, ours):
        e.set_params(alpha=1, hidden_layer_sizes=(3, 2), solver="sgd", max_iter=7)
    assert repr(ours) == repr(theirs)
    assert repr(sklearn.base.clone(ours)) == repr(theirs)
