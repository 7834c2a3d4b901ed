import numpy as np
import pytest
from array_api_compat import device
from threefry_reference import reference

from xl2.nn.dropout import threefry2x32

# Key, counter and words from Random123's kat_vectors, "threefry2x32 20".
KNOWN = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]
known = pytest.mark.parametrize(("key", "counter", "words"), KNOWN)


def int32(words):
    return np.asarray(words, dtype=np.uint32).view(np.int32)


def draw(shape, rng):
    """Draw words, as unsigned Python integers and as int32 of the same bits."""
    words = rng.integers(0, 2**32, size=shape, dtype=np.uint32)
    return words.tolist(), words.view(np.int32)


@pytest.fixture
def jit(backend):
    if backend.name != "jax":
        pytest.skip("only JAX compiles")
    import jax

    return jax.jit


@known
def test_the_reference_gives_the_known_answers(key, counter, words):
    assert reference(key, counter) == words


@known
@pytest.mark.parametrize("shape", [(1,), (2, 1)])
def test_known_answers(to, host, key, counter, words, shape):
    arrays = [to(np.full(shape, int32(word))) for word in (*key, *counter)]
    for found, word in zip(threefry2x32(arrays[:2], arrays[2:]), words, strict=True):
        np.testing.assert_array_equal(host(found), np.full(shape, int32(word)))


def test_many_counters_of_one_key(to, host, rng):
    key, keys = draw(2, rng)
    counters, arrays = draw((2, 101), rng)
    moved = [to(word.reshape(1)) for word in keys]
    found = threefry2x32(moved, [to(words) for words in arrays])
    expected = [reference(key, counter) for counter in zip(*counters, strict=True)]
    np.testing.assert_array_equal(np.stack([host(x) for x in found], axis=1), int32(expected))


# Any of the four arguments can have the long axis.
@pytest.mark.one_on_jax
@pytest.mark.parametrize(
    "shapes",
    [
        [(3, 1, 1), (3, 1, 1), (4,), (1,)],
        [(3, 1, 1), (1, 2, 1), (1,), (4,)],
        [(3, 1, 1), (1,), (1, 2, 1), (4,)],
        [(4,), (2, 1), (1,), (3, 1, 1)],
    ],
)
def test_all_four_words_broadcast(to, host, rng, shapes):
    words = [draw(shape, rng)[1] for shape in shapes]
    first, second, *counter = [to(word) for word in words]
    found = [host(x) for x in threefry2x32((first, second), counter)]
    whole = np.broadcast_arrays(*words)
    assert found[0].shape == found[1].shape == whole[0].shape
    unsigned = [word.astype(np.uint32).ravel().tolist() for word in whole]
    expected = [reference(four[:2], four[2:]) for four in zip(*unsigned, strict=True)]
    np.testing.assert_array_equal(np.stack([x.ravel() for x in found], axis=1), int32(expected))


def test_the_words_are_int32_on_the_device_of_the_counter(xp, to, rng):
    arrays = [to(draw(shape, rng)[1]) for shape in (1, 1, 5, 5)]
    for found in threefry2x32(arrays[:2], arrays[2:]):
        assert found.dtype == xp.int32
        assert device(found) == device(arrays[2])


def test_the_arguments_do_not_change(to, host, rng):
    words = [draw(5, rng)[1] for _ in range(4)]
    arrays = [to(word) for word in words]
    threefry2x32(arrays[:2], arrays[2:])
    for array, word in zip(arrays, words, strict=True):
        np.testing.assert_array_equal(host(array), word)


@known
def test_known_answers_when_compiled(jit, to, host, key, counter, words):
    arrays = [to(int32([word])) for word in (*key, *counter)]
    found = jit(threefry2x32)(arrays[:2], arrays[2:])
    np.testing.assert_array_equal([host(x)[0] for x in found], int32(words))
