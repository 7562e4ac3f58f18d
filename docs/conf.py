# ruff: noqa: INP001
"""How Sphinx builds the site: python -m sphinx -W --keep-going -n docs <out>."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import brought_in
import command_line
from docutils import nodes
from other_sites import OTHER_SITES

import geobuffer as gb

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "geobuffer"
author = "The geobuffer developers"
copyright = author  # noqa: A001 - the name that Sphinx asks for
release = version = gb.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]

# Notebooks are shown with the answers stored in them, which a test compares with fresh ones.
nb_execution_mode = "off"
# No kernel runs behind the site, so a widget is shown as what it stores for such viewers.
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]
# Heads down to the third level can be linked to, as on the pages of a repository.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

# Quotation marks become typographic. Two hyphens stay, because they begin an option.
smartquotes_action = "qe"

# Each page of the reference describes its names; members come in the order of the source code.
autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
napoleon_google_docstring = False
napoleon_use_rtype = False

# A button copies code without the prompts before it and the answers below it.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Types of modules that are not public have no link, nor have those of other packages that
# other_sites.py does not list.
nitpick_ignore_regex = [
    (r"py:class", r"(?!geobuffer\b).*"),
    (r"py:.*", r"geobuffer\.\w+\..*"),
]

html_theme = "pydata_sphinx_theme"
html_title = "geobuffer"
html_static_path = ["_static"]
html_css_files = ["geobuffer.css"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "quick-start": [], "project/*": []}
html_theme_options = {
    "logo": {"text": "geobuffer"},
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Both palettes have contrasts of at least 4.5 to 1 on their ground.
pygments_style = "a11y-high-contrast-light"


def resolve_public(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Find a public name by its module: geobuffer.zones.border.Border is geobuffer.Border."""
    name = str(node.get("reftarget", "")).rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in gb.__all__:
        return None
    domain = env.get_domain("py")
    target = f"geobuffer.{name}"
    found: Any = domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", target, node, contnode
    )
    return found


def resolve_other_sites(
    app: Sphinx,  # noqa: ARG001 - what Sphinx passes
    env: BuildEnvironment,  # noqa: ARG001
    node: pending_xref,
    contnode: nodes.Element,
) -> nodes.Element | None:
    """Link the name of a type of another package to the page about it."""
    name = str(node.get("reftarget", "")).rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in OTHER_SITES:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=OTHER_SITES[name])


class PropertyTexts:
    """Keeps the texts of properties as they are.

    napoleon takes what stands before a colon for the type, which the signature shows already.
    """

    def __init__(self) -> None:
        self._kept: dict[str, list[str]] = {}

    def keep(self, *given: Any) -> None:
        """Remember the text of a property before napoleon reads it."""
        _, what, name, _, _, lines = given
        if what == "property":
            self._kept[name] = list(lines)

    def restore(self, *given: Any) -> None:
        """Put the text back."""
        _, _, name, _, _, lines = given
        lines[:] = self._kept.pop(name, lines)


def setup(app: Sphinx) -> None:
    """Connect what this build adds: copied and written pages, links, texts of properties."""
    app.connect("builder-inited", brought_in.bring)
    app.connect("builder-inited", command_line.write_page)
    app.connect("source-read", brought_in.lead_to_copies)
    app.connect("missing-reference", resolve_public)
    app.connect("missing-reference", resolve_other_sites)
    texts = PropertyTexts()
    # napoleon has priority 500: one function runs before it, and one after it.
    app.connect("autodoc-process-docstring", texts.keep, priority=400)
    app.connect("autodoc-process-docstring", texts.restore, priority=600)
