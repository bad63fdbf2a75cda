"""What can be wrong with a server that a model runs on; the conversation goes on without it."""

from collections.abc import Mapping
from typing import Any

from chatpose.agent.backends.protocol import BackendError
from chatpose.errors import ChatposeError, printable

MAX_SAID = 200
"""Characters of a server's own words that are told on."""


class AddressError(ChatposeError, ValueError):
    """An address that no server of models can have, or one that a key must not be sent to."""


class ServerError(BackendError):
    """Base of all that can be wrong with a server."""


class ServerUnreachableError(ServerError):
    """Nothing answers at the address."""


class ServerKeyError(ServerError):
    """The server wants another key, or one at all (401, 403)."""


class ServerModelError(ServerError):
    """The server doesn't have the model, or speaks another protocol (404)."""


class ServerBusyError(ServerError):
    """The server has too much to do (429, 502, 503, 504).

    Attributes:
        wait_s: how long it asks to wait; None where it doesn't say.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "", wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        super().__init__(got, expected=expected, fix=fix)


class ServerRefusedError(ServerError):
    """The server doesn't want the question as it is (other 4xx), or sends elsewhere (3xx).

    Attributes:
        too_long: whether it says that the conversation is too long for the model.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "", too_long: bool = False) -> None:
        self.too_long = too_long
        super().__init__(got, expected=expected, fix=fix)


class ServerFailedError(ServerError):
    """The server itself failed (5xx, or an error in the middle of its answer)."""


class ServerReplyError(ServerError):
    """An answer that isn't of the protocol: malformed, broken off, endless, of another kind."""


class ServerSlowError(ServerError):
    """An answer that doesn't begin, or doesn't go on, in time."""


def error_of_status(status: int, headers: Mapping[str, str], body: Any, about: "Asked") -> ServerError:
    """The error that a status stands for.

    Args:
        status: other than 200.
        headers: by lower-case name.
        body: its JSON value; None where there is none.
        about: what was asked, and of whom.
    """
    said = said_in(body, about.secret)
    told = f": “{said}”" if said else ""
    where = f"the server at {about.origin}"
    if status in (401, 403):
        fix = (
            f"put the right key into {about.key_variable}"
            if about.key_variable
            else "name the key's variable with --api-key-env"
        )
        return ServerKeyError(f"{where} refuses the key ({status}){told}", fix=fix)
    if status == 404:
        fix = "choose another with --model" + (f": {', '.join(about.models[:8])}" if about.models else "")
        return ServerModelError(f"{where} has no model {about.model!r}, or isn't of this protocol (404){told}", fix=fix)
    if status in (429, 502, 503, 504):
        wait = headers.get("retry-after", "")
        return ServerBusyError(
            f"{where} has too much to do ({status}){told}",
            fix="try again later",
            wait_s=float(wait) if wait.isdigit() else None,
        )
    if 300 <= status < 400:
        return ServerRefusedError(
            f"{where} sends elsewhere ({status})", expected="an answer", fix="give the address that it moved to"
        )
    if status >= 500:
        return ServerFailedError(f"{where} failed ({status}){told}", fix="look at its log")
    low = said.lower()
    too_long = status in (400, 413) and "context" in low
    fix = "serve it with a longer context" if too_long else ""
    if "tool" in low and not too_long:
        fix = "serve a model that can call tools, with tool calling switched on"
    if "image" in low:
        fix = "leave out --send-photos, or serve a model that sees"
    return ServerRefusedError(f"{where} refuses the question ({status}){told}", fix=fix, too_long=too_long)


class Asked:
    """What was asked, and of whom, for messages.

    Args:
        origin: of the server.
        model: its name.
        key_variable: where the key is.
        secret: the key, which no message may hold.
        models: that the server has, where that is known.
    """

    def __init__(
        self, origin: str, model: str = "", key_variable: str = "", secret: str = "", models: tuple[str, ...] = ()
    ) -> None:
        self.origin, self.model, self.key_variable, self.models = origin, model, key_variable, models
        self.secret = secret

    def __repr__(self) -> str:
        return f"Asked({self.origin!r}, {self.model!r})"


def said_in(body: Any, secret: str = "") -> str:
    """The server's own words in an answer that is an error: one line, short, without the key; empty where none."""
    found = body
    for name in ("error", "message", "detail"):
        if isinstance(found, Mapping) and name in found:
            found = found[name]
    if isinstance(found, Mapping):
        found = found.get("message")
    if not isinstance(found, str):
        return ""
    line = printable(" ".join(found.split()))
    line = line.replace(secret, "[key]") if secret else line
    return line if len(line) <= MAX_SAID else line[: MAX_SAID - 1] + "…"
