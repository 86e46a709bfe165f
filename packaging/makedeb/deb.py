"""From a staged tree to a .deb: the control files, then dpkg-deb."""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import md5
from pathlib import Path

from makedeb.stage import SCRIPTS, python_range
from makedeb.targets import Target

CONFFILES = "/etc/heatpump-agent/gateway.yaml\n/etc/apt/apt.conf.d/52heatpump-agent\n"


def debian_version(version: str, target: Target) -> str:
    """Orders an upgrade of Debian as an upgrade of the package."""
    return f"{version}-1~deb{target.number}"


def control(target: Target, version: str, installed_bytes: int, mends: str = "") -> str:
    """The control file; `version` is Debian's, `mends` a weakness that this version mends."""
    fixes = f"Security-Fix: {' '.join(mends.split())}\n" if mends else ""
    depends = f"{python_range(target)}, systemd, udev, tzdata, init-system-helpers (>= 1.54)"
    return (
        "Package: heatpump-agent\n"
        f"Version: {version}\n"
        f"Architecture: {target.arch}\n"
        "Maintainer: heatpump-agent maintainers <maintainers@invalid>\n"
        f"Installed-Size: {installed_bytes // 1024}\n"
        f"Depends: libc6 (>= 2.{min(target.glibc, 36)}), {depends}\n"
        "Recommends: systemd-timesyncd | time-daemon, unattended-upgrades\n"
        f"{fixes}Section: net\n"
        "Priority: optional\n"
        "Description: edge gateway for air-source heat pumps\n"
        " Reads heat pumps, meters and sensors over Modbus, watches and controls them\n"
        " within limits, and sends every record to a platform over MQTT. None is lost\n"
        " when link, broker or power fail.\n"
    )


def build(
    root: Path,
    debian: Path,
    target: Target,
    version: str,
    installed_bytes: int,
    into: Path,
    mends: str = "",
) -> Path:
    """The package of a staged tree; `DEBIAN` is added to the tree. Raises OSError without dpkg.

    CalledProcessError when dpkg-deb refuses the tree.
    """
    folder = root / "DEBIAN"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "control").write_text(control(target, version, installed_bytes, mends), "utf-8")
    (folder / "conffiles").write_text(CONFFILES, "utf-8")
    (folder / "md5sums").write_text(_sums(root), "utf-8")
    for name in SCRIPTS:
        shutil.copyfile(debian / name, folder / name)
    for path in folder.iterdir():
        path.chmod(0o755 if path.name in SCRIPTS else 0o644)
    into.mkdir(parents=True, exist_ok=True)
    out = into / f"heatpump-agent_{version}_{target.arch}.deb"
    # One thread: with more, the blocks of the compressor depend on the number of cores.
    command = ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "-z2", "--build"]
    subprocess.run([*command, root, out], check=True, capture_output=True, env=os.environ)
    return out


def _sums(root: Path) -> str:
    """What `dpkg --verify` compares with; configuration files are not in it."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    named = [(path, str(path.relative_to(root))) for path in files]
    return "".join(
        f"{md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n"
        for path, name in named
        if not name.startswith(("DEBIAN/", "etc/"))
    )
