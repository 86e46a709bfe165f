"""Tariffs from YAML: a shipped one by name, or a file of one's own, checked."""

from __future__ import annotations

from datetime import date, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from agent.account.tariff import UNPRICED, MonthDay, Rate, Refund, Tariff, Tier
from agent.config.fields import Section
from agent.errors import FileError, Mistake
from agent.files import lack_of
from agent.yamltext import Document, parse

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
YEARLESS = 2000  # a leap year, so that 02-29 is a day


class RefundSection(Section, frozen=True, kw_only=True):
    """Money given back for each kWh of a rate."""

    payer: Annotated[str, Meta(description="Who pays it: city, district, ...")]
    per_kwh: Annotated[float, Meta(ge=0, description="In the tariff's currency.")]
    cap_kwh: Annotated[
        float | None, Meta(description="For so many kWh a home and season; no limit if left out.")
    ] = None


class RateSection(Section, frozen=True, kw_only=True):
    """A price between two local times; over midnight when `end` is before `start`."""

    name: str
    start: Clock
    end: Annotated[Clock, Meta(description="The same as `start` for the whole day.")]
    price: Annotated[float, Meta(ge=0, description="Gross, per kWh.")]
    in_season: Annotated[
        bool | None, Meta(description="Only in the heating season, or only outside of it.")
    ] = None
    first_day: Annotated[str | None, Meta(description="In force from this day on.")] = None
    last_day: Annotated[str | None, Meta(description="In force up to this day.")] = None
    refunds: tuple[RefundSection, ...] = ()


class TierSection(Section, frozen=True, kw_only=True):
    """Above so many kWh in a calendar year each kWh costs more."""

    above_kwh: Annotated[float, Meta(ge=0)]
    add: Annotated[float, Meta(ge=0, description="More per kWh, in the tariff's currency.")]


class SeasonSection(Section, frozen=True, kw_only=True):
    """First and last day of the heating season, as MM-DD."""

    start: str
    end: str


class TariffSection(Section, frozen=True, kw_only=True):
    """A tariff: what a kWh costs at which local time."""

    name: str
    currency: str = "yuan"
    source: tuple[str, ...] = ()
    season: SeasonSection
    rates: Annotated[tuple[RateSection, ...], Meta(description="The first that fits counts.")]
    tiers: tuple[TierSection, ...] = ()


def shipped() -> tuple[str, ...]:
    """Names of the tariffs that come with the program."""
    folder = files("agent.account") / "tariffs"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def named_tariff(name: str | None, doc: Document, folder: Path, mistakes: list[Mistake]) -> Tariff:
    """The tariff a configuration names; what is wrong with it is told with its own place."""
    if name is None:
        return UNPRICED
    if name not in shipped() and (lack := lack_of(folder, name, "tariff")) is not None:
        mistakes.append(doc.mistake(("account", "tariff"), lack, _allowed()))
        return UNPRICED
    try:
        return read_tariff(name, folder)
    except FileError as error:
        mistakes.extend(error.mistakes)
        return UNPRICED


def read_tariff(name: str, folder: Path = Path()) -> Tariff:
    """The tariff of a shipped name or of a YAML file beside the configuration.

    Raises FileError with every mistake.
    """
    if name in shipped():
        resource = files("agent.account") / "tariffs" / f"{name}.yaml"
        return tariff_of(parse(resource.read_text("utf-8"), f"{name}.yaml"))
    path = folder / name
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        why = f"there is no tariff {name} to be read: {error.strerror}"
        raise FileError([Mistake(name, 1, "", why, _allowed())]) from None
    except UnicodeDecodeError:
        raise FileError([Mistake(str(path), 1, "", "is not UTF-8 text")]) from None
    return tariff_of(parse(text, str(path)))


def _allowed() -> str:
    return ", ".join((*shipped(), "a YAML file"))


def tariff_of(doc: Document) -> Tariff:
    """The tariff of a document. Raises FileError with every mistake."""
    raw = doc.read(TariffSection)
    mistakes: list[Mistake] = []
    rates = tuple(_rate(rate, doc, i, mistakes) for i, rate in enumerate(raw.rates))
    if not rates:
        mistakes.append(doc.mistake(("rates",), "no rate is named", "one or more"))
    tariff = Tariff(
        raw.name,
        raw.currency,
        _month_day(raw.season.start, doc, "start", mistakes),
        _month_day(raw.season.end, doc, "end", mistakes),
        rates,
        tuple(Tier(tier.above_kwh, tier.add) for tier in raw.tiers),
    )
    if mistakes:
        raise FileError(mistakes)
    return tariff


def _rate(raw: RateSection, doc: Document, i: int, mistakes: list[Mistake]) -> Rate:
    first = _day(raw.first_day, doc, (*_at(i), "first_day"), mistakes)
    last = _day(raw.last_day, doc, (*_at(i), "last_day"), mistakes)
    if first is not None and last is not None and last < first:
        mistakes.append(doc.mistake((*_at(i), "last_day"), f"{last} is before {first}"))
    given = sum(refund.per_kwh for refund in raw.refunds)
    if given > raw.price:
        message = f"refunds of {given:g} are more than the price {raw.price:g}"
        mistakes.append(doc.mistake((*_at(i), "refunds"), message))
    return Rate(
        raw.name,
        time.fromisoformat(raw.start),
        time.fromisoformat(raw.end),
        raw.price,
        raw.in_season,
        first,
        last,
        tuple(Refund(one.payer, one.per_kwh, one.cap_kwh) for one in raw.refunds),
    )


def _at(i: int) -> tuple[str | int, ...]:
    return ("rates", i)


def _day(
    text: str | None, doc: Document, path: tuple[str | int, ...], mistakes: list[Mistake]
) -> date | None:
    if text is None:
        return None
    try:
        return _strictly(text)
    except ValueError:
        mistakes.append(doc.mistake(path, f"{text!r} is no day", "YYYY-MM-DD"))
        return None


def _strictly(text: str) -> date:
    """YYYY-MM-DD, and none of the other ways of ISO 8601, such as weeks. Raises ValueError."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(text)
    return day


def _month_day(text: str, doc: Document, key: str, mistakes: list[Mistake]) -> MonthDay:
    try:
        day = _strictly(f"{YEARLESS}-{text}")
    except ValueError:
        mistakes.append(doc.mistake(("season", key), f"{text!r} is no day of a year", "MM-DD"))
        return (1, 1)
    return (day.month, day.day)
