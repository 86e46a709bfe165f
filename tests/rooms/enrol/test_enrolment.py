"""The first certificate and the next, from a real service over real TLS, to a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import claim, identity
from agent.cli import main
from agent.enrol.settings import EnrolSettings, Kind
from agent.enrol.step import enrol
from agent.errors import LinkError, Withdrawn
from agent.trust import Trust, usable
from agent.uplink.dial import Address
from agent.uplink.session import Session
from agent.uplink.settings import SessionSettings
from simulators.authority import DAY, Authority
from simulators.enrolment import Enrolment
from tests.peers.mosquitto import Mosquitto, Tls

G = "gw-001"
NOW = datetime.now(UTC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Enrolment]:
    with Enrolment(Authority(tmp_path / "ca")) as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path, service: Enrolment) -> EnrolSettings:
    """A gateway with the right code on its label."""
    code = tmp_path / "claim-code"
    code.write_text(service.label(G))
    return EnrolSettings(G, service.url, tmp_path / "id", code, service.authority.ca)


def key(settings: EnrolSettings) -> bytes:
    return (settings.folder / identity.KEY).read_bytes()


def certificate(settings: EnrolSettings) -> Path:
    return settings.folder / identity.CERTIFICATE


def test_a_claim_code_gets_a_certificate_and_the_key_stays_here(
    service: Enrolment, settings: EnrolSettings
) -> None:
    done = enrol(settings, NOW, clock_set=True)
    assert done.kind is Kind.INSTALLED, done.why
    said = identity.show(settings.folder)
    assert said.gateway == G
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.folder.iterdir()}
    assert modes["key.pem"] == modes["claim.used"] == 0o600
    assert stat.S_IMODE(settings.folder.stat().st_mode) == 0o700
    assert (settings.folder / "ca.pem").read_bytes() == service.authority.ca.read_bytes()
    assert settings.claim.read_text() not in (settings.folder / "claim.used").read_text()
    assert service.asked == ["cacerts", "simpleenroll"]
    assert enrol(settings, NOW, clock_set=True).kind is Kind.NOT_DUE
    assert service.asked == ["cacerts", "simpleenroll"]


def test_two_gateways_make_different_keys(service: Enrolment, settings: EnrolSettings) -> None:
    other = replace(settings, gateway="gw-002", folder=settings.folder.with_name("other"))
    enrol(settings, NOW, clock_set=True)
    other.claim.write_text(service.label("gw-002"))
    assert enrol(other, NOW, clock_set=True).kind is Kind.INSTALLED
    assert key(settings) != key(other)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("0000-0000-0000-0000", "the claim code is wrong"),
        ("too short", "16 letters and digits"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_code_gets_nothing(settings: EnrolSettings, typed: str | None, why: str) -> None:
    settings.claim.unlink() if typed is None else settings.claim.write_text(typed)
    done = enrol(settings, NOW, clock_set=True)
    assert done.kind is (Kind.REFUSED if typed and "-" in typed else Kind.UNUSABLE)
    assert why in done.why
    assert typed is None or typed not in done.why
    assert not certificate(settings).exists()


def test_a_code_of_another_gateway_gets_nothing(
    service: Enrolment, settings: EnrolSettings
) -> None:
    service.label("gw-002")
    done = enrol(replace(settings, gateway="gw-002"), NOW, clock_set=True)
    assert (done.kind, certificate(settings).exists()) == (Kind.REFUSED, False)


def test_a_code_serves_one_key_only(service: Enrolment, settings: EnrolSettings) -> None:
    """Who reads the label later gets nothing; a lost answer may be asked for again."""
    enrol(settings, NOW, clock_set=True)
    thief = replace(settings, folder=settings.folder.with_name("thief"))
    done = enrol(thief, NOW, clock_set=True)
    assert (done.kind, certificate(thief).exists()) == (Kind.REFUSED, False)
    assert "used already" in done.why
    certificate(settings).unlink()
    (settings.folder / "claim.used").unlink()
    assert enrol(settings, NOW, clock_set=True).kind is Kind.INSTALLED


def test_a_request_may_wait_for_people(service: Enrolment, settings: EnrolSettings) -> None:
    service.approved = False
    done = enrol(settings, NOW, clock_set=True)
    assert (done.kind, done.again_s) == (Kind.LATER, 600.0)
    before = key(settings)
    service.approved = True
    assert enrol(settings, NOW, clock_set=True).kind is Kind.INSTALLED
    assert key(settings) == before


@pytest.mark.parametrize("clock_set", [True, False])
def test_the_code_is_not_told_to_strangers(
    tmp_path: Path, service: Enrolment, settings: EnrolSettings, clock_set: bool
) -> None:
    stranger = replace(settings, ca=Authority(tmp_path / "stranger").ca)
    done = enrol(stranger, NOW, clock_set)
    assert (done.kind, service.asked) == (Kind.AWAY, [])
    assert "is refused" in done.why


def test_nobody_there_is_said(settings: EnrolSettings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and never listening
        away = replace(settings, url=f"https://127.0.0.1:{nobody.getsockname()[1]}")
        done = enrol(away, NOW, clock_set=True)
    assert done.kind is Kind.AWAY
    assert "cannot be reached" in done.why


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), NOW + 20_000 * DAY])
def test_a_clock_that_is_not_set_keeps_nobody_out(settings: EnrolSettings, at: datetime) -> None:
    """At the first start of a board without a battery, or with an empty one."""
    done = enrol(settings, at, clock_set=False)
    assert done.kind is Kind.INSTALLED, done.why
    assert enrol(settings, at, clock_set=False).kind is Kind.NOT_DUE


@pytest.mark.parametrize(
    ("begins", "ends", "clock_set", "kind", "why"),
    [
        (NOW + DAY, NOW + 9 * DAY, True, Kind.AWAY, "our clock says"),
        (NOW + DAY, NOW + 9 * DAY, False, Kind.INSTALLED, ""),  # our clock is behind
        (NOW - 900 * DAY, NOW - 800 * DAY, True, Kind.AWAY, "is refused"),
        (NOW - 900 * DAY, datetime(2025, 12, 31, tzinfo=UTC), False, Kind.AWAY, "ended on"),
    ],
)
def test_the_services_own_certificate_is_held_against_what_is_known_of_the_time(
    service: Enrolment,
    settings: EnrolSettings,
    begins: datetime,
    ends: datetime,
    clock_set: bool,
    kind: Kind,
    why: str,
) -> None:
    service.identity = service.authority.server(begins, ends)
    done = enrol(settings, NOW, clock_set)
    assert (done.kind, why in done.why) == (kind, True)


def test_renewal_from_two_thirds_of_its_life_with_a_new_key(
    service: Enrolment, settings: EnrolSettings
) -> None:
    service.life, service.begins = timedelta(days=90), NOW - 61 * DAY
    enrol(settings, NOW, clock_set=True)
    first, before = identity.show(settings.folder), key(settings)
    service.begins = NOW - DAY
    assert enrol(settings, first.renew_at - timedelta(hours=1), True).kind is Kind.NOT_DUE
    assert enrol(settings, NOW, clock_set=False).kind is Kind.NOT_DUE
    settings.claim.unlink()  # the old certificate is enough
    done = enrol(settings, NOW, clock_set=True)
    assert done.kind is Kind.INSTALLED, done.why
    assert service.asked[-1] == "simplereenroll"
    assert identity.show(settings.folder).ends > first.ends
    assert key(settings) != before
    assert not (settings.folder / identity.NEW_KEY).exists()


async def test_the_broker_takes_what_was_enrolled_and_refuses_what_was_revoked(
    tmp_path: Path, service: Enrolment, settings: EnrolSettings
) -> None:
    authority = service.authority
    server = authority.server(NOW - DAY, NOW + DAY)
    tls = Tls(authority.ca, *server, require_certificate=True, crl=authority.crl)
    assert (await asyncio.to_thread(enrol, settings, NOW, True)).kind is Kind.INSTALLED
    async with Mosquitto(tmp_path, tls=tls) as broker:
        async with Session(_session(broker, settings)) as session:
            await session.publish("x", b"in")
        with pytest.raises(LinkError, match="certificate required"):
            async with Session(_session(broker, None, authority.ca)):
                pass
        authority.revoke(certificate(settings))
        await broker.stop()
        await broker.start()
        with pytest.raises(Withdrawn, match=r"(?i)revoked"):
            async with Session(_session(broker, settings)):
                pass
        # No renewal for it, no second use of the code; a new code gets a new key and certificate.
        later, before = identity.show(settings.folder).renew_at, key(settings)
        done = await asyncio.to_thread(enrol, settings, later, True)
        assert done.kind is Kind.WITHDRAWN, done.why
        done = await asyncio.to_thread(enrol, settings, NOW, True, True)
        assert (done.kind, "used for the last" in done.why) == (Kind.REFUSED, True)
        settings.claim.write_text(service.label(G))
        done = await asyncio.to_thread(enrol, settings, NOW, True, True)
        assert done.kind is Kind.INSTALLED, done.why
        assert key(settings) != before
        async with Session(_session(broker, settings)) as session:
            await session.publish("x", b"in again")


def _session(
    broker: Mosquitto, settings: EnrolSettings | None, ca: Path | None = None
) -> SessionSettings:
    folder = settings.folder if settings is not None else None
    return SessionSettings(
        Address.parse(broker.url),
        G,
        ("will", b""),
        ca or (folder / "ca.pem" if folder else None),
        folder / "certificate.pem" if folder else None,
        folder / "key.pem" if folder else None,
    )


@pytest.mark.parametrize("name", [identity.NEW_KEY, None])
def test_a_power_cut_between_key_and_certificate_is_made_good(
    tmp_path: Path, service: Enrolment, settings: EnrolSettings, name: str | None
) -> None:
    """After the first of the two renames, and before it: the new pair is there, whole."""
    enrol(settings, NOW, clock_set=True)
    other = replace(settings, folder=tmp_path / "other")
    other.claim.write_text(service.label(G))
    enrol(other, NOW, clock_set=True)
    folder, new = settings.folder, other.folder
    (new / identity.CERTIFICATE).rename(folder / identity.NEW_CERTIFICATE)
    (new / identity.KEY).rename(folder / (name or identity.KEY))
    identity.settle(folder)
    assert identity.show(folder).gateway == G
    assert not (folder / identity.NEW_CERTIFICATE).exists()
    assert not (folder / identity.NEW_KEY).exists()
    usable(Trust(None, folder / identity.CERTIFICATE, folder / identity.KEY))


def test_the_command_says_how_it_went(
    settings: EnrolSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["identity", "enrol", str(settings.folder), "--gateway", G, "--at", settings.url]
    words += ["--claim-code", str(settings.claim), "--ca", str(settings.ca), "--json"]
    assert main(words) == 0
    assert '"outcome": "installed"' in capsys.readouterr().out
    settings.claim.write_text("0000-0000-0000-0000")
    assert main([*words, "--anew"]) == 1
    assert '"outcome": "refused"' in capsys.readouterr().out
    assert main([*words[:5], "--at", "http://x", *words[7:]]) == 2
    assert "https://host" in capsys.readouterr().err


def test_codes_for_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identity", "claim-code", "--count", "2", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["code"] != second["code"]
    assert claim.matches(first["code"], first["hash"])


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler for the moved clock here")
@pytest.mark.parametrize("years", [-20, 60])
def test_a_first_start_with_a_wrong_clock_in_a_process_of_its_own(
    tmp_path: Path, service: Enrolment, settings: EnrolSettings, years: int
) -> None:
    """As on a board without a battery: Python and OpenSSL are told another year."""
    offset, library = tmp_path / "offset", tmp_path / "moved_clock.so"
    source = Path(__file__).parents[3] / "bench" / "moved_clock.c"
    place = f'-DOFFSET_FILE="{offset}"'
    compiler = ["cc", "-shared", "-fPIC", "-O1", place, "-o", str(library), str(source), "-ldl"]
    subprocess.run(compiler, check=True)
    offset.write_text(str(years * 365 * 86_400))
    words = ["identity", "enrol", str(settings.folder), "--gateway", G, "--at", settings.url]
    words += ["--claim-code", str(settings.claim), "--ca", str(settings.ca), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", *words],
        env={**os.environ, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["outcome"] == "installed", done
    assert str(NOW.year) not in done.stderr, "the clock was not moved"
    assert "not trusted" in done.stderr
    assert identity.show(settings.folder).gateway == G
