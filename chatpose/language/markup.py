"""How plans, poses and tools stand inside the text of a message: written, and strictly read back.

    <plan>                                    statements, one a line, in the grammar of posecodes
    left knee: right angle
    kneeling
    </plan>
    <pose><heading:12><root:1:401>…</pose>    a pose; with `lone` poses (regression) `<pose>` stands alone
    <pose><left_arm:1:5><left_arm:2:117></pose>
    <tool_call>{"name": "undo", "arguments": {}}</tool_call>
    <tool_result name="undo">{"done": true}</tool_result>

The second pose is an *edit*: only the parts that change, in the order of `PARTS`, each with all its stages; the heading
is there exactly when the root is. Its grammar is that of whole poses with parts left out (`followers`), so every whole
pose is also the edit of all parts. What it leaves out comes from the pose that is edited (`PoseBlock.tokens`).

What people type is text and stays text: `Guard` breaks every word in it that a reader or a tokenizer would take for
markup, by an invisible character behind its first one, and takes that away again on the way out.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from chatpose.corpus.instructions.messages import PlanPart, ToolCall, ToolResult
from chatpose.corpus.instructions.tools import tool
from chatpose.errors import ChatposeError, InvalidTokensError, unknown_name
from chatpose.formats.pose_json import parse_json
from chatpose.pose_tokenizer.config import PARTS, Stages
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pose_tokenizer.vocabulary import BEGIN, END, PoseVocabulary, Slot
from chatpose.posecodes import grammar

JOINER = "\u2060"
"""WORD JOINER, which no one sees: behind the first character of a word it makes text of markup."""
MAX_JSON_CHARS = 100_000
_POSE_WORD = r"<[a-z_]+(?::\d+){1,2}>"
_POSE_MARKS = rf"</?pose>|{_POSE_WORD}"
_MARKS = rf"{_POSE_MARKS}|</?plan>|</?tool_call>|<tool_result\b|</tool_result>"
_TAG = re.compile(
    rf"(?P<pose>{BEGIN})|(?P<plan><plan>)|(?P<tool_call><tool_call>)"
    rf'|<tool_result name="(?P<tool_result>[^"<>]*)">|(?P<stray>{_MARKS})'
)
_CLOSING = {"pose": END, "plan": "</plan>", "tool_call": "</tool_call>", "tool_result": "</tool_result>"}
_TOOL_NAME = re.compile(r"[a-z][a-z0-9_]*")


class MarkupError(ChatposeError, ValueError):
    """A message's text whose markup is broken.

    Attributes:
        place: character in the text at which the trouble begins, from 0; None where there is no text yet.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "", place: int | None = None) -> None:
        self.place = place
        super().__init__(got if place is None else f"character {place}: {got}", expected=expected, fix=fix)


