"""The same invariants for every driver that is installed, ours or a vendor's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from agent.drivers import Cost, Device, Encoded, ReadRequest, RegisterMap, Unfit, driver, names
from agent.drivers.registermap import API, PointRule
from agent.model import Snapshot, Value
from agent.yamltext import Span

CHINESE = re.compile(r"[\u4e00-\u9fff]")
EVERY_MAP = pytest.mark.parametrize("name", names())
BOTH_STATES = pytest.mark.parametrize("switched", [False, True], ids=["plain", "switched"])


def device_of(name: str) -> Device:
    found = driver(name).map
    line = found.line
    cost = Cost.of_line(line.baudrate, line.turnaround, line.gap)
    return Device("pump", found, line.unit_id or 1, cost, driver(name).hooks)


class Machine:
    """A register image that takes writes as a machine does: masked, shown at the read address."""

    def __init__(self, device: Device, switched: bool) -> None:
        self.device, self.found = device, device.map
        self.words: dict[tuple[str, int], int] = {}
        self._prepare(switched)

    def read(self, request: ReadRequest) -> list[int]:
        return [self.words.get((request.table, request.at + i), 0) for i in range(request.count)]

    def take(self, point: str, encoded: Encoded) -> None:
        rule, request = self.found.points[point], encoded.request
        assert rule.write is not None
        assert request.at == (rule.addresses[0] if rule.write.at is None else rule.write.at)
        for offset, word in enumerate(request.words):
            shown = (rule.table, rule.addresses[0] + offset)
            before = self.words.get(shown, 0)
            self.words[shown] = before & ~encoded.mask | word & encoded.mask

    def snapshot(self) -> Snapshot:
        """Every block read once, from which the device also learns scales, limits and its gate."""
        snapshot = Snapshot("pump")
        for block in self.device.plan():
            readings = self.device.decode(block, self.read(block.request))
            assert not isinstance(readings, str), readings
            snapshot = snapshot.with_readings(readings, 0.0)
        return snapshot

    def _prepare(self, switched: bool) -> None:
        """What must hold before values count: gate open, parts fitted, limits wide, scale set."""
        found = self.found
        if found.ready:
            self._put(found.ready.point, found.ready.equals)
        for rule in found.points.values():
            for other, allowed in rule.fitted_if.items():
                self._put(other, raw_of(found.points[other], allowed[0]))
            if rule.switch:
                equals = raw_of(found.points[rule.switch.point], rule.switch.equals)
                self._put(rule.switch.point, equals if switched else 1 - equals)
        for rule in found.points.values():
            if rule.write:
                self._limit(rule.write.low_from, rule.write.low, switched)
                self._limit(rule.write.high_from, rule.write.high, switched)

    def _limit(self, point: str | None, value: Decimal | None, switched: bool) -> None:
        if point is None or value is None:
            return
        rule = self.found.points[point]
        scale = rule.switch.scale if rule.switch and switched else rule.scale
        self._put(point, int(Fraction(value) / scale))

    def _put(self, point: str, raw: int) -> None:
        rule = self.found.points[point]
        part = rule.parts[0]
        mask = ((1 << len(part.bits)) - 1) << part.bits.low
        before = self.words.get((rule.table, part.at), 0)
        self.words[rule.table, part.at] = before & ~mask | raw << part.bits.low & mask


def raw_of(rule: PointRule, word: str) -> int:
    if rule.is_bool:
        return rule.off[0] if word == "false" else 1 - rule.off[0]
    return next(raw for raw, label in rule.values.items() if label == word)


def sayable(rule: PointRule) -> Iterator[Value]:
    """Values worth trying: every label, both truths, limits, neighbours of the limits, middle."""
    write = rule.write
    assert write is not None
    if rule.is_bool:
        yield from (True, False, True)
        return
    if rule.values:
        yield from rule.values.values()
        return
    assert write.low is not None
    assert write.high is not None
    step = write.step or Decimal(rule.scale.numerator) / rule.scale.denominator
    steps = int((write.high - write.low) / step)
    for count in sorted({0, 1, steps // 3, steps // 2, steps - 1, steps}):
        yield float(write.low + count * step)


def writable(found: RegisterMap) -> list[tuple[str, PointRule]]:
    return [(point, rule) for point, rule in found.points.items() if rule.write]


def spans(declared: Mapping[Any, tuple[Span, ...]], table: str) -> tuple[Span, ...]:
    return declared.get(table, ())


def asked_by(request: ReadRequest) -> range:
    return range(request.at, request.at + request.count)


def test_there_are_drivers() -> None:
    assert {"midea_mthermal_r290", "haier_atw_r290", "samsung_ehs_mimb19n"} <= set(names())


@EVERY_MAP
def test_it_loads_speaks_this_api_and_cites_its_source(name: str) -> None:
    found = driver(name).map
    assert found.api == API
    assert found.map == name
    assert found.covers
    assert found.source
    assert all(len(source) > 15 for source in found.source)


@EVERY_MAP
def test_everything_is_labelled_in_both_languages(name: str) -> None:
    found = driver(name).map
    labels = [(found.point(point).en, found.point(point).zh) for point in found.points]
    labels += [(code.en, code.zh) for code in found.faults.codes.values()]
    labels += [(bit.en, bit.zh) for bit in found.faults.bits]
    for english, chinese in labels:
        assert english
        assert not CHINESE.search(english), english
        assert CHINESE.search(chinese), f"{english}: {chinese}"


@EVERY_MAP
def test_labels_tell_points_and_codes_apart(name: str) -> None:
    found = driver(name).map
    points = [found.point(point) for point in found.points]
    assert len({point.en for point in points}) == len(points)
    assert len({point.zh for point in points}) == len(points)
    codes = found.faults.codes.values()
    assert len({code.label for code in codes}) == len(codes)


@EVERY_MAP
def test_the_plan_reads_every_point_once_and_asks_nothing_forbidden(name: str) -> None:
    device = device_of(name)
    found, blocks = device.map, device.plan()
    planned = [point for block in blocks for point in block.points]
    assert sorted(planned) == sorted(found.points)
    for block in blocks:
        request, asked = block.request, asked_by(block.request)
        bits = request.table in ("coil", "discrete")
        assert request.count <= found.line.max_words * (16 if bits else 1)
        for hole in spans(found.holes, request.table):
            assert not any(at in hole for at in asked), f"{request} meets the hole {hole}"
        places = {found.points[point].addresses for point in block.points}
        for span in spans(found.alone, request.table):
            if any(at in span for at in asked):
                assert len(places) == 1, f"{request} reads more than one place of {span}"
        for point in block.points:
            assert set(found.points[point].addresses) <= set(asked), point


@EVERY_MAP
def test_no_place_is_read_twice_in_a_round(name: str) -> None:
    asked = [
        (block.request.unit_id, block.request.table, at)
        for block in device_of(name).plan()
        for at in asked_by(block.request)
    ]
    assert len(asked) == len(set(asked))


@BOTH_STATES
@EVERY_MAP
def test_what_is_written_is_read_back(name: str, switched: bool) -> None:
    device = device_of(name)
    machine = Machine(device, switched)
    machine.snapshot()
    for point, rule in writable(device.map):
        block = device.read_back(point)
        for value in sayable(rule):
            encoded = device.encode(point, value)
            assert isinstance(encoded, Encoded), f"{point} = {value}: {encoded}"
            machine.take(point, encoded)
            readings = device.decode(block, machine.read(block.request))
            assert not isinstance(readings, str), readings
            (reading,) = (reading for reading in readings if reading.point == point)
            assert reading.good, f"{point} = {value}: {reading}"
            assert reading.value == value


@EVERY_MAP
def test_a_write_leaves_its_neighbours_in_the_word_alone(name: str) -> None:
    device = device_of(name)
    machine = Machine(device, switched=True)
    machine.snapshot()
    for point, rule in writable(device.map):
        for value in sayable(rule):
            before = machine.snapshot()
            encoded = device.encode(point, value)
            assert isinstance(encoded, Encoded)
            machine.take(point, encoded)
            after = machine.snapshot()
            changed = {
                other
                for other in device.map.points
                if before.readings[other].raw != after.readings[other].raw
            }
            assert changed <= {point}, f"{point} = {value}"


@BOTH_STATES
@EVERY_MAP
def test_values_off_the_grid_and_past_the_limits_are_refused(name: str, switched: bool) -> None:
    device = device_of(name)
    Machine(device, switched).snapshot()
    for point, rule in writable(device.map):
        write = rule.write
        assert write is not None
        if rule.is_bool or rule.values:
            refused = device.encode(point, "no such word")
            assert isinstance(refused, Unfit)
            continue
        assert write.low is not None
        assert write.high is not None
        assert write.step is not None, f"{point}: without a step the neighbours are a guess"
        between = device.encode(point, float(write.low + write.step / 2))
        assert isinstance(between, Unfit)
        assert f"nearest are {write.low:g} and {write.low + write.step:g}" in between.why
        for beyond in (write.low - write.step, write.high + write.step):
            outside = device.encode(point, float(beyond))
            assert isinstance(outside, Unfit), f"{point} = {beyond}"
            assert "lowest" in outside.why or "highest" in outside.why


@EVERY_MAP
def test_capabilities_can_be_written(name: str) -> None:
    found = driver(name).map
    for capability, point in found.capabilities.items():
        assert found.points[point].write is not None, capability


@EVERY_MAP
def test_a_park_value_can_be_said(name: str) -> None:
    device = device_of(name)
    Machine(device, switched=True).snapshot()
    for point, rule in writable(device.map):
        assert rule.write is not None
        park = rule.write.park
        if park is None:
            continue
        value: Value = park if rule.values else park == "true" if rule.is_bool else float(park)
        assert isinstance(device.encode(point, value), Encoded), f"{point}: {park}"


@EVERY_MAP
def test_doubtful_temperatures_have_plausible_limits(name: str) -> None:
    found = driver(name).map
    for point, rule in found.points.items():
        if rule.write or not point.endswith("_temp") or not point.startswith(("water_", "outdoor")):
            continue
        assert rule.low is not None, point
        assert rule.high is not None, point
