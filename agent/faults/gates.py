"""The operating state from sample to sample: what begins, what ends, and which gate is open.

Gates matter more than algorithms: the same threshold that raises hundreds of alarms a month on a
healthy machine raises none when it only looks at comparable states.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from agent.faults.own import FRESH_S
from agent.faults.rule import Event
from agent.faults.sample import Sample
from agent.faults.view import Defrost, Run, View
from agent.faults.window import averaged

MINUTE, WINDOW, CLEAN, REST = (
    int(one) for one in (Event.MINUTE, Event.WINDOW, Event.CLEAN, Event.REST)
)
START, STOP, DEFROST, DAY = (
    int(one) for one in (Event.START, Event.STOP, Event.DEFROST, Event.DAY)
)
FIVE = int(Event.FIVE)
FIVE_S = 330.0  # not a round number: what swings by the minute is not met at its same place
WINDOW_S = 600.0
STEADY_AFTER_S = 600.0
STEADY_HZ = 3.0
CLEAN_FROM_S, CLEAN_S = 480.0, 360.0
CLEAN_HZ = 20.0
DRY_COLD_C, DRY_COLD_TO_S = -9.0, 3000.0  # so cold air brings little water: for long still clean
THAWS_ABOVE_C, THAWS_BY_K = 1.0, 4.0  # so many K for an hour melt what an hour has frozen
LEAST_THAW_S = 3600.0
DRY_C = 7.0  # outdoor air: a coil that nobody measures freezes below
REST_FROM_S, REST_TO_S = 600.0, 7200.0
DEFROST_TOUCHES_S = 600.0
LONGEST_GAP_S = 150.0
LEAST_SHARE = 0.7  # of a stretch must have been seen
DAY_S = 86400.0


class Gates:
    """Follows one device. `step` changes the view and answers with the events of this sample."""

    __slots__ = (
        "_clean",
        "_coil_before",
        "_coil_most",
        "_five",
        "_frost_s",
        "_minute",
        "_rest",
        "_steady",
    )

    def __init__(self) -> None:
        self._steady: list[Sample] = []
        self._clean: list[Sample] = []
        self._rest: list[Sample] = []
        self._minute = self._five = -inf
        self._frost_s = inf  # until the coil has been seen bare
        self._coil_before: float | None = None
        self._coil_most: float | None = None

    def step(self, view: View, sample: Sample) -> int:
        """Events of this sample. The view's `now`, `dt_s` and `sample` are already new."""
        now, events, on = view.now, 1, sample.compressor_on
        running = (sample.compressor_frequency or 0.0) > 0.0 if on is None else on > 0.0
        flag = sample.defrost_active
        defrosting = sample.mode == "defrost" if flag is None else flag > 0.0
        if view.dt_s > LONGEST_GAP_S:
            self._broken(view)
        if defrosting is not view.defrosting:
            events |= self._defrost(view, sample, defrosting)
        elif defrosting:
            self._thaw(sample)
        if running is not view.running:
            events |= self._turned(view, sample, running)
        if running:
            events |= self._runs(view, sample)
        elif view.off_since + REST_FROM_S <= now <= view.off_since + REST_TO_S and sample.pump_on:
            events |= self._rest_sample(view, sample)
        if now >= self._minute:
            self._minute = now + 60.0
            events |= MINUTE
            if now >= self._five:
                self._five = now + FIVE_S
                events |= FIVE
            if now - view.day_began >= DAY_S:
                events |= DAY
        return events

    def _runs(self, view: View, sample: Sample) -> int:
        now, mode = view.now, sample.mode
        heater = sample.electric_heater_on
        if mode == "hot_water":
            view.hot_water_ended = now
        events = 0
        if view.defrosting or heater or not (mode is None or mode == "heating"):
            events = self._steady_end(view)
        elif view.heating_since == inf:
            view.heating_since = now
        elif now - view.heating_since >= STEADY_AFTER_S:
            events = self._steady_sample(view, sample)
        coil_c = sample.coil_temp
        if coil_c < 0.0 if coil_c is not None else (sample.outdoor_temp or 0.0) < DRY_C:
            self._frost_s += view.dt_s
        if now - view.bare_at <= DRY_COLD_TO_S + LONGEST_GAP_S:
            events |= self._clean_sample(view, sample)
        return events

    def next_day(self, view: View) -> None:
        """Begin a new day, after all who listen to its end have seen the old one."""
        view.day_began = view.now

    def _broken(self, view: View) -> None:
        """Nobody looked for minutes: what was being measured is no longer one piece."""
        self._steady, self._clean, self._rest = [], [], []
        if view.heating_since != inf:
            view.heating_since = view.now

    def _turned(self, view: View, sample: Sample, running: bool) -> int:
        ended, now = self._steady_end(view), view.now
        view.running, self._rest = running, []
        if running:
            view.on_since = now
            self._thawed(view, sample)
            return START
        ended |= self._clean_end(view)
        view.off_since = now
        began = view.on_since
        touches = view.defrosting or now - view.defrost_ended <= DEFROST_TOUCHES_S
        touches = touches or abs(began - view.defrost_ended) <= DEFROST_TOUCHES_S
        view.run = Run(began, now, touches, view.hot_water_ended >= began)
        return STOP | ended

    def _thawed(self, view: View, sample: Sample) -> None:
        """Whether the pause that ends has melted what had frozen on the coil."""
        if sample.outdoor_temp is None or sample.outdoor_temp <= THAWS_ABOVE_C:
            return
        warm_k = sample.outdoor_temp - THAWS_ABOVE_C
        thawed_s = warm_k * (view.now - view.off_since) / THAWS_BY_K
        if self._frost_s > 0.0 and thawed_s < LEAST_THAW_S:
            return
        self._frost_s -= thawed_s
        if self._frost_s <= 0.0:
            self._frost_s, view.bare_at = 0.0, view.now

    def _defrost(self, view: View, sample: Sample, defrosting: bool) -> int:
        events = self._steady_end(view) | self._clean_end(view)
        view.defrosting = defrosting
        if defrosting:
            view.defrost_began = view.now
            last = view.last
            self._coil_before = last.coil_temp if last is not None else sample.coil_temp
            self._coil_most = self._coil_before
            return events
        ended = view.defrost_ended
        before, most = self._coil_before, self._coil_most
        view.defrost = Defrost(
            began=view.defrost_began,
            ended=view.now,
            since_s=view.defrost_began - max(ended, view.on_since),
            coil_before_c=before,
            rise_k=most - before if most is not None and before is not None else None,
            outdoor_c=sample.outdoor_temp,
            gap_s=view.defrost_began - ended,
        )
        view.defrost_ended = view.bare_at = view.now
        self._frost_s = 0.0
        return DEFROST

    def _thaw(self, sample: Sample) -> None:
        coil = sample.coil_temp
        if coil is not None and (self._coil_most is None or coil > self._coil_most):
            self._coil_most = coil

    def _steady_sample(self, view: View, sample: Sample) -> int:
        kept = self._steady
        kept.append(sample)
        return self._steady_window(view, WINDOW_S) if sample.mono - kept[0].mono >= WINDOW_S else 0

    def _steady_end(self, view: View) -> int:
        """Steady heating is over; half a window of it still counts."""
        view.heating_since = inf
        return self._steady_window(view, WINDOW_S / 2) if self._steady else 0

    def _steady_window(self, view: View, least_s: float) -> int:
        kept, self._steady = self._steady, []
        window = averaged(kept, view.now, least_s * LEAST_SHARE)
        if window is None or _swing(kept) >= STEADY_HZ:
            return 0
        view.window = window
        return WINDOW

    def _clean_sample(self, view: View, sample: Sample) -> int:
        since_s, frequency = view.now - view.bare_at, sample.compressor_frequency or 0.0
        kept = self._clean
        length_s = CLEAN_S if since_s <= FRESH_S else WINDOW_S
        if since_s > _bare_s(sample) or (kept and sample.mono - kept[0].mono >= length_s):
            return self._clean_end(view)
        fit = since_s >= CLEAN_FROM_S and view.running_s >= CLEAN_FROM_S and not view.defrosting
        if fit and frequency >= CLEAN_HZ and sample.mode in (None, "heating"):
            kept.append(sample)
        return 0

    def _clean_end(self, view: View) -> int:
        kept, self._clean = self._clean, []
        if not kept:
            return 0
        window = averaged(kept, view.now, CLEAN_S / 2)
        if window is None:
            return 0
        view.clean = window
        return CLEAN

    def _rest_sample(self, view: View, sample: Sample) -> int:
        kept = self._rest
        kept.append(sample)
        if sample.mono - kept[0].mono < WINDOW_S:
            return 0
        self._rest = []
        window = averaged(kept, view.now, WINDOW_S * LEAST_SHARE)
        if window is None:
            return 0
        view.rest = window
        return REST


def _bare_s(sample: Sample) -> float:
    """For how long the coil stays bare of frost in this air."""
    outdoor_c = sample.outdoor_temp
    return DRY_COLD_TO_S if outdoor_c is not None and outdoor_c < DRY_COLD_C else FRESH_S


def _swing(kept: Sequence[Sample]) -> float:
    """Standard deviation of the frequency in Hz, over samples within the middle nine tenths."""
    values = sorted(v for v in [one.compressor_frequency for one in kept] if v is not None)
    if not values:
        return 0.0
    cut = len(values) // 20
    inner = values[cut : len(values) - cut]
    mean = sum(inner) / len(inner)
    return float((sum((v - mean) ** 2 for v in inner) / len(inner)) ** 0.5)
