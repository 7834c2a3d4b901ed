"""What xl2 costs beside other libraries and beside its own matrix products: `xl2 bench`."""
