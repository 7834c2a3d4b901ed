"""Print what CHANGELOG.md says of a version: ``python .github/changes.py 0.1.0``."""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def section_of(version, text):
    """Return the section of a version without its title, ended by the next title or the links."""
    title = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n"
    found = re.search(title + r"(.*?)(?=^## |^\[[^]]+\]: |\Z)", text, re.M | re.S)
    if not found or not found[1].strip():
        sys.exit(
            f"CHANGELOG.md has no section for {version}: give what is under [Unreleased] the title "
            f"'## [{version}] - YEAR-MONTH-DAY', commit it, and move the tag there."
        )
    return found[1].strip()


if __name__ == "__main__":
    print(section_of(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")))
