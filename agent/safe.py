"""Whether a gateway is set up safely: questions a person can check, each with what to do.

It looks at the configuration and at the rights of files; it changes nothing and asks nobody.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from agent.certificate import validity
from agent.config import Config
from agent.intact import changed
from agent.support import SUPPORTED_UNTIL

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """One question; `good` whether all is well, `en` and `zh` what is so and what to do."""

    question: str
    good: bool
    en: str
    zh: str


def findings(config: Config, now: datetime) -> tuple[Finding, ...]:
    """Every question in a fixed order; `now` is aware UTC."""
    return tuple(_findings(config, now))


def _findings(config: Config, now: datetime) -> Iterator[Finding]:
    it = config.uplink
    url = urlsplit(it.broker_url)
    encrypted = url.scheme == "mqtts" or _stays_here(url.hostname or "")
    yield Finding(
        "encrypted", encrypted,
        "The link to the platform is encrypted." if encrypted
        else "Anybody on the way can read and change what is sent; use mqtts://.",
        "与平台的连接已加密。" if encrypted else "途中任何人都能读取和篡改数据；请改用 mqtts://。",
    )  # fmt: skip
    known = it.certificate is not None
    yield Finding(
        "certificate", known,
        "The gateway shows a certificate of its own." if known
        else "The gateway has no certificate; make one: heatpump-agent identity new.",
        "网关有自己的证书。" if known else "网关没有证书；请运行 heatpump-agent identity new。",
    )  # fmt: skip
    fresh = _fresh(it.certificate, now) if it.certificate is not None else True
    yield Finding(
        "renewed", fresh,
        "No certificate has to be renewed." if fresh else "The certificate must be renewed.",
        "没有需要更新的证书。" if fresh else "证书需要更新。",
    )  # fmt: skip
    open_files = [path for path in (it.key, it.password_file) if path and _seen_by_others(path)]
    names = ", ".join(map(str, open_files))
    yield Finding(
        "secrets", not open_files,
        f"Others can read {names}; chmod 600." if open_files else "Keys are for the gateway only.",
        f"其他用户可读 {names}；请 chmod 600。" if open_files else "密钥只有网关自己能读。",
    )  # fmt: skip
    signed = bool(it.command_keys)
    yield Finding(
        "commands", signed,
        "Only signed commands are believed." if signed
        else "Whoever controls the broker can command the pumps; name command_keys.",
        "只接受有签名的命令。" if signed else "控制消息服务器者即可控制热泵；请配置 command_keys。",
    )  # fmt: skip
    local = config.metrics is None or _stays_here(config.metrics[0])
    yield Finding(
        "doors", local,
        "No door is open to the network." if local
        else "Figures are served to the whole network; let them listen on 127.0.0.1.",
        "没有向网络开放端口。" if local else "运行数据向整个网络开放；请只监听 127.0.0.1。",
    )  # fmt: skip
    page = config.page
    private = page is None or page.listen.certificate is not None or _stays_here(page.listen.host)
    yield Finding(
        "page", private,
        "Codes typed in at the page are encrypted." if private
        else "Codes cross the house's network readable; give the page a certificate.",
        "在网页输入的密码已加密。" if private else "密码在家庭网络中明文传输；请为网页配置证书。",
    )  # fmt: skip
    wrong = changed() or ()
    yield Finding(
        "intact", not wrong,
        f"Files of the program were changed, {wrong[0]} first; install the package again." if wrong
        else "No file of the program was changed.",
        f"程序文件被改动（{wrong[0]} 等）；请重新安装软件包。" if wrong else "程序文件未被改动。",
    )  # fmt: skip
    supported = now.date() <= SUPPORTED_UNTIL
    yield Finding(
        "support", supported,
        f"Security updates come until {SUPPORTED_UNTIL}." if supported
        else f"Security updates ended on {SUPPORTED_UNTIL}; replace this version.",
        f"安全更新提供到 {SUPPORTED_UNTIL}。" if supported
        else f"安全更新已于 {SUPPORTED_UNTIL} 结束；请更换版本。",
    )  # fmt: skip


def _stays_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _fresh(certificate: Path, now: datetime) -> bool:
    """Whether less than two thirds of its life are over; one that cannot be read is not."""
    try:
        return now < validity(certificate.read_bytes()).renew_at
    except (OSError, ValueError):
        return False


def _seen_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False
