"""A dump of registers as support work has it: function -> address -> word, in YAML or JSON."""

from __future__ import annotations

from agent.drivers.wire import TABLE_OF_FUNCTION
from agent.errors import FileError, Mistake
from agent.yamltext import Document

TABLES = {str(function): TABLE_OF_FUNCTION[function] for function in sorted(TABLE_OF_FUNCTION)}


def words_of(dump: Document) -> dict[tuple[str, int], int]:
    """A dump `function -> address -> word`; functions by name (holding) or by number (3, 03).

    A list of words stands for neighbours that begin at its address. Raises FileError.
    """
    words: dict[tuple[str, int], int] = {}
    mistakes: list[Mistake] = []
    tree = dump.tree if isinstance(dump.tree, dict) else {}
    if not tree:
        mistakes.append(dump.mistake((), "is no dump", "function -> address -> word"))
    for function, addresses in tree.items():
        name = TABLES.get(str(function).lstrip("0"), str(function))
        if name not in TABLES.values() or not isinstance(addresses, dict):
            allowed = f"{', '.join(TABLES.values())} (or {', '.join(TABLES)}) -> address -> word"
            mistakes.append(dump.mistake((function,), "is no table of registers", allowed))
            continue
        for at, word in addresses.items():
            try:
                for place, one in enumerate(word if isinstance(word, list) else [word]):
                    words[name, int(at, 0) + place] = _word(one)
            except ValueError:
                message, allowed = f"{at}: {word} is no register", "decimal or 0x.. numbers"
                mistakes.append(dump.mistake((function, at), message, allowed))
    if mistakes:
        raise FileError(mistakes)
    return words


def _word(word: object) -> int:
    truth = {"true": 1, "false": 0}.get(str(word).lower())
    return truth if truth is not None else int(str(word), 0) & 0xFFFF
