"""How good the defaults of a path are: against those of before, changes of one, and peers."""
