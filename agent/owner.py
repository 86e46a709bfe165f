"""Who owns what root writes: the service, which runs as somebody else, has to read it."""

from __future__ import annotations

import os
from pathlib import Path


def as_the_folder(path: Path) -> None:
    """Give a file to who owns its folder, where root writes for the service. Raises OSError."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
