"""The pages of the site are right: code runs, all names are listed, and links are well formed."""

import ast
import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer.main

import geobuffer as gb
from geobuffer.cli.commands import app
from geobuffer.datasets import scenario

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

# A build of the site copies or makes these pages, so we do not check them here.
MADE = ("_build", "benchmarks", "project", "tutorials/0", "reference/command-line")
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.md")
    if not page.relative_to(DOCS).as_posix().startswith(MADE)
)

# Where the Python of each page is run, from top to bottom and as it stands.
RUN_BY = {
    "explanation/data.md": "docs/test_how_to.py",
    "explanation/probability.md": "docs/test_how_to.py",
    "explanation/uncertainty.md": "docs/test_how_to.py",
    "how-to/anywhere.md": "docs/test_how_to.py",
    "how-to/buffers.md": "docs/test_how_to.py",
    "how-to/duckdb.md": "docs/test_how_to.py",
    "how-to/dask.md": "analysis/test_distributed.py",
    "how-to/downloads.md": "docs/test_how_to.py",
    "how-to/formats.md": "docs/test_how_to.py",
    "how-to/gazetteers.md": "docs/test_how_to.py",
    "how-to/journalists.md": "docs/test_how_to.py",
    "how-to/lines-and-areas.md": "docs/test_how_to.py",
    "how-to/lonboard.md": "docs/test_how_to.py",
    "how-to/offline.md": "viz/offline/test_inline.py",
    "how-to/own-files.md": "docs/test_own_files.py",
    "how-to/pictures.md": "viz/figure/test_plot.py",
    "how-to/polars.md": "docs/test_how_to.py",
    "how-to/population.md": "docs/test_how_to.py",
    "how-to/postgis.md": "docs/test_how_to.py",
    "how-to/publish.md": "docs/test_how_to.py",
    "how-to/spark.md": "analysis/test_distributed.py",
    "how-to/widget.md": "docs/test_how_to.py",
    "how-to/xarray.md": "docs/test_how_to.py",
    "how-to/zones.md": "docs/test_how_to.py",
    "quick-start.md": "docs/test_how_to.py",
}


def _text(page):
    return (DOCS / page).read_text(encoding="utf-8")


