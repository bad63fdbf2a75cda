"""A small server on this machine that speaks OpenAI's chat protocol by a script, well and badly.

    with ScriptedServer(words("Hello."), calls(("mirror", '{"pose": "it"}')), status(429), dies()) as server:
        OpenAIBackend(server.url, "tiny").next(view)
        server.seen[0].body["messages"]

Each request for `chat/completions` gets the next answer of the script, the last one again and again. Every answer is a
function that writes to a `Wire`.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Wire:
    """Where an answer is written."""

    def __init__(self, handler: BaseHTTPRequestHandler, left: threading.Event) -> None:
        self.handler, self.left = handler, left

    def head(self, status: int = 200, kind: str = EVENTS, **headers: str) -> None:
        """Status and headers; the body follows in chunks."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def bytes(self, data: bytes) -> None:
        """A piece of the body."""
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.handler.wfile.flush()

    def event(self, value: Any) -> None:
        """A server-sent event."""
        self.bytes(b"data: " + (value if isinstance(value, str) else json.dumps(value)).encode() + b"\n\n")

    def end(self) -> None:
        """The end of the body."""
        self.handler.wfile.write(b"0\r\n\r\n")

    def die(self) -> None:
        """Cuts the connection."""
        self.handler.wfile.flush()
        self.handler.connection.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds: float) -> None:
        """A pause that ends with the server."""
        self.left.wait(seconds)


Answer = Callable[[Wire], None]


class ScriptedServer:
    """The server; a context."""

    def __init__(self, *answers: Answer, models: Iterable[str] = ("tiny",)) -> None:
        self.answers, self.models = list(answers), list(models)
        self.seen: list[Seen] = []
        self.hung_up = threading.Event()
        """Set when a client left before an answer was over."""
        self._left = threading.Event()
        self._lock = threading.Lock()
        self._asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "ScriptedServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def chats(self) -> list[Seen]:
        return [one for one in self.seen if one.path.endswith("/chat/completions")]

    def next_answer(self) -> Answer:
        with self._lock:
            answer = self.answers[min(self._asked, len(self.answers) - 1)]
            self._asked += 1
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._note(None)
                if self.path.endswith("/models"):
                    rows = [{"id": name, "object": "model"} for name in server.models]
                    whole({"object": "list", "data": rows})(Wire(self, server._left))
                else:
                    status(404)(Wire(self, server._left))

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                self._note(json.loads(self.rfile.read(length)))
                try:
                    server.next_answer()(Wire(self, server._left))
                except OSError:
                    server.hung_up.set()
                self.close_connection = True

            def _note(self, body: Any) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.seen.append(Seen(self.command, self.path, headers, body))

        return Handler


# --- answers that are as they should be -------------------------------------------------------------------------------


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A piece of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chat-1", "object": "chat.completion.chunk", "model": "tiny", "choices": [choice]}


def words(text: str, *, finish: str = "stop", size: int = 3, pause: float = 0.0) -> Answer:
    """Words, a few characters at a time."""

    def answer(wire: Wire) -> None:
        wire.head()
        wire.bytes(b": a comment\n\n")
        wire.event(chunk(role="assistant", content=""))
        for place in range(0, len(text), size):
            wire.event(chunk(content=text[place : place + size]))
            time.sleep(pause)
        wire.event(chunk(finish))
        wire.event({"object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 5}})
        wire.event("[DONE]")
        wire.end()

    return answer


def calls(*wanted: tuple[str, str], text: str = "", one_index: bool = False) -> Answer:
    """Tool calls, their arguments in pieces."""

    def answer(wire: Wire) -> None:
        wire.head()
        if text:
            wire.event(chunk(role="assistant", content=text))
        for number, (name, arguments) in enumerate(wanted):
            index = 0 if one_index else number
            first = {
                "index": index,
                "id": f"id-{number}",
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }
            wire.event(chunk(tool_calls=[first]))
            for place in range(0, len(arguments), 4):
                piece = {"index": index, "function": {"arguments": arguments[place : place + 4]}}
                wire.event(chunk(tool_calls=[piece]))
        wire.event(chunk("tool_calls"))
        wire.event("[DONE]")
        wire.end()

    return answer


def whole(value: Any) -> Answer:
    """JSON in one piece."""

    def answer(wire: Wire) -> None:
        wire.head(kind="application/json")
        wire.bytes(json.dumps(value).encode())
        wire.end()

    return answer


def unstreamed(content: str | None, *tool_calls: tuple[str, Any]) -> Answer:
    """A server that doesn't stream."""
    rows = [{"id": f"id-{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for n, (name, arguments) in enumerate(tool_calls)]  # fmt: skip
    message = {"role": "assistant", "content": content, **({"tool_calls": rows} if rows else {})}
    return whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


# --- answers that aren't ----------------------------------------------------------------------------------------------


def status(code: int, message: str = "", **headers: str) -> Answer:
    """An error of HTTP."""

    def answer(wire: Wire) -> None:
        wire.head(code, "application/json", **headers)
        wire.bytes(json.dumps({"error": {"message": message, "code": code}}).encode())
        wire.end()

    return answer


def raw(data: bytes, kind: str = EVENTS, **headers: str) -> Answer:
    """Any bytes."""

    def answer(wire: Wire) -> None:
        wire.head(kind=kind, **headers)
        wire.bytes(data)
        wire.end()

    return answer


def event(value: Any) -> Answer:
    """One event and the end."""
    return raw(b"data: " + (value if isinstance(value, str) else json.dumps(value)).encode() + b"\n\n")


def dies(text: str = "The left kn", *, politely: bool = False) -> Answer:
    """Goes away in the middle of its answer; politely: the body ends, but nothing says that the answer does."""

    def answer(wire: Wire) -> None:
        wire.head()
        wire.event(chunk(content=text))
        wire.end() if politely else wire.die()

    return answer


def hangs_up() -> Answer:
    """Goes away without a word."""
    return lambda wire: wire.die()


def stalls(seconds: float, text: str = "", *, comments: bool = False) -> Answer:
    """Says something, or nothing, and then nothing any more, or only comments that keep the connection open."""

    def answer(wire: Wire) -> None:
        wire.head()
        if text:
            wire.event(chunk(content=text))
        until = time.monotonic() + seconds
        while time.monotonic() < until and not wire.left.is_set():
            wire.wait(0.05)
            if comments:
                wire.bytes(b": still here\n\n")

    return answer


def endless(data: bytes) -> Answer:
    """The same bytes again and again."""

    def answer(wire: Wire) -> None:
        wire.head()
        while not wire.left.is_set():
            wire.bytes(data)

    return answer
