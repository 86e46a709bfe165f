"""The command line as people and programs use it, up to real simulators behind it."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from agent import claim
from agent.cli import tree
from agent.cli.main import main
from agent.cli.run import reload
from agent.cli.tree import parser
from agent.clock import Clock
from agent.drivers import names
from agent.spool import Spool, SpoolSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "configs" / "gateway.example.yaml"
COMMANDS = (
    "run",
    "check",
    "read",
    "write",
    "drivers",
    "decode",
    "record",
    "replay",
    "status",
    "audit",
    "alarms",
    "selftest",
    "docs",
)
SIMULATION = """
lines:
  bridge:
    kind: tcp
    port: "0"
    units: [{map: samsung_ehs_mimb19n, unit_id: 3}]
"""
GATEWAY = """
gateway: gw-test
spool: {{path: spool.db}}
platform: {{broker: "mqtt://127.0.0.1:9"}}
lines:
  - name: bridge
    port: tcp://127.0.0.1:{port}
    devices: [{{name: hp3, driver: samsung_ehs_mimb19n, unit_id: 3, every: 1 s}}]
"""
TOO_LONG = 300 * "a"
"""As a name it is refused by every file system, as a folder without rights is to all but root."""
YAML_BY_NAME, JSON_BY_NUMBER = "holding:\n{}\n", '{{"3": {{{}}}}}'
GOLDEN: dict[str, tuple[dict[int, int], dict[str, Any]]] = {
    "midea_mthermal_r290": (
        {0: 2, 2: 0x2D2A, 105: 413, 107: 0xFFD3, 189: 1 << 8, 143: 1, 144: 2},
        {
            "power_on": True,
            "water_setpoint": 42,
            "water_setpoint_z2": 45,
            "water_supply_temp": 41.3,
            "outdoor_temp": -4.5,
            "energy_total": 655.38,
        },
    ),
    "haier_atw_r290": (
        {40101: 1, 40103: 89, 40141: 0xFFF9, 40152: 412, 40195: 0, 40196: 1234, 40205: 14},
        {
            "power_on": True,
            "water_setpoint": 44.5,
            "outdoor_temp": -0.7,
            "water_supply_temp": 41.2,
            "active_power": 1234,
            "fault_code": 14,
        },
    ),
    "samsung_ehs_mimb19n": (
        {50: 7, 52: 1, 53: 4, 68: 455, 75: 487, 1: 101},
        {
            "power_on": True,
            "mode": "heat",
            "water_setpoint": 45.5,
            "dhw_temp": 48.7,
            "fault_code": 101,
        },
    ),
}


def run(*arguments: object) -> int:
    return main([str(one) for one in arguments])


# --- look-ups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(name, "--help")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    description = said.split("\n\n")[1]
    assert len(description.split()) >= 6
    assert description.rstrip().endswith(".")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--help", "--version"):
        with pytest.raises(SystemExit) as ended:
            run(option)
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*COMMANDS, "Exit codes", "heatpump-agent 0."))


@pytest.mark.parametrize("arguments", [(), ("dance",), ("check",), ("decode", "acme", "x.yaml")])
def test_wrong_arguments_end_with_two(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2


def test_drivers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("drivers", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["driver"] for row in rows] == list(names())
    assert {row["driver"] for row in rows} >= set(GOLDEN)
    assert run("drivers") == 0
    assert all(name in capsys.readouterr().out for name in ("haier_atw_r290",))


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", EXAMPLE) == 0
    assert "all is well" in capsys.readouterr().out
    assert run("check", EXAMPLE, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    rows = told["devices"]
    units = [(row["device"], row["unit_id"]) for row in rows]
    assert units == [("hp1", 1), ("hp2", 2), ("meter2", 11), ("room2", 21), ("hp3", 3)]
    assert all(row["registers"] >= row["requests"] > 0 for row in rows)
    lacks = {home["heat_pump"]: home["lacks"] for home in told["homes"]}
    assert lacks == {"hp1": [], "hp2": [], "hp3": []}


def test_check_finds_no_code_to_get_a_certificate_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, code = tmp_path / "gateway.yaml", tmp_path / "code"
    enrol = "{at: 'https://127.0.0.1', folder: id, claim_code: code}"
    plain, enrolled = '"mqtt://127.0.0.1:9"', f'"mqtts://127.0.0.1:9", enrol: {enrol}'
    path.write_text(GATEWAY.format(port=9).replace(plain, enrolled), "utf-8")
    assert run("check", path) == 1
    said = capsys.readouterr().out
    assert f"{code} cannot be read" in said
    assert "认领码" in said
    assert run("check", path, "--json") == 1
    assert json.loads(capsys.readouterr().out)["lacks_code"] == str(code)
    code.write_text(claim.make_code(), "utf-8")
    assert run("check", path) == 0
    code.unlink()
    (tmp_path / "id").mkdir()
    (tmp_path / "id" / "certificate.pem").write_text("used up: the code may go", "utf-8")
    assert run("check", path) == 0


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('mqtt://127.0.0.1:9"', 'mqtts://127.0.0.1:9", ca: {name}', "platform.ca"),
        ('mqtt://127.0.0.1:9"', 'mqtts://h:9", enrol: {{at: "https://h", ca: {name}}}', "enrol.ca"),
        ("lines:", "page: {{certificate: {name}, key: {name}}}\nlines:", "page.key"),
        ("lines:", "account: {{tariff: {name}}}\nlines:", "account.tariff"),
        (
            "lines:",
            "adapters: {{home_assistant: {{broker: mqtts://h:1, ca: {name}}}}}\nlines:",
            "adapters.home_assistant.ca",
        ),
    ],
)
def test_a_file_that_cannot_be_looked_at_is_a_mistake_in_its_place(
    old: str, new: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    text = GATEWAY.format(port=9).replace(old, new.format(name=TOO_LONG))
    path.write_text(text, "utf-8")
    assert run("check", path) == 2
    why = f"{tmp_path / TOO_LONG} cannot be looked at: File name too long"
    assert f"{place}: {why}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ("alarms", "{config}"),
        ("audit", "show", "{config}"),
        ("reset", "{config}", "--yes"),
        ("consent", "give", "{config}"),
        ("check", "{enrolled}"),
        *(("identity", step, "{folder}", "--gateway", "gw") for step in ("new", "csr")),
    ],
    ids=" ".join,
)
def test_what_cannot_be_looked_at_is_named_with_the_reason(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, enrolled = tmp_path / "gateway.yaml", tmp_path / "enrolled.yaml"
    text = GATEWAY.format(port=9)
    path.write_text(text.replace("spool.db", f"{TOO_LONG}/spool.db"), "utf-8")
    enrol = f"{{at: 'https://h', claim_code: code, folder: {TOO_LONG}}}"
    with_enrol = text.replace('mqtt://127.0.0.1:9"', f'mqtts://127.0.0.1:9", enrol: {enrol}')
    enrolled.write_text(with_enrol, "utf-8")
    places = {"config": path, "enrolled": enrolled, "folder": tmp_path / TOO_LONG}
    assert run(*(word.format(**places) for word in command)) == 3
    said = capsys.readouterr().err
    assert str(tmp_path / TOO_LONG) in said
    assert "File name too long" in said


def test_check_says_what_a_home_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = EXAMPLE.read_text("utf-8").replace("samsung_ehs_mimb19n", "phnix_khx_r290")
    (tmp_path / "gateway.yaml").write_text(text, "utf-8")
    assert run("check", tmp_path / "gateway.yaml") == 0
    lacks = "home hp3 lacks: room temperature 室内温度, fault alarm 故障报警; a sensor or a meter"
    assert lacks in capsys.readouterr().out


def test_check_says_what_the_machine_is_asked_at_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    text = EXAMPLE.read_text("utf-8").replace("park: 45", "park: 40")
    for highest, lowered in (("42", []), ("42.7", [42.5])):
        path.write_text(text.replace("comfort:", f"comfort:\n      highest: {highest}"), "utf-8")
        assert run("check", path, "--json") == 0
        told = json.loads(capsys.readouterr().out)["lowered"]
        assert [one["asked"] for one in told] == lowered
    assert run("check", path) == 0
    assert (
        "water_setpoint will be 42.5 at most: the machine takes nothing" in capsys.readouterr().out
    )


def test_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "reference"
    assert run("docs", "--check", "--folder", folder) == 1
    assert "is stale; run heatpump-agent docs" in capsys.readouterr().out
    assert run("docs", "--folder", folder) == 0
    assert "written" in capsys.readouterr().out
    assert run("docs", "--check", "--folder", folder) == 0
    assert capsys.readouterr().out == ""


# --- decode -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_decode(name: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, golden = GOLDEN[name]
    if form == "yaml":
        body = YAML_BY_NAME.format("\n".join(f"  {at}: 0x{word:04X}" for at, word in words.items()))
    else:
        body = JSON_BY_NUMBER.format(", ".join(f'"{at}": {word}' for at, word in words.items()))
    dump = tmp_path / f"dump.{form}"
    dump.write_text(body, "utf-8")
    assert run("decode", name, dump, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {point: found[point]["value"] for point in golden} == golden
    assert run("decode", name, dump) == 0
    said = capsys.readouterr().out
    assert "water_setpoint" in said
    assert "名称" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "dump.yaml:1: is no dump; allowed: function -> address -> word"),
        (b"holding: {010: 1}", "dump.yaml:1: holding.010: 010: 1 is no register"),
        (b"holding: {1: hot}", "dump.yaml:1: holding.1: 1: hot is no register"),
        (b"holding:\n  1: [x]", "dump.yaml:2: holding.1: 1: ['x'] is no register"),
        (b"coils: {1: 1}", "dump.yaml:1: coils: is no table of registers; allowed: coil, "),
        (b"holding: 7", "holding: is no table of registers"),
        (b"\xff", "is not UTF-8 text"),
    ],
)
def test_a_dump_that_is_none_ends_with_two_and_says_why(
    text: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = tmp_path / "dump.yaml"
    dump.write_bytes(text)
    assert run("decode", "haier_atw_r290", dump) == 2
    assert said in capsys.readouterr().err
    assert run("decode", "haier_atw_r290", tmp_path / "none.yaml") == 2


def test_a_dump_without_a_known_register_ends_with_one(tmp_path: Path) -> None:
    dump = tmp_path / "dump.yaml"
    dump.write_text("holding: {1: 1}", "utf-8")
    assert run("decode", "haier_atw_r290", dump) == 1


# --- replay -------------------------------------------------------------------------------------


def test_replay_prints_alarms_as_json_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "day.csv"
    rows = [f"2026-01-14T04:0{n}:00Z,{33 if n else 0}" for n in range(4)]
    path.write_text("\n".join(["at,fault_code", *rows]), "utf-8")
    assert run("replay", path) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["text_zh"] == "未知故障代码 33（replay）"
    assert "未知" in line
    assert run("replay", tmp_path / "none.csv") == 2
    path.write_text("mode\nheat\n", "utf-8")
    assert run("replay", path) == 2
    assert "has no time" in capsys.readouterr().err


# --- reload -------------------------------------------------------------------------------------


def test_a_broken_file_keeps_the_old_configuration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "gateway.yaml"
    with caplog.at_level(logging.INFO, "agent"):
        path.write_text(GATEWAY.format(port=502), "utf-8")
        reload(str(path))
        path.write_text(GATEWAY.format(port="none"), "utf-8")
        reload(str(path))
        path.unlink()
        reload(str(path))
    levels = [record.levelname for record in caplog.records]
    assert levels == ["INFO", "ERROR", "ERROR"]
    assert "lines[0].port" in caplog.text
    assert "the old one stays" in caplog.text


def test_a_running_gateway_survives_a_broken_file_and_stops_when_told(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(port=9), "utf-8")
    command = [sys.executable, "-m", "agent.cli", "run", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as gateway:
        assert gateway.stderr is not None
        try:
            said = until(gateway.stderr, "line lost")
            path.write_text("gateway: 7/7\n", "utf-8")
            gateway.send_signal(signal.SIGHUP)
            said = until(gateway.stderr, "platform is missing")
            assert "configuration refused, the old one stays" in said
            assert gateway.poll() is None
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(8) == 0
        finally:
            gateway.kill()


def until(stream: IO[str], text: str) -> str:
    """Lines up to the one with this text; the test's time limit ends the wait."""
    said = ""
    for line in stream:
        said += line
        if text in line:
            return said
    pytest.fail(f"ended without {text!r}: {said}")


