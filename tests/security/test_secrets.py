"""No secret in the repository, none in the package, and no two gateways with the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import identity
from makedeb import deb, stage
from makedeb.targets import TARGETS
from simulators.authority import Authority

ROOT = Path(__file__).parents[2]
SECRETS = {
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "password hash": re.compile(rb"\$(?:1|2[aby]|5|6|y|argon2i?d?|scrypt)\$[^\s$]{1,40}\$"),
    "shadow line": re.compile(rb"^[a-z_][a-z0-9_-]*:[^:*!\s]{13,}:\d+:\d*:\d+:", re.MULTILINE),
    "password in a URL": re.compile(rb"[a-z]{3,8}://[^/\s:@'\"{]+:[^/\s:@'\"{]+@[a-z0-9]"),
    "cloud key": re.compile(rb"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36})\b"),
    "set password": re.compile(rb"\b(?:password|passwd|secret|token) *= *['\"][^'\"\s{]{6,}['\"]"),
}


def found(data: bytes) -> set[str]:
    """The kinds of secret in some bytes."""
    return {kind for kind, pattern in SECRETS.items() if pattern.search(data)}


EXAMPLES = {
    "private key": b"-----BEGIN PRIVATE" + b" KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n",
    "password hash": b"root:" + b"$6$" + b"saltsalt$abcdefghijklmnop",
    "shadow line": b"admin:" + b"abJnggxhB/yWI:19000:0:99999:7:::",
    "password in a URL": b"mqtts://gw" + b":hunter22@broker.example",
    "cloud key": b"AKIA" + b"ABCDEFGHIJKLMNOP",
    "set password": b"password" + b" = 'letmein1'",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_the_search_finds_each_kind(kind: str) -> None:
    assert kind in found(EXAMPLES[kind])


def tracked() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout
    names = listed.decode().split("\0") if listed else []
    yield from (ROOT / name for name in names if name)


def test_no_secret_lies_in_the_repository() -> None:
    files = [path for path in tracked() if path.is_file()]
    if not files:
        pytest.skip("this is no git repository")
    for path in files:
        assert not found(path.read_bytes()), path


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What our own files become in a package, maintainer scripts included."""
    root = tmp_path_factory.mktemp("package")
    stage.static(ROOT / "packaging" / "debian", root)
    stage.program(ROOT, "1.0", root)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(deb.control(TARGETS[0], "1.0", 0), "utf-8")
    for name in stage.SCRIPTS:
        script = (ROOT / "packaging" / "debian" / name).read_text("utf-8")
        (root / "DEBIAN" / name).write_text(script, "utf-8")
    return root


def test_no_secret_lies_in_the_package(tree: Path) -> None:
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert len(files) > 100
    for path in files:
        assert not found(path.read_bytes()), path
        assert path.suffix not in {".pem", ".key", ".csr", ".crt", ".p12"}, path


def test_the_package_sets_no_password_and_opens_no_door(tree: Path) -> None:
    scripts = "\n".join((tree / "DEBIAN" / name).read_text("utf-8") for name in stage.SCRIPTS)
    assert not re.search(r"\b(chpasswd|passwd|usermod|useradd|ssh|authorized_keys)\b", scripts)
    users = (tree / stage.STATIC["heatpump-agent.sysusers"]).read_text("utf-8")
    lines = [line.split() for line in users.splitlines() if line and not line.startswith("#")]
    (user,) = [line for line in lines if line[0] == "u"]
    assert user[-1] == "/var/lib/heatpump-agent"  # no shell: sysusers gives nologin and no password
    names = {path.name for path in tree.rglob("*") if path.is_file()}
    assert not names & {"sshd_config", "authorized_keys", "shadow", "passwd"}
    assert not any(name.endswith(".socket") for name in names)


def test_two_first_starts_make_different_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        identity.new(tmp_path / name, "gw-1")
    keys = {(tmp_path / name / identity.KEY).read_bytes() for name in ("a", "b")}
    requests = {(tmp_path / name / identity.REQUEST).read_bytes() for name in ("a", "b")}
    assert (len(keys), len(requests)) == (2, 2)


def test_what_leaves_for_the_authority_and_what_is_printed_holds_no_private_key(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, authority = tmp_path / "id", Authority(tmp_path / "ca")
    request = identity.new(folder, "gw-1")
    identity.install(folder, authority.sign(request), "gw-1", authority.ca)
    for name in (identity.REQUEST, identity.CERTIFICATE, identity.AUTHORITY):
        assert not found((folder / name).read_bytes())
    assert not found("".join(capfd.readouterr()).encode())
