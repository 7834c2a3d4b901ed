"""The lines of `verbose`: printed as by scikit-learn, or logged where logging is set up."""

from __future__ import annotations

import logging

logger = logging.getLogger("xl2")


def say(line: str) -> None:
    """Log a line to the logger "xl2", at the level INFO, if a handler takes it; else print it."""
    if logger.isEnabledFor(logging.INFO) and logger.hasHandlers():
        logger.info(line)
    else:
        print(line)
