"""The configuration: every field wrong in turn, and everything no single field can tell."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
import yaml

from agent import config
from agent.config import GatewaySection
from agent.drivers import Driver, load, registry
from agent.drivers.hooks import Hooks
from agent.errors import FileError, Unfinished
from agent.yamltext import Duration, parse
from tests.rooms.control.testpump import MAP

ROOT = Path(__file__).parents[2]
LINK: dict[str, Any] = {
    "broker": "mqtt://127.0.0.1:1883",
    "ca": "ca.pem",
    "certificate": "gw.pem",
    "key": "gw.key",
    "username": "gw",
    "password_file": "secret",
    "writes": "false",
}
FULL: dict[str, Any] = {
    "gateway": "gw-001",
    "timezone": "Asia/Shanghai",
    "spool": {"path": "spool.db", "commit_every": "10 s", "commit_records": 500, "size": 64},
    "platform": {
        "broker": "mqtts://127.0.0.1:8883",
        "ca": "ca.pem",
        "certificate": "gw.pem",
        "key": "gw.key",
        "username": "gw",
        "password_file": "secret",
        "acknowledge": "platform",
        "batch_every": "5 s",
        "full_every": "15 min",
        "ack_timeout": "10 s",
        "consent": "here",
        "encoding": "json+deflate",
        "backlog_every": "500 ms",
        "backlog_wait": "60 s",
        "probe_every": "2 min",
        "keepalive": "6 min",
        "command_keys": ["platform.pem"],
    },
    "lines": [
        {
            "name": "bus1",
            "port": "/dev/ttyUSB0",
            "baudrate": 9600,
            "parity": "none",
            "stop_bits": 1,
            "devices": [
                {
                    "name": "hp1",
                    "driver": "haier_atw_r290",
                    "unit_id": 2,
                    "every": "10 s",
                    "words": "high-first",
                    "words_written": "low-first",
                    "scales": {"high_pressure": "0.0981"},
                    "nameplate": {
                        "refrigerant": "R290",
                        "highest_frequency": 110,
                        "valve_steps": 480,
                        "high_pressure": 29.0,
                        "floor_heating": True,
                    },
                    "allow_unverified": "false",
                }
            ],
        }
    ],
    "homes": [
        {
            "name": "east",
            "heat_pump": "hp1",
            "points": {"indoor_temp": {"device": "hp1", "point": "indoor_temp"}},
        }
    ],
    "control": [
        {
            "device": "hp1",
            "point": "water_setpoint",
            "park": "45",
            "room_stale_after": "30 min",
            "schedule": [{"days": ["every"], "start": "06:00", "value": "44"}],
            "comfort": {
                "rooms": [{"days": ["every"], "start": "06:00", "value": 18}],
                "holidays": ["2027-02-06"],
                "away": [{"first": "2027-02-10", "last": "2027-02-12", "value": 12}],
                "mode": "energy",
                "valley": [{"start": "20:00", "end": "08:00"}],
                "preheat": 1.0,
                "protected": False,
                "emitter": "radiators",
                "highest": 50,
                "outlast": False,
            },
        }
    ],
    "adapters": {
        "sparkplug": {**LINK, "group": "homes", "node": "gw-001", "primary_host": "scada"},
        "home_assistant": {**LINK, "prefix": "homeassistant", "language": "zh"},
        "thingsboard": {**LINK, "token_file": "secret"},
    },
    "metrics": {"listen": "127.0.0.1:9108"},
    "page": {
        "listen": "0.0.0.0:8080",
        "certificate": "secret",
        "key": "secret",
        "service": "Service 010-12345678",
        "update_notices": True,
    },
    "account": {"tariff": "beijing_rural", "savings": "before_after", "as_found": "45"},
    "led": {"red": "heatpump:red", "green": "heatpump:green", "blue": "ACT"},
    "season": {
        "sealed": {"first": "04-15", "last": "10-15"},
        "extreme_below": -18,
        "self_test_watch": "10 min",
    },
}
WRONG = {  # what no text of this field may be
    "gateway": "gw 001",
    "name": "a/b",
    "timezone": "Moon/Sea",
    "port": "COM3",
    "driver": "acme",
    "broker": "amqp://x:1",
    "device": "nobody",
    "heat_pump": "nobody",
    "point": "sauna_temp",
    "park": "warm",
    "value": "cold",
    "start": "25:00",
    "days": ["someday"],
    "ca": "none.pem",
    "certificate": "none.pem",
    "key": "none.pem",
    "password_file": "none",
    "token_file": "none",
    "group": "a/b",
    "node": "a+b",
    "primary_host": "a#b",
    "prefix": "a/b",
    "listen": "9108",
    "at": "http://x",
    "enrol": "nowhere",
}
FILES = ("ca", "certificate", "key", "password_file", "token_file")
FREE = {"path", "username", "service", "claim_code", "folder"}  # any text is right
NO_LIST = {"schedule": "often"}
Place = tuple[str | int, ...]
ENROL: Place = ("platform", "enrol")
SERVICE = {"at": "https://127.0.0.1", "claim_code": "code", "ca": "ca.pem", "folder": "identity"}


def files(folder: Path) -> Path:
    for name in ("ca.pem", "gw.pem", "gw.key", "secret"):
        (folder / name).touch()
    der = bytes.fromhex("302a300506032b6570032100") + bytes(32)
    pem = f"-----BEGIN PUBLIC KEY-----\n{b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
    (folder / "platform.pem").write_text(pem, "ascii")
    return folder / "gateway.yaml"


def copy(place: Place = ()) -> dict[str, Any]:
    """The full file; for a place in `enrol` without what somebody else brought."""
    found: dict[str, Any] = yaml.safe_load(yaml.safe_dump(FULL))
    if place[:2] == ENROL[:2]:
        del found["platform"]["certificate"], found["platform"]["key"]
        put(found, ENROL, dict(SERVICE))
    return found


def put(tree: Any, place: Place, value: object) -> None:
    for part in place[:-1]:
        tree = tree[part]
    if value is KeyError:
        del tree[place[-1]]
    else:
        tree[place[-1]] = value


def complaint(path: Path, tree: object) -> str:
    text = tree if isinstance(tree, str) else yaml.safe_dump(tree, sort_keys=False)
    path.write_text(text, "utf-8")
    with pytest.raises(FileError) as caught:
        config.read(path)
    for mistake in caught.value.mistakes:
        assert mistake.file == str(path)
        assert 1 <= mistake.line <= text.count("\n") + 1
    return str(caught.value)


def fields(kind: Any, place: Place = ()) -> Iterator[tuple[Place, Any, bool]]:
    """Every field of the file: its place in FULL, its type, and whether it must be there."""
    for field in msgspec.structs.fields(kind):
        here = (*place, field.encode_name)
        yield here, field.type, field.required
        inner, is_list = record(field.type)
        if inner is not None:
            yield from fields(inner, (*here, 0) if is_list else here)


def record(kind: Any) -> tuple[Any, bool]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind, False
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return record(args[0])
    if origin in (Union, UnionType):
        return next((record(a) for a in args if record(a)[0] is not None), (None, False))
    if origin is tuple:
        return record(args[0])[0], True
    return None, False


ALL = list(fields(GatewaySection))


def shown(place: Place) -> str:
    return re.sub(r"\.\[|\.(\d+)", lambda m: f"[{m[1]}]", ".".join(map(str, place)))


def ids(case: Any) -> str:
    return shown(case[0])


def test_the_full_file_is_right_and_has_every_field(tmp_path: Path) -> None:
    path = files(tmp_path)
    path.write_text(yaml.safe_dump(FULL), "utf-8")
    found = config.read(path)
    assert found.uplink.ca == tmp_path / "ca.pem"
    assert found.spool.path == str(tmp_path / "spool.db")
    assert len(ALL) >= 41
    for place, _, _ in ALL:
        tree: Any = copy(place)
        for part in place:
            tree = tree[part]


@pytest.mark.parametrize("case", [c for c in ALL if c[0][-1] not in FREE], ids=ids)
def test_a_wrong_value_is_told_with_file_line_place_and_what_is_allowed(
    case: tuple[Place, Any, bool], tmp_path: Path
) -> None:
    place, _, _ = case
    name, tree = str(place[-1]), copy(place)
    put(tree, place, WRONG.get(name, "%%"))
    said = complaint(files(tmp_path), tree)
    line = next(one for one in said.splitlines() if f": {shown(place)}" in one)
    assert re.match(r".*gateway\.yaml:\d+: ", line)
    told_by_itself = {*FILES, "park", "value", "driver"}
    assert "; allowed: " in line or name in told_by_itself
    if name == "driver":
        assert "installed are chint_ddsu666, chofu_aerona3, daikin_homehub" in line


@pytest.mark.parametrize("case", ALL, ids=ids)
def test_a_list_or_nothing_where_a_value_belongs(
    case: tuple[Place, Any, bool], tmp_path: Path
) -> None:
    place, _, required = case
    tree = copy(place)
    put(tree, place, [[["x"]]])
    assert shown(place) in complaint(files(tmp_path), tree)
    if required:
        put(tree, place, None)
        assert shown(place) in complaint(files(tmp_path), tree)


@pytest.mark.parametrize("case", [c for c in ALL if c[2]], ids=ids)
def test_a_missing_field_is_named(case: tuple[Place, Any, bool], tmp_path: Path) -> None:
    place, _, _ = case
    tree = copy(place)
    put(tree, place, KeyError)
    said = complaint(files(tmp_path), tree)
    above = f"{shown(place[:-1])}: " if place[:-1] else ""
    assert f"{above}{place[-1]} is missing; allowed: {place[-1]}: " in said


@pytest.mark.parametrize("case", [c for c in ALL if not c[2]], ids=ids)
def test_what_may_be_left_out_may_be_left_out(
    case: tuple[Place, Any, bool], tmp_path: Path
) -> None:
    place, _, _ = case
    if place[-1] in ("certificate", "key", "claim_code"):
        return
    tree, path = copy(place), files(tmp_path)
    put(tree, place, KeyError)
    path.write_text(yaml.safe_dump(tree), "utf-8")
    assert config.read(path).gateway == "gw-001"


@pytest.mark.parametrize("case", ALL, ids=ids)
def test_a_misspelt_key_is_told_with_the_right_one(
    case: tuple[Place, Any, bool], tmp_path: Path
) -> None:
    place, _, _ = case
    tree = copy(place)
    put(tree, (*place[:-1], f"{place[-1]}x"), "1")
    said = complaint(files(tmp_path), tree)
    assert f"{shown(place)}x: unknown key; did you mean {place[-1]}?; allowed: " in said


@pytest.mark.parametrize("place", [c[0] for c in ALL if "Duration" in str(c[1])], ids=shown)
@pytest.mark.parametrize("wrong", ["0 s", "0.0 ms", "-1 s", "10", "soon", "1e9 s"])
def test_a_time_has_a_unit_and_is_longer_than_nothing(
    place: Place, wrong: str, tmp_path: Path
) -> None:
    tree = copy()
    put(tree, place, wrong)
    assert shown(place) in complaint(files(tmp_path), tree)


SAID: dict[str, tuple[Place, object, str]] = {
    "unit id 0": (("lines", 0, "devices", 0, "unit_id"), 0, "0 is no unit id; allowed: 1 to 247"),
    "a line feed in a name": (("gateway",), "gw\n", "not allowed here"),
    "a line feed in a time": (("control", 0, "schedule", 0, "start"), "06:00\n", "not allowed"),
    "no days": (("control", 0, "schedule", 0, "days"), [], "no day is named; allowed: mon, tue"),
    "certificate alone": (("platform", "key"), KeyError, "certificate and key go together"),
    "port 0": (("lines", 0, "port"), "tcp://127.0.0.1:0", "is no address of a line"),
    "port 70000": (("lines", 0, "port"), "tcp://127.0.0.1:70000", "is no address of a line"),
    "no port": (("platform", "broker"), "mqtts://127.0.0.1", "is no broker; allowed: mqtt://"),
    "bad host": (("platform", "broker"), "mqtts://[::1:8883", "is no broker"),
    "no lines": (("lines",), [], "lines"),
    "low park": (("control", 0, "park"), "24.5", "the lowest is 25"),
    "park off grid": (("control", 0, "park"), "45.1", "nearest are 45 and 45.5"),
    "every weekday name": (("control", 0, "schedule", 0, "days"), ["Monday"], "is no day"),
}


@pytest.mark.parametrize("case", SAID.values(), ids=SAID)
def test_what_else_is_told(case: tuple[Place, object, str], tmp_path: Path) -> None:
    place, value, expected = case
    tree = copy()
    put(tree, place, value)
    assert expected in complaint(files(tmp_path), tree)


def test_baud_rates_that_differ_must_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = MAP.replace("every: 10 s", "every: 10 s\nline: {baudrate: 19200, parity: none}")
    install(monkeypatch, "fast", fast)
    tree = copy()
    del tree["lines"][0]["baudrate"]
    tree["lines"][0]["devices"].append({"name": "hp2", "driver": "fast", "unit_id": 9})
    said = complaint(files(tmp_path), tree)
    assert "lines[0]: baudrate must be given: the maps say several: 19200, 9600" in said


def test_a_line_named_twice_and_a_port_used_twice(tmp_path: Path) -> None:
    tree = copy()
    again = {**tree["lines"][0], "devices": [{"name": "hp2", "driver": "haier_atw_r290"}]}
    tree["lines"].append(again)
    said = complaint(files(tmp_path), tree)
    assert "lines[1].name: bus1 is used twice" in said
    assert "lines[1].port: /dev/ttyUSB0 is used twice" in said


def test_one_unit_id_on_two_lines_is_right(tmp_path: Path) -> None:
    tree, path = copy(), files(tmp_path)
    device = {"name": "hp2", "driver": "haier_atw_r290", "unit_id": 2}
    tree["lines"].append({"name": "b2", "port": "tcp://127.0.0.1:502", "devices": [device]})
    path.write_text(yaml.safe_dump(tree), "utf-8")
    assert len(config.read(path).core.devices) == 2


def install(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """A vendor's driver, as if its package were installed."""

    def found(wanted: str) -> Driver:
        if wanted != name:
            return registry.driver(wanted)
        return Driver(name, load(text, f"{name}.yaml"), Hooks(), "0")

    monkeypatch.setattr("agent.config.lines.driver", found)


