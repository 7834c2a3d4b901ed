"""Array libraries: choosing one, its arrays, and its operations."""
