"""What is wrong with the wiring, judged from what was heard. Pure.

Each rule looks at evidence that only its fault leaves; where two faults look alike on the wire, the
finding says so. Nothing here knows how faults are made in the simulators.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.line import Answer, Refused, frames_in
from agent.scan.settings import Setting
from agent.scan.wire import Exchange, is_there

TEXT_SHARE, TEXT_LEAST = 0.85, 12
OFTEN, SELDOM = 0.6, 0.02
SHORT_REPLY = 12


class Fault(StrEnum):
    """What a finding is about."""

    WRONG_PORT = "wrong_port"
    SWAPPED = "swapped"
    NO_POWER = "no_power"
    WRONG_BAUD = "wrong_baud"
    WRONG_PARITY = "wrong_parity"
    SECOND_MASTER = "second_master"
    SAME_ID = "same_id"
    NO_TERMINATION = "no_termination"
    ECHO = "echo"
    UNIT_SILENT = "unit_silent"
    DAMAGED = "damaged"
    WRONG_DRIVER = "wrong_driver"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, how sure it is from 0 to 1, and what was seen, in English and Chinese."""

    fault: Fault
    sure: float
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """A machine that is known, and not the one whose driver is configured."""

    unit_id: int
    configured: str
    recognised: str
    sure: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was heard on one line.

    `idle` came unasked at the settings of the configuration; `exchanges` were held there;
    `elsewhere` names other settings at which a machine answered, `texts` what came in at others.
    On a line that `has_a_master` nothing was asked.
    """

    setting: Setting | None
    open_error: str = ""
    idle: bytes = b""
    exchanges: tuple[Exchange, ...] = ()
    elsewhere: tuple[tuple[Setting, int], ...] = ()
    texts: tuple[bytes, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    has_a_master: bool = False


def diagnose(seen: Evidence) -> tuple[Finding, ...]:
    """The findings, the surest first; `well` only when every machine answered every question."""
    if seen.open_error:
        return (Finding(Fault.WRONG_PORT, 0.95, seen.open_error, f"端口打不开：{seen.open_error}"),)
    if seen.has_a_master:
        return tuple([*_wrong_machine(seen)] or _overheard(seen))
    found = [*_wrong_machine(seen), *_foreign(seen)]
    if not any(is_there(one) for one in seen.exchanges):
        found += _nobody(seen)
    else:
        found += _echo(seen)
        found += _damage(seen, bool(found))
    found += [_misfit(one) for one in seen.misfits]
    if not found:
        count = len({one.request.unit_id for one in seen.exchanges})
        en = f"{len(seen.exchanges)} questions to {count} machines, each answered without error"
        zh = f"向 {count} 台设备问了 {len(seen.exchanges)} 次，每次都正确应答"
        found = [Finding(Fault.WELL, 0.95, en, zh)]
    return tuple(sorted(found, key=lambda one: -one.sure))


def _ids_of(frames: Sequence[bytes]) -> str:
    return ", ".join(str(one) for one in sorted({frame[0] for frame in frames}))


def _overheard(seen: Evidence) -> Iterable[Finding]:
    """A line on which others talk: well when their frames are heard whole."""
    frames = frames_in(seen.idle)
    if frames:
        ids = _ids_of(frames)
        yield Finding(
            Fault.WELL,
            0.9,
            f"{len(frames)} frames of the line's own master and of units {ids} were heard",
            f"听到本线路主站与地址 {ids} 之间的 {len(frames)} 个帧",
        )
    else:
        yield from _nobody(seen)
        if seen.idle and not seen.elsewhere:
            yield Finding(
                Fault.DAMAGED,
                0.6,
                f"{len(seen.idle)} bytes were heard, and no whole frame among them",
                f"听到 {len(seen.idle)} 个字节，其中没有完整的帧",
            )


def _misfit(one: Misfit) -> Finding:
    return Finding(
        Fault.WRONG_DRIVER,
        one.sure,
        f"unit {one.unit_id} answers like {one.recognised}, its driver is {one.configured}",
        f"地址 {one.unit_id} 的应答像 {one.recognised}，配置的驱动是 {one.configured}",
    )


def _wrong_machine(seen: Evidence) -> Iterable[Finding]:
    """Text, or nothing but our own bytes: this is no Modbus pair."""
    for heard in (seen.idle, *seen.texts, b"".join(_beyond_echo(one) for one in seen.exchanges)):
        if _is_text(heard):
            shown = heard[:40].decode("ascii", "replace").strip()
            yield Finding(
                Fault.WRONG_PORT, 0.95, f"it sends text: {shown!r}", f"对方发送的是文本：{shown!r}"
            )
            return
    echoed = [one for one in seen.exchanges if one.sent and one.heard.startswith(one.sent)]
    if echoed and not any(is_there(one) for one in seen.exchanges):
        alone = all(one.heard == one.sent for one in echoed)
        if alone and len(echoed) >= OFTEN * len(seen.exchanges):
            yield Finding(
                Fault.WRONG_PORT,
                0.8,
                "our own bytes come back and nobody answers: a modem, a console or a loop",
                "只收到自己发出的字节，没有应答：可能是调制解调器、控制台或自环",
            )


def _foreign(seen: Evidence) -> Iterable[Finding]:
    """Whole frames that nobody asked for."""
    frames = frames_in(seen.idle)
    if frames:
        ids = _ids_of(frames)
        yield Finding(
            Fault.SECOND_MASTER,
            0.95,
            f"{len(frames)} Modbus frames came that we did not ask for, of units {ids}",
            f"没有提问却收到 {len(frames)} 个 Modbus 帧，地址 {ids}",
        )


def _nobody(seen: Evidence) -> Iterable[Finding]:
    """No machine answered at the settings of the configuration."""
    if seen.elsewhere:
        other, unit_id = seen.elsewhere[0]
        same = seen.setting is not None and other.baudrate == seen.setting.baudrate
        yield Finding(
            Fault.WRONG_PARITY if same else Fault.WRONG_BAUD,
            0.95,
            f"unit {unit_id} answers at {other}, not at {seen.setting}",
            f"地址 {unit_id} 在 {other} 下应答，在 {seen.setting} 下不应答",
        )
        return
    heard = [one.heard for one in seen.exchanges]
    breaks = sum(bool(one) and not any(one) for one in heard)
    if breaks >= OFTEN * max(1, len(heard)):
        yield Finding(
            Fault.SWAPPED,
            0.9,
            f"after {breaks} of {len(heard)} questions the idle line reads as a break (byte 00)",
            f"{len(heard)} 次提问中有 {breaks} 次之后空闲线路呈中断状态（字节 00）",
        )
    elif not any(heard) and not seen.idle:
        yield Finding(
            Fault.NO_POWER,
            0.6,
            "no byte came at any setting: no power, a broken wire, or another port; without bias"
            " resistors swapped wires look the same",
            "任何设置下都没有收到字节：未通电、断线或端口不对；没有偏置电阻时 A、B 接反也是这样",
        )
    elif any(heard) and not _is_text(b"".join(heard)):
        yield from _damage(seen, False)


def _echo(seen: Evidence) -> Iterable[Finding]:
    echoed = sum(bool(one.sent) and one.heard.startswith(one.sent) for one in seen.exchanges)
    if echoed >= OFTEN * len(seen.exchanges):
        yield Finding(
            Fault.ECHO,
            0.9,
            "the adapter gives our own bytes back before each answer",
            "转换器把自己发出的字节送了回来",
        )


@dataclass(frozen=True, slots=True)
class _Tally:
    """How the questions to one unit went."""

    unit_id: int
    short: int = 0
    short_bad: int = 0
    long: int = 0
    long_bad: int = 0
    silent: int = 0
    odd_length: int = 0
    garbled: int = 0
    twice: int = 0


def _tally(unit_id: int, exchanges: Sequence[Exchange]) -> _Tally:
    own = [one for one in exchanges if one.request.unit_id == unit_id]
    bad = [one for one in own if not isinstance(one.reply, Answer | Refused)]
    garbled = [one for one in bad if one.heard]
    short = [one for one in own if one.reply_bytes <= SHORT_REPLY]
    return _Tally(
        unit_id,
        len(short),
        sum(one in bad for one in short),
        len(own) - len(short),
        sum(one not in short for one in bad),
        sum(not one.heard for one in bad),
        sum(len(one.heard) not in (one.reply_bytes, 5) for one in garbled),
        len(garbled),
        sum(_answers(one) > 1 for one in own),
    )


def _answers(one: Exchange) -> int:
    return sum(frame[0] == one.request.unit_id for frame in frames_in(_beyond_echo(one)))


def _damage(seen: Evidence, explained: bool) -> Iterable[Finding]:
    """Silence and damage of single machines, and what kind of damage it is."""
    ids = sorted({one.request.unit_id for one in seen.exchanges})
    tallies = [_tally(unit_id, seen.exchanges) for unit_id in ids]
    twins = [one for one in tallies if _is_double(one, [t for t in tallies if t is not one])]
    for one in twins:
        yield Finding(
            Fault.SAME_ID,
            0.9 if one.twice else 0.8,
            f"unit {one.unit_id}: {one.garbled} of {one.short + one.long} answers overlap"
            f" another, {one.twice} times two answers came",
            f"地址 {one.unit_id}：{one.short + one.long} 次中有 {one.garbled} 次应答互相重叠，"
            f"{one.twice} 次收到两个应答",
        )
    rest = [one for one in tallies if one not in twins]
    silent = [one for one in rest if one.silent and one.silent == one.short + one.long]
    for one in silent:
        yield Finding(
            Fault.UNIT_SILENT,
            0.7,
            f"unit {one.unit_id} never answers while others do",
            f"地址 {one.unit_id} 从不应答，其他设备正常",
        )
    yield from _line_damage([one for one in rest if one not in silent], explained)


def _is_double(one: _Tally, others: Sequence[_Tally]) -> bool:
    """Two answers seen; or most spoilt, short ones too, of odd lengths, and others are well."""
    if one.twice >= 2:
        return True
    if sum(t.garbled for t in others) > 0.1 * sum(t.short + t.long for t in others):
        return False
    short_share = one.short_bad / max(1, one.short)
    return one.garbled >= 4 and short_share >= 0.5 and one.odd_length >= 0.4 * one.garbled


def _line_damage(tallies: Sequence[_Tally], explained: bool) -> Iterable[Finding]:
    short, long = sum(one.short for one in tallies), sum(one.long for one in tallies)
    short_bad, long_bad = sum(one.short_bad for one in tallies), sum(t.long_bad for t in tallies)
    if not short_bad + long_bad or explained:
        return
    doubt = 0.5 if (short_bad + long_bad) / (short + long) < SELDOM else 1.0
    en = f"{short_bad} of {short} short and {long_bad} of {long} long answers are damaged or lost"
    zh = f"短应答 {short} 次中坏 {short_bad} 次，长应答 {long} 次中坏 {long_bad} 次"
    odd = sum(one.odd_length for one in tallies) / max(1, sum(one.garbled for one in tallies))
    longer_worse = long_bad / max(1, long) > short_bad / max(1, short)
    if odd < 0.5:
        yield Finding(Fault.NO_TERMINATION, doubt * (0.75 if longer_worse else 0.6), en, zh)
    else:
        yield Finding(Fault.DAMAGED, doubt * 0.6, en, zh)


def _beyond_echo(one: Exchange) -> bytes:
    return one.heard[len(one.sent) :] if one.sent and one.heard.startswith(one.sent) else one.heard


def _is_text(heard: bytes) -> bool:
    printable = sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in heard)
    return len(heard) >= TEXT_LEAST and printable >= TEXT_SHARE * len(heard)
