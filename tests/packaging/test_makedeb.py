"""The package builder: what it takes along, that its bytes repeat, and what its files say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.errors import Unfinished
from makedeb import deb, needs, sbom, stage, wheels
from makedeb.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "packaging" / "debian"
BOOKWORM = next(one for one in TARGETS if one.name == "bookworm-amd64")
TRIXIE = next(one for one in TARGETS if one.name == "trixie-arm64")
PINS = needs.pins((ROOT / "requirements.lock").read_text("utf-8"))


# --- what is taken along ------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_what_a_gateway_needs_is_pinned_and_simulators_stay_out(target: Target) -> None:
    found = wheels.needed(needs.roots(ROOT / "setup.cfg"), PINS, target)
    names = {pin.name for pin in found}
    assert {"pymodbus", "aiomqtt", "microdot", "pynacl", "cryptography", "cffi"} <= names
    assert not names & {"amqtt", "pytest", "matplotlib", "numpy", "tzdata", "casadi"}
    assert all(pin.hashes for pin in found)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("a", ("a", "b")),
        ("a[more]", ("a", "b", "c")),
        ('a; python_version < "3.12"', ("a", "b")),
        ('a; python_version >= "3.12"', ()),
        ('a; sys_platform == "win32"', ()),
        ("A_B.c", ("a-b-c",)),
        ("tzdata", ()),
        ("ring", ("ring", "round")),
    ],
)
def test_the_closure_follows_markers_and_extras(
    requirement: str, expected: tuple[str, ...]
) -> None:
    asks: Mapping[str, list[str]] = {
        "a": ["b>=1", 'c; extra == "more"', 'd; python_version < "3"'],
        "ring": ["round"],
        "round": ["ring"],
    }
    assert needs.closure([requirement], lambda name: asks.get(name, []), BOOKWORM.markers) == (
        expected
    )


def test_a_wheel_is_taken_for_the_library_it_was_compiled_against_or_an_older_one() -> None:
    assert BOOKWORM.platforms[0] == "manylinux_2_36_x86_64"
    assert "manylinux2014_aarch64" in TRIXIE.platforms
    assert "manylinux_2_39_x86_64" not in BOOKWORM.platforms


def wheel(path: Path) -> Path:
    """A wheel with everything that has a place of its own."""
    with zipfile.ZipFile(path, "w") as archive:
        about = "Name: thing\nVersion: 1.2\nSummary: a thing\nLicense-Expression: MIT\n"
        about += "Requires-Dist: other>=2\nRequires-Dist: Third_One; extra == 'x'\n"
        archive.writestr("thing-1.2.dist-info/METADATA", about)
        archive.writestr("thing-1.2.dist-info/RECORD", "")
        archive.writestr("thing/__init__.py", "")
        archive.writestr("thing/__init__.pyi", "")
        archive.writestr("thing-1.2.data/scripts/run", "")
        archive.writestr("thing-1.2.data/purelib/more.py", "")
    return path


def test_a_wheel_is_unpacked_without_what_nobody_reads(tmp_path: Path) -> None:
    part = wheels.unpack(wheel(tmp_path / "thing-1.2-py3-none-any.whl"), tmp_path / "lib")
    files = {
        str(p.relative_to(tmp_path / "lib")) for p in (tmp_path / "lib").rglob("*") if p.is_file()
    }
    assert files == {
        "thing-1.2.dist-info/METADATA",
        "thing/__init__.py",
        "more.py",
    }
    assert (part.name, part.version, part.licence) == ("thing", "1.2", "MIT")
    assert part.needs == ("other", "third-one")


# --- the package --------------------------------------------------------------------------------


def tree(root: Path) -> int:
    """A small source with all the fixed files; the size of what it installs."""
    source = root.parent / "source"
    if not source.exists():
        (source / "agent").mkdir(parents=True)
        (source / "agent" / "__init__.py").write_text("")
        shutil.copytree(ROOT / "configs", source / "configs")
        shutil.copyfile(ROOT / "setup.cfg", source / "setup.cfg")
    stage.static(DEBIAN, root)
    stage.program(source, "1.0", root)
    return stage.settle(root, 1_700_000_000)


def built(folder: Path, name: str) -> Path:
    root = folder / name
    root.mkdir()
    size = tree(root)
    return deb.build(root, DEBIAN, BOOKWORM, "1.0-1~deb12", size, folder / f"out-{name}")


needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is missing")


@needs_dpkg
def test_the_same_tree_gives_the_same_bytes_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first = built(tmp_path, "a")
    before = os.umask(0o077)
    try:
        again = built(tmp_path, "b")
    finally:
        os.umask(before)
    assert first.read_bytes() == again.read_bytes()


@needs_dpkg
def test_what_lies_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    package = built(tmp_path, "a")
    raw = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True)
    with tarfile.open(fileobj=BytesIO(raw.stdout)) as archive:
        members = {member.name.removeprefix("./"): member for member in archive}
    assert {"usr/lib/systemd/system/heatpump-agent.service", "usr/bin/heatpump-agent"} <= set(
        members
    )
    assert not any(name.startswith(("lib/", "bin/")) for name in members)  # they are links there
    assert {(m.uid, m.gid, m.mtime) for m in members.values()} == {(0, 0, 1_700_000_000)}
    assert members["usr/bin/heatpump-agent"].mode & 0o777 == 0o755
    told = subprocess.run(["dpkg-deb", "--info", package], check=True, capture_output=True)
    assert b"conffiles" in told.stdout
    assert b"Depends: libc6" in told.stdout


def test_the_control_file_binds_the_package_to_its_interpreter() -> None:
    text = deb.control(TRIXIE, deb.debian_version("1.0", TRIXIE), 2048 * 1024)
    fields = dict(line.split(": ", 1) for line in text.splitlines() if line[0] != " ")
    assert fields["Version"] == "1.0-1~deb13"
    assert fields["Architecture"] == "arm64"
    assert fields["Installed-Size"] == "2048"
    assert "python3 (>= 3.13), python3 (<< 3.14)" in fields["Depends"]


@given(st.integers(0, 2**31), st.sampled_from(TARGETS))
def test_the_bill_of_materials_repeats_and_hangs_together(epoch: int, target: Target) -> None:
    parts = [
        sbom.Part("a", "1", "00", "MIT", "", ("b", "not-there")),
        sbom.Part("b", "2", "01", "", "", ()),
    ]
    text = sbom.bill(target, "1.0-1~deb12", parts, epoch)
    assert text == sbom.bill(target, "1.0-1~deb12", parts, epoch)
    found: Any = json.loads(text)
    refs = {one["bom-ref"] for one in found["components"]}
    assert refs == {"pkg:pypi/a@1", "pkg:pypi/b@2"}
    assert {"ref": "pkg:pypi/a@1", "dependsOn": ["pkg:pypi/b@2"]} in found["dependencies"]


# --- the fixed files ----------------------------------------------------------------------------


def test_the_default_configuration_is_unfinished_and_nothing_else() -> None:
    with pytest.raises(Unfinished):
        config.read(DEBIAN / "gateway.yaml")
    tree = yaml.safe_load((DEBIAN / "gateway.yaml").read_text("utf-8"))
    assert tree == {"gateway": "gateway-1", "page": {"listen": "0.0.0.0:8080"}, "lines": []}


def test_no_secret_lies_in_the_package_sources() -> None:
    text = "\n".join(path.read_text("utf-8") for path in DEBIAN.iterdir())
    assert not re.search(r"BEGIN [A-Z ]*PRIVATE|password *[:=]|token *[:=]|secret", text, re.I)


@pytest.mark.parametrize("name", stage.SCRIPTS)
def test_maintainer_scripts_are_right_for_the_shell(name: str) -> None:
    subprocess.run(["sh", "-n", str(DEBIAN / name)], check=True)
    assert (DEBIAN / name).read_text("utf-8").startswith("#!/bin/sh\nset -e\n")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_the_unit_is_right_and_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "heatpump-agent.service"
    text = (DEBIAN / unit.name).read_text("utf-8")
    unit.write_text(text.replace("/usr/bin/heatpump-agent", "/bin/true"), "utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [line for line in checked.stderr.splitlines() if "heatpump-agent" in line]
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", unit]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
