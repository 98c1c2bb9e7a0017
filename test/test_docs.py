"""The documents hold together: links lead somewhere, every page is found, the table is true."""

import ast
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
DESIGN = REPOSITORY / "docs/design.md"
PAGES = [README, REPOSITORY / "CONTRIBUTING.md", *sorted(REPOSITORY.glob("docs/**/*.md")),
         *sorted(REPOSITORY.glob("benchmarks/*.md"))]

_FENCE = re.compile(r"^(```|~~~).*?^\1\s*?$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).+?\1", re.DOTALL)
_LINKED_CODE = re.compile(r"\[`([^`]*)`\]")
_LINK = re.compile(r"\[[^][]*\]\(\s*<?([^()<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#+ +(.+?)#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def text_of(page):
    """What a page says outside of blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


@cache
def links(page):
    """The relative links of a page, as (target, fragment)."""
    found = _LINK.findall(_CODE.sub("", _LINKED_CODE.sub(r"[\1]", text_of(page))))
    return [unquote(link).partition("#")[::2] for link in found if not _ELSEWHERE.match(link)]


def target_of(page, target):
    return (page.parent / target).resolve() if target else page


@cache
def anchors(page):
    """The names of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            for heading in _HEADING.findall(text_of(page))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_lead_to_files(page):
    broken = []
    for target, fragment in links(page):
        file = target_of(page, target)
        if not file.exists() or REPOSITORY not in (file, *file.parents):
            broken.append(target)
        elif fragment and file.suffix == ".md" and fragment not in anchors(file):
            broken.append(f"{target}#{fragment}")
    assert not broken, f"{page}: {broken}"


def test_every_page_is_reachable_from_the_readme():
    found, to_read = set(), [README]
    while to_read:
        page = to_read.pop()
        if page not in found:
            found.add(page)
            to_read += [file for target, _ in links(page)
                        if (file := target_of(page, target)) in PAGES]
    for_the_site = {page for page in PAGES if page.read_text().startswith("% The site shows")}
    missing = set(PAGES) - found - for_the_site
    assert not sorted(str(page.relative_to(REPOSITORY)) for page in missing)


def test_the_design_has_the_rooms_and_rules_that_there_are():
    rules = {statement.targets[0].id: ast.literal_eval(statement.value) for statement
             in ast.parse((REPOSITORY / "test/test_import_rules.py").read_text()).body
             if isinstance(statement, ast.Assign)
             and statement.targets[0].id in ("MAY_IMPORT", "WITHOUT")}
    table = {}
    for room, *cells in re.findall(
            r"^\| `([\w.]+)/?` \|[^|]*\|([^|]*)\|([^|]*)\|$", DESIGN.read_text(), re.MULTILINE):
        table[room.removesuffix(".py")] = tuple(set(re.findall(r"`(\w+)`", cell))
                                                for cell in cells)
    for_all = {"errors", "strict_json", "strict_yaml", "durable_files"}
    assert table == {room: (set(others) - for_all, set(rules["WITHOUT"].get(room, ())))
                     for room, others in rules["MAY_IMPORT"].items()}


def test_the_readme_has_the_extras_that_there_are():
    table = README.read_text(encoding="utf-8").partition("## Extras")[2].partition("\n## ")[0]
    shown = [name for line in table.splitlines() if line.startswith("| `")
             for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    setup = ast.parse((REPOSITORY / "setup.py").read_text(encoding="utf-8"))
    [extras] = [each.value for each in ast.walk(setup)
                if isinstance(each, ast.keyword) and each.arg == "extras_require"]
    assert sorted(shown) == sorted(key.value for key in extras.keys)


def test_the_checks_would_notice(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b` c?\n[a](x.md) ![b](<y.png>) [`c`](z.md#here \"title\") [d](#a-b-c)\n"
                    "`[no](code.md)` [far](https://example.org)\n```\n[no](block.md)\n```\n")
    assert links(page) == [("x.md", ""), ("y.png", ""), ("z.md", "here"), ("", "a-b-c")]
    assert anchors(page) == {"a-b-c"}
