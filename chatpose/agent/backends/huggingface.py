"""`HuggingFaceBackend`: any language model with chatpose's adapter, on this machine, as the one that answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chatpose.agent.backends.huggingface_view import fitting, shown_to
from chatpose.agent.backends.model_text import final_text, without_thoughts
from chatpose.agent.backends.protocol import BackendError, Call, MalformedMoveError, Move, OnText, Say, View
from chatpose.agent.steps import Cancelled, never
from chatpose.corpus.instructions.messages import Conversation
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.language.pose_lm import PoseLM
    from chatpose.language.reply import Reply

MAX_NEW_TOKENS = 512
TEMPERATURE = 0.3
WAIT_S = 0.1
MAX_PROMPT_TOKENS = 8192
_UNREAD = "Left out of the answer:"


class HuggingFaceBackend:
    """A `PoseLM` that decides. One answer at a time; threads may share it.

    Args:
        lm: the model.
        name: what it is called on screen; its base's name when absent.
        max_new_tokens: of one reply.
        temperature: 0 takes the likeliest token.
    """

    def __init__(
        self, lm: "PoseLM", name: str = "", *, max_new_tokens: int = MAX_NEW_TOKENS, temperature: float = TEMPERATURE
    ) -> None:
        self.lm = lm
        self.max_new_tokens, self.temperature = max_new_tokens, temperature
        self._name = name or Path(lm.config.base).name
        self._busy = threading.Lock()

    @classmethod
    def open(cls, base_or_adapter: str, adapter: str | None = None) -> "HuggingFaceBackend":
        """Loads a model.

        Args:
            base_or_adapter: hub name or folder of a base, or an adapter's folder, which knows its base.
            adapter: its folder.

        Raises:
            MissingExtraError: the packages for it aren't installed.
            ChatposeError: see `PoseLM.from_pretrained`.
        """
        from chatpose.language.pose_lm import PoseLM

        return cls(PoseLM.from_pretrained(base_or_adapter, adapter))

    @property
    def name(self) -> str:
        """The base's name."""
        return self._name

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        """The model's next message as a move; see `Backend`.

        Raises:
            MalformedMoveError: markup that is broken, or nothing at all, for the first time in this turn.
            BackendError: again; or the model can't be shown the conversation, or has no memory for it.
        """
        before = sum(call.name == "reply" for call, _ in view.outcomes)
        with self._alone(cancelled) as mine:
            reply = self._reply(view, before, cancelled) if mine else None
        return Call() if reply is None or cancelled() else _move(reply, again=before > 0)

    def _reply(self, view: View, seed: int, cancelled: Cancelled) -> "Reply":
        from chatpose.language.decoding import Sampling

        sampling = Sampling(self.temperature, max_new_tokens=self.max_new_tokens, seed=(view.seed + seed) % 2**31)
        try:
            return self.lm.reply(self._conversation(view), sampling=sampling, stop=cancelled)
        except ChatposeError as error:
            raise BackendError(error.got, expected=error.expected, fix=error.fix) from error
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and "out of memory" not in str(error).lower():
                raise
            raise BackendError(
                f"{self.name} has no memory left for this conversation", fix="start a new one"
            ) from error

    def _conversation(self, view: View) -> Conversation:
        """What the model is shown: as many turns as it has room for."""
        shown = shown_to(view, has_eyes=self.lm.has_eyes)
        settings = self.lm.model.get_base_model().config
        settings = getattr(settings, "text_config", None) or settings
        room = min(getattr(settings, "max_position_embeddings", None) or MAX_PROMPT_TOKENS, MAX_PROMPT_TOKENS)
        return fitting(shown, room - self.max_new_tokens, lambda one: len(self.lm.renderer.render(one, generate=True)))

    @contextmanager
    def _alone(self, cancelled: Cancelled) -> Iterator[bool]:
        """The model for oneself; False where the person stopped while others had it."""
        while not self._busy.acquire(timeout=WAIT_S):
            if cancelled():
                yield False
                return
        try:
            yield True
        finally:
            self._busy.release()


def _move(reply: "Reply", *, again: bool) -> Move:
    """What a reply comes to.

    Args:
        reply: read back already; what of it was broken is in its notes.
        again: whether an earlier reply of this turn couldn't be used.
    """
    text = final_text(without_thoughts(reply.message.text))
    broken = [note for note in reply.notes if note.startswith(_UNREAD)]
    empty = not (text or reply.poses or reply.tool_calls)
    if broken and not (again and not empty):
        why = broken[0].removeprefix(_UNREAD).strip().rstrip(".")
        raise _unusable(f"markup that is broken: {why}", reply, again)
    if empty:
        raise _unusable("an empty reply", reply, again)
    if reply.tool_calls:
        return Call(reply.tool_calls, text)
    plan = tuple(line for part in reply.plans for line in part.statements)
    return Say(text, reply.poses, plan)


def _unusable(what: str, reply: "Reply", again: bool) -> BackendError:
    """The first time the model may try again, the second time it is given up for this turn."""
    if again:
        return BackendError(f"it wrote {what}, twice")
    return MalformedMoveError(
        what, expected="a plan and a whole pose, a tool call, or words for the person", raw=reply.raw_text
    )
