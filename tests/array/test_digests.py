"""Digests of samples: equal for equal samples of any library, different for others."""

from __future__ import annotations

import numpy as np
import pytest

from xl2.array import digests
from xl2.array.digests import digest

X = np.random.default_rng(8).normal(size=(40, 3))


def test_equal_samples_have_equal_digests(to):
    whole = np.round(X * 4)
    same = [
        to(whole, "float32"),
        whole.astype(np.int8),
        whole.tolist(),
        whole.astype(object),
        np.asfortranarray(whole),
        np.where(whole == 0, -0.0, whole),
    ]
    assert {digest(x) for x in same} == {digest(whole)}


@pytest.mark.host
def test_missing_values_are_equal_whatever_their_bytes():
    X = np.array([[1.0, np.nan]])
    assert (-X).tobytes()[8:] != X.tobytes()[8:]
    assert digest(np.abs(X)) == digest(np.copysign(X, [1.0, -1.0])) == digest(X)
    assert digest(X) != digest(np.nan_to_num(X))


@pytest.mark.host
def test_different_samples_have_different_digests():
    changed = X.copy()
    changed[-1, -1] = np.nextafter(changed[-1, -1], 1)
    others = [changed, X[::-1], X.T, X[:-1], X.reshape(20, 6), X.astype("float32"), X.ravel()]
    assert len({digest(x) for x in (X, *others)}) == 1 + len(others)


@pytest.mark.host
def test_all_samples_enter_the_digest(monkeypatch):
    whole, changed = digest(X), X.copy()
    monkeypatch.setattr(digests, "ROWS", 7)
    assert digest(X) == whole
    changed[39, 2] = 9.0
    assert digest(changed) != whole


@pytest.mark.host
def test_a_sparse_and_a_dense_matrix_have_the_same_digest():
    sparse = pytest.importorskip("scipy.sparse")
    x = np.where(X > 1, X, 0.0)
    assert digest(sparse.coo_array(x)) == digest(sparse.csc_matrix(x)) == digest(x)
