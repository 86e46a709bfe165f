"""The API does what its description says, whatever is sent: schemathesis makes the requests."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from agent.web.openapi import description
from agent.web.routes import FORM, Need
from agent.web.site import declared
from tests.rooms.web.site import House, Visitor, coded, served


def _to_who_is_logged_in() -> dict[str, Any]:
    """The description without its locks, as the cookie is sent beside it, and without forms: a
    form knows only text, and `1` in it is as good a yes as `true`.
    """
    found = description(declared())
    del found["components"]["securitySchemes"]
    for path in found["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            operation.get("requestBody", {}).get("content", {}).pop(FORM, None)
    return found


LEADS_TO_THE_LOGIN = ["/plan", "/technician", "/install", "/handover"]
INSIDE = schemathesis.openapi.from_dict(_to_who_is_logged_in()).exclude(path="/events")
OUTSIDE = schemathesis.openapi.from_dict(description(declared())).exclude(
    path=["/events", *LEADS_TO_THE_LOGIN]
)
CASES = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


class Served:
    """The page in a thread of its own: schemathesis asks as any program does."""

    def __init__(self) -> None:
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.house, self.port, self.session = House(hurry_s=1.0), 0, ""

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        with tempfile.TemporaryDirectory() as name:
            code = coded(Path(name))
            async with served(self.house, Path(name)) as (_, visitor):
                who = Visitor(visitor.port)
                await who.log_in(code)
                self.port, self.session = visitor.port, who.cookie
                self._ready.set()
                await self._end.wait()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with Served() as found:
        yield found


@INSIDE.parametrize()
@CASES
def test_it_answers_as_described_to_who_is_logged_in(case: Any, page: Served) -> None:
    if case.path in ("/api/logout", "/api/pin"):  # these would end the session of all others
        return
    case.call_and_validate(
        base_url=f"http://127.0.0.1:{page.port}",
        cookies={"session": page.session},
        allow_redirects=False,
    )


@OUTSIDE.parametrize()
@CASES
def test_and_to_who_is_not(case: Any, page: Served) -> None:
    before = len(page.house.wishes)
    reply = case.call_and_validate(
        base_url=f"http://127.0.0.1:{page.port}",
        allow_redirects=False,
        # Who is not logged in is led to the login before anybody looks at what was said.
        excluded_checks=[negative_data_rejection],
    )
    assert len(page.house.wishes) == before
    needs = {(one.method, one.path): one.need for one in declared()}
    if needs.get((case.method, case.path), Need.NOTHING) is not Need.NOTHING:
        assert reply.status_code in (303, 400, 401, 403, 413, 415, 429)


def test_every_route_is_described_and_needs_what_the_table_says() -> None:
    paths = description(declared())["paths"]
    for route in declared():
        operation = paths[route.path][route.method.lower()]
        assert ("security" in operation) is (route.need is not Need.NOTHING)
        assert ("requestBody" in operation) is (route.takes is not None)
        if route.writes:
            assert {"401", "429"} <= operation["responses"].keys()