class Guard:
    """Keeps people's text from being read as markup; exactly undone by `show`.

    Args:
        words: further words to break, such as a tokenizer's special tokens.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        several = sorted({word for word in words if len(word) > 1}, key=lambda word: (-len(word), word))
        # The joiners that a text brings along are counted, so that two texts never become one.
        breakable = [f"{re.escape(word[0])}{JOINER}*{re.escape(word[1:])}" for word in several]
        ours = _MARKS.replace("<", f"<{JOINER}*")
        first = "".join(sorted({re.escape(word[0]) for word in ("<", *several)}))  # passes over most of a text fast
        either = rf"(?=[{first}])(?=(?:{'|'.join([ours, *breakable])}))(.)"
        self._hidden = re.compile(either, re.DOTALL)
        self._shown = re.compile(either + JOINER, re.DOTALL)

    def hide(self, text: str) -> str:
        """The text with its markup broken."""
        return self._hidden.sub(rf"\1{JOINER}", text)

    def show(self, text: str) -> str:
        """What `hide` was given."""
        return self._shown.sub(r"\1", text)


_POSES_ONLY = re.compile(rf"(?=(?:{_POSE_MARKS}))(.)")


# --- pose blocks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PoseBlock:
    """What stands between `<pose>` and `</pose>`.

    Attributes:
        heading: bin; there exactly when the root is.
        codes: by part in the order of `PARTS`, first stage first; empty for a lone `<pose>`.
    """

    heading: int | None
    codes: Mapping[str, tuple[int, ...]]

    @property
    def parts(self) -> tuple[str, ...]:
        """Which parts it tells."""
        return tuple(self.codes)

    @property
    def whole(self) -> bool:
        """Whether it is a pose by itself."""
        return self.parts == PARTS

    def tokens(self, vocabulary: PoseVocabulary, base: PoseTokens | None = None) -> PoseTokens:
        """Tokens of the pose.

        Args:
            vocabulary: the block's.
            base: the pose that an edit changes; what the block doesn't tell stays, with its residual, bit for bit.

        Raises:
            MarkupError: an edit, and no pose to edit.
        """
        codes = {part: torch.tensor([row], dtype=torch.long) for part, row in self.codes.items()}
        heading = None if self.heading is None else torch.tensor([self.heading])
        if self.whole and heading is not None:
            return PoseTokens(heading, codes, vocabulary.config.heading_bins, vocabulary.fingerprint)
        if base is None:
            raise MarkupError(
                f"a pose of only {', '.join(self.parts) or 'nothing'}",
                expected="a whole pose",
                fix="edits need a pose to change",
            )
        for part, row in codes.items():
            base = base.with_part(part, row)
        return base if heading is None else replace(base, heading=heading)


def block_slots(vocabulary: PoseVocabulary, stages: Stages | Mapping[str, int], parts: Sequence[str]) -> list[Slot]:
    """What stands in a block of some parts, all of them when none are named, in order.

    Raises:
        UnknownNameError: no such part.
    """
    for part in parts:
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    counts = stages.by_part() if isinstance(stages, Stages) else stages
    told = [part for part in PARTS if not parts or part in parts]
    heading = [vocabulary.slots[0]] if PARTS[0] in told else []
    return heading + [Slot(part, stage + 1) for part in told for stage in range(counts[part])]


def block_ids(
    tokens: PoseTokens, vocabulary: PoseVocabulary, stages: Stages | Mapping[str, int], parts: Sequence[str] = ()
) -> tuple[int, ...]:
    """Ids of one pose, or of some of its parts, with `<pose>` and `</pose>`.

    Raises:
        InvalidTokensError: of another codebook, or encoded with fewer stages.
    """
    if tokens.fingerprint != vocabulary.fingerprint:
        raise InvalidTokensError(
            f"tokens of the codebook {tokens.fingerprint[:12]}", expected=f"of {vocabulary.fingerprint[:12]}"
        )
    ids = [vocabulary.begin]
    for slot in block_slots(vocabulary, stages, parts):
        row = tokens.codes[slot.part][0] if slot.stage else tokens.heading
        if slot.stage > len(row):
            raise InvalidTokensError(f"{slot.part} with {len(row)} stages", expected=f"at least {slot.stage}")
        ids.append(vocabulary.range_of(slot)[int(row[max(slot.stage - 1, 0)])])
    return (*ids, vocabulary.end)


def followers(
    vocabulary: PoseVocabulary, slot: Slot | None, stages: Stages | Mapping[str, int] | None = None
) -> tuple[Slot | None, ...]:
    """Which slots may come after one in a block (after `<pose>` when None), edits among them.

    Args:
        vocabulary: of the tokens.
        slot: the last.
        stages: how many each part has; any number when absent.

    Returns:
        In the order of a pose; None stands for `</pose>`.
    """
    if slot is None:
        return (vocabulary.slots[0], *(Slot(part, 1) for part in PARTS[1:]))
    if not slot.stage:
        return (Slot(PARTS[0], 1),)
    counts = vocabulary.config.stages.by_part() if stages is None else stages
    counts = counts.by_part() if isinstance(counts, Stages) else counts
    more = (Slot(slot.part, slot.stage + 1),) if slot.stage < counts[slot.part] else ()
    if more and stages is not None:
        return more
    return (*more, *(Slot(part, 1) for part in PARTS[PARTS.index(slot.part) + 1 :]), None)


def read_block(
    ids: Sequence[int], vocabulary: PoseVocabulary, stages: Stages | Mapping[str, int] | None = None
) -> PoseBlock:
    """A block from its ids, `<pose>` and `</pose>` among them.

    Raises:
        InvalidTokensError: naming the position of the first token that is out of place.
    """
    if not ids or ids[0] != vocabulary.begin:
        raise InvalidTokensError("token 0: no pose begins here", expected=BEGIN, position=0)
    heading: int | None = None
    codes: dict[str, list[int]] = {}
    last: Slot | None = None
    for position, number in enumerate(ids[1:], 1):
        expected = followers(vocabulary, last, stages)
        if number == vocabulary.end and None in expected:
            if position + 1 < len(ids):
                raise InvalidTokensError(f"token {position + 1}: more behind {END}", position=position + 1)
            return PoseBlock(heading, {part: tuple(row) for part, row in codes.items()})
        inside = 0 <= number - vocabulary.first_id < len(vocabulary)
        marker = number in (vocabulary.begin, vocabulary.end)
        slot, code = vocabulary.slot_of(number) if inside and not marker else (None, 0)
        if slot is None or slot not in expected:
            told = vocabulary.word(number) if inside else f"id {number}"
            raise InvalidTokensError(f"token {position}: {told}", expected=_listed(expected), position=position)
        if slot.stage:
            codes.setdefault(slot.part, []).append(code)
        else:
            heading = code
        last = slot
    raise InvalidTokensError(
        f"token {len(ids)}: half a pose, it ends here",
        expected=_listed(followers(vocabulary, last, stages)),
        position=len(ids),
    )


def _listed(slots: Sequence[Slot | None]) -> str:
    return " or ".join(END if slot is None else str(slot) for slot in slots)


# --- writing ---------------------------------------------------------------------------------------------------------


def write_text(text: str, guard: Guard) -> str:
    """Words, without blanks around them."""
    # A tokenizer can't take half a surrogate pair, which JSON can hold.
    return guard.hide(text.strip().encode("utf-8", "replace").decode())


def write_plan(plan: PlanPart, guard: Guard) -> str:
    """A plan.

    Raises:
        MarkupError: no statements, or one of several lines.
    """
    if not plan.statements:
        raise MarkupError("a plan without statements")
    for number, line in enumerate(plan.statements, 1):
        if not line.strip() or len(line.splitlines()) > 1:
            raise MarkupError(f"statement {number} of the plan is {line[:80]!r}", expected="one line")
    return "\n".join(["<plan>", *(write_text(line, guard) for line in plan.statements), "</plan>"])


def write_block(ids: Sequence[int], vocabulary: PoseVocabulary) -> str:
    """A pose."""
    return "".join(map(vocabulary.word, ids))


def write_call(call: ToolCall, guard: Guard) -> str:
    """A tool call.

    Raises:
        MarkupError: a tool that there isn't, or arguments that aren't as its schema says.
    """
    _checked_call(call, None)
    return f"<tool_call>{_json({'name': call.name, 'arguments': dict(call.arguments)}, guard)}</tool_call>"


def write_result(result: ToolResult, guard: Guard) -> str:
    """A tool's result.

    Raises:
        MarkupError: not JSON.
    """
    if not _TOOL_NAME.fullmatch(result.name):
        raise MarkupError(f"the result of a tool {result.name[:40]!r}", expected="a tool's name")
    return f'<tool_result name="{result.name}">{_json(result.content, guard)}</tool_result>'


def _json(value: Any, guard: Guard) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise MarkupError(f"a value that JSON can't hold: {error}") from error
    return write_text(text.replace("<", "\\u003c"), guard)


# --- reading ---------------------------------------------------------------------------------------------------------

Element = str | PlanPart | PoseBlock | ToolCall | ToolResult


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes:
        elements: in order; a str is words.
        errors: of what was left out because its markup is broken.
    """

    elements: tuple[Element, ...]
    errors: tuple[MarkupError, ...] = ()


