"""When the keeper of the certificate takes a step, in virtual time; and the step in its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent import identity
from agent.enrol import EnrolSettings, Keeper, Kind, Outcome
from agent.enrol.keeper import AWAY_MAX_S, LOOK_EVERY_S, REFUSED_S, SPREAD_S, apart
from agent.model import Stamp
from simulators.authority import Authority
from simulators.enrolment import Enrolment
from simulators.loop import run
from tests.rooms.enrol.test_enrolment import NOW, G

HOUR_S = 3600.0


class Rig:
    """A keeper whose steps are noted instead of taken; `answers` come first, then all is well."""

    def __init__(self, folder: Path, *answers: Outcome, trusted: bool = True) -> None:
        self.folder, self.answers = folder / "id", list(answers)
        self.code = folder / "claim-code"
        self.code.write_text("one")
        self.steps: list[tuple[float, bool]] = []
        self.withdrawn, self.trusted, self.installed = False, trusted, 0
        self.start = NOW
        self._began: float | None = None

    async def step(self, settings: EnrolSettings, anew: bool) -> Outcome:
        self.steps.append((self._played_s(), anew))
        if self.answers:
            return self.answers.pop(0)
        self.certify(days=90)
        self.withdrawn = False
        return Outcome(Kind.INSTALLED)

    def certify(self, days: float, age_days: float = 0.0) -> None:
        """A certificate is there."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "request.csr").unlink(missing_ok=True)
        (self.folder / identity.KEY).unlink(missing_ok=True)
        identity.new(self.folder, G)
        authority = Authority(self.folder / "ca")
        signed = authority.sign(
            self.folder / "request.csr", round(days), self.now() - timedelta(days=age_days)
        )
        (self.folder / identity.CERTIFICATE).write_bytes(signed.read_bytes())

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self._played_s())

    def _played_s(self) -> float:
        return 0.0 if self._began is None else asyncio.get_running_loop().time() - self._began

    def _stamp(self) -> Stamp:
        return Stamp(self.now(), 0.0, self.trusted)

    def _told(self) -> None:
        self.installed += 1

    def play(self, hours: float, *events: tuple[float, Callable[[], None]]) -> Keeper:
        """Let the keeper run so long; `events` happen at their hour."""
        settings = EnrolSettings(G, "https://127.0.0.1", self.folder, self.code)

        async def work() -> Keeper:
            loop = asyncio.get_running_loop()
            self._began = loop.time()
            for hour, event in events:
                loop.call_later(hour * HOUR_S, event)
            keeper = Keeper(settings, self._stamp, lambda: self.withdrawn, self._told, self.step)
            task = asyncio.create_task(keeper.run())
            await asyncio.sleep(hours * HOUR_S)
            task.cancel()
            return keeper

        return run(work())


def test_the_first_certificate_is_asked_for_at_once_and_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    keeper = rig.play(24.0)
    assert [anew for _, anew in rig.steps] == [False]
    assert rig.steps[0][0] < 1.0
    assert keeper.enrolled.is_set()
    assert (rig.installed, keeper.why) == (1, "")


def test_while_nobody_is_there_it_asks_again_and_ever_less(tmp_path: Path) -> None:
    away = [Outcome(Kind.AWAY, "nobody there")] * 30
    rig = Rig(tmp_path, *away)
    keeper = rig.play(3.0)
    gaps = [
        later - sooner for (sooner, _), (later, _) in zip(rig.steps, rig.steps[1:], strict=False)
    ]
    assert gaps[0] < 30.0
    assert AWAY_MAX_S / 2 - LOOK_EVERY_S <= max(gaps) <= AWAY_MAX_S + LOOK_EVERY_S
    assert not keeper.enrolled.is_set()
    assert keeper.why == "nobody there"


def test_a_refused_code_rests_until_there_is_another(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Outcome(Kind.REFUSED, "wrong"), Outcome(Kind.REFUSED, "wrong"))
    keeper = rig.play(2.0, (0.3, lambda: rig.code.write_text("another") and None))
    assert keeper.refusals == 2
    _, second, third = (at for at, _ in rig.steps)
    assert abs(second - 0.3 * HOUR_S) <= 2 * LOOK_EVERY_S
    assert REFUSED_S / 2 - LOOK_EVERY_S <= third - second <= REFUSED_S + LOOK_EVERY_S


def test_the_service_may_say_when_to_come_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Outcome(Kind.LATER, "approve", 7200.0))
    rig.play(3.0)
    assert 3600.0 - LOOK_EVERY_S <= rig.steps[1][0] <= 7200.0 + LOOK_EVERY_S


@pytest.mark.parametrize("trusted", [True, False])
def test_renewal_is_due_at_two_thirds_by_a_clock_that_is_set(tmp_path: Path, trusted: bool) -> None:
    rig = Rig(tmp_path, trusted=trusted)
    rig.certify(days=90, age_days=59)
    rig.play(50.0)
    if not trusted:
        assert rig.steps == []
        return
    ((at, anew),) = rig.steps
    assert not anew
    assert 24 * HOUR_S <= at <= 24 * HOUR_S + SPREAD_S + LOOK_EVERY_S


def test_an_ended_certificate_goes_by_the_code(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.certify(days=90, age_days=91)
    rig.play(1.0)
    assert [anew for _, anew in rig.steps] == [True]


def test_a_withdrawn_gateway_goes_by_its_code(tmp_path: Path) -> None:
    rig = Rig(tmp_path)

    def withdraw() -> None:
        rig.withdrawn = True
        rig.answers.append(Outcome(Kind.REFUSED, "the code was used"))

    rig.play(5.0, (1.0, withdraw), (1.2, lambda: rig.code.write_text("new") and None))
    assert [anew for _, anew in rig.steps] == [False, True, True]
    assert abs(rig.steps[1][0] - 1.0 * HOUR_S) <= 2 * LOOK_EVERY_S
    assert abs(rig.steps[2][0] - 1.2 * HOUR_S) <= 2 * LOOK_EVERY_S


async def test_a_step_in_its_own_process(tmp_path: Path) -> None:
    code = tmp_path / "claim-code"
    with Enrolment(Authority(tmp_path / "ca")) as service:
        settings = EnrolSettings(G, service.url, tmp_path / "id", code, service.authority.ca)
        code.write_text(service.label(G))
        done = await apart(settings, anew=False)
        assert done.kind is Kind.INSTALLED, done.why
        refused = await apart(settings, anew=True)
        assert refused.kind is Kind.REFUSED
        assert "used for the last" in refused.why
    assert identity.show(tmp_path / "id").gateway == G
