"""Serves routes; knows HTTP and nothing of heat pumps. The one place that knows its library."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import parse_qsl

from microdot import Microdot, Request, Response

from agent.web.door import Door, Raw, lowered
from agent.web.routes import EVENTS, FORM, JSON, Answer, Asked, Route, wrong
from agent.web.settings import Listen

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 40
ASK_WITHIN_S = 10.0
ANSWER_WITHIN_S = 60.0
GONE_AFTER_MS = 60_000  # a phone that left the house must not keep a stream
SQUEEZED_FROM = 600
AGAIN_S = 30.0
MOST_FIELDS = 200
Request.max_content_length = Request.max_body_length = 16 * 1024


async def serve(listen: Listen, routes: Iterable[Route], door: Door, what: str) -> None:
    """Serve until cancelled. An address that cannot be had is logged and tried again every 30 s."""
    app = _Bounded()
    methods: dict[str, list[str]] = {}
    for route in routes:
        app.route(route.path, methods=[route.method])(_handler(route, door))
        methods.setdefault(route.path, []).append(route.method)
    for status in (404, 405, 413):
        app.errorhandler(status)(_lost(status, methods, door))
    while True:
        try:
            context = _context(listen)
            log.info("%s served url=%s", what, listen.url)
            # Served by us: the library's own loop swallows the cancellation.
            start: Any = app.start_server(
                host=listen.host, port=listen.port, ssl=context, start_serving=False
            )
            server = cast(asyncio.Server, await start)
            try:
                await server.start_serving()
                await asyncio.get_running_loop().create_future()
            finally:
                server.close()
                await app.end()
        except (OSError, UnicodeError) as error:  # ssl.SSLError is one; "a..b" is no host
            log.warning("%s not served url=%s why=%r", what, listen.url, str(error))
        await asyncio.sleep(AGAIN_S)


class _Bounded(Microdot):
    """Takes so many connections at once, and gives each so long to ask and to take the answer."""

    def __init__(self) -> None:
        super().__init__()
        self._open: set[asyncio.Task[Any]] = set()

    async def end(self) -> None:
        """Cut off whoever is still there: a stream of events would never end by itself."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(set(self._open))

    async def handle_request(self, reader: Any, writer: Any) -> None:
        """As the library's, within limits, and without a traceback for what is no request."""
        if len(self._open) >= MOST_CONNECTIONS:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER_MS)
        try:
            async with asyncio.timeout(ASK_WITHIN_S) as limit:
                answer = await self._answered(reader, writer, limit)
                await answer.write(writer)
                await writer.aclose()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # gone, or too slow: there is nobody to tell
        except asyncio.CancelledError:
            pass  # cut off by us, and this is all of the task: Python 3.11 would print a traceback
        finally:
            writer.close()
            self._open.discard(task)

    async def _answered(self, reader: Any, writer: Any, limit: asyncio.Timeout) -> Response:
        try:
            source = writer.get_extra_info("peername")
            request = await Request.create(self, reader, writer, source)
        except (ValueError, IndexError):  # no words of HTTP, no text, or a line too long
            return _response(wrong(400, "this is no request"))
        now = asyncio.get_running_loop().time()
        limit.reschedule(now + ANSWER_WITHIN_S)
        answer: Response = await self.dispatch_request(request)
        if answer.headers.get("Content-Type") == EVENTS:
            limit.reschedule(None)
        return answer


def _context(listen: Listen) -> ssl.SSLContext | None:
    if listen.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listen.certificate, listen.key)
    return context


def _handler(route: Route, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        headers = lowered(request.headers.items())
        try:
            raw = _raw(request, headers)
        except ValueError as error:  # more fields than anybody has
            return _response(wrong(400, str(error)))
        answer = await door.answer(route, raw)
        reader, _ = request.sock
        return _response(answer, "gzip" in headers.get("accept-encoding", ""), reader)

    return handle


def _lost(
    status: int, methods: Mapping[str, list[str]], door: Door
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        headers = lowered(request.headers.items())
        raw = Raw(_asked(request, headers, {}), headers, "", b"", {})
        allow = [*methods.get(request.path, []), "OPTIONS"]
        return _response(door.lost(raw, status, allow))

    return handle


def _raw(request: Request, headers: Mapping[str, str]) -> Raw:
    kind, body = headers.get("content-type", ""), request.body or b""
    asked = _asked(request, headers, _pairs(request.query_string or ""))
    form = _pairs(body.decode("utf-8", "replace")) if kind.startswith(FORM) else {}
    return Raw(asked, headers, kind, body, form)


def _asked(request: Request, headers: Mapping[str, str], args: Mapping[str, str]) -> Asked:
    accepts = headers.get("accept", "")
    return Asked(
        method=request.method,
        path=request.path,
        source=str(request.client_addr[0]),
        args=args,
        cookies=dict(request.cookies),
        languages=headers.get("accept-language", ""),
        wants_json=JSON in accepts or headers.get("content-type", "").startswith(JSON),
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))


def _response(answer: Answer, squeezed: bool = False, reader: Any = None) -> Response:
    headers = {"Content-Type": answer.kind, **answer.headers}
    if answer.stream is not None:
        stream: Any = _sent(answer.stream, reader)  # the library takes one, its types do not say so
        return Response(stream, answer.status, headers | {"Content-Type": EVENTS})
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    if squeezed and len(body) > SQUEEZED_FROM:
        body = gzip.compress(body, 6, mtime=0)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(body, answer.status, headers)


async def _sent(stream: AsyncGenerator[str], reader: Any) -> AsyncIterator[bytes]:
    """What the stream gives, until whoever asked has hung up."""
    async with aclosing(stream):
        async for text in stream:
            if reader.at_eof():
                return
            if text:
                yield text.encode()
