"""Any bytes at any edge: a value or a refusal, never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.edges import CORPUS, EDGES, corpus
from tests.fuzz.mutation import anything

KEPT = [(name, path) for name in EDGES for path in corpus(name)]


@pytest.mark.parametrize(("name", "path"), KEPT, ids=lambda one: getattr(one, "name", one))
def test_what_is_kept_is_borne(name: str, path: Path) -> None:
    EDGES[name](path.read_bytes())


@pytest.mark.parametrize("name", EDGES)
@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_borne(name: str, data: st.DataObject) -> None:
    EDGES[name](data.draw(anything([path.read_bytes() for path in corpus(name)])))


def test_the_corpus_is_small_and_of_edges_that_exist() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= {*EDGES, "http"}
    assert sum(path.stat().st_size for path in files) < 200_000