# --- against a machine --------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose only device is a simulated pump behind a TCP port of the system's."""
    simulation, path = tmp_path / "sim.yaml", tmp_path / "gateway.yaml"
    simulation.write_text(SIMULATION, "utf-8")
    command = [sys.executable, "-m", "simulators.cli", str(simulation)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment
    ) as simulator:
        assert simulator.stdout is not None
        try:
            ready = json.loads(simulator.stdout.readline())
            path.write_text(GATEWAY.format(port=ready["port"]), "utf-8")
            yield path
        finally:
            simulator.kill()


def test_read_write_record_and_replay(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: object, code: int = 0) -> Any:
        assert run(*arguments) == code
        return json.loads(capsys.readouterr().out)

    before = said("read", gateway, "--json", "--within", 10)["devices"]["hp3"]
    setpoint = before["water_setpoint"]["value"]
    wish = 40 if setpoint != 40 else 42
    ask = ("write", gateway, "hp3", "water_setpoint", wish, "--json", "--within", 10)
    assert said(*ask) == {"outcome": "verified", "read_back": wish}
    assert said(*ask) == {"outcome": "verified", "read_back": wish}
    after = said("read", gateway, "--json", "--within", 10)["devices"]["hp3"]
    assert after["water_setpoint"]["value"] == wish
    refused = said("write", gateway, "hp3", "water_setpoint", 20, "--json", code=1)
    assert refused["outcome"] == "refused"
    assert "frost" in refused["why"]
    for point, value in (("water_supply_temp", 40), ("sauna", 1), ("water_setpoint", "hot")):
        assert run("write", gateway, "hp3", point, value) == 2
    assert run("write", gateway, "hp9", "water_setpoint", 40) == 2
    capsys.readouterr()
    assert run("read", gateway, "--within", 10) == 0
    assert "hp3 (samsung_ehs_mimb19n)" in capsys.readouterr().out
    trace = gateway.parent / "trace.jsonl"
    assert run("record", gateway, trace, "--seconds", 1.5) == 0
    assert len(trace.read_text("utf-8").splitlines()) >= 5
    assert run("replay", trace, "--config", gateway) == 0
    assert run("replay", trace) == 2
    assert run("record", gateway, gateway / "nowhere", "--seconds", 1) == 3
    assert "nowhere: cannot be written" in capsys.readouterr().err


