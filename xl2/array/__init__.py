"""What every array library is asked, and how each one answers."""
