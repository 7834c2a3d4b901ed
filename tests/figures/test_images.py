"""Weights and samples as images, by the contents of their axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import arrange, boxes, overlap
from figure_tools import clean as clean

from xl2 import InputError, Network, figures
from xl2.nn.model import Model

pytestmark = pytest.mark.host


def pictures(axes):
    return [ax.images[0] for ax in axes]


def network_of(inputs, units=2, **options):
    return Network([inputs, units, 1], backend="numpy", **options)


def test_an_image_is_a_square_or_three_squares():
    squares = {side**2: (side, side) for side in range(1, 100)}
    threes = {3 * side**2: (side, side, 3) for side in range(1, 100)}
    for inputs in range(-3, 3000):
        expected = squares.get(inputs) or threes.get(inputs)
        assert figures.image_shape(inputs) == expected
    assert figures.image_shape(12288) == (64, 64, 3)


def test_weights_are_columns_of_the_first_layer_on_one_symmetric_scale(rng):
    network = network_of(12, 5)
    weight = rng.standard_normal((12, 5))
    network.set_parameters([(weight, np.zeros(5)), (np.zeros((5, 1)), np.zeros(1))])
    axes = figures.plot_weights(network, (3, 4))
    assert axes.shape == (5,)
    largest = np.abs(weight).max()
    for k, image in enumerate(pictures(axes)):
        np.testing.assert_allclose(image.get_array(), weight[:, k].reshape(3, 4), rtol=1e-6)
        np.testing.assert_allclose(image.get_clim(), (-largest, largest), rtol=1e-6)
    assert [ax.get_title() for ax in axes] == ["0", "1", "2", "3", "4"]
    middle = np.array(pictures(axes)[0].cmap(0.5)[:3])
    assert middle.min() > 0.95  # 0 is white


def test_a_model_is_drawn_by_its_network():
    network = network_of(9)
    drawn = [pictures(figures.plot_weights(one)) for one in (network, Model(network))]
    for a, b in zip(*drawn, strict=True):
        np.testing.assert_array_equal(a.get_array(), b.get_array())


@pytest.mark.parametrize(("inputs", "shape"), [(64, (8, 8)), (12, (2, 2, 3))])
def test_weights_are_drawn_in_the_shape_guessed(inputs, shape):
    axes = figures.plot_weights(network_of(inputs))
    assert pictures(axes)[0].get_array().shape == shape


def test_weights_of_colours_are_around_grey():
    network = Network([12, 1], backend="numpy", dtype="float64")
    weight = np.array([-2.0, 0.0, 1.0] * 4)[:, None]
    network.set_parameters([(weight, np.zeros(1))])
    (image,) = pictures(figures.plot_weights(network))
    np.testing.assert_allclose(image.get_array(), np.tile([0.0, 0.5, 0.75], (2, 2, 1)))


@pytest.mark.parametrize("inputs", [4, 12])
def test_weights_that_are_all_zero_are_drawn(inputs):
    axes = figures.plot_weights(network_of(inputs, initializer="zeros"))
    low, high = pictures(axes)[0].get_clim()
    assert low < high if inputs == 4 else (pictures(axes)[0].get_array() == 0.5).all()


def test_weights_beyond_the_limit_are_left_out_and_counted():
    network = network_of(4, 40)
    axes = figures.plot_weights(network)
    assert len(axes) == 32
    assert axes[0].figure.get_supxlabel() == "the first 32 of 40 units"
    axes = figures.plot_weights(network, limit=5, columns=3)
    assert len(axes) == 5
    assert axes[0].get_subplotspec().get_geometry()[:2] == (2, 3)
    assert len(axes[0].figure.axes) == 5 + 1  # and the colour bar


def test_a_stack_is_refused():
    with pytest.raises(InputError, match="A stack cannot be drawn"):
        figures.plot_weights(network_of(4, stack=2))


@pytest.mark.parametrize(("inputs", "named"), [(30, r"shape=\(5, 6\)"), (7, r"shape=\(1, 7\)")])
def test_a_shape_that_cannot_be_guessed_is_refused(inputs, named):
    with pytest.raises(InputError, match=f"{inputs} inputs do not form a square image.*{named}"):
        figures.plot_weights(network_of(inputs))


@pytest.mark.parametrize("shape", [(3, 3), (12,), (2, 3, 2), (1, 2, 2, 3), (-3, -4)])
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(InputError, match=r"12 inputs in all. Received: shape=\("):
        figures.plot_weights(network_of(12), shape)


def test_a_limit_of_zero_is_refused():
    with pytest.raises(InputError, match=r"1 or more\. Received: limit=0"):
        figures.plot_weights(network_of(4), limit=0)


@pytest.mark.parametrize(
    ("colours", "low", "high"), [((), 0, 255), ((3,), -3.0, 4.5), ((3,), 0.0, 1.0)]
)
def test_images_of_any_range_become_shades_from_0_to_1(rng, colours, low, high):
    shades = rng.random((5, 4, 6, *colours))
    shades[0, 0, 0], shades[-1, -1, -1] = 0.0, 1.0
    axes = figures.plot_images(low + shades * (high - low), "abcde", columns=3)
    for ax, expected in zip(axes, shades, strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), expected, atol=1e-12)
        assert ax.images[0].get_clim() == (0.0, 1.0)
    assert [ax.get_title() for ax in axes] == list("abcde")
    assert axes[0].get_subplotspec().get_geometry()[:2] == (2, 3)
    assert len(axes[0].figure.axes) == 5


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_images_of_one_value_are_drawn(value):
    axes = figures.plot_images(np.full((2, 3, 3), value), ["", ""])
    assert all((ax.images[0].get_array() == 0.0).all() for ax in axes)


def test_long_titles_are_shortened_line_by_line_and_stay_apart():
    title = "3 for 5\n" + "0123456789" * 3
    axes = figures.plot_images(np.ones((9, 4, 4)), [title] * 9)
    arrange(axes[0].figure)
    first, second = axes[0].get_title().split("\n")
    assert first == "3 for 5"
    assert len(second) == 13
    found = boxes(ax.title for ax in axes)
    assert not overlap(found)
    assert not any(title.overlaps(axes[0].get_window_extent()) for title in found)


@pytest.mark.parametrize("shape", [(4, 64), (0, 8, 8), (2, 8, 8, 2), (8,)])
def test_other_shapes_than_images_are_refused(shape):
    with pytest.raises(InputError, match=r"\(n, height, width\).*Received: shape \("):
        figures.plot_images(np.zeros(shape), [""] * shape[0])


def test_another_number_of_titles_than_images_is_refused():
    with pytest.raises(InputError, match=r"2 images need as many titles. Received: 3"):
        figures.plot_images(np.zeros((2, 3, 3)), "abc")