class MarkupReader:
    """Reads messages' texts.

    Args:
        vocabulary: of the pose tokens.
        stages: how many each part must have; any number when absent.
        guard: with which texts were written.
        lone: poses are a single `<pose>` (regression).
    """

    def __init__(
        self,
        vocabulary: PoseVocabulary,
        stages: Stages | Mapping[str, int] | None = None,
        guard: Guard | None = None,
        *,
        lone: bool = False,
    ) -> None:
        self.vocabulary = vocabulary
        self.stages = stages
        self.guard = guard or Guard()
        self.lone = lone

    def parse(self, text: str) -> tuple[Element, ...]:
        """What a text says, strictly.

        Raises:
            MarkupError: half a pose block, tokens out of order, unknown slots, a statement that is none, malformed
                JSON, an unknown tool, a tag without its partner; naming the place.
        """
        reading = self.read(text)
        if reading.errors:
            raise reading.errors[0]
        return reading.elements

    def read(self, text: str) -> Reading:
        """What a text says; what is broken is left out, and reported."""
        elements: list[Element] = []
        errors: list[MarkupError] = []
        words = ""
        for found in self._scan(text):
            if isinstance(found, MarkupError):
                errors.append(found)
            elif isinstance(found, str):
                words += found
            else:
                elements += [self.guard.show(words.strip())] if words.strip() else []
                elements.append(found)
                words = ""
        elements += [self.guard.show(words.strip())] if words.strip() else []
        return Reading(tuple(elements), tuple(errors))

    def _scan(self, text: str) -> Iterator[Element | MarkupError]:
        place = 0
        while tag := _TAG.search(text, place):
            yield text[place : tag.start()]
            kind = tag.lastgroup or ""
            place = tag.end()
            if kind == "pose" and self.lone:
                yield PoseBlock(None, {})
            elif kind == "stray":
                yield MarkupError(f"{tag[0]} without a beginning", place=tag.start())
            else:
                end = text.find(_CLOSING[kind], place)
                other = _TAG.search(text, place)
                while other and kind == "pose" and re.fullmatch(_POSE_WORD, other[0]):
                    other = _TAG.search(text, other.end())
                if end < 0 or (other and other.start() < end):
                    stop = other.start() if other else len(text)
                    what = "half a pose block" if kind == "pose" else f"{tag[0]} that doesn't end"
                    expected = f"{_CLOSING[kind]} before " + (other[0] if other else "the text ends")
                    yield MarkupError(what, expected=expected, place=tag.start())
                    place = stop
                    continue
                try:
                    yield self._element(kind, text[place:end], place, tag)
                except MarkupError as error:
                    yield error
                place = end + len(_CLOSING[kind])
        yield text[place:]

    def _element(self, kind: str, inside: str, place: int, tag: re.Match[str]) -> Element:
        if kind == "pose":
            return self._block(inside, place)
        if kind == "plan":
            return self._plan(inside, place)
        value = self._value(inside, place)
        if kind == "tool_result":
            return ToolResult(tag["tool_result"], value)
        if not isinstance(value, dict) or set(value) != {"name", "arguments"}:
            raise MarkupError("a tool call of another form", expected='{"name": …, "arguments": {…}}', place=place)
        if not isinstance(value["name"], str) or not isinstance(value["arguments"], dict):
            raise MarkupError("a tool call of another form", expected='{"name": "…", "arguments": {…}}', place=place)
        call = ToolCall(value["name"], value["arguments"])
        _checked_call(call, place)
        return call

    def _block(self, inside: str, place: int) -> PoseBlock:
        ids, places = [self.vocabulary.begin], [place - len(BEGIN)]
        for word in re.finditer(r"<[^<>]*>|[^<\s]+|<", inside):
            try:
                ids.append(self.vocabulary.id_of(word[0]))
            except InvalidTokensError as error:
                raise MarkupError(error.got, expected=error.expected, place=place + word.start()) from error
            places.append(place + word.start())
        places.append(place + len(inside))
        try:
            return read_block([*ids, self.vocabulary.end], self.vocabulary, self.stages)
        except InvalidTokensError as error:
            got = error.got.partition(": ")[2] or error.got
            told = "half a pose block" if got == END else got
            at = places[min(error.position or 0, len(places) - 1)]
            raise MarkupError(told, expected=error.expected, place=at) from error

    def _plan(self, inside: str, place: int) -> PlanPart:
        lines = [self.guard.show(line.strip()) for line in inside.splitlines() if line.strip()]
        if not lines:
            raise MarkupError("a plan without statements", place=place)
        for number, line in enumerate(lines, 1):
            try:
                grammar.parse(line)
            except grammar.StatementError as error:
                raise MarkupError(
                    f"statement {number} of the plan: {error.got}", expected=error.expected, place=place
                ) from error
        return PlanPart(tuple(lines))

    def _value(self, inside: str, place: int) -> Any:
        if len(inside) > MAX_JSON_CHARS:
            raise MarkupError(
                f"{len(inside):,} characters of JSON", expected=f"at most {MAX_JSON_CHARS:,}", place=place
            )
        try:
            return parse_json(self.guard.show(inside).encode("utf-8", "replace"))
        except ChatposeError as error:
            raise MarkupError(error.got, expected=error.expected or "JSON", place=place) from error


def _checked_call(call: ToolCall, place: int | None) -> None:
    try:
        tool(call.name).check(call.arguments)
    except ChatposeError as error:
        raise MarkupError(error.got, expected=error.expected, fix=error.fix, place=place) from error


def text_of_ids(
    ids: Sequence[int], vocabulary: PoseVocabulary, decode: Callable[[Sequence[int]], str], *, lone: bool = False
) -> str:
    """The text that a model wrote: pose tokens become their words; letters that spell them stay letters.

    Args:
        ids: without end-of-turn and padding.
        vocabulary: of the pose tokens.
        decode: text of ids that aren't pose tokens.
        lone: poses are a single `<pose>`.
    """
    text, run = "", []
    for number in (*ids, vocabulary.begin):
        if not 0 <= number - vocabulary.first_id < (1 if lone else len(vocabulary)):
            run.append(number)
            continue
        if run:
            text += _POSES_ONLY.sub(rf"\1{JOINER}", decode(run))
            run = []
        text += vocabulary.word(number)
    return text.removesuffix(BEGIN)
