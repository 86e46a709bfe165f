"""All Debian packages, built by the command that people use; then once more, elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.kit import Bench, Figures, Goal, Options

MAKEDEB = Path(__file__).parent.parent / "packaging" / "makedeb"
ELSEWHERE = {"TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONHASHSEED": "7"}


def run(options: Options) -> Figures:
    """Build twice: with no wheel fetched yet, then with other settings and a narrow umask."""
    with tempfile.TemporaryDirectory(prefix="heatpump-") as name:
        folder = Path(name)
        first = _build(folder, "first", {}, 0o022)
        options.progress(f"built in {first['seconds']} s")
        again = _build(folder, "again", ELSEWHERE, 0o077)
    made = first["packages"]
    return {
        "seconds": first["seconds"],
        "largest_mb": round(max(one["bytes"] for one in made) / 1e6, 2),
        "identical": [one["sha256"] for one in made]
        == [one["sha256"] for one in again["packages"]],
        "installed_mb": round(max(one["installed_bytes"] for one in made) / 1e6, 1),
        "packages": len(made),
        "seconds_again": again["seconds"],
        "each": [
            {
                "package": Path(one["file"]).name,
                "mb": round(one["bytes"] / 1e6, 2),
                "installed_mb": round(one["installed_bytes"] / 1e6, 1),
            }
            for one in made
        ],
    }


def _build(folder: Path, name: str, more: dict[str, str], umask: int) -> Any:
    command = [sys.executable, str(MAKEDEB), "--json", "--wheels", str(folder / "wheels")]
    done = subprocess.run(
        [*command, "--out", str(folder / name)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        umask=umask,
        cwd=folder,
        env={**os.environ, **more},
    )
    return json.loads(done.stdout.splitlines()[-1])


BENCH = Bench(
    "package",
    "The four Debian packages from nothing, libraries fetched by their hashes: `seconds` for all. "
    "`identical`: the same bytes when built again in another folder, time zone and umask.",
    "Debian 12 and 13 (Python 3.11 and 3.13) for arm64 and amd64, on x86",
    run,
    (
        Goal("seconds", "<=", 60.0),
        Goal("largest_mb", "<=", 8.0),
        Goal("identical", "=", 1),
        Goal("packages", "=", 4),
    ),
)
