"""How often intervals hold the truth, and how often a confident sentence is false."""
