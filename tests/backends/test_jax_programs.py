"""JAX compiles a fit as a few programs, not each of its operations."""

import logging
import re

import numpy as np
import pytest

from xl2 import Network, fit

RNG = np.random.default_rng(0)


@pytest.fixture
def programs(backend, caplog):
    """Return a function that calls another one, and returns the names of what JAX compiled."""
    if backend.name != "jax":
        pytest.skip("about JAX's compiler")
    import jax

    def compiled(call):
        caplog.clear()
        with caplog.at_level(logging.WARNING), jax.log_compiles():
            call()
        told = "\n".join(record.getMessage() for record in caplog.records)
        return re.findall(r"^Finished XLA compilation of (?:jit\()?(\w+)", told, re.M)

    return compiled


@pytest.mark.parametrize("layers", [([7, 13, 1], "relu"), ([7, 13, 3], ["relu", "softmax"])])
def test_a_fit_with_new_shapes_compiles_few_programs_and_the_next_fit_none(where, programs, layers):
    """One program for each operation outside the steps would be 77."""

    def train():
        X, y = RNG.normal(size=(55, 7)), RNG.integers(0, 2, 55)
        network = Network(*layers, **where)
        options = {"epochs": 2, "batch_size": 11, "optimizer": "adam", "validation": (X, y)}
        fit(network, X, y, penalty=0.1, **options)

    found = programs(train)
    assert found.count("scan") == 1  # in the first epoch, and not again in the second
    assert len(found) < 35
    assert programs(train) == []
