"""The tree of files that a package installs."""

from __future__ import annotations

import os
import shutil
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path

from makedeb.targets import Target

LIB = "usr/lib/heatpump-agent"
DOC = "usr/share/doc/heatpump-agent"
STATIC = {
    "apt.conf": "etc/apt/apt.conf.d/52heatpump-agent",
    "gateway.yaml": "etc/heatpump-agent/gateway.yaml",
    "heatpump-agent.launcher": "usr/bin/heatpump-agent",
    # Never /lib: unpacked over a system where that is a link, it would replace the link.
    "heatpump-agent.service": "usr/lib/systemd/system/heatpump-agent.service",
    "heatpump-agent.sysusers": "usr/lib/sysusers.d/heatpump-agent.conf",
    "heatpump-agent.tmpfiles": "usr/lib/tmpfiles.d/heatpump-agent.conf",
    "heatpump-agent.udev": "usr/lib/udev/rules.d/70-heatpump-agent.rules",
    "README.Debian": f"{DOC}/README.Debian",
}
PROGRAMS = {"usr/bin/heatpump-agent"}
SCRIPTS = ("postinst", "prerm", "postrm")
DRIVERS = "heatpump_agent.drivers"
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: heatpump-agent
Comment: The libraries in /usr/lib/heatpump-agent carry their licences in their dist-info folders;
 sbom.cdx.json lists them.

Files: *
Copyright: the authors of heatpump-agent
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
"""


def static(debian: Path, root: Path) -> None:
    """Unit, rules, default configuration and documents, each in its place."""
    for name, place in STATIC.items():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(debian / name, target)
    (root / DOC / "copyright").write_text(COPYRIGHT, "utf-8")


def program(source: Path, version: str, root: Path) -> None:
    """The import package `agent` without the simulators, and what its entry points are."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "agent", root / LIB / "agent", ignore=skip)
    shutil.copyfile(
        source / "configs" / "gateway.example.yaml", root / DOC / "gateway.example.yaml"
    )
    setup = ConfigParser()
    setup.read(source / "setup.cfg", "utf-8")
    entries = setup["options.entry_points"][DRIVERS].split("\n")
    drivers = "\n".join(line for line in entries if "= agent." in line)
    info = root / LIB / f"heatpump_agent-{version}.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(f"[{DRIVERS}]\n{drivers}\n", "utf-8")
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: heatpump-agent\nVersion: {version}\n", "utf-8"
    )


def seal(root: Path) -> None:
    """The list of the program's files by which the gateway sees that one was changed."""
    lib = root / LIB
    files = sorted(path for path in lib.rglob("*") if path.is_file())
    rows = (f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(lib)}\n" for path in files)
    text = "".join(rows)
    (lib / "files.sha256").write_text(text, "utf-8")


def settle(root: Path, epoch: int) -> int:
    """Give every file the same rights and time on every machine; the size of all in bytes."""
    total = 0
    for folder, names, files in os.walk(root, topdown=False):
        for name in files:
            path = Path(folder) / name
            path.chmod(0o755 if str(path.relative_to(root)) in PROGRAMS else 0o644)
            os.utime(path, (epoch, epoch))
            total += path.stat().st_size
        for name in names:
            path = Path(folder) / name
            path.chmod(0o755)
            os.utime(path, (epoch, epoch))
    root.chmod(0o755)
    os.utime(root, (epoch, epoch))
    return total


def python_range(target: Target) -> str:
    """Compiled libraries fit one minor version of the interpreter only."""
    major, minor = target.python
    return f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})"
