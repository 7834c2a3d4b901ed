"""``tox -e package``: what the sdist and the wheel contain, and that xl2 runs from the wheel alone.

Arguments: the folder of an sdist and of the wheel that was built from it, and the folder of a
wheel that was built from the source tree.
"""

import collections
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONLY_IN_THE_REPOSITORY = {
    ".ci/run",
    ".git_archival.txt",
    ".gitattributes",
    ".pre-commit-config.yaml",
}
LARGEST = 2**20  # of a file, in bytes


def single(folder, pattern):
    (file,) = Path(folder).glob(pattern)
    return file


def files_of_wheel(wheel):
    """Return names and bytes, without those that differ when the same code is compiled twice."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return {
        name: b"" if name.startswith("libxl2_") or name.endswith("/RECORD") else content
        for name, content in files.items()
    }


def check_wheels(built_from_sdist, built_from_tree):
    assert built_from_sdist.name == built_from_tree.name
    one, other = files_of_wheel(built_from_sdist), files_of_wheel(built_from_tree)
    differing = {name for name in one | other if one.get(name) != other.get(name)}
    assert not differing, f"not the same in the wheels of the sdist and of the tree: {differing}"
    print(f"{len(one)} files are the same in the wheels of the sdist and of the tree.")


def check_sdist(sdist):
    """It has what git tracks, so that its tests run, and nothing else that lies in the folder."""
    with tarfile.open(sdist) as archive:
        sizes = {m.name.partition("/")[2]: m.size for m in archive.getmembers()}
    large = {name: size for name, size in sizes.items() if size > LARGEST}
    assert not large, f"larger than {LARGEST} bytes: {large}"
    totals = collections.Counter()
    for name, size in sizes.items():
        totals[name.partition("/")[0]] += size
    for name, size in totals.most_common():
        print(f"{size / 1000:8.1f} kB  {name}")
    if not (ROOT / ".git").exists():
        print("The files were not compared with those of git: this is not a repository.")
        return
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    expected = {*listed, "PKG-INFO"} - ONLY_IN_THE_REPOSITORY
    assert sizes.keys() == expected, (
        f"not as in git: {sizes.keys() ^ expected}. pyproject.toml lists what the sdist has, and "
        f"ONLY_IN_THE_REPOSITORY in this file the rest."
    )


def check_installation(wheel):
    """Run xl2 far from the source tree, in an environment that has nothing else."""
    with tempfile.TemporaryDirectory() as home:
        builder = venv.EnvBuilder(with_pip=True)
        builder.create(home)
        scripts = Path(builder.ensure_directories(home).bin_path)
        done = None
        for command in (
            ["python", "-m", "pip", "install", "--quiet", wheel.resolve()],
            ["python", "-m", "pip", "check"],
            ["xl2", "--version"],
            ["xl2", "path", "digits", "--lambdas", "0,1", "--epochs", "5", "--no-experiments"],
        ):
            done = subprocess.run(
                [scripts / command[0], *command[1:]],
                cwd=home,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            if command[-1] == "--version":
                assert done.stdout.split() == ["xl2", wheel.name.split("-")[1]]
        print(done.stdout)
        assert "2 lambdas x 5 folds, 5 epochs" in done.stdout


if __name__ == "__main__":
    distributions, tree = sys.argv[1:]
    wheel = single(distributions, "*.whl")
    check_wheels(wheel, single(tree, "*.whl"))
    check_sdist(single(distributions, "*.tar.gz"))
    check_installation(wheel)
