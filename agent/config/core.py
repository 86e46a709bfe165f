"""What the core must know of the home, out of the lines and the control part, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.account.tariff import Tariff
from agent.config.control import home_control
from agent.config.homes import homes_of, unmade
from agent.config.sections import ControlSection, GatewaySection, SeasonSection
from agent.control import HEATING_WATER, ControlSettings, HomeControl
from agent.core import CoreSettings
from agent.drivers import Device
from agent.errors import Mistake
from agent.faults import Profile, SeasonSettings
from agent.homes import Home
from agent.model import PointId
from agent.yamltext import Document

A_WINTER_DAY = datetime(2024, 1, 1)  # noqa: DTZ001  the zone is the question


def core_of(
    raw: GatewaySection,
    doc: Document,
    devices: Mapping[str, Device],
    tariff: Tariff,
    mistakes: list[Mistake],
) -> CoreSettings | None:
    """Homes, control and account as the core takes them; None when the time zone is unknown."""
    try:
        timezone = ZoneInfo(raw.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last for a folder, such as Asia
        mistakes.append(
            doc.mistake(
                ("timezone",),
                f"no time zone is named {raw.timezone}",
                "an IANA name such as Asia/Shanghai",
            )
        )
        return None
    homes = homes_of(raw, doc, devices, mistakes)
    rooms = {home.heat_pump: home.supply("indoor_temp") for home in homes}
    controlled: list[HomeControl] = []
    places: set[tuple[str, PointId]] = set()
    for i, section in enumerate(raw.control):
        if section.device in unmade(raw, devices):
            continue  # what is wrong with the device is told where it stands
        if (section.device, section.point) in places:
            message = f"{section.point} of {section.device} is controlled twice"
            mistakes.append(doc.mistake(("control", i), message))
        places.add((section.device, section.point))
        supply = rooms.get(section.device)
        room = (supply.device, supply.source) if supply is not None else None
        home = home_control(section, doc, i, devices, timezone, room, tariff, mistakes)
        _unlocked(raw, section, doc, i, devices, mistakes)
        if home is not None:
            controlled.append(home)
    unlocked = frozenset(d.name for line in raw.lines for d in line.devices if d.allow_unverified)
    control = ControlSettings(timezone, tuple(controlled), unlocked)
    full_every_s = float(raw.platform.full_every)
    as_found_c = raw.account.as_found if raw.account.savings == "alternate" else None
    _fits(as_found_c, controlled, devices, doc, mistakes)
    return CoreSettings(
        devices,
        control,
        _needed(homes),
        homes,
        full_every_s,
        tariff,
        as_found_c,
        profiles=_profiles(raw, devices, timezone),
        season=_season(raw.season),
        watch_s=float(raw.season.self_test_watch),
    )


def _profiles(
    raw: GatewaySection, devices: Mapping[str, Device], timezone: ZoneInfo
) -> Mapping[str, Profile]:
    """What is known of each machine besides its points: by its nameplate, else by its map."""
    found: dict[str, Profile] = {}
    ahead = timezone.utcoffset(A_WINTER_DAY) or timedelta()
    for section in (device for line in raw.lines for device in line.devices):
        if section.name not in devices:
            continue
        plate = section.nameplate
        found[section.name] = Profile(
            refrigerant=plate.refrigerant or devices[section.name].map.refrigerant,
            highest_hz=plate.highest_frequency,
            eev_steps=plate.valve_steps,
            high_pressure_bar=plate.high_pressure,
            floor_heating=plate.floor_heating,
            driver=devices[section.name].map.map,
            east_h=ahead / timedelta(hours=1),
        )
    return found


def _season(section: SeasonSection) -> SeasonSettings:
    sealed = (section.sealed.first, section.sealed.last) if section.sealed is not None else None
    return SeasonSettings(sealed, section.extreme_below)


def _fits(
    as_found_c: float | None,
    controlled: Iterable[HomeControl],
    devices: Mapping[str, Device],
    doc: Document,
    mistakes: list[Mistake],
) -> None:
    """The water of an off day must be sayable to every heat pump whose water is controlled."""
    for home in controlled:
        if as_found_c is None or home.point not in HEATING_WATER:
            continue
        why = devices[home.device].unfit(home.point, as_found_c)
        if why is not None and "not known yet" not in why:
            mistakes.append(doc.mistake(("account", "as_found"), f"{home.device}: {why}"))


def _needed(homes: tuple[Home, ...]) -> dict[str, frozenset[PointId]]:
    """What each device must measure because a home counts on it."""
    needed: dict[str, set[PointId]] = {}
    for supply in (supply for home in homes for supply in home.supplies):
        needed.setdefault(supply.device, set()).add(supply.source)
    return {device: frozenset(points) for device, points in needed.items()}


def _unlocked(
    raw: GatewaySection,
    section: ControlSection,
    doc: Document,
    i: int,
    devices: Mapping[str, Device],
    mistakes: list[Mistake],
) -> None:
    """Control of a point that the guard will never let be written is a mistake."""
    device = devices.get(section.device)
    terms = device.terms(section.point) if device is not None else None
    if device is None or terms is None:
        return
    allowed = any(d.allow_unverified for n in raw.lines for d in n.devices if d.name == device.name)
    if terms.confidence in ("contra", "unverified") and not allowed:
        message = f"{section.point} is {terms.confidence} in the map of {section.device}"
        need = "a point that is sure, or allow_unverified: true on the device"
        mistakes.append(doc.mistake(("control", i, "point"), message, need))
    if device.monitor_only:
        message = f"{section.device} is only watched; its map lets nothing be written"
        mistakes.append(doc.mistake(("control", i, "device"), message))
