"""The same script on NumPy, CuPy, PyTorch or JAX.

    python examples/pick_a_backend.py [NAME[:DEVICE] ...]

Without names it uses every library that works on this machine. The seed gives the same initial
weights and order of samples on all of them, so results differ by rounding errors only.
"""

from __future__ import annotations

import sys

import xl2


def main() -> None:
    """Train the same network on each backend and print the results."""
    names = sys.argv[1:] or [info.name for info in xl2.backends() if info.usable]
    digits = xl2.load_data("digits")
    X, y = digits.X / 16, digits.y
    print(f"{'backend':28}{'loss':>12}{'accuracy':>10}{'seconds':>9}")
    for name in names:
        backend, _, device = name.partition(":")
        with xl2.use_backend(backend, device or None) as chosen:
            network = xl2.Network([64, 32, 10], ["relu", "softmax"], "he", seed=1)
            history = xl2.fit(network, X, y, epochs=3, learning_rate=0.05, penalty=0.1)
        score = network.score(X, y)
        seconds = sum(history.seconds)
        print(f"{chosen!s:28}{history.loss[-1]:>12.6f}{score:>10.4f}{seconds:>9.2f}")


if __name__ == "__main__":
    main()
