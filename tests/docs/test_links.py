"""Links between the pages lead somewhere, and the two front pages say the same things."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
READMES = ("README.md", "README.zh-CN.md")


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def headings(page: Path) -> list[str]:
    """The heading lines, hashes included."""
    return re.findall(r"^#+ .*$", prose(page), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The names under which the headings of a page can be linked."""
    texts = (re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()) for line in headings(page))
    return {text.strip().replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page}: {link} does not exist"
        assert target.is_relative_to(ROOT), f"{page}: {link} leads out of the repository"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page}: {link} has no such heading"


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs/index.md"
    linked = {(index.parent / link).resolve() for link in LINK.findall(prose(index))}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page != index}
    assert not pages - linked


def test_the_front_pages_have_the_same_headings() -> None:
    english, chinese = ([line.split()[0] for line in headings(ROOT / name)] for name in READMES)
    assert english == chinese


def test_the_front_pages_have_the_same_commands_and_links() -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in READMES]
    commands, links, spans = (
        [sorted(set(re.findall(pattern, text, re.MULTILINE))) for text in texts]
        for pattern in (r"^(?:make|heatpump-agent) \w+", LINK.pattern, r"`([^`\n]+)`")
    )
    assert commands[0]
    assert commands[0] == commands[1]
    assert spans[0] == spans[1]
    assert set(links[0]) - set(READMES) == set(links[1]) - set(READMES)


def test_the_front_pages_show_the_same_terminal() -> None:
    blocks = [
        re.findall(r"<!-- terminal -->\n(.*?)<!-- /terminal -->", text, re.DOTALL)
        for text in ((ROOT / name).read_text("utf-8") for name in READMES)
    ]
    assert len(blocks[0]) == 1
    assert blocks[0] == blocks[1]


def test_examples_in_json_are_json() -> None:
    for page in PAGES:
        for block in re.findall(r"^```json\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
            json.loads(block)