def test_a_vendors_map_that_overlaps_is_told_with_its_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "broken", MAP.replace("indoor_temp: {at: 9", "indoor_temp: {at: 8"))
    tree = copy()
    tree["lines"][0]["devices"][0]["driver"] = "broken"
    path = files(tmp_path)
    path.write_text(yaml.safe_dump(tree), "utf-8")
    with pytest.raises(FileError, match=r"points\.indoor_temp: overlaps outdoor_temp") as caught:
        config.read(path)
    assert caught.value.mistakes[0].file == "broken.yaml"


def test_a_machine_that_is_only_watched_cannot_be_controlled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = MAP.replace("every: 10 s", "every: 10 s\nline: {master: controller}")
    install(monkeypatch, "watched", watched)
    tree = copy()
    tree["lines"][0]["devices"][0]["driver"] = "watched"
    assert "control[0].device: hp1 is only watched" in complaint(files(tmp_path), tree)


def test_a_wire_with_a_master_of_its_own_is_not_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        monkeypatch, "remote", MAP.replace("every: 10 s", "every: 10 s\nline: {master: passive}")
    )
    tree = copy()
    tree["lines"][0]["devices"][0] = {"name": "hp1", "driver": "remote", "unit_id": 2}
    other = {"name": "hp2", "driver": "haier_atw_r290", "unit_id": 3}
    tree["lines"][0]["devices"].append(other)
    said = complaint(files(tmp_path), tree)
    assert "devices[0].driver: test_pump has a master of its own on the wire" in said


