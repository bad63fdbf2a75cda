"""A base model's own chat template, asked where it puts what is said.

The template is given stand-ins for the messages' contents, once for each order of turns; the contents are put where the
stand-ins came out. So no template rewrites a content, none can be led astray by one, and it is known for every
character who says it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatpose.errors import ChatposeError

Shape = tuple[tuple[str, tuple[bool, ...]], ...]
"""Turns by role, and for each of its pieces whether it is a photo."""
# What templates look at beside the messages: no reasoning, and no date, with which tokens would change by the day.
_SETTINGS = {"enable_thinking": False, "date_string": "26 Jul 2024"}
_STAND_IN = "\ue000{}\ue001"
_FOUND = re.compile("\ue000(\\d+)\ue001")
_KEPT = 1024


class RenderError(ChatposeError, ValueError):
    """A conversation that a base can't be shown, or a base that can't be shown conversations."""


@dataclass(frozen=True)
class Place:
    """Where a piece of text stands.

    Attributes:
        number: of the piece, photos counted.
        before: what the template writes before it.
        lead: characters of it that the assistant says, such as the blank behind "Assistant:".
        tail: characters behind the piece up to the end of the assistant's turn.
        end: what is put behind the piece where the template doesn't end the assistant's turn; counted in `tail`.
    """

    number: int
    before: str
    lead: int = 0
    tail: int = 0
    end: str = ""


@dataclass(frozen=True)
class Skeleton:
    """What a template writes around contents.

    Attributes:
        places: of the texts, in the order in which they come out.
        after: what follows the last.
    """

    places: tuple[Place, ...]
    after: str


class ChatTemplate:
    """The template of a tokenizer or processor.

    Args:
        base: tokenizer or processor.

    Raises:
        RenderError: it has none, or one that shows no question of a user and answer of an assistant.
    """

    def __init__(self, base: Any) -> None:
        eyes = hasattr(base, "image_processor")
        self.tokenizer = base.tokenizer if eyes else base
        self.text = _template_text(base)
        self._skeletons: dict[tuple[Shape, bool], Skeleton] = {}
        self._ends = re.compile("|".join(map(re.escape, _special_words(self.tokenizer))) or r"(?!)")
        self._listed = eyes and self._takes_lists()
        if not self._gives("user", "assistant"):
            raise RenderError(f"the chat template of {_name(base)} shows no question with its answer")
        self.has_system = self._gives("system", "user")
        """Whether there is a system role."""
        asks = re.search(r"""['"]tool['"]""", self.text) is not None
        self.has_tools = asks and self._gives("user", "assistant", "tool", "assistant")
        """Whether tools speak in a role of their own."""

    @property
    def end(self) -> str:
        """What the assistant's turn ends with; its last token is what generation stops at."""
        skeleton = self.skeleton((("user", (False,)), ("assistant", (False,))), generate=False)
        answer = skeleton.places[-1]
        return (answer.end + skeleton.after)[: answer.tail]

    def skeleton(self, shape: Shape, *, generate: bool) -> Skeleton:
        """What the template writes around the contents of some turns.

        Args:
            shape: of the turns; the assistant's have one piece.
            generate: whether the assistant is to speak next.

        Raises:
            RenderError: the template refuses the turns, or leaves out what is said.
        """
        key = (shape, generate)
        if key not in self._skeletons:
            if len(self._skeletons) >= _KEPT:
                self._skeletons.clear()
            self._skeletons[key] = self._made(shape, generate)
        return self._skeletons[key]

    def _made(self, shape: Shape, generate: bool) -> Skeleton:
        messages, texts, answers, number = [], [], {}, 0
        for turn, (role, kinds) in enumerate(shape):
            messages.append(self._message(role, kinds, number))
            texts += [number + place for place, photo in enumerate(kinds) if not photo]
            if role == "assistant":
                answers[number] = turn
            number += len(kinds)
        written = self._apply(messages, generate)
        found = list(_FOUND.finditer(written))
        if sorted(int(one[1]) for one in found) != texts:
            raise RenderError("the base's chat template leaves out or repeats what is said", fix="use another base")
        places, done = [], 0
        for one in found:
            turn, before = answers.get(int(one[1])), written[done : one.start()]
            done = one.end()
            if turn is None:
                places.append(Place(int(one[1]), before))
                continue
            prompt = self._apply(messages[:turn], True)
            # A template that shows earlier answers otherwise than it asks for new ones leads only to the content.
            lead = one.start() - len(prompt) if written.startswith(prompt) and len(prompt) <= one.start() else 0
            tail, end = self._tail(messages[: turn + 1], written[done:])
            places.append(Place(int(one[1]), before, min(lead, len(before)), tail, end))
        return Skeleton(tuple(places), written[done:])

    def _tail(self, messages: Sequence[Mapping[str, Any]], following: str) -> tuple[int, str]:
        """Characters behind an answer up to its end, and what has to be put there because the template has no end."""
        alone = self._apply(messages)
        rest = alone[list(_FOUND.finditer(alone))[-1].end() :]
        same = next((at for at, pair in enumerate(zip(rest, following, strict=False)) if pair[0] != pair[1]), None)
        end = self._ends.search(rest[: len(following)] if same is None else rest[:same])
        if end is not None:
            return end.end(), ""
        # LLaVA was trained with one that its template leaves out.
        word = self.tokenizer.eos_token
        if not word:
            raise RenderError("nothing ends the assistant's turn", expected="a template or a tokenizer with an end")
        return len(word), word

    def _apply(self, messages: Sequence[Mapping[str, Any]], generate: bool = False) -> str:
        from jinja2 import TemplateError

        try:
            return self.tokenizer.apply_chat_template(
                list(messages), chat_template=self.text, tokenize=False, add_generation_prompt=generate, **_SETTINGS
            )
        except TemplateError as error:
            roles = ", ".join(str(message["role"]) for message in messages)
            raise RenderError(f"the base's chat template refuses {roles}: {error}") from error

    def _message(self, role: str, kinds: Sequence[bool], number: int) -> dict[str, Any]:
        """A message of stand-ins, counted from `number`."""
        names = [_STAND_IN.format(number + place) for place in range(len(kinds))]
        if not self._listed:
            return {"role": role, "content": "".join(names)}
        parts = [
            {"type": "image"} if photo else {"type": "text", "text": name}
            for photo, name in zip(kinds, names, strict=True)
        ]
        return {"role": role, "content": parts}

    def _takes_lists(self) -> bool:
        """Whether contents are lists of parts; a template for plain ones prints them as Python does."""
        try:
            text = self._apply([{"role": "user", "content": [{"type": "text", "text": _STAND_IN.format(0)}]}])
        except Exception:  # a template may do anything with what it doesn't know
            return False
        return _STAND_IN.format(0) in text and "'type'" not in text

    def _gives(self, *roles: str) -> bool:
        """Whether the template shows what each of some roles says once, in order."""
        try:
            text = self._apply([self._message(role, (False,), number) for number, role in enumerate(roles)])
        except Exception:  # a template may do anything with a role that it doesn't know
            return False
        return [int(number) for number in _FOUND.findall(text)] == list(range(len(roles)))


def _template_text(base: Any) -> str:
    template = getattr(base, "chat_template", None)
    if template is None and hasattr(base, "image_processor"):
        template = getattr(base.tokenizer, "chat_template", None)
    if isinstance(template, Mapping):
        template = template.get("default")
    if not template:
        raise RenderError(
            f"{_name(base)} has no chat template",
            expected="a base that was trained to chat",
            fix="take its Instruct or Chat version, or give its tokenizer a chat template",
        )
    return str(template)


def _name(base: Any) -> str:
    tokenizer = getattr(base, "tokenizer", base)
    return str(getattr(tokenizer, "name_or_path", "") or type(base).__name__)


def _special_words(tokenizer: Any) -> list[str]:
    words = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    words |= {tokenizer.eos_token} if tokenizer.eos_token else set()
    words -= {tokenizer.bos_token} - {tokenizer.eos_token}
    return sorted(words, key=lambda word: (-len(word), word))
