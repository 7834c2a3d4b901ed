import checkpointing
import pytest

import xl2.training.loop
import xl2.training.run


@pytest.fixture
def die(monkeypatch):
    """Return ``die(n)``: training ends right after the n-th checkpoint is written."""
    # Blocks of three mini-batches of four: an epoch of 45 samples has four.
    monkeypatch.setattr(xl2.training.loop, "BLOCK", 12)
    return checkpointing.dying(monkeypatch)
