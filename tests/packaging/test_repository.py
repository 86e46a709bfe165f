"""Updates: apt itself takes what our key signed, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from makedeb.deb import CONFFILES
from makedeb.repository import ORIGIN, publish
from makedeb.stage import STATIC

ROOT = Path(__file__).parents[2]
CONF = ROOT / "packaging" / "debian" / "apt.conf"
EPOCH = 1_790_000_000
LACKS = [name for name in ("apt-get", "dpkg-deb", "gpg", "gpgv") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(LACKS), reason=f"this machine lacks {', '.join(LACKS)}")


def run(*command: str | Path, good: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is good, done.stdout + done.stderr
    return done.stdout + done.stderr


def package(folder: Path, version: str) -> Path:
    root = folder / f"root-{version}"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: heatpump-agent\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: nobody <nobody@invalid>\nDescription: a stand-in\n"
    )
    out = folder / f"heatpump-agent_{version}_all.deb"
    run("dpkg-deb", "--root-owner-group", "--build", root, out)
    return out


@dataclass
class Place:
    """A repository, the keyring a gateway trusts, and a gateway's apt with folders of its own."""

    folder: Path
    repository: Path
    installed: str = "1.0"

    def apt(self, *words: str, good: bool = True) -> str:
        root = self.folder / "apt"
        for name in ("state/lists/partial", "cache/archives/partial", "etc", "parts"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "status").write_text(
            "Package: heatpump-agent\nStatus: install ok installed\nArchitecture: all\n"
            f"Version: {self.installed}\nMaintainer: nobody <nobody@invalid>\n"
            "Description: a stand-in\n\n"
        )
        (root / "etc" / "sources.list").write_text(
            f"deb [signed-by={self.folder / 'trusted.gpg'}] copy:{self.repository} ./\n"
        )
        options = {
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Etc": root / "etc",
            "Dir::Etc::parts": root / "parts",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::GzipIndexes": "false",  # as Debian has it; images for containers differ
            "APT::Architecture": "amd64",
        }
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return run("apt-get", *given, *words, good=good)

    def upgrade(self) -> str:
        """What an upgrade would install, without doing it."""
        return self.apt("--simulate", "upgrade")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    home = (
        Path("/tmp") / f"gpg-{os.getpid()}-{tmp_path.name[-24:]}"
    )  # a socket's path must be short
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    for name in ("ours", "strangers"):
        run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign")
    run("gpg", "--batch", "--output", tmp_path / "trusted.gpg", "--export", "ours")
    repository = tmp_path / "bookworm"
    publish([package(tmp_path, "1.1")], repository, "bookworm", "ours", EPOCH)
    yield Place(tmp_path, repository)
    run("gpgconf", "--kill", "all")
    shutil.rmtree(home, ignore_errors=True)  # the agent removes its sockets itself meanwhile


def test_what_our_key_signed_is_found_and_fetched_as_it_was(place: Place) -> None:
    place.apt("update")
    assert "Inst heatpump-agent [1.0] (1.1 " in place.upgrade()
    place.apt("--download-only", "--yes", "upgrade")
    (fetched,) = (place.folder / "apt" / "cache" / "archives").glob("*.deb")
    assert fetched.read_bytes() == (place.folder / "heatpump-agent_1.1_all.deb").read_bytes()


def test_the_signature_is_ed25519_over_sha512(place: Place) -> None:
    signed = place.repository / "InRelease"
    assert "Hash: SHA512" in signed.read_text()
    told = run("gpgv", "--keyring", place.folder / "trusted.gpg", "--status-fd", "1", signed)
    valid = next(line.split() for line in told.splitlines() if "VALIDSIG" in line)
    assert valid[8:10] == ["22", "10"]  # EdDSA and SHA-512 (RFC 4880 and its draft successors)


def test_a_stranger_signs_in_vain(place: Place) -> None:
    publish([], place.repository, "bookworm", "strangers", EPOCH)
    assert "NO_PUBKEY" in place.apt("update", good=False)
    assert "Inst" not in place.upgrade()


def test_nothing_unsigned_is_believed(place: Place) -> None:
    signed = place.repository / "InRelease"
    plain = signed.read_text().split("\n\n", 1)[1].split("-----BEGIN")[0]
    (place.repository / "Release").write_text(plain)
    signed.unlink()
    assert "not signed" in place.apt("update", good=False)
    assert "Inst" not in place.upgrade()


@pytest.mark.parametrize("name", ["Packages", "InRelease"])
def test_a_changed_list_is_refused(place: Place, name: str) -> None:
    path = place.repository / name
    path.write_text(path.read_text().replace("1.1", "6.6").replace("Origin:", "Origin: x"))
    place.apt("update", good=False)
    assert "Inst" not in place.upgrade()


def test_a_flipped_byte_of_the_package_is_refused(place: Place) -> None:
    place.apt("update")
    path = place.repository / "heatpump-agent_1.1_all.deb"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "Hash Sum mismatch" in place.apt("--download-only", "--yes", "upgrade", good=False)


def test_an_older_version_is_never_taken(place: Place) -> None:
    place.installed = "2.0"
    place.apt("update")
    assert "Inst" not in place.upgrade()


def test_the_newest_of_several_is_taken(place: Place) -> None:
    publish([package(place.folder, "1.2")], place.repository, "bookworm", "ours", EPOCH + 1)
    place.apt("update")
    assert "Inst heatpump-agent [1.0] (1.2 " in place.upgrade()


def test_updates_are_automatic_daily_and_the_owners_to_change() -> None:
    dump = run("apt-config", "-c", CONF, "dump")
    assert 'APT::Periodic::Update-Package-Lists "1";' in dump
    assert 'APT::Periodic::Unattended-Upgrade "1";' in dump
    assert f'Unattended-Upgrade::Origins-Pattern:: "origin={ORIGIN}";' in dump
    assert f"/{STATIC['apt.conf']}\n" in CONFFILES
