"""A map from its text, and what no single field of it can tell.

References between points, overlaps, units, labels and writes must fit one another before a map is
used at all. What a map says well and yet cannot be right is looked for by the driver kit.
"""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction

from agent.drivers.registermap import API, WIDTH, PointRule, RegisterMap, WriteRule
from agent.errors import FileError, Mistake
from agent.points import POINTS
from agent.yamltext import Document, Path, parse

SHORTEST_REFRESH_S = 5.0  # the shortest that is reported of a machine (Ochsner)


def load(text: str, file: str) -> RegisterMap:
    """A map from its YAML text. Raises FileError with every mistake, each with file and line."""
    document = parse(text, file)
    api = document.tree.get("api") if isinstance(document.tree, dict) else None
    if api is not None and api != str(API):
        raise FileError([document.mistake(("api",), f"api {api} is not spoken here", str(API))])
    found = document.read(RegisterMap)
    mistakes = list(check(found, document))
    if mistakes:
        raise FileError(mistakes)
    return found


def check(found: RegisterMap, doc: Document) -> list[Mistake]:
    """What no single field can tell: references, overlaps, units, labels, writes."""
    mistakes: list[Mistake] = []
    for name, rule in found.points.items():
        mistakes += _check_point(found, doc, name, rule)
    mistakes += _check_overlaps(found, doc)
    named: list[tuple[Path, str]] = [
        (("capabilities", k), v) for k, v in found.capabilities.items()
    ]
    named += [(("constant", i), name) for i, name in enumerate(found.constant)]
    named += [(("faults", "also", i), name) for i, name in enumerate(found.faults.also)]
    if found.ready:
        named.append((("ready", "point"), found.ready.point))
    if found.faults.point:
        named.append((("faults", "point"), found.faults.point))
    for path, name in named:
        if name not in found.points:
            mistakes.append(doc.mistake(path, f"no point is named {name}", ", ".join(found.points)))
    for capability, name in found.capabilities.items():
        if name in found.points and found.points[name].write is None:
            writable = ", ".join(n for n, rule in found.points.items() if rule.write)
            message = f"{name} cannot be written"
            mistakes.append(doc.mistake(("capabilities", capability), message, writable))
    return mistakes


def _check_point(found: RegisterMap, doc: Document, name: str, rule: PointRule) -> list[Mistake]:
    here: Path = ("points", name)
    wrong: list[Mistake] = []
    known = POINTS.get(name)
    if known is None and not name.startswith("x_"):
        near = get_close_matches(name, POINTS, 1)
        hint = f"unknown point; did you mean {near[0]}?" if near else "unknown point"
        wrong.append(doc.mistake(here, hint, "a canonical name, or one that begins x_"))
    if known and rule.unit is not None and rule.unit is not known.unit:
        wrong.append(
            doc.mistake((*here, "unit"), f"{rule.unit} is not its unit", known.unit or "none")
        )
    if known is None and name.startswith("x_") and not (rule.en and rule.zh):
        wrong.append(
            doc.mistake(here, "a point of the map's own needs both labels", "en: .., zh: ..")
        )
    if (rule.at is None) == (not rule.pack):
        return [*wrong, doc.mistake(here, "needs either at or pack", "at: 100, or pack: [..]")]
    if rule.at == 65535 and WIDTH[rule.type] == 32:
        wrong.append(doc.mistake((*here, "at"), "the second word lies beyond 65535", "0 to 65534"))
    wrong += _check_scales(doc, here, rule)
    if rule.switch:
        equals = (rule.switch.equals,)
        wrong += _check_words(found, doc, (*here, "switch"), rule.switch.point, equals)
    for other, words in rule.fitted_if.items():
        wrong += _check_words(found, doc, (*here, "fitted_if", other), other, words)
    if rule.write:
        wrong += _check_write(found, doc, name, rule, rule.write)
    return wrong


FINEST, COARSEST = Fraction(1, 10**9), Fraction(10**9)
"""Of a scale. 0 would make every word the same, and much more than this is no float."""


