"""Model files for the tests."""

from safetensors.numpy import load_file, save_file

import xl2
from xl2 import Network


def changed(path, header=None, **arrays):
    """Write a model file with some header values or arrays replaced."""
    from safetensors import safe_open

    xl2.save(Network([3, 2], ["softmax"]), path)
    with safe_open(path, framework="numpy") as file:
        old = file.metadata()
    save_file({**load_file(path), **arrays}, path, metadata={**old, **(header or {})})
    return path
