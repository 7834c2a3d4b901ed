"""Compile run.cpp for the wheel: hatchling runs this when xl2 is installed from its sources.

Without a C++ compiler xl2 is installed all the same, and NumPy trains with the portable code.
``XL2_COMPILED=0`` leaves the compiler alone, and ``XL2_COMPILED=require`` fails without it.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

UNIX = [
    *("-g0", "-std=c++17", "-O2", "-ftree-vectorize", "-fvisibility=hidden"),
    # Vector instructions need leave to round in another order, or to ignore floating-point flags.
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"),
]
WINDOWS = ["/std:c++17", "/O2", "/fp:contract", "/EHsc"]


class CompiledCode(BuildHookInterface):
    """Add the compiled code to the wheel, which then belongs to one kind of machine."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, next to xl2_numpy_compiled.py if the installation is editable."""
        wish = os.environ.get("XL2_COMPILED", "")
        if wish == "0":
            return
        self._folder = tempfile.mkdtemp()
        try:
            library = compile_into(self._folder)
        except Exception as error:
            if wish == "require":
                raise
            self.app.display_warning(f"NumPy trains without compiled code: {error}")
            return
        if version == "editable":
            shutil.copy(library, Path(self.root, "backends"))
        else:
            build_data["force_include"][str(library)] = library.name
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data.update(pure_python=False, tag=f"py3-none-{platform}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder that the code was compiled in."""
        shutil.rmtree(getattr(self, "_folder", ""), ignore_errors=True)


def compile_into(folder: str) -> Path:
    """Compile run.cpp with the compiler that Python's own extensions are built with."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    import setuptools  # noqa: F401 - brings distutils, which finds compilers on every system

    compiler = new_compiler()
    customize_compiler(compiler)
    windows = compiler.compiler_type == "msvc"
    objects = compiler.compile(
        [str(Path(__file__).with_name("run.cpp"))],
        output_dir=folder,
        extra_preargs=WINDOWS if windows else UNIX,
    )
    library = Path(folder, "libxl2_numpy.dll" if sys.platform == "win32" else "libxl2_numpy.so")
    compiler.link_shared_object(objects, str(library), target_lang="c++")
    return library
