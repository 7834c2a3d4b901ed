"""scikit-learn's own tests of its two estimators, run unchanged on xl2's.

The test module of the installed scikit-learn is imported with xl2's classes under
scikit-learn's names.
"""

import importlib.util
from pathlib import Path

import pytest
import sklearn.neural_network
from versions import SCIKIT_LEARN_1_9

import xl2

SUITE = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"

# Each with its reason; all others must pass.
EXCLUDED = {
    "test_early_stopping_stratified": "names a rare class 'True'; xl2 names it by its label",
    "test_gradient": "calls _loss_grad_lbfgs, a private method of scikit-learn's class",
}

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    # The settings of scikit-learn's suite do the same.
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def read_suite(path):
    """Import a test module in which xl2's classes have scikit-learn's names."""
    spec = importlib.util.spec_from_file_location("scikit_learns_test_mlp", path)
    module = importlib.util.module_from_spec(spec)
    names = ("MLPClassifier", "MLPRegressor")
    theirs = {name: getattr(sklearn.neural_network, name) for name in names}
    try:
        for name in names:
            setattr(sklearn.neural_network, name, getattr(xl2, name))
        spec.loader.exec_module(module)
    finally:
        for name, original in theirs.items():
            setattr(sklearn.neural_network, name, original)
    return {name: test for name, test in vars(module).items() if name.startswith("test_")}


@pytest.fixture
def global_random_seed():
    """Replace scikit-learn's fixture of this name."""
    return 42


if SUITE.is_file():
    found = read_suite(SUITE)
    globals().update({name: test for name, test in found.items() if name not in EXCLUDED})


def test_the_suite_was_found_and_few_are_excluded():
    assert SUITE.is_file(), f"scikit-learn was installed without {SUITE}"
    assert set(EXCLUDED) <= set(found)
    assert len(found) - len(EXCLUDED) > 40
    assert len(EXCLUDED) <= 5
