"""Recognition: each family by its own map, strangers as strangers, look-alikes told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest

from agent.drivers import Driver, Hooks, driver, names
from agent.scan.expect import Place
from agent.scan.recognise import Recogniser, Surroundings, Verdict, expectations
from simulators.registers import AddressWords, RegisterImage
from simulators.variant import Variant, machine
from simulators.weather import synthetic_winter

DRIVERS = tuple(driver(name) for name in names())
Answers = Callable[[Place], int | None]


def image_of(found: Driver) -> RegisterImage:
    made = machine(found.map, 1, synthetic_winter(), Random(3)).registers
    assert isinstance(made, Variant)
    return made.image


def answers_of(image: RegisterImage | AddressWords) -> Answers:
    def answer(place: Place) -> int | None:
        found = image.read(1, place[0], place[1], 1)
        return found[0] if isinstance(found, tuple) else None

    return answer


def recognised(answers: Answers, drivers: tuple[Driver, ...] = DRIVERS) -> Verdict:
    recogniser = Recogniser(expectations(drivers), Surroundings(1))
    while (place := recogniser.next_place()) is not None:
        recogniser.take(place, answers(place))
    return recogniser.verdict()


@pytest.mark.parametrize("found", DRIVERS, ids=lambda one: one.name)
def test_each_family_by_what_its_map_says(found: Driver) -> None:
    verdict = recognised(answers_of(image_of(found)))
    assert verdict.driver == found.name
    assert verdict.guesses[0].why


@pytest.mark.parametrize(
    "answers",
    [
        answers_of(AddressWords()),
        lambda place: None,
        lambda place: 0,
        lambda place: Random(f"{place}").randrange(0x10000),
    ],
    ids=["addresses", "refuses all", "all zeros", "noise"],
)
def test_a_stranger_is_no_family(answers: Answers) -> None:
    assert recognised(answers).driver is None


def test_twins_are_reported_as_one_or_the_other() -> None:
    found = driver("midea_mthermal_r32")
    twin = replace(found, name="twin")
    verdict = recognised(answers_of(image_of(found)), (*DRIVERS, twin))
    assert verdict.driver is None
    assert {guess.driver for guess in verdict.guesses} == {"midea_mthermal_r32", "twin"}
    assert all(0.4 < guess.sure < 0.6 for guess in verdict.guesses)


def test_a_driver_may_know_its_machine_itself() -> None:
    class Knows(Hooks):
        def identify(self, words: Mapping[str, int]) -> float:
            return 1.0 if words else 0.0

    found = driver("midea_mthermal_r32")
    twin = replace(found, name="twin", hooks=Knows())
    assert recognised(answers_of(image_of(found)), (*DRIVERS, twin)).driver == "twin"


def test_nothing_is_installed() -> None:
    assert recognised(answers_of(AddressWords()), ()).guesses == ()
