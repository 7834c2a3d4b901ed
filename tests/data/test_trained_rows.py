"""Digests of rows, and which rows a model was trained on."""

from __future__ import annotations

import struct
from collections import Counter
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2.data import trained_rows
from xl2.data.trained_rows import find_trained, row_digests

pytestmark = pytest.mark.host

SOME = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def digests(numbers):
    return np.array(numbers, dtype=np.uint64)


@given(st.lists(st.tuples(st.floats(-1e30, 1e30, width=64), st.sampled_from([0.0, -0.0, 0.1])),
                min_size=1, max_size=30))  # fmt: skip
def test_rows_have_equal_digests_if_they_are_equal_in_float32(rows):
    X = np.array(rows)
    X[np.abs(X) < 1e-30] = 0.0
    rounded = [tuple(row) for row in (X.astype("float32") + np.float32(0)).tolist()]
    found = row_digests(X).tolist()
    assert len(set(zip(found, rounded, strict=True))) == len(set(rounded)) == len(set(found))
    assert row_digests(X.astype("float32")).tolist() == found


def test_missing_values_are_equal_whatever_their_bytes():
    X = np.array([[1.0, np.nan], [1.0, -np.nan], [1.0, 0.0]])
    one, other, zero = row_digests(X).tolist()
    assert one == other != zero


def test_a_digest_is_that_of_the_bytes_of_the_row():
    expected = blake2b(struct.pack("<3d", 0.5, 2.0, 0.0), digest_size=8).digest()
    for dtype in ("float16", "float32", "float64", ">f8"):
        found = row_digests(np.array([[0.5, 2.0, -0.0]], dtype=dtype))
        assert (found.dtype, found.tolist()) == ("uint64", [int.from_bytes(expected, "little")])
    assert row_digests(np.array([[3, 7]], "uint8")) == row_digests(np.array([[3.0, 7.0]], "f4"))


@pytest.mark.parametrize("unit", [1e-300, 1e-50, 1e50, 1e290])
def test_rows_in_an_extreme_unit_differ(unit):
    assert len(set(row_digests(np.arange(1.0, 101.0).reshape(-1, 1) * unit).tolist())) == 100


def test_rows_are_digested_in_chunks_in_any_order_in_memory(monkeypatch, rng):
    X = rng.normal(size=(50, 3))
    whole = row_digests(X).tolist()
    monkeypatch.setattr(trained_rows, "CHUNK", 7)
    assert row_digests(X).tolist() == whole
    assert row_digests(np.asfortranarray(X)).tolist() == whole
    assert row_digests(X[::2]).tolist() == whole[::2]


@given(SOME, SOME)
def test_of_complete_data_as_many_rows_are_taken_as_were_trained_on(trained, others):
    rows = digests(np.random.default_rng(0).permutation([*trained, *others]))
    found = find_trained(rows, np.sort(digests(trained)))
    assert Counter(rows[found.trained].tolist()) == Counter(trained)
    assert Counter(rows[~found.trained].tolist()) == Counter(others)
    assert (found.missing, found.count) == (0, len(trained))
    assert found.equal == sum(other in trained for other in others)


@given(SOME, SOME)
def test_of_a_part_and_of_two_parts(trained, others):
    """The first part is that of training. A training row that occurs nowhere makes a part."""
    both, known = digests([*trained, *others]), np.sort(digests(trained))
    found = find_trained(both, known, first=len(trained))
    assert found.trained.tolist() == [True] * len(trained) + [False] * len(others)
    distinct = np.unique(digests(trained))
    part = find_trained(both, np.append(distinct, digests([10])))
    assert part.missing == 1
    assert part.trained.tolist() == [row in trained for row in both.tolist()]


def test_rows_of_equal_features_are_drawn_and_not_taken_in_order():
    """Their labels may be sorted: half of the equal rows are taken, and half of each label."""
    found = find_trained(digests([3] * 400), digests([3] * 200))
    assert found.count == 200
    assert abs(int(found.trained[:200].sum()) - 100) < 30  # six standard deviations


def test_new_rows_that_repeat_training_rows_by_chance_are_new():
    """Rows are drawn from 300 kinds, so that many new ones equal a training row."""
    rng = np.random.default_rng(0)
    for sizes in ((200, 100), (1000, 200), (100, 1000)):
        chance = mixed = 0
        for _ in range(100):
            kinds = rng.dirichlet(np.full(300, 0.5))
            known, new = (digests(rng.choice(300, size, p=kinds)) for size in sizes)
            known.sort()
            found = find_trained(new, known)
            assert found.repeats > 0.2
            chance += found.count == 0 and found.equal == np.isin(new, known).sum()
            part = known[: len(known) * 9 // 10]
            mixed += find_trained(np.append(new[:10], part), known).count >= len(part)
        assert chance >= 95
        assert mixed >= 95
    # Without repeats in training, an equal row is no chance.
    assert find_trained(digests([5, 200]), digests(range(100))).trained.tolist() == [True, False]


def test_the_share_of_repeats():
    assert find_trained(digests([1]), digests([1, 2, 2, 3, 3, 3])).repeats == pytest.approx(5 / 6)
