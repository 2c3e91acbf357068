"""`serve`: an engine on a socket, for unmodified drivers and tools.

A `Server` carries messages, in an event loop in a thread of its own; what is answered,
`ming.mim.front.serving` says.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ming.mim.faces.connection import Connection
from ming.mim.front.serving import Exchange, Front
from ming.mim.front.wire import HEADER_SIZE, ProtocolError, body_size, read_message
from ming.mim.storage.journal import Change

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Server", "serve"]

log: Final = logging.getLogger("ming.mim")

_Result = TypeVar("_Result")


def serve(connection: Connection | None = None, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Let clients of the wire protocol use a connection's store, until the server is closed.

    There are no users and no encryption: whoever reaches the port can do everything.

    Args:
        connection: The connection, which must stay open; by default a new, strict one.
        host: The address to listen on.
        port: The port to listen on; 0 means any free one.

    Returns:
        The running server, which is also a context manager.

    Raises:
        OSError: The address cannot be listened on.
    """
    return Server(connection or Connection(strict=True), host, port)


class Server:
    """A running server; see `serve`.

    Args:
        connection: The connection to serve.
        host: The address to listen on.
        port: The port to listen on.
    """

    def __init__(self, connection: Connection, host: str, port: int) -> None:
        self._connection = connection
        self._front = Front(connection._engine)
        self._changed = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ming.mim server", daemon=True)
        self._thread.start()
        try:
            self._listener = self._run(asyncio.start_server(self._converse, host, port))
        except BaseException:
            self._end_loop()
            raise
        self.address: Final = _shown(self._listener.sockets[0].getsockname())
        self._unfollow = self._front.engine.follow(self._notice)

    @property
    def uri(self) -> str:
        """What clients connect to."""
        return f"mongodb://{self.address}/?directConnection=true"

    def close(self) -> None:
        """Hang up on all clients and listen no more."""
        if self._thread.is_alive():
            self._unfollow()
            self._run(self._hang_up())
            self._end_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- inside the event loop

    async def _hang_up(self) -> None:
        self._listener.close()
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        local, peer = _shown(writer.get_extra_info("sockname")), _shown(writer.get_extra_info("peername"))
        conversation = self._front.conversation(local, peer)
        try:
            while True:
                header = await reader.readexactly(HEADER_SIZE)
                message = read_message(header, await reader.readexactly(body_size(header)))
                answer = await self._answer(conversation.exchange(message))
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            log.debug("%s hung up", peer)
        except ProtocolError as error:
            log.warning("hanging up on %s: %s", peer, error)
        except asyncio.CancelledError:
            # The server is being closed; what has not been sent is not worth waiting for.
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, exchange: Exchange) -> bytes | None:
        """Answer a message, after a while if that may make the reply a better one."""
        began = self._loop.time()
        while True:
            changed = self._changed
            exchange.perform()
            left = began + exchange.patience - self._loop.time()
            if left <= 0:
                return exchange.answer()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(changed.wait(), min(left, exchange.pause))

    def _notice(self, changes: Sequence[Change]) -> None:
        """Have the waiting exchanges tried again; called in any thread."""
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _shown(address: Any) -> str:
    """Return a socket's address as URIs have it."""
    if not address:
        # The other end is gone already.
        return "unknown"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
