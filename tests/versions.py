"""What some tests ask of the libraries they compare with, which xl2 itself does not."""

import re
from importlib.metadata import version

import pytest


def is_at_least(name, wanted):
    """Tell whether a library is of a version or a newer one."""
    found, least = (tuple(map(int, re.findall(r"\d+", v)[:2])) for v in (version(name), wanted))
    return found >= least


def at_least(name, wanted, why):
    """Return the mark that skips a test with an older version of a library."""
    reason = f"{why}: pip install -U '{name}>={wanted}'"
    return pytest.mark.skipif(not is_at_least(name, wanted), reason=reason)


SCIKIT_LEARN_1_9 = at_least("scikit-learn", "1.9", "what is compared is scikit-learn 1.9's")
