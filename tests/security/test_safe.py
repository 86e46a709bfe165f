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
from agent.safe import findings
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
    return {one.question for one in found if not one.good}


def test_a_gateway_set_up_well_is_safe(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bad(good) == set()
    assert main(["safe", str(good), "--json"]) == 0
    assert {one["good"] for one in json.loads(capsys.readouterr().out)} == {True}


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
