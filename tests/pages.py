"""What runs the code of the README and the docs: Sybil's documents, and how a block is evaluated.

Blocks of Python and sh are run in order, in a folder with the tables that the pages name. A block
of text is the output of the last block that printed something. Before a block that cannot run
here is a comment with the reason, which no reader of the page sees::

    <!-- skip: next "needs a CUDA device" -->
    <!-- skip: next if(lacks("torch"), reason="needs PyTorch") -->
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import ROOT
from sybil import Sybil
from sybil.example import SybilFailure
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

FOUND = [*ROOT.glob("*.md"), *(ROOT / "benchmarks").glob("*.md"), *(ROOT / "docs").rglob("*.md")]
PAGES = {page.relative_to(ROOT).as_posix(): page for page in sorted(FOUND)}
# A directive of MyST such as ```{toctree} is no code.
OTHERS = re.compile(r"(?P<language>(?!(?:python|sh|text)$|\{)[^\n]*)$\n", re.M)
SECONDS = re.compile(r"\b\d+(?:\.\d+)? s\b")
NUMBER = re.compile(r"[-+]?\d+(?:\.(\d+))?(?:e[-+]?\d+)?")


def run_in_shell(example):
    """Run a block as a script that ends at its first error; return what went wrong, if anything."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    packages = os.pathsep.join(folder for folder in sys.path if folder)
    done = subprocess.run(
        ["bash", "-e", "-c", example.parsed],
        env={**os.environ, "PATH": path, "PYTHONPATH": packages, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(done.stdout, end="")
    return done.stderr if done.returncode else None


def compare_with_output(example):
    """Return what differs between a block of text and what the block before it printed."""
    printed = example.namespace["printed"]
    return difference(example.parsed, printed)


def difference(shown, printed):
    """Return what differs, in lines; "" if only seconds, spaces and the rounding of numbers do."""
    one, other = (SECONDS.sub("0 s", text).split() for text in (shown, printed))
    if len(one) == len(other) and all(map(is_close, one, other)):
        return ""
    lines = difflib.unified_diff(
        shown.splitlines(), printed.splitlines(), "in the page", "printed", lineterm=""
    )
    return "\n".join(lines)


def is_close(word, other):
    """Compare words; numbers may differ by a twentieth, or by two in the last decimal."""
    if word == other:
        return True
    if NUMBER.sub("#", word) != NUMBER.sub("#", other):
        return False
    for one, two in zip(NUMBER.finditer(word), NUMBER.finditer(other), strict=True):
        expected, found = float(one[0]), float(two[0])
        step = 10.0 ** -len(one[1]) if one[1] and "e" not in one[0] else 0.0
        if abs(expected - found) > max(2.001 * step, abs(expected) / 20):
            return False
    return True


def refuse(example):
    return (
        "Only blocks of python, sh and text are run or compared. Give this one such a language, or "
        'write <!-- skip: next "REASON" --> before it.'
    )


def other_blocks(document):
    names = {"language": "language", "source": "source"}
    for region in RawFencedCodeBlockLexer(OTHERS, names)(document):
        region.parsed, region.evaluator = region.lexemes["source"], refuse
        yield region


PARSERS = [
    PythonCodeBlockParser(),
    CodeBlockParser("sh", run_in_shell),
    CodeBlockParser("text", compare_with_output),
    SkipParser(),
    other_blocks,
]
READER = Sybil(PARSERS, patterns=["*.md"])


def lacks(module):
    return find_spec(module) is None


def run_page(page, names):
    """Run the blocks of a page in order; return what failed."""
    document = READER.parse(page)
    document.namespace.update(names, lacks=lacks, printed="")
    failures = []
    for example in document.examples():
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.suppress(unittest.SkipTest):
                example.evaluate()
        except SybilFailure as failure:
            failures.append(str(failure))
        except Exception as error:
            failures.append(f"{page}:{example.line}: {type(error).__name__}: {error}")
        if out.getvalue():
            document.namespace["printed"] = out.getvalue()
    return failures


def skips_of(page):
    """Return the comments of a page that leave out the next block."""
    return re.findall(r"<!-- *skip:.*", page.read_text())


def reason_of(comment):
    """Return the reason of a skip, also of one that depends on what is installed."""
    return re.fullmatch(r'<!-- skip: next (?:if\(.*reason=)?"([^"]*)"\)? -->', comment)[1]


def write_tables(folder):
    """Write the tables that the pages name."""
    rng = np.random.default_rng(0)
    kinds = np.arange(90) % 3
    flowers = pd.DataFrame(rng.normal(size=(90, 3)).round(3), columns=["length", "width", "age"])
    flowers["length"] += 4 * kinds
    flowers["kind"] = np.take(["rose", "iris", "tulip"], kinds)
    new = flowers[:30].assign(length=flowers["length"] + 0.5)
    flowers.to_csv(folder / "flowers.csv", index=False)
    flowers.sort_values("length").to_csv(folder / "sorted.csv", index=False)
    pd.concat([flowers, new]).to_csv(folder / "longer.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    frame = pd.DataFrame({"age": rng.normal(40, 9, 250).clip(18).round(1)})
    frame["income"] = rng.lognormal(10, 0.5, 250).round(2)
    frame["colour"] = rng.choice(["red", "blue", "green"], 250)
    frame["sex"] = rng.choice(["f", "m"], 250)
    signal = (frame["age"] - 40) / 9 + 1.5 * (frame["colour"] == "red") - (frame["sex"] == "f")
    frame["label"] = np.where(signal + rng.normal(0, 0.5, 250) > 0, "yes", "no")
    frame.loc[rng.choice(250, 27, replace=False), "age"] = np.nan
    frame.loc[rng.choice(250, 18, replace=False), "colour"] = None
    frame.to_csv(folder / "patients.csv", sep=";", decimal=",")


def samples():
    """Return the names that the pages use for samples of one's own."""
    X = np.random.default_rng(0).normal(size=(240, 4))
    y = (X[:, 0] > X[:, 1]).astype(int)
    return {"X": X[:160], "y": y[:160], "X_test": X[160:], "y_test": y[160:]}
