"""`plain_path`: a path whose members are what `xl2.fit` trains by default."""

from functools import partial

from xl2 import regularization_path

plain_path = partial(regularization_path, preset="plain")
