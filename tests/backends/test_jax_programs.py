"""JAX compiles a fit as a few programs, not each of its operations."""

import logging

import numpy as np
import pytest

from xl2 import Network, fit

RNG = np.random.default_rng(0)


@pytest.fixture
def programs(backend, caplog):
    """Return a function that calls another one, and returns how many programs JAX compiled."""
    if backend.name != "jax":
        pytest.skip("about JAX's compiler")
    import jax

    def count(call):
        caplog.clear()
        with caplog.at_level(logging.WARNING), jax.log_compiles():
            call()
        told = [record.getMessage() for record in caplog.records]
        return sum(text.startswith("Finished XLA compilation") for text in told)

    return count


def test_a_fit_with_new_shapes_compiles_few_programs_and_the_next_fit_none(where, programs):
    """One program for each operation outside the steps would be 77."""

    def train():
        X, y = RNG.normal(size=(55, 7)), RNG.integers(0, 2, 55)
        network = Network([7, 13, 1], **where)
        options = {"epochs": 2, "batch_size": 11, "optimizer": "adam", "validation": (X, y)}
        fit(network, X, y, penalty=0.1, **options)

    assert 0 < programs(train) < 30
    assert programs(train) == 0
