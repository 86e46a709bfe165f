"""R9: polls never stop for longer than the machine bears: plan, time-outs, rests and restarts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from agent import config
from agent.errors import FileError
from agent.facts import BlockRead
from agent.line import Scheduler, longest_silence
from agent.line.answers import Answer, Silence
from agent.line.scheduler import Idle
from agent.line.unit import REST_MAX_S, rest_most_s
from agent.model import Stamp
from tests.rooms.control.testpump import NOON
from tests.rooms.quirks.testquirk import device_of, map_of

GATEWAY = """
gateway: gw
platform: {{broker: "mqtt://127.0.0.1:1"}}
lines:
  - name: bus
    port: /dev/ttyUSB0
    baudrate: 9600
    parity: none
    stop_bits: 1
    devices: [{devices}]
"""
POINTS = "\n".join(f"x_r{i}: {{at: {1000 * i}, en: a, zh: b}}" for i in range(4))
SHY = "line: {max_silence: 30 s, answer_within: 1 s, worst_lateness: 0.5 s}"


def load(folder: Path, *devices: str) -> None:
    path = folder / "gateway.yaml"
    path.write_text(GATEWAY.format(devices=", ".join(devices)), "utf-8")
    config.read(path)


def lg(name: str, unit_id: int, every: str = "10 s") -> str:
    return f"{{name: {name}, driver: lg_therma_v, unit_id: {unit_id}, every: {every}}}"


def test_r09_a_line_that_is_quick_enough_is_loaded(tmp_path: Path) -> None:
    load(tmp_path, lg("a", 1))


@pytest.mark.parametrize(
    "devices",
    [
        (lg("a", 1, "25 s"),),
        tuple(lg(f"hp{i}", i) for i in range(1, 9)),
        (
            lg("a", 1),
            *(f"{{name: k{i}, driver: kolant_greenbro, unit_id: {i}}}" for i in range(3, 9)),
        ),
    ],
    ids=["polled too slowly", "too many of its kind", "slow neighbours"],
)
def test_r09_a_line_that_is_too_slow_is_refused_with_the_parts(
    tmp_path: Path, devices: tuple[str, ...]
) -> None:
    with pytest.raises(FileError) as caught:
        load(tmp_path, *devices)
    assert "drops control after 30 s without a poll" in str(caught.value)
    assert "rounds of the line" in str(caught.value)


def test_r09_every_part_counts() -> None:
    shy = device_of(map_of(POINTS, SHY), every_s=10.0)
    alone = longest_silence(shy, [shy])
    assert alone.poll_s == 10.0
    assert alone.rest_s == 10.0
    slow = device_of(map_of(POINTS, SHY.replace("answer_within: 1 s", "answer_within: 4 s")))
    both = longest_silence(shy, [shy, slow])
    assert both.timeouts_s == 3 * 4.5
    assert both.round_s > alone.round_s
    assert both.writing_s > alone.writing_s
    assert both.total_s >= both.running_s > alone.running_s


@pytest.mark.parametrize(("top", "most_s"), [(SHY, 10.0), ("", REST_MAX_S)])
def test_r09_a_silent_machine_that_lets_go_is_probed_in_time(top: str, most_s: float) -> None:
    """Virtual time: it is silent for ten minutes; how long was it left alone at most?"""
    device = device_of(map_of(POINTS, top), every_s=10.0)
    assert rest_most_s(device) == most_s
    scheduler, mono, asked = Scheduler([device]), 0.0, [0.0]
    while mono < 600.0:
        turn = scheduler.next(mono)
        if isinstance(turn, Idle):
            mono = turn.until + 0.001
            continue
        asked.append(mono)
        mono += turn.answer_within_s + turn.worst_lateness_s
        scheduler.done(turn, Silence(), Stamp(NOON, mono))
    longest = max(after - before for before, after in pairwise(asked))
    assert longest <= most_s + 2.0
    if top:
        assert longest < 30.0


def test_r09_polls_go_on_while_nobody_takes_the_readings_away() -> None:
    """The scheduler knows of no uplink: with every answer it asks for the next."""
    scheduler = Scheduler([device_of(map_of(POINTS, SHY), every_s=10.0)])
    mono, rounds = 0.0, 0
    while mono < 3600.0:
        turn = scheduler.next(mono)
        if isinstance(turn, Idle):
            mono = turn.until
            continue
        mono += 0.05
        facts = scheduler.done(turn, Answer((0,)), Stamp(NOON, mono))
        rounds += sum(isinstance(fact, BlockRead) and fact.sweep_end for fact in facts)
    assert rounds == 360
