"""Whether a gateway is set up safely: questions a person can check, each with what to do.

It looks at the configuration and at the rights of files; it changes nothing and asks nobody.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from agent.board import serial_logins, verified_start
from agent.certificate import validity
from agent.config import Config, Fresh
from agent.intact import changed
from agent.support import SUPPORTED_UNTIL
from agent.web import PageSettings

_HERE = Path("/")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """One question; `good` whether all is well, `en` and `zh` what is so and what to do.

    `needed` is False where only another board or image could answer better: advice.
    """

    question: str
    good: bool
    en: str
    zh: str
    needed: bool = True


def findings(config: Config, now: datetime, root: Path = _HERE) -> tuple[Finding, ...]:
    """Every question in a fixed order; `now` is aware UTC, `root` the board's file system."""
    return tuple(chain(_link(config, now), _doors(config.metrics, config.page), _around(now, root)))


def fresh_findings(fresh: Fresh, now: datetime, root: Path = _HERE) -> tuple[Finding, ...]:
    """As `findings`, of a gateway that nobody has set up: what can be asked of it already."""
    return tuple(chain(_doors(fresh.metrics, fresh.page), _around(now, root)))


def _link(config: Config, now: datetime) -> Iterator[Finding]:
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


def _doors(metrics: tuple[str, int] | None, page: PageSettings | None) -> Iterator[Finding]:
    local = metrics is None or _stays_here(metrics[0])
    if not local:
        en = "Figures are served to the whole network; let them listen on 127.0.0.1."
        zh = "运行数据向整个网络开放；请只监听 127.0.0.1。"
    elif page is not None and not _stays_here(page.listen.host):
        en = f"One door is open to the network, the page: {page.listen.url}, behind its codes."
        zh = f"只有网页向网络开放：{page.listen.url}，凭密码操作。"
    else:
        en, zh = "No door is open to the network.", "没有向网络开放端口。"
    yield Finding("doors", local, en, zh)
    private = page is None or page.listen.certificate is not None or _stays_here(page.listen.host)
    yield Finding(
        "page", private,
        "Codes typed in at the page are encrypted." if private
        else "Codes cross the house's network readable; give the page a certificate.",
        "在网页输入的密码已加密。" if private else "密码在家庭网络中明文传输；请为网页配置证书。",
    )  # fmt: skip


def _around(now: datetime, root: Path) -> Iterator[Finding]:
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
    open_at = serial_logins(root)
    mask = " ".join(f"serial-getty@{name}.service" for name in open_at)
    yield Finding(
        "console", not open_at,
        f"Who opens the box can log in at {', '.join(open_at)}; systemctl mask --now {mask}."
        if open_at else "No serial console offers a login.",
        f"打开机箱者可在 {'、'.join(open_at)} 登录；请运行 systemctl mask --now {mask}。"
        if open_at else "串口控制台不提供登录。",
        needed=False,
    )  # fmt: skip
    verified = verified_start(root)
    yield Finding(
        "boot", verified,
        "The board starts signed software only, and every block of it is verified." if verified
        else "The board starts whatever lies on its card; lock the box, or take a board and an"
        " image with secure boot.",
        "主板只启动有签名的软件，并逐块校验。" if verified
        else "主板会启动存储卡上的任何软件；请锁好机箱，或选用支持安全启动的主板和镜像。",
        needed=False,
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
