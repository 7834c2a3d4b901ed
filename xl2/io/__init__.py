"""Files: atomic writes, and reading that does not trust the file."""
