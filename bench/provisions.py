"""What EN 303 645 asks of the gateway and by what it is answered, read from docs/security.

`python -m bench.provisions` writes the table; with `--check` it says what is missing or stale.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.errors import FileError, Mistake
from agent.yamltext import Document, parse

ROOT = Path(__file__).parent.parent
EVIDENCE = Path("docs/security/en303645.yaml")
TABLE = EVIDENCE.with_suffix(".md")

_MANDATORY = """
5.0-1 5.1-1 5.1-2 5.1-3 5.1-4 5.1-5 5.2-1 5.3-2 5.3-3 5.3-7 5.3-8 5.3-10 5.3-13 5.3-16
5.4-1 5.4-2 5.4-3 5.4-4 5.5-1 5.5-5 5.5-7 5.5-8 5.6-1 5.6-2 5.6-4A 5.8-2 5.8-3 5.11-1
5.13-1A 5.13-1B 6-1 6-2 6-3A 6-3B 6-5 6-6
"""
_RECOMMENDED = """
5.1-2A 5.2-2 5.2-3 5.3-1 5.3-4A 5.3-4B 5.3-5 5.3-6A 5.3-6B 5.3-9 5.3-11 5.3-12 5.3-14 5.3-15A
5.3-15B 5.5-2 5.5-3 5.5-4 5.5-6 5.6-3 5.6-4B 5.6-5 5.6-6 5.6-7 5.6-8 5.6-9 5.7-1 5.7-2 5.8-1
5.9-1 5.9-2 5.9-3 5.10-1 5.11-2 5.11-3 5.11-4 5.12-1 5.12-2 5.12-3 6-4 6-7 6-8
"""
STATUS: Mapping[str, str] = {
    **dict.fromkeys(_MANDATORY.split(), "M"),
    **dict.fromkeys(_RECOMMENDED.split(), "R"),
}
"""Every provision of table B.1 in version 3.1.3, mandatory or recommended."""

Text = Annotated[str, Meta(min_length=1)]


class Provision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provision: what it asks, how it is met, and what shows that."""

    status: Literal["M", "R"]
    en: Annotated[Text, Meta(description="What is asked, in our words.")]
    zh: Annotated[Text, Meta(description="The same in Chinese.")]
    how: Annotated[Text, Meta(description="How it is met.")]
    tests: Annotated[tuple[str, ...], Meta(description="file::test, all of which show it.")] = ()
    documents: Annotated[tuple[str, ...], Meta(description="file#heading that answer it.")] = ()
    open: Annotated[str | None, Meta(description="Why it is not answered.")] = None
    not_applicable: Annotated[str | None, Meta(description="Why it does not apply.")] = None

    @property
    def answer(self) -> Literal["test", "document", "open", "not applicable"]:
        """By what it is answered; a test outweighs a document."""
        if self.not_applicable is not None:
            return "not applicable"
        if self.open is not None:
            return "open"
        return "test" if self.tests else "document"


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    standard: str
    seen: Annotated[str, Meta(description="What of the standard was at hand.")]
    provisions: dict[str, Provision]


def read(root: Path = ROOT) -> Evidence:
    """The evidence; raises FileError with everything in it that is missing, wrong or stale."""
    path = root / EVIDENCE
    doc = parse(path.read_text("utf-8"), str(EVIDENCE))
    found = doc.read(Evidence)
    mistakes = list(_mistakes(doc, found, root))
    if mistakes:
        raise FileError(mistakes)
    return found


