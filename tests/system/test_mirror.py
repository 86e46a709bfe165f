"""Without a Debian mirror it is said, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import machine
from simulators.stage import free_port


def test_no_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CACHE", tmp_path)
    monkeypatch.setattr(machine, "MIRROR", f"http://127.0.0.1:{free_port()}/debian")
    with pytest.raises(machine.NoMirror, match="no Debian mirror answers at http"):
        machine.rootfs("bookworm")
    assert list(tmp_path.iterdir()) == []
