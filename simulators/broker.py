"""A small broker inside this process (amqtt, MQTT 3.1.1), to show things without installing one.

`python -m simulators.broker --port 0` prints `listening on 127.0.0.1:PORT`. Anonymous and on
loopback only; it forgets everything when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from types import TracebackType
from typing import Self

from amqtt.broker import Broker


class EmbeddedBroker:
    """The broker as an async context manager; `port` is the one the system gave."""

    def __init__(self, port: int = 0) -> None:
        self._wanted = port
        self._broker: Broker | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self._wanted}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
        self._broker = Broker(config)
        await self._broker.start()
        server = self._broker._servers["default"].instance
        assert isinstance(server, asyncio.Server)
        self.port = int(server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._broker is not None:
            await self._broker.shutdown()


async def serve(port: int) -> None:
    """Run until cancelled."""
    async with EmbeddedBroker(port) as broker:
        print(f"listening on 127.0.0.1:{broker.port}", flush=True)
        await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> int:
    """The command line; ends with Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m simulators.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=1883, help="0 lets the system choose")
    try:
        asyncio.run(serve(parser.parse_args(arguments).port))
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
