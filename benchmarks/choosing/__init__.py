"""How well a path chooses lambda: measured against the best of a fine grid."""
