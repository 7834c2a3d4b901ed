"""A sparse matrix trains like the dense one, and is never dense as a whole."""

import numpy as np
import pytest
import scipy.sparse

from xl2 import InputError, Network, fit
from xl2.array import sparse

pytestmark = pytest.mark.one_on_jax

RNG = np.random.default_rng(0)
DENSE = np.where(RNG.random((23, 6)) < 0.3, RNG.normal(size=(23, 6)), 0.0)
LABELS = np.arange(23) % 3
every_format = pytest.mark.parametrize(
    "form", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, scipy.sparse.csc_array]
)


def trained(where, X, stack=None, dtype="float64", **options):
    network = Network([6, 4, 3], ["relu", "softmax"], seed=1, dtype=dtype, stack=stack, **where)
    options = {"epochs": 3, "learning_rate": 0.3, "batch_size": 5} | options
    return network, fit(network, X, LABELS, **options)


@every_format
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("stack", [None, 2, (2, 2)])
def test_a_fit_equals_that_of_the_dense_matrix(where, host, monkeypatch, form, shuffle, stack):
    monkeypatch.setattr(sparse, "CHUNK_BYTES", 7 * 6 * 8)  # chunks of seven rows: one mini-batch
    options = {"stack": stack, "shuffle": shuffle, "sample_weight": np.arange(23) % 4}
    mine, history = trained(where, form(DENSE), **options)
    its, expected = trained(where, DENSE, **options)
    for a, b in zip(mine.parameters, its.parameters, strict=True):
        for p, q in zip(a, b, strict=True):
            np.testing.assert_allclose(host(p), host(q), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-12)
    np.testing.assert_allclose(history.score, expected.score)


def test_forward_and_gradients_equal_those_of_the_dense_matrix(where, host, monkeypatch):
    monkeypatch.setattr(sparse, "CHUNK_BYTES", 7 * 6 * 8)
    network, _ = trained(where, DENSE)
    X = scipy.sparse.csr_array(DENSE)
    np.testing.assert_allclose(host(network.forward(X)), host(network.forward(DENSE)), rtol=1e-12)
    mine, its = network.gradients(X, LABELS), network.gradients(DENSE, LABELS)
    for a, b in zip(mine, its, strict=True):
        np.testing.assert_allclose(host(a[0]), host(b[0]), rtol=1e-10, atol=1e-15)


def test_no_more_rows_than_a_chunk_are_dense_at_once(where, monkeypatch):
    monkeypatch.setattr(sparse, "CHUNK_BYTES", 7 * 6 * 4)
    seen = []
    original = scipy.sparse.csr_array.toarray
    monkeypatch.setattr(
        scipy.sparse.csr_array,
        "toarray",
        lambda part: seen.append(part.shape[0]) or original(part),
    )
    network, _ = trained(where, scipy.sparse.csr_array(DENSE), dtype="float32")
    network.forward(scipy.sparse.csr_array(DENSE))
    assert 0 < max(seen) <= 7


def test_validation_samples_may_be_sparse(where):
    X = scipy.sparse.csr_array(DENSE)
    _, mine = trained(where, X, validation=(X, LABELS))
    _, its = trained(where, DENSE, validation=(DENSE, LABELS))
    np.testing.assert_allclose(mine.validation_loss, its.validation_loss, rtol=1e-12)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (scipy.sparse.csr_array(np.where(np.eye(23, 6, k=-9) > 0, np.nan, DENSE)), ["row 10."]),
        (scipy.sparse.csr_array(DENSE[:, :5]), ["5 features", "6"]),
        (scipy.sparse.csr_array(DENSE.astype(complex)), ["complex128"]),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused(where, broken, words):
    with pytest.raises(InputError) as caught:
        trained(where, broken)
    for word in words:
        assert word in str(caught.value)


def test_is_sparse_recognises_scipys_matrices_only():
    assert sparse.is_sparse(scipy.sparse.coo_array(DENSE))
    assert not sparse.is_sparse(DENSE)
    assert not sparse.is_sparse([[1.0]])
