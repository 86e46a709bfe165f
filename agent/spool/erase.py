"""Takes the durable buffer of a gateway away with everything beside it that it ever wrote."""

from __future__ import annotations

from pathlib import Path

from agent.errors import SpoolError
from agent.files import is_there
from agent.spool.paths import half_made, sync_directory
from agent.spool.sqlite import held, plain_errors
from agent.spool.tail import place


def erase(path: str) -> tuple[Path, ...]:
    """Delete the buffer, damaged ones moved aside or half replaced, its memory file; what went.

    Raises SpoolError while a program is using it, and when something cannot be deleted.
    """
    file = Path(path)
    try:
        there = is_there(file)
    except OSError as error:
        raise SpoolError(f"{path} cannot be deleted: {error.strerror}") from None
    if there:
        with plain_errors(path):
            held(path)
    aside = sorted(file.parent.glob(f"{file.name}.corrupt-*"))
    gone = list[Path]()
    beside = (Path(f"{path}-wal"), Path(f"{path}-shm"), *half_made(path), *aside)
    for one in (file, *beside, place(path)):
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
