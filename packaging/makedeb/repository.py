"""Packages as apt takes them: a list with their hashes, and a signature over its hash.

Who holds the key decides what gateways install; the signing is gpg's, the checking apt's.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

ORIGIN = "heatpump-agent"


def publish(packages: Sequence[Path], folder: Path, release: str, key: str, epoch: int) -> Path:
    """A flat repository of these packages, signed by `key` of gpg; its `InRelease`.

    Packages that lie there already stay: a gateway takes the newest. Raises CalledProcessError
    when dpkg-deb or gpg refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if package.parent != folder:
            shutil.copyfile(package, folder / package.name)
    listed = folder / "Packages"
    listed.write_text("\n".join(map(_entry, sorted(folder.glob("*.deb")))), "utf-8")
    text = _release(listed, release, datetime.fromtimestamp(epoch, UTC))
    signed = folder / "InRelease"
    command = ["gpg", "--batch", "--yes", "--digest-algo", "SHA512", "--local-user", key]
    subprocess.run(
        [*command, "--output", signed, "--clearsign"], input=text.encode(), check=True,
        capture_output=True,
    )  # fmt: skip
    return signed


def _entry(package: Path) -> str:
    """What apt must know of a package before it fetches it."""
    told = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True)
    data = package.read_bytes()
    return (
        f"{told.stdout.decode().rstrip()}\nFilename: ./{package.name}\nSize: {len(data)}\n"
        f"SHA256: {sha256(data).hexdigest()}\n"
    )


def _release(listed: Path, release: str, at: datetime) -> str:
    data = listed.read_bytes()
    return (
        f"Origin: {ORIGIN}\nLabel: {ORIGIN}\nSuite: {release}\nCodename: {release}\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S} UTC\n"
        f"SHA256:\n {sha256(data).hexdigest()} {len(data)} {listed.name}\n"
    )
