"""Mistakes planted in right maps: which `driver check` finds, and which only a machine shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.drivers import Cost, Device, RegisterMap, load
from agent.drivers.registry import installed
from agent.kit import check
from agent.kit.replay import Recorded, replay
from agent.model import Value
from bench.kit import Bench, Figures, Goal, Options, Row
from bench.mistakes_hidden import HIDDEN
from bench.mistakes_machine import MACHINE
from bench.mistakes_points import POINTS
from bench.mistakes_vendor import VENDOR
from bench.mutations import Kind, text_of, tree_of
from simulators import showcase

SHIPPED = (
    "midea_mthermal_r290",
    "haier_atw_r290",
    "kolant_greenbro",
    "lg_therma_v",
    "samsung_ehs_mimb19n",
)
EXAMPLE = Path(__file__).parents[1] / "docs/examples/heatpump-acme/heatpump_acme/acme_kfr_120.yaml"
DRAWS = 3
KINDS = (*POINTS, *MACHINE, *VENDOR, *HIDDEN)


@dataclass(frozen=True, slots=True)
class Basis:
    """A right map, what its machine answered to one round of reads, and what it then showed."""

    name: str
    text: str
    recorded: tuple[Recorded, ...]
    golden: Mapping[str, str]
    unit_id: int


@dataclass(frozen=True, slots=True)
class Mutant:
    """A basis with one mistake."""

    kind: Kind
    basis: Basis
    what: str
    text: str


def run(options: Options) -> Figures:
    """Every kind of mistake in every map that has a place for it, a few draws each."""
    bases = tuple(_bases())
    draws = max(1, round(DRAWS * options.share))
    wrong = sum(len(_rules(basis.text)) + _replay_findings(basis, basis.text) for basis in bases)
    rows: list[Row] = []
    for kind in KINDS:
        mutants = tuple(_mutants(kind, bases, draws, options.seed))
        rows.append(_row(kind, mutants))
        options.progress(f"{kind.name}: {rows[-1]['caught']} of {len(mutants)} caught")
    known = [row for row in rows if row["knowable"]]
    unknown = [row for row in rows if not row["knowable"]]
    catchable, caught = _sum(known, "mutants"), _sum(known, "caught")
    return {
        "maps": len(bases),
        "base_findings": wrong,
        "kinds": sum(1 for row in rows if row["mutants"]),
        "kinds_without_a_place": sum(1 for row in rows if not row["mutants"]),
        "mutants": _sum(rows, "mutants"),
        "catchable": catchable,
        "caught": caught,
        "missed": catchable - caught,
        "not_knowable": _sum(unknown, "mutants"),
        "not_knowable_by_trace": _sum(unknown, "by_trace"),
        "by_kind": [
            {key: row[key] for key in ("kind", "mutants", "caught", "told_by")} for row in known
        ],
        "only_a_machine_tells": [
            {key: row[key] for key in ("kind", "mutants", "by_trace", "reason")} for row in unknown
        ],
    }


def _row(kind: Kind, mutants: tuple[Mutant, ...]) -> dict[str, Value]:
    """A knowable mistake is looked for by `driver check` alone, another with a trace as well."""
    told = [_rules(mutant.text) for mutant in mutants]
    traced = [not kind.knowable and _replay_findings(m.basis, m.text) > 0 for m in mutants]
    return {
        "kind": kind.name,
        "knowable": kind.knowable,
        "mutants": len(mutants),
        "caught": sum(1 for rules in told if rules),
        "told_by": ", ".join(sorted(set().union(*told))),
        "by_trace": sum(traced),
        "reason": kind.reason,
    }


def _sum(rows: Iterable[Row], key: str) -> int:
    return sum(int(row[key] or 0) for row in rows)


def _mutants(kind: Kind, bases: Iterable[Basis], draws: int, seed: int) -> Iterator[Mutant]:
    seen: set[str] = set()
    for basis in bases:
        tree = tree_of(basis.text)
        for draw in range(draws):
            changed = deepcopy(tree)
            what = kind.change(changed, Random(f"{seed}/{kind.name}/{basis.name}/{draw}"))
            text = text_of(changed) if what is not None else ""
            if what is not None and text not in seen:
                seen.add(text)
                yield Mutant(kind, basis, what, text)


def _rules(text: str) -> set[str]:
    """Which checks have something to say of a map."""
    return {finding.rule for finding in check(text, "mutant.yaml").findings}


def _replay_findings(basis: Basis, text: str) -> int:
    found = load(text, "mutant.yaml")
    return len(replay(found, basis.recorded, basis.golden, basis.unit_id).findings)


# --- the maps -------------------------------------------------------------------------------


def _bases() -> Iterator[Basis]:
    texts = {name: installed(name)[1] for name in SHIPPED}
    texts[EXAMPLE.stem] = EXAMPLE.read_text("utf-8")
    for name, text in texts.items():
        # Both ways are written by the same writer, so that a mutant differs by its mistake only.
        plain = text_of(tree_of(text))
        found = load(plain, name)
        unit_id = found.line.unit_id or 1
        device = Device("machine", found, unit_id, Cost(0.01, 0.001))
        recorded = tuple(_asked(device, found, unit_id))
        golden = _shown(found, recorded, unit_id)
        yield Basis(name, plain, recorded, golden, unit_id)


def _asked(device: Device, found: RegisterMap, unit_id: int) -> Iterator[Recorded]:
    """One round of reads of a living machine of this map, one of its sensors not fitted."""
    image = showcase.machine(found, unit_id).image
    codes = found.absent.get("s16", ())
    missing = next(
        (n for n, r in found.points.items() if r.type == "s16" and r.absent is None and codes), None
    )
    if missing is not None:
        image.set(missing, None)
    for block in device.plan():
        request = block.request
        words = image.read(request.unit_id, request.table, request.at, request.count)
        if isinstance(words, int):
            raise AssertionError(f"{found.map} refuses its own read {request}")
        yield request, words


def _shown(found: RegisterMap, recorded: Iterable[Recorded], unit_id: int) -> dict[str, str]:
    readings = replay(found, recorded, {}, unit_id).snapshot.readings.values()
    return {r.point: str(r.value) for r in readings if r.good and r.value is not None}


BENCH = Bench(
    "driver_mutants",
    "Seeded mistakes in right register maps. `catchable` counts those that a careful reader could "
    "find in the map alone; `driver check` must find them all. The others are listed with what "
    "it takes, and `by_trace` says how many of them a recorded round with golden readings shows. "
    "The mistakes are made on the plain YAML tree and share no code with the checks.",
    f"{len(SHIPPED)} shipped maps and the example package, up to {DRAWS} places for each mistake",
    run,
    (
        Goal("base_findings", "=", 0),
        Goal("kinds", ">=", 30),
        Goal("missed", "=", 0),
    ),
)
