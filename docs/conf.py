"""How Sphinx builds the site: `tox -e docs`, or sphinx-build docs site."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

import xl2

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "docs" / "extensions")]

project = "xl2"
author = "The xl2 developers"
project_copyright = author
version = release = installed("xl2").split("+")[0]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "site_links",
    "site_names",
    "site_math",
    "site_report",
]
nitpicky = True

# Markdown, as GitHub shows it.
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
highlight_language = "none"

# The API, from the docstrings. In these `name` is a name of the API if there is one, else code.
default_role = "py:obj"
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstrings have them
autodoc_member_order = "groupwise"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # but these
numpydoc_xref_aliases = {
    **dict.fromkeys(["array_like", "array-like"], "numpy.typing.ArrayLike"),
    "numpy.ndarray": "numpy.ndarray",
    "DataFrame": "pandas.DataFrame",
    "bool": "bool",
    "iterable": "collections.abc.Iterable",
    "sequence": "collections.abc.Sequence",
    "True": "True",
    "False": "False",
    **{name: f"xl2.{name}" for name in xl2.__all__ if not name.islower()},
}
templates_path = ["templates"]

# Names of other libraries: inventories/ has those that the docs use, a line of name, kind and page
# for each. So a build needs no network and finds the same names everywhere; `tox -e links` opens
# the pages.
intersphinx_mapping = {
    name: (url, f"inventories/{name}.txt")
    for name, url in {
        "python": "https://docs.python.org/3",
        "numpy": "https://numpy.org/doc/stable",
        "scipy": "https://docs.scipy.org/doc/scipy",
        "sklearn": "https://scikit-learn.org/stable",
        "pandas": "https://pandas.pydata.org/docs",
        "matplotlib": "https://matplotlib.org/stable",
    }.items()
}
intersphinx_disabled_reftypes = ["std:*"]

# The gallery: each example runs when the site is built, and one that fails ends the build.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "gallery_order.place_of",
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib",),
    "doc_module": ("xl2",),
    "backreferences_dir": "gallery/backreferences",
    "reference_url": {"xl2": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
}

# Nothing is loaded from another site.
html_theme = "pydata_sphinx_theme"
html_title = "xl2"
html_favicon = "static/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "changelog": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "collapse_navigation": True,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "show_nav_level": 1,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"

linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]
