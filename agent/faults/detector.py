"""What is wrong with one device: samples in, the conditions that hold out.

Every sample costs a few comparisons; everything else is done when something comes to an end. The
detector knows no clock but that of its samples, and its own goes on over restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.faults.believed import Belief
from agent.faults.condition import Condition
from agent.faults.dark import dark
from agent.faults.gates import Gates
from agent.faults.kept import Kept, short
from agent.faults.masking import unmasked
from agent.faults.own import Own
from agent.faults.profile import UNKNOWN, Profile
from agent.faults.rule import NOTHING, Event, Finding, Look, Memory, Rule
from agent.faults.rules import RULES
from agent.faults.sample import FIELDS, Sample
from agent.faults.service import ALL
from agent.faults.signals import sources
from agent.faults.telling import Told
from agent.faults.verdict import Judge, Verdict
from agent.faults.view import View
from agent.model import Machine, PointId, Severity, Suspect

VERSION = 2
BARE_KEPT_S = 2 * 3600.0
OFTEN = Event.SAMPLE | Event.SILENT | Event.MINUTE | Event.FIVE
SAMPLE, MINUTE, DAY = int(Event.SAMPLE), int(Event.MINUTE), int(Event.DAY)  # flags are slow
FIVE = int(Event.FIVE)
WINDOW, CLEAN, REST = int(Event.WINDOW), int(Event.CLEAN), int(Event.REST)
OF_HISTORY = WINDOW | CLEAN | REST | DAY
Listeners = tuple[tuple[int, Look, Memory], ...]
ENDINGS = (
    Event.MINUTE,
    Event.FIVE,
    Event.WINDOW,
    Event.CLEAN,
    Event.REST,
    Event.DEFROST,
    Event.START,
    Event.STOP,
    Event.DAY,
)

_BLANK = Sample(0.0, 0.0)  # before the first sample


@dataclass(frozen=True, slots=True)
class Saved:
    """A detector's state over restarts. `at` is in UTC seconds, as is `bare`, when the coil was
    last free of frost, 0 when that is long ago; `now` and `noisy_until` are of the detector's
    clock. `seen_good` has one bit for each point of a sample.
    """

    version: int
    at: float
    now: float
    memories: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    held: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    seen_good: int = 0
    signals: tuple[str, ...] = ()
    own: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    verdict: Verdict | None = None
    driver: str = ""
    noisy_until: float = 0.0
    bare: float = 0.0


class Detector:
    """One for each device. `see` is to be called with every sample, in order."""

    __slots__ = (
        "_bare",
        "_belief",
        "_each",
        "_gates",
        "_held",
        "_kept",
        "_last_mono",
        "_listeners",
        "_memories",
        "_rules",
        "_said",
        "_silence",
        "_silent_since",
        "_unseen",
        "_view",
        "off",
    )

    def __init__(
        self,
        machine: Machine,
        profile: Profile = UNKNOWN,
        saved: Saved | None = None,
        needed: frozenset[PointId] = frozenset(),
        supplied: frozenset[PointId] = frozenset(),
        rules: Iterable[Rule] = RULES,
    ) -> None:
        self.off: dict[str, str] = {}

        def has(point: PointId) -> bool:
            return machine.has(point) or point in supplied

        own = Own(sources(has, profile), 0.0)
        self._view = View(machine, _BLANK, 0.0, profile, needed, supplied, own=own)
        self._rules = tuple(self._on(machine, profile, has, rules))
        self._view.judge = Judge([one for rule in self._rules for one in rule.signatures])
        self._belief = Belief(has)
        self._gates = Gates()
        self._memories: list[Memory] = [{} for _ in self._rules]
        self._held: list[tuple[Finding, ...]] = [NOTHING for _ in self._rules]
        self._said: tuple[Condition, ...] = ()
        self._kept = Kept()
        self._last_mono: float | None = None
        self._silent_since = self._bare = 0.0
        self._unseen = [name for name in FIELDS if has(name)]
        if saved is not None and saved.version == VERSION:
            self._restore(saved)
        self._each = self._listening(Event.SAMPLE)
        self._silence = self._listening(Event.SILENT)
        self._listeners = tuple((int(one), self._listening(one)) for one in ENDINGS)

    def _on(
        self,
        machine: Machine,
        profile: Profile,
        has: Callable[[PointId], bool],
        rules: Iterable[Rule],
    ) -> Iterator[Rule]:
        for rule in rules:
            if machine.kind not in rule.kinds:
                continue
            lacks = rule.lacks(has, profile.refrigerant is not None)
            if lacks is None:
                yield rule
            else:
                self.off[rule.name] = lacks

    def _listening(self, event: Event) -> Listeners:
        return tuple(
            (i, rule.look, self._memories[i])
            for i, rule in enumerate(self._rules)
            if rule.on & event
        )

    @property
    def unlearnable(self) -> tuple[str, ...]:
        """Faults that may stay unseen if they begin before the learning; none in its first days."""
        own = self._view.own
        if not own.means:
            return ()
        past = {rule.fault for rule in self._rules if rule.against_past}
        return tuple(sorted(past.union(self._view.judge.unlearnable(own))))

    def knew(self, point: PointId) -> None:
        """This point once had a good value: what is missed now was there before."""
        self._view.seen_good.add(point)

    def see(self, sample: Sample) -> tuple[Condition, ...]:
        """What holds now, the worst first; the same tuple as before while nothing changed."""
        view, last_mono = self._view, self._last_mono
        if last_mono is not None:
            dt_s = sample.mono - last_mono
            if dt_s <= 0.0:
                return self._said  # a sample from the past, or the same again
            view.dt_s = dt_s
            view.now += dt_s
        self._last_mono = sample.mono
        if sample.lost is not None:
            return self._silent(sample.lost)
        view.noisy = self._belief.check(sample, view.now)
        before = view.sample
        view.last, view.sample = None if before is _BLANK else before, sample
        if self._bare:
            self._resume(sample)
        changed = view.silent_s > 0.0 and self._answers()
        if sample.bad:
            self._miss(sample)
        events = self._gates.step(view, sample)
        held = self._held
        for i, look, memory in self._each:
            found = look(view, memory)
            if found is not NOTHING or held[i] is not NOTHING:
                changed |= self._take(i, found)
        if events > SAMPLE:
            changed |= self._ended(events)
        if changed:
            self._said = self._conditions()
        return self._said

    def _ended(self, events: int) -> bool:
        """Something came to an end: ask those who listen to it."""
        if events & OF_HISTORY:
            self._own(events)
        changed = False
        for event, listeners in self._listeners:
            if events & event and listeners:
                changed |= self._look(listeners, event not in (MINUTE, FIVE))
        if events & MINUTE:
            self._know()
        if events & DAY:
            self._gates.next_day(self._view)
        return changed

    def _own(self, events: int) -> None:
        """What has ended goes to the machine's own history before any rule looks at it."""
        view = self._view
        night = dark(view.sample, view.profile.east_h)
        clean = dry = False
        if events & WINDOW and view.window is not None:
            since_s = view.now - view.defrost_ended
            dry = view.own.window(view.window, since_s, view.now, night)
        if night and events & CLEAN and view.clean is not None:
            clean = view.own.clean_coil(view.clean, view.bare_at, view.on_since, view.now)
        if events & REST and view.rest is not None:
            view.own.rest(view.rest, view.now - view.off_since, view.now, night)
        if events & (WINDOW | CLEAN | REST):
            view.judge.look(view.own, view.now, clean, dry)
        if events & DAY:
            view.own.day(view.now)
            view.judge.day(view.own, view.now)

    def _silent(self, why: str) -> tuple[Condition, ...]:
        view = self._view
        began = view.silent_s == 0.0
        if began:
            self._silent_since = view.now
        view.silent_s, view.silent_why = max(view.now - self._silent_since, 0.001), why
        if self._look(self._silence) or began:
            self._said = self._conditions()
        return self._said

    def _answers(self) -> bool:
        self._view.silent_s = 0.0
        self._look(self._silence)
        return True

    def _look(self, listeners: Listeners, refresh: bool = False) -> bool:
        """Ask these rules; whether anything they say differs from before."""
        changed = False
        for i, look, memory in listeners:
            found = look(self._view, memory)
            if found is not NOTHING or self._held[i] is not NOTHING:
                changed |= self._take(i, found, refresh)
        return changed

    def _take(self, i: int, found: Iterable[Finding], refresh: bool = False) -> bool:
        """Hold what a rule found. Fresh evidence alone is a change only where it is rare."""
        new, old = tuple(found), self._held[i]
        if new == old or (not refresh and _gist(new) == _gist(old)):
            return False
        self._held[i] = new or NOTHING
        return True

    def _know(self) -> None:
        """Remember which points have been good."""
        sample, unseen = self._view.sample, self._unseen
        new = [name for name in unseen if getattr(sample, name) is not None]
        if new:
            self._view.seen_good.update(new)
            self._unseen = [name for name in unseen if name not in new]

    def _miss(self, sample: Sample) -> None:
        """What is bad now and was good a moment ago was there before."""
        last, seen = self._view.last, self._view.seen_good
        for point in sample.bad:
            if point not in seen and getattr(last, point, None) is not None:
                seen.add(point)

    def _conditions(self) -> tuple[Condition, ...]:
        silent, name = self._view.silent_s > 0.0, self._view.machine.name
        found = [
            (rule, _condition(rule, name, one))
            for rule, held in zip(self._rules, self._held, strict=True)
            if held and (not silent or rule.on & Event.SILENT)
            for one in held
        ]
        return unmasked(found)

    # --- over restarts --------------------------------------------------------------------------

    def save(self) -> Saved:
        """The state to keep; JSON of it takes 8 KB at most."""
        view, kept = self._view, self._kept
        return Saved(
            version=VERSION,
            at=round(view.sample.at),
            now=round(view.now, 1),
            memories={
                rule.name: {key: short(value) for key, value in memory.items()}
                for rule, memory in zip(self._rules, self._memories, strict=True)
                if memory
            },
            held={
                rule.name: held
                for rule, held in zip(self._rules, self._held, strict=True)
                if held and not rule.on & OFTEN and not rule.of_verdict
            },
            seen_good=kept.points(view.seen_good),
            signals=(*view.own.steady.names, *view.own.air.names),
            own=kept.own(view.own, view.day_began),
            verdict=view.judge.verdict,
            driver=view.profile.driver,
            noisy_until=round(max(self._belief.noisy_until, 0.0)),
            bare=self._bare_utc,
        )

    @property
    def _bare_utc(self) -> float:
        """When the coil was last bare, by the clock on the wall; 0 when that is long ago."""
        view = self._view
        age_s = view.now - view.bare_at
        return round(view.sample.at - age_s) if age_s < BARE_KEPT_S and view.sample.trusted else 0.0

    def _resume(self, sample: Sample) -> None:
        """Since when the coil has been gathering frost is known over a short break. Whatever else
        happened to it then has left it barer, which only makes it look better.
        """
        age_s, self._bare = sample.at - self._bare, 0.0
        if sample.trusted and 0.0 <= age_s < BARE_KEPT_S:
            self._view.bare_at = self._view.now - age_s

    def repaired(self, rule: str) -> None:
        """What this rule, or fault, told of was mended, or `all` was: learn anew."""
        for i, one in enumerate(self._rules):
            if rule in (ALL, one.name, one.fault):
                self._memories[i].clear()
                self._held[i] = NOTHING
        self._view.own.repaired(self._view.now)
        self._view.judge.forget()
        self._said = self._conditions()

    def _restore(self, saved: Saved) -> None:
        view = self._view
        view.now = saved.now
        view.day_began = saved.now
        self._bare = saved.bare
        self._belief.noisy_until = saved.noisy_until
        if saved.driver != view.profile.driver:
            return  # what was learnt was learnt in the numbers of another driver
        view.seen_good.update(one for i, one in enumerate(FIELDS) if saved.seen_good >> i & 1)
        view.own.restore(saved.own, saved.signals)
        view.judge.verdict = saved.verdict
        for i, rule in enumerate(self._rules):
            self._memories[i].update(saved.memories.get(rule.name, {}))
            self._held[i] = saved.held.get(rule.name) or NOTHING
            if rule.of_verdict:
                self._held[i] = tuple(rule.look(view, self._memories[i])) or NOTHING
        self._said = self._conditions()


def _gist(found: tuple[Finding, ...]) -> list[tuple[str, Severity | None]]:
    return [(one.key, one.severity) for one in found]


def _condition(rule: Rule, device: str, found: Finding) -> Condition:
    words, told = found.words or rule.words, Told(found)
    return Condition(
        rule=rule.name,
        device=device,
        severity=found.severity or rule.severity,
        en=words.en.format_map(told),
        zh=words.zh.format_map(told),
        key=found.key,
        point=found.point,
        code=found.code,
        raise_after_s=_or(found.raise_after_s, rule.raise_after_s),
        clear_after_s=_or(found.clear_after_s, rule.clear_after_s),
        evidence=found.evidence,
        fault=rule.fault,
        suspects=found.suspects or (Suspect(rule.fault, 1.0),),
        gate=rule.gate,
        expected=found.expected,
        resident_en=words.resident_en.format_map(told),
        resident_zh=words.resident_zh.format_map(told),
    )


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
