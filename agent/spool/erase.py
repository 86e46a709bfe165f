"""Takes the durable buffer of a gateway away with everything beside it that it ever wrote."""

from __future__ import annotations

from pathlib import Path

from agent.errors import SpoolError
from agent.spool.spool import held, plain_errors, sync_directory
from agent.spool.tail import place


def erase(path: str) -> tuple[Path, ...]:
    """Delete the buffer, damaged ones moved aside, and its memory file; what was deleted.

    Raises SpoolError while a program is using it, and when something cannot be deleted.
    """
    file = Path(path)
    if file.exists():
        with plain_errors(path):
            held(path)
    aside = sorted(file.parent.glob(f"{file.name}.corrupt-*"))
    gone = list[Path]()
    for one in (file, Path(f"{path}-wal"), Path(f"{path}-shm"), *aside, place(path)):
        try:
            one.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SpoolError(f"{one} cannot be deleted: {error.strerror}") from None
        gone.append(one)
    if gone:
        sync_directory(path)
    return tuple(gone)
