"""Reset: everything the gateway knows of a household goes, and nothing by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import claim, config, consent, identity
from agent.cli import main
from agent.clock import Clock
from agent.errors import SpoolError, Unfinished
from agent.records import Lane
from agent.spool import Spool, SpoolSettings, erase
from agent.spool.tail import place
from agent.web.keys import Keys
from agent.web.routes import Need
from tests.rooms.test_consent import CONFIG


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG + "spool: {path: state/spool.db}\n")
    return path


async def used(path: Path) -> None:
    """A buffer with a record, a journal line and something learnt."""
    spool = await Spool.open(SpoolSettings(str(path)), "boot", Clock().stamp)
    spool.append(Lane.TELEMETRY, Clock().stamp(), b'{"device": "bedroom"}')
    await spool.journal(datetime.now(UTC).isoformat(), "consent", b"{}")
    await spool.save_state("learned", b"{}")
    await spool.close()


async def test_all_is_gone_and_the_answer_says_so(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = file.parent / "state"
    await used(state / "spool.db")
    (state / "spool.db.corrupt-1").write_bytes(b"old readings")
    consent.decide(state / consent.NAME, given=True, by="resident")
    identity.new(state / "identity", "gw")
    code = claim.make_code()
    Keys(state).set_claim(code)
    Keys(state).set_pin("240613")
    assert main(["reset", str(file), "--yes"]) == 0
    assert Keys(state).opens("240613") is None
    assert Keys(state).opens(code) is Need.INSTALLER  # it stands on the label
    told = capsys.readouterr().out
    assert "the household's data are gone" in told
    assert {one.name for one in state.iterdir()} == {"identity", "page-keys.json"}
    assert (state / "identity" / "key.pem").exists()
    assert not place(str(state / "spool.db")).exists()
    with pytest.raises(Unfinished):
        config.read(file)


async def test_with_identity_the_key_goes_too(file: Path) -> None:
    state = file.parent / "state"
    await used(state / "spool.db")
    identity.new(state / "identity", "gw")
    before = (state / "identity" / "key.pem").read_bytes()
    assert main(["reset", str(file), "--yes", "--identity", str(state / "identity")]) == 0
    assert list((state / "identity").iterdir()) == []
    identity.new(state / "identity", "gw")
    assert (state / "identity" / "key.pem").read_bytes() != before


async def test_nothing_goes_unasked(file: Path) -> None:
    await used(file.parent / "state" / "spool.db")
    assert main(["reset", str(file)]) == 2
    assert (file.parent / "state" / "spool.db").exists()
    assert "gw" in file.read_text()


async def test_a_gateway_at_work_keeps_its_buffer(tmp_path: Path) -> None:
    path = str(tmp_path / "spool.db")
    spool = await Spool.open(SpoolSettings(path), "boot", Clock().stamp)
    try:
        with pytest.raises(SpoolError, match="another program is using it"):
            erase(path)
        assert Path(path).exists()
    finally:
        await spool.close()
    assert Path(path) in erase(path)


def test_a_damaged_buffer_can_be_erased(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"no database" * 1000)
    assert erase(str(path)) == (path,)
    assert erase(str(path)) == ()


@pytest.mark.parametrize("added", ["", "no_such_key: x\n"], ids=["emptied", "with a mistake"])
async def test_a_file_that_is_not_right_keeps_neither_data_nor_key(file: Path, added: str) -> None:
    assert main(["reset", str(file), "--yes"]) == 0
    file.write_text(file.read_text() + added)
    state = file.parent / "state"
    await used(state / "spool.db")
    identity.new(state / "identity", "gw")
    assert main(["reset", str(file), "--yes", "--identity", str(state / "identity")]) == 0
    assert not (state / "spool.db").exists()
    assert list((state / "identity").iterdir()) == []


@pytest.mark.parametrize("text", ["map: acme\npoints: {}\n", "[1, 2]\n", "a: [\n"])
def test_a_file_that_is_no_configuration_is_not_emptied(tmp_path: Path, text: str) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(text)
    assert main(["reset", str(other), "--yes"]) == 2
    assert other.read_text() == text


def test_the_page_stays_for_the_next_installer(file: Path) -> None:
    page = 'page: {listen: "127.0.0.1:8081", update_notices: false, service: Wang 王}\n'
    file.write_text(file.read_text() + page)
    before = config.read(file).page
    assert before is not None
    assert main(["reset", str(file), "--yes"]) == 0
    assert config.fresh(file).page == replace(before, gateway="gateway-1", service="")
