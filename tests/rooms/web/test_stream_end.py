"""A server that ends while somebody watches."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.rooms.web.site import House, served


@pytest.mark.timeout(30)
async def test_who_still_watches_is_cut_off_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(House(), tmp_path) as (_, visitor):
        reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
        writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"retry: 5000\n\n")
    await reader.read()  # to the end: the server is gone
    writer.close()
    await writer.wait_closed()
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []
