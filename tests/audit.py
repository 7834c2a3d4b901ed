"""``tox -e audit``: known vulnerabilities and the licences of what is installed.

Without a network nothing can be looked up; the output says so, and it is not a failure.
"""

import json
import subprocess
import sys

# One of these in a licence's name is enough; look at the others by hand.
FREE = ("MIT", "BSD", "Apache", "PSF", "Python Software Foundation", "ISC", "MPL", "Mozilla")
FREE += ("Zlib", "HPND", "Unlicense", "0BSD", "CC0", "Public Domain")


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, check=False
    )


def vulnerabilities():
    """Return the known vulnerabilities; none if no index could be reached."""
    done = run("pip_audit", "--local", "--progress-spinner", "off", "-f", "json")
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        printed = done.stderr.strip().splitlines() or ["pip-audit printed nothing"]
        print(f"Vulnerabilities were not looked up, since no index was reached: {printed[-1]}")
        return []
    known = [d for d in found if "vulns" in d]
    print(f"{len(known)} of {len(found)} distributions were looked up.")
    if not known:
        print("Vulnerabilities were not looked up, since no index knew of any distribution.")
    return [(d["name"], d["version"], v["id"]) for d in found for v in d.get("vulns", [])]


def doubtful_licences():
    """Return the distributions whose licence is not known to be free."""
    listed = json.loads(run("piplicenses", "--format=json", "--from=mixed").stdout)
    print(f"The licences of {len(listed)} distributions were read.")
    return [
        (d["Name"], d["Version"], d["License"])
        for d in listed
        if not any(name in d["License"] for name in FREE)
    ]


if __name__ == "__main__":
    bad = [("vulnerable:", *line) for line in vulnerabilities()]
    bad += [("licence:", *line) for line in doubtful_licences()]
    for line in bad:
        print(*line)
    sys.exit(bool(bad))
