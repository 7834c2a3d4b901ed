"""The speed of xl2, of other libraries and of bare matrix products: `xl2 bench`."""