def _check_scales(doc: Document, here: Path, rule: PointRule) -> list[Mistake]:
    """Every count must mean something, and those of all words of a sum the same steps."""
    scales = {(*here, "scale"): rule.scale}
    if rule.switch:
        scales[(*here, "switch", "scale")] = rule.switch.scale
    wrong = [
        doc.mistake(path, "no machine counts in such steps", "1e-9 to 1e9, such as 0.1 or 10")
        for path, scale in scales.items()
        if not FINEST <= abs(scale) <= COARSEST
    ]
    for i, term in enumerate(rule.plus if rule.scale else ()):
        ratio = term.scale / rule.scale
        if ratio < 1 or ratio.denominator != 1:
            message = f"{term.scale} is no multiple of {rule.scale}, the scale of the first word"
            allowed = f"{rule.scale} times 1, 2, 3 and on; the finest word comes first, at `at`"
            wrong.append(doc.mistake((*here, "plus", i, "scale"), message, allowed))
    return wrong


def _check_write(
    found: RegisterMap, doc: Document, name: str, rule: PointRule, write: WriteRule
) -> list[Mistake]:
    here: Path = ("points", name, "write")
    wrong: list[Mistake] = []
    if rule.table not in ("coil", "holding"):
        wrong.append(doc.mistake(here, f"table {rule.table} cannot be written", "coil, holding"))
    if rule.table == "coil" and write.function in (6, 16):
        wrong.append(doc.mistake((*here, "function"), "a coil needs 5 or 15", "5, 15"))
    if rule.table == "holding" and write.function in (5, 15):
        wrong.append(doc.mistake((*here, "function"), "a holding register needs 6 or 16", "6, 16"))
    if WIDTH[rule.type] == 32 and (write.function or found.line.write_function) == 6:
        wrong.append(doc.mistake((*here, "function"), "two words need function 16", "16"))
    wrong += _check_range(doc, here, write)
    if rule.is_bool and not rule.off:
        wrong.append(doc.mistake((*here[:2], "off"), "no word means false", "off: [0]"))
    limited = write.low is not None and write.high is not None
    if not limited and not rule.values and not rule.is_bool:
        message = "a number that may be written needs low and high"
        wrong.append(doc.mistake(here, message, "low: 25, high: 55"))
    if write.refresh is not None and write.refresh < SHORTEST_REFRESH_S:
        message = f"refreshed every {write.refresh:g} s, it would fill the line"
        wrong.append(doc.mistake((*here, "refresh"), message, f"{SHORTEST_REFRESH_S:g} s or more"))
    for key, other in (("low_from", write.low_from), ("high_from", write.high_from)):
        if other is not None and other not in found.points:
            wrong.append(
                doc.mistake((*here, key), f"no point is named {other}", ", ".join(found.points))
            )
    for other, words in write.only_if.items():
        wrong += _check_words(found, doc, (*here, "only_if", other), other, words)
    return wrong


def _check_range(doc: Document, here: Path, write: WriteRule) -> list[Mistake]:
    wrong: list[Mistake] = []
    if write.low is not None and write.high is not None and write.low > write.high:
        wrong.append(doc.mistake((*here, "low"), "low is above high", f"up to {write.high}"))
    if write.low is not None and write.low == write.high:
        message = f"nothing but {write.low} could be written"
        wrong.append(doc.mistake((*here, "high"), message, f"above {write.low}"))
    if write.step is not None and write.step <= 0:
        message = f"a step of {write.step} leads nowhere"
        wrong.append(doc.mistake((*here, "step"), message, "above 0, such as 0.5"))
    return wrong


def _check_words(
    found: RegisterMap, doc: Document, here: Path, name: str, words: tuple[str, ...]
) -> list[Mistake]:
    """Whether a point exists and can say these words: its labels, or true and false."""
    rule = found.points.get(name)
    if rule is None:
        return [doc.mistake(here, f"no point is named {name}", ", ".join(found.points))]
    known = ("true", "false") if rule.is_bool else tuple(rule.values.values())
    return [
        doc.mistake(here, f"{name} never says {word!r}", ", ".join(known))
        for word in words
        if known and word not in known
    ]


def _check_overlaps(found: RegisterMap, doc: Document) -> list[Mistake]:
    """Two points may share a word only where each takes other bits of it, or a mask or a pack."""
    wrong: list[Mistake] = []
    taken: dict[tuple[int | None, str, int, int], str] = {}
    for name, rule in found.points.items():
        if rule.mask is not None or (rule.at is None and not rule.pack):
            continue
        for part in rule.parts:
            for bit in range(part.bits.low, part.bits.high + 1):
                place = (rule.unit_id, rule.table, part.at, bit)
                other = taken.setdefault(place, name)
                if other != name:
                    message = f"overlaps {other} at {rule.table} {part.at}"
                    allowed = "bits that no other point takes, or a mask"
                    wrong.append(doc.mistake(("points", name), message, allowed))
                    break
    return wrong
