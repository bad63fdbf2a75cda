"""`ChatServer`: the two questions that a server of models is asked: to go on with a chat, and which models it has."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from chatpose.agent.backends.openai_address import ServerAddress, check_key, key_of
from chatpose.agent.backends.openai_errors import (
    Asked,
    ServerBusyError,
    ServerError,
    ServerReplyError,
    ServerUnreachableError,
    error_of_status,
)
from chatpose.agent.backends.openai_exchange import STEP_S, Exchange, Head, Limits, Request, StoppedByPersonError
from chatpose.agent.backends.openai_stream import DONE, EventReader, RawReply, json_of
from chatpose.agent.steps import Cancelled, never
from chatpose.optional import require_package

MAX_ERROR_BYTES = 64 * 1024
MAX_MODELS = 200
OnWords = Callable[[str], None]


class ChatServer:
    """A server, at the one address that the person gave. Keeps nothing of what is said; threads may share it.

    Args:
        address: of the server; nothing else is ever opened, redirects aren't followed, proxies aren't used.
        key_variable: of the environment, that holds the key; no key is sent when empty.
        limits: of time and size.

    Raises:
        MissingExtraError: httpx isn't installed.
        ServerKeyError: the variable isn't set.
        AddressError: the key would cross the internet unencrypted.
    """

    def __init__(self, address: ServerAddress, key_variable: str = "", limits: Limits | None = None) -> None:
        require_package("httpx", "server", "to talk to a model on a server")
        check_key(address, key_variable)
        self.address, self.key_variable, self.limits = address, key_variable, limits or Limits()
        self._tls = _tls() if address.secure else None

    def chat(self, body: Mapping[str, Any], on_words: OnWords, cancelled: Cancelled = never) -> RawReply:
        """Asks for the next message of a chat.

        Args:
            body: of `chat/completions`.
            on_words: is told words of the answer as they come.
            cancelled: whether the person has pressed stop.

        Raises:
            ServerError: see `openai_errors`; where nothing answers or there is too much to do, after a second try.
            StoppedByPersonError: the person pressed stop.
        """
        request = self._request("POST", "chat/completions", body)
        try:
            return self._chat(request, body, on_words, cancelled)
        except (ServerUnreachableError, ServerBusyError) as error:
            wait = error.wait_s if isinstance(error, ServerBusyError) else None
            if wait is not None and wait > self.limits.most_retry_s:
                raise
            self._wait(self.limits.retry_s if wait is None else wait, cancelled)
        return self._chat(request, body, on_words, cancelled)

    def models(self, cancelled: Cancelled = never) -> tuple[str, ...]:
        """Names of the models that the server has.

        Raises:
            ServerError: it doesn't say.
            StoppedByPersonError: the person pressed stop.
        """
        with self._exchange(self._request("GET", "models"), cancelled) as exchange:
            head = exchange.head()
            self._check_status(head, exchange, "")
            told = json_of(exchange.whole(self.limits.max_bytes))
        rows = told.get("data") if isinstance(told, Mapping) else None
        if not isinstance(rows, list):
            raise ServerReplyError(
                f"the server at {self.address.origin} doesn't list its models", fix="name one with --model"
            )
        names = [row["id"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("id"), str)]
        return tuple(names[:MAX_MODELS])

    # --- one try ------------------------------------------------------------------------------------------------------

    def _chat(self, request: Request, body: Mapping[str, Any], on_words: OnWords, cancelled: Cancelled) -> RawReply:
        reply = RawReply()
        secret = key_of(self.key_variable)
        with self._exchange(request, cancelled) as exchange:
            head = exchange.head()
            self._check_status(head, exchange, str(body.get("model", "")))
            if head.content_type == "application/json":  # a server that doesn't stream
                on_words(reply.add(json_of(exchange.whole(self.limits.max_bytes)), secret))
                return reply
            if head.content_type != "text/event-stream":
                raise ServerReplyError(
                    f"the server at {self.address.origin} answers {head.content_type[:60] or 'something unnamed'!r}",
                    expected="text/event-stream",
                    fix="give the address of its OpenAI protocol, which mostly ends in /v1",
                )
            done = False
            events = EventReader()
            for piece in exchange.pieces():
                done = self._take(events.feed(piece), reply, exchange, on_words, secret)
                if done:
                    return reply
            done = self._take(events.rest(), reply, exchange, on_words, secret)
        if not done and not reply.finish:
            raise ServerReplyError(
                f"{self.address.origin} broke off in the middle of its answer", fix="look at the server's log"
            )
        return reply

    def _take(self, found: list[str], reply: RawReply, exchange: Exchange, on_words: OnWords, secret: str) -> bool:
        """Takes events in; whether the last one was among them."""
        for data in found:
            if data.strip() == DONE:
                return True
            exchange.goes_on()
            words = reply.add(json_of(data), secret)
            if words:
                on_words(words)
        return False

    def _check_status(self, head: Head, exchange: Exchange, model: str) -> None:
        if head.status == 200:
            return
        body: Any = None
        with contextlib.suppress(ServerError):  # what the status says is enough
            body = json_of(exchange.whole(MAX_ERROR_BYTES))
        models: tuple[str, ...] = ()
        if head.status == 404 and model:
            try:
                models = self.models()
            except (ServerError, StoppedByPersonError):
                models = ()
        about = Asked(self.address.origin, model, self.key_variable, key_of(self.key_variable), models)
        raise error_of_status(head.status, head.headers, body, about)

    def _exchange(self, request: Request, cancelled: Cancelled) -> Exchange:
        return Exchange(request, self.address.origin, self.limits, cancelled)

    def _request(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Request:
        headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
        headers["user-agent"] = "chatpose"
        key = key_of(self.key_variable)
        if key:
            headers["authorization"] = f"Bearer {key}"
        data = b""
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return Request(method, f"{self.address.base}/{what}", headers, data, self._tls)

    def _wait(self, seconds: float, cancelled: Cancelled) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if cancelled():
                raise StoppedByPersonError
            time.sleep(min(left, STEP_S))


def _tls() -> Any:
    """Trusts the authorities that everybody does, or those of the file that SSL_CERT_FILE names."""
    import os
    import ssl

    import certifi

    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
