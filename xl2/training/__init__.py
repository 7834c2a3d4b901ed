"""Training: `fit`, the loop, its batches, history and checkpoints."""
