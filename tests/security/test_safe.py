"""`safe`: each question changes its answer when the thing itself changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agent import config, identity
from agent.cli import main
from agent.safe import findings, fresh_findings
from agent.support import SUPPORTED_UNTIL
from simulators.authority import Authority

LINES = """\
lines:
  - {name: bus, port: "tcp://127.0.0.1:502", devices: [{name: hp, driver: midea_mthermal_r290}]}
"""
NOW = datetime.now(UTC)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A gateway that is set up as it should be."""
    authority = Authority(tmp_path / "ca")
    request = identity.new(tmp_path / "id", "gw")
    identity.install(tmp_path / "id", authority.sign(request), "gw", authority.ca)
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "commands.pem").write_bytes(pem)
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "gateway: gw\nplatform:\n  broker: mqtts://broker.example:8883\n  ca: id/ca.pem\n"
        "  certificate: id/certificate.pem\n  key: id/key.pem\n"
        f"  command_keys: [commands.pem]\n{LINES}"
    )
    return file


def bad(file: Path, now: datetime = NOW) -> set[str]:
    found = findings(config.read(file), now)
    assert all(one.en and one.zh for one in found)
    return {one.question for one in found if not one.good and one.needed}


def test_a_gateway_set_up_well_is_safe(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bad(good) == set()
    assert main(["safe", str(good), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["good"] for one in told if one["needed"]} == {True}


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("mqtts://broker.example:8883", "mqtt://broker.example:1883", "encrypted"),
        ("mqtts://broker.example:8883", "mqtt://127.0.0.1:1883", None),
        ("  command_keys: [commands.pem]\n", "", "commands"),
        ("  certificate: id/certificate.pem\n  key: id/key.pem\n", "", "certificate"),
        ("lines:", "metrics: {listen: '0.0.0.0:9108'}\nlines:", "doors"),
        ("lines:", "metrics: {}\nlines:", None),
        ("lines:", "page: {listen: '0.0.0.0:8080'}\nlines:", "page"),
        ("lines:", "page: {listen: '127.0.0.1:8080'}\nlines:", None),
    ],
)
def test_what_is_not_safe_is_named(good: Path, old: str, new: str, question: str | None) -> None:
    text = good.read_text()
    assert old in text
    good.write_text(text.replace(old, new))
    assert bad(good) == ({question} if question else set())
    assert main(["safe", str(good)]) == (1 if question else 0)


def test_a_key_that_others_can_read_is_named(good: Path) -> None:
    (good.parent / "id" / "key.pem").chmod(0o640)
    assert bad(good) == {"secrets"}


def test_age_is_named(good: Path) -> None:
    assert bad(good, NOW + timedelta(days=300)) == {"renewed"}
    after = datetime(SUPPORTED_UNTIL.year + 1, 1, 1, tzinfo=UTC)
    assert bad(good, after) == {"renewed", "support"}


FRESH = "gateway: gw\npage: {listen: '0.0.0.0:8080'}\nlines: []\n"


def test_the_page_is_named_as_an_open_door(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def doors(file: Path) -> str:
        main(["safe", str(file), "--json"])
        told = json.loads(capsys.readouterr().out)
        return next(one["en"] for one in told if one["question"] == "doors")

    assert doors(good) == "No door is open to the network."
    good.write_text(good.read_text() + "page: {listen: '0.0.0.0:8080'}\n")
    assert "the page: http://0.0.0.0:8080" in doors(good)
    fresh = tmp_path / "fresh.yaml"
    fresh.write_text(FRESH)
    assert "the page: http://0.0.0.0:8080" in doors(fresh)
    assert main(["safe", str(fresh)]) == 1
    fresh.write_text("gateway: gw\nlines: []\n")
    assert main(["safe", str(fresh)]) == 0


def test_a_serial_console_with_a_login_is_named_and_how_to_shut_it(tmp_path: Path) -> None:
    def console(root: Path) -> str:
        found = fresh_findings(config.Fresh("gw", "", None), NOW, root)
        (one,) = (one for one in found if one.question == "console")
        assert one.good is ("tty" not in one.en)
        return one.en

    assert console(tmp_path) == "No serial console offers a login."
    active = tmp_path / "sys/class/tty/console/active"
    active.parent.mkdir(parents=True)
    active.write_text("tty0 ttyAMA0\n")
    assert "systemctl mask --now serial-getty@ttyAMA0.service" in console(tmp_path)
    units = tmp_path / "etc/systemd/system"
    wants = units / "getty.target.wants"
    wants.mkdir(parents=True)
    (wants / "serial-getty@ttyS1.service").touch()
    assert "log in at ttyAMA0, ttyS1;" in console(tmp_path)
    for name in ("ttyAMA0", "ttyS1"):
        (units / f"serial-getty@{name}.service").symlink_to("/dev/null")
    assert console(tmp_path) == "No serial console offers a login."


def test_a_verified_start_is_signed_firmware_and_a_verified_root(tmp_path: Path) -> None:
    def boot() -> bool:
        found = fresh_findings(config.Fresh("gw", "", None), NOW, tmp_path)
        return next(one.good for one in found if one.question == "boot")

    def put(name: str, content: bytes) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    uefi = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    assert not boot()
    put("proc/self/mountinfo", b"22 1 254:0 / / ro - squashfs /dev/dm-0 ro\n")
    put("sys/dev/block/254:0/dm/uuid", b"CRYPT-VERITY-00aa-root\n")
    assert not boot()
    put(uefi, b"\6\0\0\0\0")
    assert not boot()
    put(uefi, b"\6\0\0\0\1")
    assert boot()
    put(uefi, b"\6\0\0\0\0")
    put("proc/device-tree/chosen/bootloader/signed", b"\0\0\0\x0d")
    assert boot()
    put("sys/dev/block/254:0/dm/uuid", b"CRYPT-LUKS2-00aa-root\n")
    assert not boot()
