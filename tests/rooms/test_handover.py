"""The record of a finished installation: what it says, what is missing, who signed it."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from agent import config, identity
from agent.cli import main
from agent.clock import Clock
from agent.handover import NO_KEY, handover, signed, signed_apart
from agent.handoverpage import sheet
from agent.model import Check, Outcome, Visit
from agent.selftest import Report
from agent.spool import Spool
from agent.thinning import fold
from simulators.authority import Authority

AT = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
GATEWAY = """
gateway: gw-7
platform: {broker: "mqtt://127.0.0.1:1"}
lines:
  - {name: bus1, port: /dev/ttyUSB0, baudrate: 9600, devices: [
      {name: hp, driver: midea_mthermal_r290, unit_id: 1},
      {name: meter, driver: eastron_sdm120, unit_id: 5}]}
"""


def report(device: str, order: str, visit: Visit = Visit.NONE) -> Report:
    check = Check("polls", visit, "every <poll>", "每次", values={"answered": 10})
    return Report(device, AT, Outcome.VERIFIED, visit, (check,), order)


def unjudged(made: Report) -> Report:
    """The same, ended before it could see anything."""
    return replace(made, checks=tuple(replace(one, judged=False) for one in made.checks))


WHOLE = (report("hp", "poll_check"), report("hp", "test_write"), report("meter", "poll_check"))


@pytest.fixture
def found(tmp_path: Path) -> config.Config:
    file = tmp_path / "gateway.yaml"
    file.write_text(GATEWAY)
    return config.read(file)


def test_it_says_who_is_on_which_line_and_what_was_checked(found: config.Config) -> None:
    made = handover(found, WHOLE, AT)
    assert made.complete
    (line,) = made.lines
    assert (line.port, line.baudrate, line.parity) == ("/dev/ttyUSB0", 9600, "none")
    assert [(one.name, one.unit_id, one.driver) for one in line.machines] == [
        ("hp", 1, "midea_mthermal_r290"),
        ("meter", 5, "eastron_sdm120"),
    ]
    assert [one.order for one in line.machines[0].tests] == ["poll_check", "test_write"]


@pytest.mark.parametrize(
    ("reports", "needs"),
    [
        (WHOLE[1:], ("poll_check",)),
        (WHOLE[:1] + WHOLE[2:], ("test_write",)),
        ((report("hp", "poll_check", Visit.SOON), *WHOLE[1:]), ("poll_check",)),
        ((replace(WHOLE[0], outcome=Outcome.FAILED), *WHOLE[1:]), ("poll_check",)),
        ((WHOLE[0], unjudged(WHOLE[1]), WHOLE[2]), ("test_write",)),
    ],
)
def test_what_is_missing_is_named(
    found: config.Config, reports: tuple[Report, ...], needs: tuple[str, ...]
) -> None:
    made = handover(found, reports, AT)
    assert not made.complete
    assert made.lines[0].machines[0].needs == needs


def opened(jws: str) -> tuple[dict[str, Any], Any]:
    """Header and payload of a JWS under the key of its first certificate. InvalidSignature."""
    head, payload, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in jws.split(".")
    )
    header = json.loads(head)
    key = load_der_x509_certificate(base64.b64decode(header["x5c"][0])).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    r, s = (int.from_bytes(signature[i : i + 32], "big") for i in (0, 32))
    said = jws.rpartition(".")[0].encode()
    key.verify(encode_dss_signature(r, s), said, ECDSA(SHA256()))
    return header, json.loads(payload)


@pytest.mark.parametrize("apart", [False, True])
def test_it_is_signed_with_the_gateways_own_key(
    tmp_path: Path, found: config.Config, apart: bool
) -> None:
    folder, authority = tmp_path / "id", Authority(tmp_path / "ca")
    identity.new(folder, "gw-7")
    identity.install(folder, authority.sign(folder / "request.csr"), "gw-7", authority.ca)
    made = handover(found, WHOLE, AT)
    jws, why = asyncio.run(signed_apart(made, folder)) if apart else signed(made, folder)
    assert why == ""
    header, said = opened(jws)
    assert (header["alg"], said["gateway"]) == ("ES256", "gw-7")
    head, payload, signature = jws.split(".")
    other = base64.urlsafe_b64encode(b'{"gateway":"gw-8"}').rstrip(b"=").decode()
    with pytest.raises(InvalidSignature):
        opened(f"{head}.{other}.{signature}")
    assert payload != other


def test_without_a_key_it_says_so(tmp_path: Path, found: config.Config) -> None:
    made = handover(found, WHOLE, AT)
    assert signed(made, None) == ("", NO_KEY)
    assert asyncio.run(signed_apart(made, None)) == ("", NO_KEY)
    for jws, why in (signed(made, tmp_path), asyncio.run(signed_apart(made, tmp_path))):
        assert jws == ""
        assert why.startswith("not signed: ")
        assert "key.pem" in why


def test_the_sheet_is_for_both_languages_and_runs_nothing(found: config.Config) -> None:
    text = sheet(handover(found, WHOLE[1:], AT), NO_KEY)
    for words in ("gw-7", "十次轮询", "ten polls", "still needed", "every &lt;poll&gt;", NO_KEY):
        assert words in text
    assert "<script" not in text


async def _ran_once(found: config.Config) -> None:
    clock = Clock()
    spool = await Spool.open(found.spool, clock.boot, clock.stamp, fold)
    await spool.close()


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, page = tmp_path / "gateway.yaml", tmp_path / "sheet.html"
    file.write_text(GATEWAY + f"spool: {{path: {tmp_path}/spool.db}}\n")
    assert main(["handover", str(file)]) == 3  # nobody ever ran it
    assert "there is no such file: the gateway has not run yet" in capsys.readouterr().err
    asyncio.run(_ran_once(config.read(file)))
    assert main(["handover", str(file), "--html", str(page), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["jws"], said["not_signed"]) == (None, NO_KEY)
    assert said["handover"]["lines"][0]["machines"][1]["needs"] == ["poll_check"]
    assert "gw-7" in page.read_text("utf-8")
    assert main(["handover", str(file)]) == 1
    assert "test_write" in capsys.readouterr().out
