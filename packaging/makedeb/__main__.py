"""`python packaging/makedeb`: the Debian packages of this tree, into dist/."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))

from makedeb import deb, stage, wheels
from makedeb.needs import Pin, pins, roots
from makedeb.repository import publish
from makedeb.sbom import bill
from makedeb.targets import TARGETS, Target

HERE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Built:
    """One package: its file, its size, the size of what it installs."""

    file: str
    target: str
    version: str
    bytes: int
    installed_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to build: from which source, as which version, and where wheels and packages lie."""

    source: Path
    version: str
    epoch: int
    wheels: Path
    out: Path
    mends: str = ""


def needed(target: Target) -> tuple[Pin, ...]:
    """The libraries of one package, at the versions of the lock file."""
    lock = pins((HERE / "requirements.lock").read_text("utf-8"))
    return wheels.needed(roots(HERE / "setup.cfg"), lock, target)


def build(target: Target, wanted: Wanted) -> Built:
    """One package from the source tree and the lock file."""
    files = wheels.fetch(needed(target), target, wanted.wheels / target.name)
    version = deb.debian_version(wanted.version, target)
    debian = HERE / "packaging" / "debian"
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        stage.static(debian, root)
        stage.program(wanted.source, wanted.version, root)
        parts = [wheels.unpack(file, root / stage.LIB) for file in files]
        sbom = root / stage.DOC / "sbom.cdx.json"
        sbom.write_text(bill(target, version, parts, wanted.epoch), "utf-8")
        stage.seal(root)
        installed = stage.settle(root, wanted.epoch)
        out = deb.build(root, debian, target, version, installed, wanted.out, wanted.mends)
    data = out.read_bytes()
    return Built(str(out), target.name, version, len(data), installed, sha256(data).hexdigest())


def version_of(source: Path) -> str:
    """The version a source tree has."""
    found = re.search(r"^version = (\S+)$", (source / "setup.cfg").read_text("utf-8"), re.M)
    assert found is not None
    return found[1]


def epoch_of(source: Path) -> int:
    """When the source was last changed: SOURCE_DATE_EPOCH, else its newest commit, else 1980."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "-C", str(source), "log", "-1", "--format=%ct"]
    try:
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 315_619_200


def main() -> int:
    """Exit code 0 when every package was built, 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(prog="makedeb", description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "dist", help="folder of the packages")
    parser.add_argument("--only", choices=[one.name for one in TARGETS], help="build one of four")
    parser.add_argument("--source", type=Path, default=HERE, help="tree with agent/ and setup.cfg")
    parser.add_argument("--version", help="instead of the tree's own")
    parser.add_argument("--wheels", type=Path, default=HERE / "build" / "wheels", help="kept here")
    parser.add_argument("--mends", default="", help="a weakness this version mends, for the page")
    parser.add_argument(
        "--repository", type=Path, help="publish here for apt, one folder a release"
    )
    parser.add_argument("--key", help="the key of gpg that signs the repository")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument(
        "--needs", action="store_true", help="build nothing; the libraries inside, as JSON"
    )
    given = parser.parse_args()
    if given.needs:
        print(json.dumps(sorted({one.name for it in TARGETS for one in needed(it)})))
        return 0
    if (given.repository is None) != (given.key is None):
        parser.error("--repository and --key go together: nothing unsigned is published")
    epoch = epoch_of(given.source)
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)  # dpkg-deb reads it
    version = given.version or version_of(given.source)
    wanted = Wanted(given.source, version, epoch, given.wheels, given.out, given.mends)
    chosen = [one for one in TARGETS if given.only in (None, one.name)]
    began = monotonic()
    try:
        with ThreadPoolExecutor(len(chosen)) as pool:
            built = list(pool.map(lambda one: build(one, wanted), chosen))
        if given.repository is not None:
            releases = {one.name.partition("-")[0] for one in chosen}
            for release in sorted(releases):
                files = [Path(one.file) for one in built if one.target.startswith(release)]
                publish(files, given.repository / release, release, given.key, epoch)
    except (OSError, RuntimeError, KeyError, subprocess.CalledProcessError) as error:
        print(f"not built: {getattr(error, 'stderr', None) or error}", file=sys.stderr)
        return 1
    seconds = round(monotonic() - began, 1)
    if given.json:
        print(json.dumps({"seconds": seconds, "packages": [asdict(one) for one in built]}))
        return 0
    for one in built:
        megabytes = f"{one.bytes / 1e6:.2f} MB, {one.installed_bytes / 1e6:.1f} MB installed"
        print(f"{one.file}  {megabytes}  sha256 {one.sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
