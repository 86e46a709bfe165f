"""`python -m tests.fuzz.guided EDGE [SECONDS]`: the same edges under atheris, guided by coverage.

Needs `pip install atheris`, which is not among the project's libraries: what it finds is put into
the corpus and replayed by every test run, so that nobody else needs it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> int:
    """Exit code 0 when the time was over, libFuzzer's own when an input was not borne."""
    try:
        import atheris
    except ImportError:
        print("needs atheris: pip install atheris", file=sys.stderr)
        return 3
    with atheris.instrument_imports(include=["agent"]):
        from tests.fuzz.edges import CORPUS, EDGES
    if len(sys.argv) < 2 or sys.argv[1] not in EDGES:
        print(f"which edge: {', '.join(EDGES)}", file=sys.stderr)
        return 2
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    with TemporaryDirectory() as found:
        words = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=8192", found]
        words += [str(CORPUS / name), f"-artifact_prefix={Path.cwd()}/"]
        atheris.Setup(words, EDGES[name])
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
