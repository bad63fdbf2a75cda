"""What a server's answer is made of: events of a stream, and pieces of text and tool calls that are put together."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chatpose.agent.backends.openai_errors import ServerFailedError, ServerReplyError, said_in

MAX_EVENT_BYTES = 2**20
MAX_TEXT_CHARS = 20_000
MAX_ARGUMENT_CHARS = 50_000
MAX_CALLS = 8
DONE = "[DONE]"


class EventReader:
    """Server-sent events (WHATWG HTML, 9.2.6) out of bytes, however these are cut; only their data counts."""

    def __init__(self) -> None:
        self._bytes = b""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that are complete now.

        Raises:
            ServerReplyError: a line without end, or not UTF-8.
        """
        self._bytes += piece
        found: list[str] = []
        while True:
            line, end = self._line()
            if not end:
                break
            self._bytes = self._bytes[end:]
            self._take(line, found)
        if len(self._bytes) > MAX_EVENT_BYTES:
            raise ServerReplyError(f"a line of more than {MAX_EVENT_BYTES:,} bytes", expected="server-sent events")
        return found

    def rest(self) -> list[str]:
        """The data of a last event that no empty line follows."""
        found: list[str] = []
        line, self._bytes = self._bytes, b""
        self._take(line, found)
        self._take(b"", found)
        return found

    def _line(self) -> tuple[bytes, int]:
        """The next line, and where what follows it begins; 0 where it isn't complete."""
        places = [place for mark in (b"\n", b"\r") if (place := self._bytes.find(mark)) >= 0]
        if not places:
            return b"", 0
        place = min(places)
        if self._bytes[place : place + 1] == b"\r" and place + 1 == len(self._bytes):
            return b"", 0  # the \n of \r\n may still come
        return self._bytes[:place], place + (2 if self._bytes[place : place + 2] == b"\r\n" else 1)

    def _take(self, line: bytes, found: list[str]) -> None:
        if not line:
            if self._data:
                found.append("\n".join(self._data))
                self._data = []
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            try:
                self._data.append(value.removeprefix(b" ").decode("utf-8"))
            except UnicodeDecodeError as error:
                raise ServerReplyError("an answer that isn't UTF-8", expected="JSON in UTF-8") from error


def json_of(text: str | bytes) -> Any:
    """The value of JSON.

    Raises:
        ServerReplyError: none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ServerReplyError(
            f"malformed JSON in the server's answer ({type(error).__name__})", expected="pieces of a chat completion"
        ) from error


@dataclass
class RawCall:
    """A tool call as it came.

    Attributes:
        id: the server's.
        name: of the tool.
        arguments: JSON as text.
    """

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class RawReply:
    """An answer that is put together.

    Attributes:
        text: the words.
        calls: in order.
        finish: why it ended; empty while it didn't.
    """

    text: str = ""
    calls: list[RawCall] = field(default_factory=list)
    finish: str = ""
    _by_index: dict[int, RawCall] = field(default_factory=dict, repr=False)

    def add(self, chunk: Any, secret: str = "") -> str:
        """Takes a piece in.

        Args:
            chunk: JSON value of an event, or of a whole answer.
            secret: what the server's words in an error may not hold.

        Returns:
            The words that it added.

        Raises:
            ServerReplyError: another form, or too much.
            ServerFailedError: the server reports an error.
        """
        if not isinstance(chunk, Mapping):
            raise _odd(chunk)
        if chunk.get("error"):
            raise ServerFailedError(f"the server failed in the middle of its answer: “{said_in(chunk, secret)}”")
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise _odd(chunk)
        added = ""
        for choice in choices:
            if not isinstance(choice, Mapping):
                raise _odd(choice)
            if choice.get("index") in (None, 0):
                added += self._choice(choice)
        return added

    def _choice(self, choice: Mapping[str, Any]) -> str:
        # A whole answer has a message where the pieces of a stream have a delta.
        delta = choice.get("delta") or choice.get("message") or {}
        finish = choice.get("finish_reason")
        content, calls = (delta.get("content"), delta.get("tool_calls")) if isinstance(delta, Mapping) else (0, 0)
        if (
            not isinstance(content, str | None)
            or not isinstance(calls, list | None)
            or not isinstance(finish, str | None)
        ):
            raise _odd(choice)
        for place, call in enumerate(calls or ()):
            self._call(call, place, whole="message" in choice)
        self.finish = finish or self.finish
        self.text += content or ""
        if len(self.text) > MAX_TEXT_CHARS:
            raise ServerReplyError(f"an answer of more than {MAX_TEXT_CHARS:,} characters", expected="some sentences")
        return content or ""

    def _call(self, piece: Any, place: int, *, whole: bool) -> None:
        function = piece.get("function") if isinstance(piece, Mapping) else None
        if not isinstance(function, Mapping):
            raise _odd(piece)
        name, arguments, number = function.get("name") or "", function.get("arguments"), piece.get("id") or ""
        if isinstance(arguments, Mapping):  # some servers send the value itself
            arguments = json.dumps(arguments)
        if not isinstance(name, str) or not isinstance(arguments, str | None) or not isinstance(number, str):
            raise _odd(piece)
        index = piece.get("index")
        index = index if isinstance(index, int) else place if whole or name else max(self._by_index, default=0)
        call = self._by_index.get(index)
        # Some servers give every call the same index; each has an id of its own.
        if call is None or (number and call.id and number != call.id):
            call = RawCall()
            self._by_index[index] = call
            self.calls.append(call)
            if len(self.calls) > MAX_CALLS:
                raise ServerReplyError(f"more than {MAX_CALLS} tool calls at once", expected=f"at most {MAX_CALLS}")
        call.id = call.id or number
        call.name += name if name != call.name else ""
        call.arguments += arguments or ""
        if len(call.arguments) + len(call.name) > MAX_ARGUMENT_CHARS:
            raise ServerReplyError(f"arguments of more than {MAX_ARGUMENT_CHARS:,} characters")


def _odd(value: Any) -> ServerReplyError:
    told = json.dumps(value, default=str)[:80]
    return ServerReplyError(f"a piece of another form: {told}", expected="a chat completion of the OpenAI protocol")
