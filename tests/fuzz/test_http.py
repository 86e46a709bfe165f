"""The local page, asked anything over a real socket: it answers, and nothing is wished for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import claim
from agent.web.keys import Keys
from tests.fuzz.edges import CORPUS
from tests.fuzz.mutation import anything
from tests.rooms.web.site import House, served

SEEDS = [path.read_bytes() for path in sorted((CORPUS / "http").iterdir())]
LIMIT_S = 20.0
STATUS = {200, 303, 304, 400, 401, 403, 404, 405, 413, 415, 429}


async def asked(requests: list[bytes], folder: Path) -> None:
    keys = Keys(folder)
    code = claim.make_code()
    keys.set_claim(code)
    kept = (folder / "page-keys.json").read_bytes()
    household = House()
    escaped = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, what: escaped.append(what))
    async with served(household, folder) as (_, visitor):
        for raw in requests:
            household.mono += 60.0  # the pace and the tries are judged elsewhere
            answer = await said(visitor.port, raw)
            assert not answer or int(answer.split(b" ", 2)[1]) in STATUS, answer[:200]
        household.mono += 7200.0
        assert (await visitor.ask("GET", "/")).status == 200
        assert (await visitor.log_in(code)).status == 200
    assert escaped == []
    assert household.wishes == []
    assert (folder / "page-keys.json").read_bytes() == kept


async def said(port: int, raw: bytes) -> bytes:
    """What comes back for some bytes; empty when the connection is closed without a word."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            writer.write(raw)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            found = await reader.read()
            writer.close()
            return found
        writer.close()
        return b""


@given(requests=st.lists(anything(SEEDS), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_request_leaves_the_server_answering(requests: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(asked(requests, Path(folder)))


def test_what_is_kept_leaves_the_server_answering(tmp_path: Path) -> None:
    asyncio.run(asked(SEEDS, tmp_path))
