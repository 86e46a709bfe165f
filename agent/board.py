"""What the board does beside the program: who may log in at its serial console, and what it starts.

Both belong to who makes the board and its image; the program can only look.
"""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path("/")
_VIRTUAL = re.compile(r"tty\d*")
_SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_ON = 1


def serial_logins(root: Path = _HERE) -> tuple[str, ...]:
    """The serial consoles at which systemd offers a login, such as `ttyAMA0`.

    It does so for what the kernel has as a console and for what was enabled, unless it is masked.
    """
    try:
        active = (root / "sys/class/tty/console/active").read_text("ascii").split()
    except OSError:
        active = []
    units = root / "etc/systemd/system"
    enabled = (units / "getty.target.wants").glob("serial-getty@*.service")
    names = {name for name in active if not _VIRTUAL.fullmatch(name)}
    names |= {one.stem.partition("@")[2] for one in enabled}
    return tuple(sorted(name for name in names if not _masked(units, name)))


def verified_start(root: Path = _HERE) -> bool:
    """Whether nothing is started and nothing run that was not signed: the firmware says that it
    checks (UEFI Secure Boot, and the signed start of a Raspberry Pi), and the root file system is
    one that the kernel verifies block by block (dm-verity).
    """
    return (_uefi(root) or _raspberry(root)) and _verity(root)


def _masked(units: Path, name: str) -> bool:
    """As `systemctl mask` does it; nobody gets past it without being root."""
    either = (units / f"serial-getty@{name}.service", units / "serial-getty@.service")
    return any(one.is_symlink() and str(one.readlink()) == "/dev/null" for one in either)


def _uefi(root: Path) -> bool:
    said = _bytes(root / _SECURE_BOOT)  # four bytes of attributes before the value (UEFI 2.10, 3.3)
    return len(said) == 5 and said[-1] == _ON


def _raspberry(root: Path) -> bool:
    """The bootloader tells by which keys it was started; 0 where it takes any image."""
    said = _bytes(root / "proc/device-tree/chosen/bootloader/signed")
    return int.from_bytes(said, "big") != 0


def _verity(root: Path) -> bool:
    mounts = _bytes(root / "proc/self/mountinfo").decode("ascii", "replace").splitlines()
    device = next((one.split()[2] for one in mounts if one.split()[4] == "/"), "")
    uuid = _bytes(root / f"sys/dev/block/{device}/dm/uuid")
    return uuid.startswith(b"CRYPT-VERITY-")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