@pytest.mark.parametrize(("every", "wrong"), [("15 s", False), ("19 s", True), (None, False)])
def test_a_machine_that_lets_go_is_polled_often_enough(
    every: str | None, wrong: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MAP.replace("every: 10 s", "every: 10 s\nline: {max_silence: 30 s}")
    install(monkeypatch, "shy", text)
    tree, path = copy(), files(tmp_path)
    del tree["lines"][0]["devices"][0]["scales"]
    tree["lines"][0]["devices"][0] |= {"driver": "shy"} | ({"every": every} if every else {})
    if wrong:
        said = complaint(path, tree)
        assert "devices[0]: hp1 drops control after 30 s without a poll, and may" in said
        assert "restart 12.0 s" in said
        return
    path.write_text(yaml.safe_dump(tree), "utf-8")
    config.read(path)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "a: b: c", "\x00", "a: &x [*x]"])
def test_what_is_no_configuration_at_all(text: str, tmp_path: Path) -> None:
    assert "gateway.yaml:" in complaint(tmp_path / "gateway.yaml", text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("gateway: Wärme\n".encode("latin-1"))
    for path, why in (
        (latin, "is not UTF-8 text"),
        (tmp_path / "none.yaml", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
    ):
        with pytest.raises(FileError) as caught:
            config.read(path)
        assert str(caught.value) == f"{path}:1: {why}"


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_every_example_loads(path: Path) -> None:
    assert config.read(path).lines


def test_plain_words_stay_words() -> None:
    assert Duration.parse("15 min") == 900.0


def test_signed_commands_and_unsigned_wishes_do_not_go_together(tmp_path: Path) -> None:
    tree = copy()
    tree["adapters"]["home_assistant"]["writes"] = "true"
    assert "adapters.home_assistant.writes" in complaint(files(tmp_path), tree)
    del tree["platform"]["command_keys"]
    files(tmp_path).write_text(yaml.safe_dump(tree), "utf-8")
    found = config.read(tmp_path / "gateway.yaml").adapters.home_assistant
    assert found is not None
    assert found.writes


def test_a_floor_is_parked_at_35_and_bears_40() -> None:
    folder = Path(__file__).parents[1] / "cases" / "park_above_floor"
    text = (folder / "config.yaml").read_text("utf-8").replace("    park: 48\n", "")
    (home,) = config.build(parse(text, "floor.yaml")).core.control.homes
    assert (home.park, home.highest_c) == (35.0, 40.0)


def test_the_buffer_lies_where_systemd_keeps_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files(tmp_path)
    path.write_text(yaml.safe_dump({**FULL, "spool": {}}), "utf-8")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert config.read(path).spool.path == str(tmp_path / "var/spool.db")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/heatpump-agent")
    assert config.read(path).spool.path == "/var/lib/heatpump-agent/spool.db"


def test_a_file_that_names_no_line_is_unfinished(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("gateway: gw1\nlines: []\n", "utf-8")
    with pytest.raises(Unfinished, match="no line is named yet"):
        config.read(path)


def test_a_nameplate_says_what_no_register_tells(tmp_path: Path) -> None:
    path = files(tmp_path)
    path.write_text(yaml.safe_dump(FULL), "utf-8")
    name = FULL["lines"][0]["devices"][0]["name"]
    profile = config.read(path).core.profiles[name]
    assert (profile.refrigerant, profile.eev_steps, profile.highest_hz) == ("R290", 480, 110)
    tree = copy()
    del tree["lines"][0]["devices"][0]["nameplate"]
    path.write_text(yaml.safe_dump(tree), "utf-8")
    read = config.read(path).core
    assert read.profiles[name].refrigerant == read.devices[name].map.refrigerant


def test_enrolment_says_where_the_identity_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the file, or by what systemd gives the service."""
    tree, path = copy((*ENROL, "at")), files(tmp_path)
    del tree["platform"]["ca"]
    path.write_text(yaml.safe_dump(tree), "utf-8")
    found = config.read(path)
    folder = tmp_path / "identity"
    assert (found.uplink.certificate, found.uplink.key, found.uplink.ca) == (
        folder / "certificate.pem",
        folder / "key.pem",
        folder / "ca.pem",
    )
    tree["platform"]["enrol"] = {"at": "https://127.0.0.1"}
    path.write_text(yaml.safe_dump(tree), "utf-8")
    with pytest.raises(FileError, match="no claim_code is named"):
        config.read(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/x")
    enrol = config.read(path).enrol
    assert enrol is not None
    assert (enrol.claim, enrol.folder) == (
        Path("/run/credentials/x/claim-code"),
        Path("/var/lib/x/identity"),
    )
