"""`OpenAIBackend`: a model on a server that speaks OpenAI's protocol (vLLM, llama.cpp, Ollama), with our tools."""

import threading
from typing import Any

from chatpose.agent.backends.model_text import VisibleText, final_text, without_thoughts
from chatpose.agent.backends.openai_address import ServerAddress
from chatpose.agent.backends.openai_arguments import call_of
from chatpose.agent.backends.openai_errors import ServerModelError, ServerRefusedError
from chatpose.agent.backends.openai_exchange import Limits, StoppedByPersonError
from chatpose.agent.backends.openai_messages import messages_of, tools_of
from chatpose.agent.backends.openai_stream import RawReply
from chatpose.agent.backends.openai_wire import ChatServer
from chatpose.agent.backends.protocol import Call, MalformedMoveError, Move, OnText, Say, View
from chatpose.agent.backends.written import Written, WrittenReader
from chatpose.agent.steps import Cancelled, never

MAX_TOKENS = 1024
TEMPERATURE = 0.2
SHORT_CHARS = 8000
"""Of the messages, where the model's context is too small for all."""


class OpenAIBackend:
    """A model on a server. Keeps nothing of a conversation; threads may share it.

    Args:
        address: of the server: "http://localhost:11434/v1".
        model: its name there; the server's only one when absent.
        key_variable: environment variable that holds the key; none is sent when empty.
        send_photos: photos go to the server, too.
        limits: of time and size.
        max_tokens: of one reply.
        temperature: 0 takes the likeliest words.

    Raises:
        AddressError: an address that can't be, or that a key mustn't be sent to.
        ServerKeyError: the variable isn't set.
        MissingExtraError: httpx isn't installed.
    """

    def __init__(
        self,
        address: str,
        model: str = "",
        *,
        key_variable: str = "",
        send_photos: bool = False,
        limits: Limits | None = None,
        max_tokens: int = MAX_TOKENS,
        temperature: float = TEMPERATURE,
    ) -> None:
        self.address = ServerAddress.read(address)
        self.send_photos, self.max_tokens, self.temperature = send_photos, max_tokens, temperature
        self._server = ChatServer(self.address, key_variable, limits)
        self._model = model
        self._lock = threading.Lock()
        self._written = WrittenReader()

    def __repr__(self) -> str:
        return f"OpenAIBackend({self.address.base!r}, {self._model!r})"

    @property
    def name(self) -> str:
        """The model and where it runs."""
        return f"{self._model or 'the model'} at {self.address.host}"

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        """Asks the server for the next move; see `Backend`.

        Raises:
            ServerError: see `openai_errors`.
            MalformedMoveError: a call of a tool that there isn't or with bad arguments, broken markup, an empty reply.
        """
        visible = VisibleText(sentences=True)
        # Before the first tool, words mostly only announce what comes.
        told = on_text if on_text is not None and view.outcomes else None

        def on_words(words: str) -> None:
            shown = visible.add(words) if told is not None else ""
            if told is not None and shown:
                told(shown)

        try:
            raw = self._ask(view, on_words, cancelled)
        except StoppedByPersonError:
            return Call()
        return self._move(raw, view)

    # --- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, view: View, on_words: OnText, cancelled: Cancelled) -> RawReply:
        model = self._named(cancelled)
        try:
            return self._server.chat(self._body(view, model), on_words, cancelled)
        except ServerRefusedError as error:
            if not error.too_long:
                raise
        return self._server.chat(self._body(view, model, most_chars=SHORT_CHARS), on_words, cancelled)

    def _body(self, view: View, model: str, **options: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model,
            "messages": messages_of(view, send_photos=self.send_photos, **options),
            "stream": True,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": view.seed % 2**31,
        }
        if view.tools:
            body["tools"] = tools_of(view.tools)
            if view.steps_left <= 1:
                body["tool_choice"] = "none"
        return body

    def _named(self, cancelled: Cancelled) -> str:
        """The model's name; the server is asked once where the person didn't say.

        Raises:
            ServerModelError: it has none, or several.
        """
        with self._lock:
            known = self._model
        if known:
            return known
        models = self._server.models(cancelled)
        if len(models) != 1:
            raise ServerModelError(
                f"the server at {self.address.origin} has {len(models) or 'no'} models",
                expected="one",
                fix=f"choose with --model: {', '.join(models[:12])}" if models else "load a model there",
            )
        with self._lock:
            self._model = models[0]
        return models[0]

    # --- reading ------------------------------------------------------------------------------------------------------

    def _move(self, raw: RawReply, view: View) -> Move:
        before = sum(call.name == "reply" for call, _ in view.outcomes)
        current = view.state.current_pose
        written = self._written.read(without_thoughts(raw.text), current.pose if current is not None else None)
        text = final_text(written.text)
        if raw.finish == "length" and raw.calls:
            raise MalformedMoveError("a call of a tool that was cut off", expected="a short one", raw=raw.text)
        if raw.calls:
            return Call(tuple(call_of(call, view.tools) for call in raw.calls), text)
        # What is broken may be put right once; after that, the words count.
        if written.errors and not (before and text):
            raise MalformedMoveError(f"markup that is broken: {written.errors[0]}", raw=raw.text)
        if written.calls:
            _check_names(written, view)
            return Call(written.calls, text)
        if not text and not written.poses:
            raise MalformedMoveError(
                "an empty reply", expected="a tool call, or an answer for the person", raw=raw.text
            )
        cut = "…" if raw.finish == "length" and not text.endswith((".", "!", "?", "…")) else ""
        return Say(text + cut, written.poses, written.plan)


def _check_names(written: Written, view: View) -> None:
    for call in written.calls:
        if call.name not in view.tools:
            raise MalformedMoveError(f"a call of the tool {call.name!r}", expected=f"one of: {', '.join(view.tools)}")