def _module(name):
    """Return a module of the site's build; the folder is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_of_every_page_is_run_somewhere():
    assert {page for page in PAGES if "```python" in _text(page)} == set(RUN_BY)
    for page, file in RUN_BY.items():
        assert Path(page).stem in (ROOT / "tests" / file).read_text(encoding="utf-8"), page


def test_every_fence_has_a_language_that_is_checked():
    known = {
        "python",
        "console",
        "powershell",
        "sql",
        "text",
        "bash",
        "toml",
        "{toctree}",
        "{eval-rst}",
    }
    for page in PAGES:
        opened = re.findall(r"^```(\S*)", _text(page), re.MULTILINE)[::2]
        assert set(opened) <= known, page


def _in_powershell(line):
    """Return a line of bash as one of Windows PowerShell, which knows no && before version 7."""
    line = line.replace("python3 ", "py ").replace(" && ", "; ").replace("'", '"')
    return re.sub(r"\.venv/bin/(\w+)", r".venv\\Scripts\\\1", line)


def test_powershell_says_what_bash_does():
    readme = _text("../README.md")
    pairs = re.findall(
        r"^```bash\n(.*?)\n```\n```powershell\n(.*?)\n```", readme, re.MULTILINE | re.DOTALL
    )
    assert len(pairs) == readme.count("```bash\n") == 2
    for page in ("how-to/install.md", "quick-start.md"):
        console, windows = (
            re.search(rf"^```{language}\n(.*?)\n```", _text(page), re.MULTILINE | re.DOTALL)[1]
            for language in ("console", "powershell")
        )
        lines = [line.removeprefix("$ ") for line in console.splitlines()]
        pairs += zip(lines, windows.splitlines(), strict=True)
    for bash, powershell in pairs:
        assert powershell == _in_powershell(bash)
    # Lines of all other pages are the same in both shells.
    for page in set(PAGES) - {"how-to/install.md", "quick-start.md"}:
        assert ".venv/bin" not in _text(page), page


def test_each_extra_for_users_is_on_the_page_about_installing():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    for_developers = {"coverage", "distributed", "docs", "fuzz", "lint", "notebook", "test"}
    listed = set(re.findall(r"^\| (`.*?`) \|", _text("how-to/install.md"), re.MULTILINE))
    named = {name for cell in listed for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(extras) - for_developers
    [everything] = extras["all"]
    assert set(everything[len("geobuffer[") : -1].split(",")) == named - {"all", "dask", "spark"}


def _commands():
    for page in (*PAGES, "../README.md"):
        for block in re.findall(r"^```console\n(.*?)^```", _text(page), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("$ geobuffer"):
                    yield page, line[2:]


@pytest.mark.parametrize(("page", "line"), list(_commands()))
def test_commands_on_pages_are_understood(page, line):
    """The command itself parses its options, but does not run."""
    command, words = typer.main.get_command(app), shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    command.make_context(line, words)


def test_a_command_that_is_not_there_is_not_understood():
    with pytest.raises(Exception, match="No such option"):
        test_commands_on_pages_are_understood("", "geobuffer map --nonsense 3")


def test_the_reference_has_every_public_name_once():
    listed = [
        name
        for page in PAGES
        if page.startswith("reference/")
        for name in re.findall(r"^\.\. (?:auto\w+|py:data):: (\w+)$", _text(page), re.MULTILINE)
    ]
    assert sorted(listed) == gb.__all__


def test_the_reference_sums_up_what_it_holds():
    for page in PAGES:
        if page.startswith("reference/") and ".. autosummary::" in _text(page):
            block = _text(page).partition("   :nosignatures:\n\n")[2].partition("```")[0]
            held = re.findall(r"^\.\. auto\w+:: (\w+)$", _text(page), re.MULTILINE)
            assert block.split() == held, page


def test_the_page_of_commands_has_every_command_and_option():
    page = _module("command_line").page()
    parts = dict(
        re.findall(r"^## (geobuffer .*?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    )
    assert "geobuffer map" in parts
    assert "geobuffer data get" in parts
    for name, command in typer.main.get_command(app).commands.items():
        for parameter in command.params:
            # Help and page leave out hidden options, such as those of older versions.
            if getattr(parameter, "hidden", False):
                continue
            # The page names an argument by its metavar, if it has one.
            called = parameter.opts
            if parameter.param_type_name == "argument":
                called = [parameter.metavar or parameter.name]
            assert all(f"```{{option}} {name_}" in parts[f"geobuffer {name}"] for name_ in called)


def test_copies_are_of_all_notebooks_and_lead_back_to_the_site():
    copies = {
        path.relative_to(DOCS).as_posix(): text for path, text in _module("brought_in").copies()
    }
    stems = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {Path(name).name for name in copies if name.endswith(".ipynb")} == stems
    notebooks = [name for name in copies if name.endswith(".ipynb")]
    texts = {page: text.decode() for page, text in copies.items() if page.endswith(".md")}
    for page in notebooks:
        cells = json.loads(copies[page])["cells"]
        texts[page] = "".join(
            line for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"]
        )
        assert "](../" in texts[page], page
    for page, text in texts.items():
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        for link in re.findall(r"\]\(((?!\w+:|#)[^)#\s]+)", prose):
            target = (DOCS / page).parent.joinpath(link).resolve()
            assert target.is_relative_to(DOCS), f"{page}: {link}"
            assert target.exists() or target.relative_to(DOCS).as_posix() in copies, (
                f"{page}: {link}"
            )


def test_links_out_are_well_formed_and_safe():
    """Sphinx's linkcheck tests whether they answer; it needs a network."""
    for page in PAGES:
        for link in re.findall(r"\]\((\w+:[^)\s]+)\)", _text(page).replace("\n", " ")):
            parts = urlsplit(link)
            assert parts.scheme == "https", f"{page}: {link}"
            assert re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", parts.netloc), f"{page}: {link}"


