"""Count what docs/design.md says of the code's structure.

    python docs/structure.py            print the counts
    python docs/structure.py --write    and put them into docs/design.md
    python docs/structure.py --check    fail if docs/design.md has others, or one is too large

Needs grimp, which comes with import-linter.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "design.md"
BEGIN, END = (
    "<!-- counts: python docs/structure.py --write -->\n```\n",
    "```\n<!-- end of counts -->\n",
)

MOST = {
    "lines of the longest module": 300,
    "lines of the longest test file": 600,
    "imports upward": 0,
    "cycles": 0,
}

Imports = Mapping[str, Iterable[str]]


def counts() -> dict[str, int]:
    """Return the counts by their titles."""
    modules = lines_of("xl2", "backends")
    imports = imports_of("xl2")
    packages: dict[str, set[str]] = {}
    for module, imported in imports.items():
        packages.setdefault(package(module), set()).update(map(package, imported))
    for name, imported in packages.items():
        imported.discard(name)
    entries = [entry for entry in (ROOT / "xl2").iterdir() if entry.name != "__pycache__"]
    return {
        "entries at the top of xl2/": len(entries),
        "modules of xl2/ and backends/": len(modules),
        "lines in them, in hundreds": round(sum(modules.values()) / 100),
        "lines of the longest module": max(modules.values()),
        "lines of the longest test file": max(lines_of("tests").values()),
        "layers": len(layers()),
        "packages in the longest chain of imports": longest_chain(packages),
        "modules in the longest chain of imports": longest_chain(imports),
        "imports upward": len(upward(imports)),
        "cycles": int(has_cycle(packages)) + int(has_cycle(imports)),
    }


def lines_of(*folders: str) -> dict[Path, int]:
    """Return the lines of each Python file."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}


def imports_of(root: str) -> dict[str, set[str]]:
    """Return which modules each module imports, for annotations and in functions too."""
    graph = grimp.build_graph(root, cache_dir=None)
    return {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules - {root}  # its names are imported lazily, by users
    }


def package(module: str) -> str:
    """Return the part of a name that is an entry at the top of xl2/."""
    return module.split(".")[1] if "." in module else module


def layers() -> list[list[str]]:
    """Return the entries of each layer in pyproject.toml, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[name.strip() for name in layer.split("|")] for layer in found]


def upward(imports: Imports) -> list[tuple[str, str]]:
    """Return the imports of another entry in the same layer or a higher one."""
    height = {name: -depth for depth, names in enumerate(layers()) for name in names}
    return [
        (module, other)
        for module, imported in imports.items()
        for other in imported
        if package(module) != package(other)
        and height[package(module)] <= height.get(package(other), 1)
    ]


def has_cycle(imports: Imports) -> bool:
    """Tell whether a module imports itself by way of others."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError:
        return True
    return False


def longest_chain(imports: Imports) -> int:
    """Return the modules of the longest chain of imports; 0 if there is a cycle."""
    length: dict[str, int] = {}
    if has_cycle(imports):
        return 0
    for module in TopologicalSorter(imports).static_order():
        length[module] = 1 + max((length[other] for other in imports.get(module, ())), default=0)
    return max(length.values())


def main(arguments: list[str]) -> str | None:
    """Print the counts; return a message if a check fails."""
    sys.path.insert(0, str(ROOT))
    values, text = counts(), PAGE.read_text(encoding="utf-8")
    found = "".join(f"{title:44}{value:>6}\n" for title, value in values.items())
    print(found, end="")
    before, begin, rest = text.partition(BEGIN)
    written, _, after = rest.partition(END)
    if not begin:
        return f"docs/design.md has no place for the counts: {BEGIN!r} is missing"
    if arguments == ["--write"]:
        PAGE.write_text(f"{before}{BEGIN}{found}{END}{after}", encoding="utf-8")
    elif arguments == ["--check"]:
        excess = [
            f"{title}: at most {most}" for title, most in MOST.items() if values[title] > most
        ]
        if excess:
            return "; ".join(excess)
        if written != found:
            return "docs/design.md has other counts: run python docs/structure.py --write"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