def test_a_device_that_is_not_there_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.format(port=9), "utf-8")
    assert run("read", path, "--within", 5) == 1
    assert "line bridge: " in capsys.readouterr().out
    assert run("write", path, "hp3", "water_setpoint", 40, "--within", 5) == 1
    said = capsys.readouterr()
    assert ("not answered" in said.out, "line bridge: " in said.err) == (True, True)
    (tmp_path / "spool.db").unlink()
    (tmp_path / "spool.db").mkdir()
    assert run("run", path) == 3
    assert "spool.db: it cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_wait_that_is_none_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("read", EXAMPLE, "--within", seconds)
    assert ended.value.code == 2
    assert "allowed: above 0 s" in capsys.readouterr().err


async def test_writes_are_shown_for_the_last_day_and_for_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spool.db"
    spool = await Spool.open(SpoolSettings(str(path)), "boot", Clock().stamp)
    try:
        for day in ("2026-01-14", "2026-01-15", "2026-01-15"):
            await spool.count_write("hp1", "water_setpoint", day)
        assert run("audit", "writes", path, "--json") == 0
        assert json.loads(capsys.readouterr().out) == [
            {"device": "hp1", "point": "water_setpoint", "last_day": "2026-01-15", "that_day": 2,
             "for_life": 3}
        ]  # fmt: skip
    finally:
        await spool.close()
    assert run("audit", "writes", path) == 0
    assert "for life" in capsys.readouterr().out