def test_links_within_lead_to_pages_that_are_there():
    """In the repository, where nothing is built; Sphinx checks them for the site."""
    for page in PAGES:
        for link in re.findall(r"\]\(((?!\w+:|#)[^)\s]+)\)", _text(page)):
            target = (DOCS / page).parent / link.partition("#")[0]
            assert target.exists() or target.name == "command-line.md", f"{page}: {link}"


def test_the_reference_of_scenarios_has_every_key_and_which_must_be_there(tmp_path):
    """A scenario without a key that the table calls required is an error; others are optional."""
    rows = re.findall(
        r"^\| `?(top|\[+\w+\]+)`? \| `(\w+)` \| (yes|no)\b(.*)\| (`.*`) \|$",
        _text("reference/scenarios.md"),
        re.MULTILINE,
    )
    tables = {}
    # Keys that may be there only with another one.
    bound = {}
    # Keys that stand in the place of others, and so are tried alone.
    others = []
    for where, key, needed, meaning, example in rows:
        value = example.split("`")[1]
        if "instead of" in meaning:
            others.append((where, key, value))
            continue
        tables.setdefault(where, {})[key] = (needed == "yes", f"{key} = {value}\n")
        if only_with := re.search(r"only with `(\w+)`", meaning):
            bound[where, key] = (where, only_with[1])
    known = {where.strip("[]").replace("top", ""): set(keys) for where, keys in tables.items()}
    known["zone"] |= {key for _, key, _ in others}
    known[""] |= {"zone", "report", "place"}
    assert known == {where: set(keys) for where, keys in scenario._KEYS.items()}
    file = tmp_path / "shown.toml"

    def load(without=None):
        file.write_text(
            "".join(
                ("" if where == "top" else f"{where}\n")
                + "".join(
                    line
                    for key, (_, line) in keys.items()
                    if without not in {(where, key), bound.get((where, key), "")}
                )
                for where, keys in tables.items()
            ),
            encoding="utf-8",
        )
        return gb.load_scenario(file)

    assert load().from_km == 2
    for where, key, value in others:
        file.write_text(f"{where}\nkm = 1\n{key} = {value}\n", encoding="utf-8")
        assert getattr(gb.load_scenario(file), key)
    for where, keys in tables.items():
        for key, (needed, _) in keys.items():
            if needed:
                with pytest.raises(gb.DataError, match=f"lacks '{key}'"):
                    load(without=(where, key))
            else:
                load(without=(where, key))


@pytest.mark.parametrize("picture", sorted((DOCS / "figures").glob("failure-*.png")), ids=str)
def test_pictures_of_failures_are_small_and_used(picture):
    assert picture.stat().st_size < 100_000
    assert f"figures/{picture.name}" in _text("explanation/failure-modes.md")


def test_pictures_of_the_page_are_small_and_shown():
    pictures = sorted((DOCS / "figures").glob("page-*.png"))
    shown = re.findall(r"figures/([\w-]+\.png)", _text("how-to/gallery.md"))
    assert sorted(shown) == sorted([*(one.name for one in pictures), "picture.png"])
    assert len(shown) == 12
    assert sum((DOCS / "figures" / name).stat().st_size for name in shown) < 2_500_000


def test_examples_of_pages_use_public_names_only():
    public = {*gb.__all__, "duckdb"}
    for page in PAGES:
        for block in re.findall(r"^```python\n(.*?)^```", _text(page), re.MULTILINE | re.DOTALL):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "gb":
                    assert node.attr in public, f"{page}: gb.{node.attr}"
