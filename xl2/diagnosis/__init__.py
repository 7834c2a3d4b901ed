"""Bias, variance, and what an L2 penalty does: the verdict."""