async def test_the_journal_is_shown_and_checked_while_the_agent_holds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "spool.db"
    spool = await Spool.open(SpoolSettings(str(path)), "boot", Clock().stamp)
    try:
        for n in range(3):
            await spool.journal("2026-01-15T06:00:00Z", "received", b'{"id": "c%d"}' % n)
        assert run("audit", "show", path, "--last", 2) == 0
        assert '{"id": "c2"}' in capsys.readouterr().out
        assert run("audit", "verify", path, "--json") == 0
        whole = json.loads(capsys.readouterr().out)
        assert (whole["rows"], whole["broken"], len(whole["hash"])) == (3, None, 64)
    finally:
        await spool.close()
    assert run("audit", "verify", path, "--head", f"4:{whole['hash']}") == 1
    assert "rows 4 to 4 are cut off" in capsys.readouterr().out
    assert run("audit", "verify", tmp_path / "none.db") == 3
    (tmp_path / "gateway.yaml").write_text(GATEWAY.format(port=9), "utf-8")
    assert run("audit", "verify", tmp_path / "gateway.yaml") == 0
    with pytest.raises(SystemExit):
        run("audit", "verify", path, "--head", "seven")
    assert "17:<64 hex digits>" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (f"2025-11-15T00:00:00+00:00,1000,{200_000 * '0'}", "not CSV: field larger than"),
        ("9999-12-31T23:59:00+00:00,1000,1", "allowed: years 1900 to 2999"),
        ("0001-01-01T00:00:00+00:00,1000,1", "allowed: years 1900 to 2999"),
    ],
    ids=["long", "late", "early"],
)
def test_a_season_that_cannot_be_is_told_with_its_line(
    cells: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "season.csv"
    path.write_text(f"at,active_power,outdoor_temp\n{cells}\n", "utf-8")
    assert run("season", path) == 2
    told = capsys.readouterr().err
    assert f"{path}:2: " in told
    assert why in told


@pytest.mark.parametrize("last", ["0", "-3", "1000001", 20 * "9"])
def test_so_many_rows_are_never_shown(last: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("audit", "show", "spool.db", f"--last={last}")
    assert ended.value.code == 2
    assert "allowed: 1 to 1000000" in capsys.readouterr().err


def test_a_terminal_without_chinese_is_written_to_all_the_same() -> None:
    program = [sys.executable, "-m", "agent.cli", "about"]
    latin = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(program, env=latin, capture_output=True, check=True)
    assert b"???" in done.stdout


def test_a_gateway_imports_what_it_runs_and_no_more() -> None:
    code = (
        "import sys; from agent.cli.tree import parser; parser('run');"
        "print('agent.app' in sys.modules,"
        " [one for one in ('agent.scan', 'agent.kit', 'cryptography') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


def test_nobody_looks_for_garbage_while_a_command_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_for: list[bool] = []

    def imported(name: str) -> SimpleNamespace:
        looked_for.append(gc.isenabled())
        return SimpleNamespace(add=lambda commands: None)

    monkeypatch.setattr(tree, "import_module", imported)
    parser("run")
    assert looked_for == [False]
    assert gc.isenabled()


def test_every_option_is_explained() -> None:
    found = list(_options(parser()))
    assert any("driver check" in prog for prog, _ in found)
    for prog, option in found:
        assert option.help, (prog, option.dest)


def _options(of: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Every option of a command and of the commands below it; these have a help of their own."""
    for action in of._actions:
        if isinstance(action.choices, dict):
            for below in action.choices.values():
                assert below.description, below.prog
                yield from _options(below)
        else:
            yield of.prog, action


def test_a_dump_may_give_runs_of_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = tmp_path / "dump.yaml"
    dump.write_text('"03":\n  40151: [271, 305]\n  40141: 65466\n', "utf-8")
    assert run("decode", "haier_atw_r290", str(dump), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {name: found[name]["value"] for name in found} == {
        "water_return_temp": 27.1,
        "water_supply_temp": 30.5,
        "outdoor_temp": -7.0,
    }
