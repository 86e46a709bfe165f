"""What stands with the gateway's certificate, for the page and for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agent.certificate import Validity


class Standing(StrEnum):
    """What a household or an installer must know of the certificate."""

    NONE = "none"
    WAITING = "waiting"
    VALID = "valid"
    RENEW = "renew"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


TEXTS: Mapping[Standing, tuple[str, str]] = {
    Standing.NONE: (
        "The connection to the platform uses no certificate.",
        "与平台的连接不使用证书。",
    ),
    Standing.WAITING: (
        "This gateway is not registered with the platform yet.",
        "本网关尚未在平台登记。",
    ),
    Standing.VALID: (
        "This gateway is registered with the platform.",
        "本网关已在平台登记。",
    ),
    Standing.RENEW: (
        "The certificate is due for renewal.",
        "证书需要更新。",
    ),
    Standing.ENDED: (
        "The certificate has ended: the platform needs a new claim code.",
        "证书已过期，需要新的认领码。",
    ),
    Standing.WITHDRAWN: (
        "This gateway was withdrawn by the platform. The heating goes on; records are kept here.",
        "平台已停用本网关。供暖照常，数据保存在本机。",
    ),
}


@dataclass(frozen=True, slots=True)
class IdentityState:
    """How it stands, in both languages; dates are None without a certificate.

    `why` is what the last try to get or use one came to, in English, empty when all went well.
    """

    gateway: str
    standing: Standing
    en: str
    zh: str
    begins: datetime | None = None
    ends: datetime | None = None
    renew_at: datetime | None = None
    why: str = ""


def identity_state(
    gateway: str,
    found: Validity | None,
    *,
    wanted: bool,
    withdrawn: bool,
    why: str,
    now: datetime,
    trusted: bool,
) -> IdentityState:
    """How it stands at `now`, which counts only while the clock is `trusted`.

    `found` are the dates of the certificate in use, `wanted` is whether one is configured.
    """
    standing = _standing(found, wanted, withdrawn, now, trusted)
    en, zh = TEXTS[standing]
    if found is None:
        return IdentityState(gateway, standing, en, zh, why=why)
    return IdentityState(gateway, standing, en, zh, found.begins, found.ends, found.renew_at, why)


def _standing(
    found: Validity | None, wanted: bool, withdrawn: bool, now: datetime, trusted: bool
) -> Standing:
    if withdrawn:
        return Standing.WITHDRAWN
    if found is None:
        return Standing.WAITING if wanted else Standing.NONE
    if not trusted or now < found.renew_at:
        return Standing.VALID
    return Standing.RENEW if now < found.ends else Standing.ENDED