def _mistakes(doc: Document, found: Evidence, root: Path) -> Iterator[Mistake]:
    for number in STATUS:
        if number not in found.provisions:
            yield doc.mistake(("provisions",), f"provision {number} is missing")
    for number, one in found.provisions.items():
        place = ("provisions", number)
        if STATUS.get(number) != one.status:
            allowed = STATUS.get(number) or ", ".join(STATUS)
            yield doc.mistake(place, f"no provision {number} of status {one.status}", allowed)
        answers = [bool(one.tests or one.documents), one.open is not None]
        if sum([*answers, one.not_applicable is not None]) != 1:
            allowed = "tests and documents, or open, or not_applicable"
            yield doc.mistake(place, "is answered not at all or in two ways", allowed)
        for test in one.tests:
            if not _is_test(root, test):
                yield doc.mistake((*place, "tests"), f"there is no test {test}")
        for document in one.documents:
            if not _is_heading(root, document):
                yield doc.mistake((*place, "documents"), f"there is no heading {document}")


def _is_test(root: Path, name: str) -> bool:
    file, _, test = name.partition("::")
    return test in _tests_of(root / file)


@cache
def _tests_of(path: Path) -> frozenset[str]:
    """The tests that pytest would collect from a file, all cases of one as one."""
    if not (path.is_file() and path.name.startswith("test_")):
        return frozenset()
    body = ast.parse(path.read_text("utf-8")).body
    functions = (one for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


def _is_heading(root: Path, name: str) -> bool:
    file, _, heading = name.partition("#")
    return heading in _headings_of(root / file)


@cache
def _headings_of(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return frozenset(re.findall(r"^#+ (.+)$", prose, re.MULTILINE))


# --- the table ----------------------------------------------------------------------------------

_ANSWERS = {
    "test": "测试 test",
    "document": "文件 document",
    "open": "**未完成 open**",
    "not applicable": "不适用 not applicable",
}


def table(found: Evidence) -> str:
    """The page for people: counts, then a row for each provision."""
    lines = [
        "<!-- Generated by `python -m bench.provisions` from en303645.yaml; edit that instead. -->",
        "",
        "# EN 303 645 逐条对照 / provision by provision",
        "",
        f"{found.standard}. {found.seen}",
        "",
        "M 必须 mandatory, R 建议 recommended. A provision answered by tests is met when they pass:"
        " `python -m bench en303645` runs them.",
        "",
        "| 证据 evidence | M | R |",
        "|---|---|---|",
    ]
    for answer, label in _ANSWERS.items():
        counts = [_count(found, answer, status) for status in "MR"]
        lines.append(f"| {label} | {counts[0]} | {counts[1]} |")
    lines += ["", "| 条款 no. | 级别 status | 要求 asks | 做法 how | 证据 evidence |"]
    lines += ["|---|---|---|---|---|"]
    lines += [_row(number, found.provisions[number]) for number in _ordered(found.provisions)]
    return "\n".join(lines) + "\n"


def _count(found: Evidence, answer: str, status: str) -> int:
    rows = found.provisions.values()
    return sum(one.answer == answer and one.status == status for one in rows)


def _row(number: str, one: Provision) -> str:
    shown = [f"`{test}`" for test in one.tests]
    shown += [_link(document) for document in one.documents]
    why = one.open or one.not_applicable
    evidence = "<br>".join([_ANSWERS[one.answer], *shown, *([why] if why else [])])
    cells = (number, one.status, f"{one.zh}<br>{one.en}", one.how, evidence)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _link(document: str) -> str:
    file, _, heading = document.partition("#")
    up = "../../" if not file.startswith("docs/") else "../"
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
    return f"[{heading}]({up}{file.removeprefix('docs/')}#{anchor})"


def _ordered(numbers: Iterable[str]) -> Sequence[str]:
    def place(number: str) -> list[tuple[int, str]]:
        parts = re.findall(r"(\d+)([A-Z]?)", number)
        return [(int(digits), letter) for digits, letter in parts]

    return sorted(numbers, key=place)


def main() -> int:
    """Exit code 0 when all is there, 1 when something is stale or missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.provisions", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    try:
        text = table(read())
    except FileError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        return 1
    page = ROOT / TABLE
    if page.is_file() and page.read_text("utf-8") == text:
        return 0
    if arguments.check:
        print(f"{TABLE}: is stale; run python -m bench.provisions")
        return 1
    page.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
