"""The libraries: fetched as wheels by their hashes, unpacked into one folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from email import message_from_string
from hashlib import sha256
from importlib.metadata import requires
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from makedeb.needs import Pin, closure
from makedeb.sbom import Part
from makedeb.targets import Target

LEFT_OUT = {".pyi", ".h", ".c", ".pxd", ".pyx"}
"""Ends of file names that only compilers and type checkers read."""


def needed(wanted: Iterable[str], pins: dict[str, Pin], target: Target) -> tuple[Pin, ...]:
    """The pins of everything the target needs. KeyError names what the lock does not have.

    What the packages ask for is read from those installed here, which are the locked ones.
    """
    names = closure(wanted, lambda name: requires(name) or (), target.markers)
    return tuple(pins[name] for name in names)


def fetch(pins: Sequence[Pin], target: Target, folder: Path) -> tuple[Path, ...]:
    """Their wheels in the folder; pip checks the hashes. RuntimeError with what pip said."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "requirements.txt"
    text = "".join(f"{pin.line}\n" for pin in pins)
    if listed.exists() and listed.read_text("utf-8") == text:
        return tuple(sorted(folder.glob("*.whl")))  # all there since an earlier run
    for old in folder.glob("*.whl"):
        old.unlink()
    asked = folder / "asked.txt"
    asked.write_text(text, "utf-8")
    python = "".join(map(str, target.python))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(asked)]
    command += ["--dest", str(folder), "--implementation", "cp", "--python-version", python]
    command += [f"--abi={abi}" for abi in (f"cp{python}", "abi3", "none")]
    command += [f"--platform={platform}" for platform in target.platforms]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pip download for {target.name}: {done.stderr.strip()}")
    asked.rename(listed)
    return tuple(sorted(folder.glob("*.whl")))


def unpack(wheel: Path, into: Path) -> Part:
    """Unpack one wheel and say what it was; its programs and installers' records are left out."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place = _place(PurePosixPath(name))
            if place is None or name.endswith("/"):
                continue
            path = into / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
        told = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        about = message_from_string(archive.read(told).decode())
    name, version, *_ = parse_wheel_filename(wheel.name)
    licence = about.get("License-Expression") or (about.get("License") or "").split("\n")[0]
    licence = licence or next(
        (one.split(" :: ")[-1] for one in about.get_all("Classifier", []) if "License ::" in one),
        "",
    )
    needs = {
        canonicalize_name(Requirement(text).name) for text in about.get_all("Requires-Dist", [])
    }
    digest = sha256(wheel.read_bytes()).hexdigest()
    return Part(name, str(version), digest, licence, about.get("Summary", ""), tuple(sorted(needs)))


def _place(path: PurePosixPath) -> PurePosixPath | None:
    """Where a member of a wheel goes; None for what a gateway has no use for."""
    parts = path.parts
    if parts[0].endswith(".data"):  # purelib and platlib lie beside the rest once installed
        return PurePosixPath(*parts[2:]) if parts[1] in {"purelib", "platlib"} else None
    if parts[0].endswith(".dist-info") and path.name in {"RECORD", "WHEEL", "INSTALLER"}:
        return None
    return None if path.suffix in LEFT_OUT else path
