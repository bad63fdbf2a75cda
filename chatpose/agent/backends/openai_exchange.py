"""One request and its answer over HTTP, with clocks and a stop button that work while nothing comes.

A thread of its own reads; whoever asks waits in short steps, and shuts the connection down when it has had enough.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatpose.agent.backends.openai_errors import (
    ServerError,
    ServerReplyError,
    ServerSlowError,
    ServerUnreachableError,
)
from chatpose.agent.steps import Cancelled
from chatpose.optional import require_package

STEP_S = 0.1
"""How long the stop button may take."""
PIECES_AHEAD = 64


class StoppedByPersonError(Exception):
    """The person has pressed stop."""


@dataclass(frozen=True)
class Limits:
    """How long and how large answers may be.

    Attributes:
        connect_s: until there is a connection.
        first_s: until the first piece of the answer; models on a CPU read long prompts for a minute and more.
        between_s: from one piece to the next.
        total_s: for the whole answer.
        max_bytes: of an answer as it travels.
        retry_s: before the one further try.
        most_retry_s: longest time that a server may ask to wait for that.
    """

    connect_s: float = 5.0
    first_s: float = 180.0
    between_s: float = 45.0
    total_s: float = 600.0
    max_bytes: int = 8 * 2**20
    retry_s: float = 1.0
    most_retry_s: float = 10.0


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        method: "GET" or "POST".
        url: of the server's address.
        headers: the key among them.
        body: JSON.
        tls: the context for https; None for http.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    tls: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Head:
    """How an answer begins.

    Attributes:
        status: of HTTP.
        headers: by lower-case name.
    """

    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """Without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Exchange:
    """A request on its way; a context, at whose end the connection is closed.

    Args:
        request: what is sent.
        origin: of the server, for messages.
        limits: of time and size.
        cancelled: whether the person has pressed stop.
    """

    def __init__(self, request: Request, origin: str, limits: Limits, cancelled: Cancelled) -> None:
        self._request, self._origin, self._limits, self._cancelled = request, origin, limits, cancelled
        self._pipe: queue.Queue[Any] = queue.Queue(PIECES_AHEAD)
        self._left = threading.Event()
        self._socket: socket.socket | None = None
        self._began = self._last = 0.0
        self._connected = self._answered = self._begun = False
        self._bytes = 0

    def __enter__(self) -> "Exchange":
        self._began = self._last = time.monotonic()
        threading.Thread(target=self._read, name="chatpose-server", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._shut()

    def head(self) -> Head:
        """How the answer begins.

        Raises:
            ServerError: it doesn't.
            StoppedByPersonError: the person pressed stop.
        """
        head = self._next()
        if not isinstance(head, Head):
            raise ServerUnreachableError(f"{self._origin} hung up without an answer")
        self._answered = True
        if head.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise ServerReplyError(f"{self._origin} answers compressed", expected="as it was asked to")
        return head

    def pieces(self) -> Iterator[bytes]:
        """What the answer holds, as it comes.

        Raises:
            ServerError: it is too large, too slow, or breaks off.
            StoppedByPersonError: the person pressed stop.
        """
        while (piece := self._next()) is not None:
            self._bytes += len(piece)
            if self._bytes > self._limits.max_bytes:
                raise ServerReplyError(
                    f"an answer of more than {self._limits.max_bytes:,} bytes from {self._origin}",
                    expected="some sentences",
                )
            yield piece

    def whole(self, most: int) -> bytes:
        """The answer up to a size."""
        found = b""
        for piece in self.pieces():
            found += piece
            if len(found) >= most:
                break
        return found[:most]

    def goes_on(self) -> None:
        """A piece of the answer has come; the clock for the next one starts."""
        self._begun = True
        self._last = time.monotonic()

    # --- waiting ------------------------------------------------------------------------------------------------------

    def _next(self) -> Any:
        while True:
            if self._cancelled():
                raise StoppedByPersonError
            self._check_clock()
            try:
                found = self._pipe.get(timeout=STEP_S)
            except queue.Empty:
                continue
            if isinstance(found, Exception):
                raise self._meaning(found) from found
            return found

    def _check_clock(self) -> None:
        limits, now = self._limits, time.monotonic()
        where = f"the server at {self._origin}"
        if not self._connected and now - self._began > limits.connect_s + 2 * STEP_S:
            raise ServerUnreachableError(
                f"nothing answers at {self._origin}", fix="start the server, or correct the address"
            )
        if now - self._began > limits.total_s:
            raise ServerSlowError(f"{where} wasn't done after {limits.total_s:.0f} seconds", fix="try a smaller model")
        if not self._begun and now - self._last > limits.first_s:
            raise ServerSlowError(f"{where} said nothing for {limits.first_s:.0f} seconds", fix="try a smaller model")
        if self._begun and now - self._last > limits.between_s:
            raise ServerSlowError(f"{where} stopped in the middle of its answer for {limits.between_s:.0f} seconds")

    def _meaning(self, error: Exception) -> Exception:
        """What an exception of the reading thread stands for; itself where it is a bug."""
        import httpx

        if isinstance(error, ServerError) or not isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            return error
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return ServerUnreachableError(f"{self._origin} can't be asked", expected="http://HOST:PORT/v1")
        if "CERTIFICATE" in str(error).upper():
            return ServerUnreachableError(
                f"the certificate of {self._origin} can't be trusted",
                expected="one that is valid for this host",
                fix="put the file of its authority into the variable SSL_CERT_FILE",
            )
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ServerUnreachableError(
                f"nothing answers at {self._origin}", fix="start the server, or correct the address"
            )
        if isinstance(error, httpx.ReadTimeout):
            return ServerSlowError(f"the server at {self._origin} said nothing for too long")
        if not self._answered:
            return ServerUnreachableError(f"{self._origin} hung up without an answer", fix="look at the server's log")
        return ServerReplyError(f"{self._origin} broke off in the middle of its answer", fix="look at the server's log")

    # --- the reading thread -------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            self._exchange(self._put)
            self._put(None)
        except Exception as error:  # handed to whoever asked, who raises it
            self._put(error)

    def _exchange(self, put: Callable[[Any], None]) -> None:
        httpx = require_package("httpx", "server", "to talk to a model on a server")
        limits, request = self._limits, self._request
        # Reading may take longer than any clock above, which decide; this one only ends a thread that was left alone.
        longest = max(limits.first_s, limits.between_s) + 5
        timeout = httpx.Timeout(connect=limits.connect_s, read=longest, write=30.0, pool=limits.connect_s)
        # Nothing of the environment: no proxy, no .netrc.
        client = httpx.Client(
            trust_env=False, verify=request.tls or _no_tls(), timeout=timeout, follow_redirects=False, http2=False
        )
        with client, client.stream(
            request.method, request.url, content=request.body or None, headers=dict(request.headers),
            extensions={"trace": self._trace},
        ) as response:  # fmt: skip
            put(Head(response.status_code, {name.lower(): value for name, value in response.headers.items()}))
            for piece in response.iter_raw():
                if self._left.is_set():
                    return
                put(piece)

    def _put(self, what: Any) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self._pipe.put(what, timeout=STEP_S)
                return

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Remembers the socket, to be shut down from the other side."""
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            self._connected = True
            if self._left.is_set():
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError, ValueError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _no_tls() -> Any:
    """A context that trusts nobody, for http: reading the system's authorities takes a while."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
