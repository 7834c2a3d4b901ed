import checkpointing
import pytest

import xl2.training.loop
import xl2.training.run


@pytest.fixture
def die(monkeypatch):
    """Let a training end right after the n-th checkpoint: ``die(n)``."""
    # Chunks of three mini-batches of four: an epoch of 45 samples has four.
    monkeypatch.setattr(xl2.training.loop, "BLOCK", 12)
    return checkpointing.dying(monkeypatch)
