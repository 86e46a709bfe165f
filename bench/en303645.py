"""How many provisions of EN 303 645 are answered, and by what: every named test is run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from bench.kit import Bench, Figures, Goal, Options
from bench.provisions import ROOT, Provision, read


def run(options: Options) -> Figures:
    """All tests of the evidence in one run of pytest, then the provisions counted by it."""
    found = {
        number: one for number, one in read().provisions.items() if one.answer != "not applicable"
    }
    passed = _passed(test for one in found.values() for test in one.tests)
    rows = {number: _answer(one, passed) for number, one in found.items()}
    for number, answer in rows.items():
        if answer == "failed":
            bad = [test for test in found[number].tests if not passed[test]]
            options.progress(f"{number}: not passed: {', '.join(bad)}")
    count = {kind: list(rows.values()).count(kind) for kind in ("test", "document", "open")}
    return {
        "provisions": len(read().provisions),
        "applicable": len(found),
        "answered": count["test"] + count["document"],
        "by_test": count["test"],
        "by_document": count["document"],
        "open": count["open"],
        "not_passed": list(rows.values()).count("failed"),
        "tests": len(passed),
        "still_open": [
            {"provision": number, "status": one.status, "why": one.open or "a test did not pass"}
            for number, one in found.items()
            if rows[number] in ("open", "failed")
        ],
    }


def _answer(one: Provision, passed: Mapping[str, bool]) -> str:
    if one.tests and not all(passed[test] for test in one.tests):
        return "failed"
    return one.answer


def _passed(tests: Iterable[str]) -> dict[str, bool]:
    """Of each test whether it ran and passed, all cases of it; a test left out did not pass."""
    names = sorted(set(tests))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *names]
        subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr)
        cases = ElementTree.parse(report).iter("testcase")
        outcomes = defaultdict[str, list[bool]](list)
        for case in cases:
            name = f"{case.get('file')}::{str(case.get('name')).partition('[')[0]}"
            well = all(case.find(bad) is None for bad in ("failure", "error", "skipped"))
            outcomes[name].append(well)
    return {name: bool(outcomes[name]) and all(outcomes[name]) for name in names}


BENCH = Bench(
    "en303645",
    "The provisions of ETSI EN 303 645 (V3.1.3, table B.1) by what answers them. A provision counts"
    " as answered by test only if every test it names ran and passed in this run; one that was"
    " skipped did not.",
    "the tests that docs/security/en303645.yaml names, on this machine",
    run,
    (Goal("answered", "=", 72), Goal("by_test", ">=", 45), Goal("open", "=", 0)),
)
