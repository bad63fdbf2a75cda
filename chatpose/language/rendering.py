"""Conversations as a base model reads them: tokens, and for every token who says it and how much it counts.

What is said goes through the base's own chat template (`chat_template`) and tokenizer; photos expand through its own
processor.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import (
    Conversation,
    ImagePart,
    Message,
    Part,
    PlanPart,
    PosePart,
    TextPart,
    ToolCall,
)
from chatpose.corpus.instructions.tools import tool
from chatpose.language.chat_template import ChatTemplate, RenderError, Skeleton
from chatpose.language.markup import (
    Guard,
    MarkupReader,
    block_ids,
    write_block,
    write_call,
    write_plan,
    write_result,
    write_text,
)
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.tokens import PoseResidual, PoseTokens
from chatpose.pose_tokenizer.vocabulary import BEGIN, PoseVocabulary

OTHER, TEXT, PLAN, POSE, TOOL_CALL = range(5)
"""What a token is; all but OTHER are the assistant's and learned."""
STAGE_WEIGHTS = (1.0, 0.4, 0.15, 0.1)
IGNORED = -100
PHOTO_AS_POSE = "The model has no eyes: it was given the pose that was estimated from the photo."
PHOTO_WORDS = "The pose estimated from the photo:"
TOOLS_WORDS = 'Tools, called by <tool_call>{"name": …, "arguments": {…}}</tool_call>:'
_REMEMBERED = 4096

Mode = Literal["tokens", "regression"]


@dataclass(frozen=True, eq=False)
class Rendered:
    """A conversation as tokens.

    Attributes:
        input_ids: (T,) int64.
        roles: (T,) int8: OTHER, TEXT, PLAN, POSE or TOOL_CALL.
        weights: (T,) float32 of the loss of each token when it is predicted: 0 of OTHER, less for later stages of a
            pose.
        images: what the base's processor makes of the photos, by the names of the base's inputs; empty without photos.
        poses: that the assistant writes, in order.
        pose_places: where each of them begins.
        notes: what was done that a person may want to know.
    """

    input_ids: Tensor
    roles: Tensor
    weights: Tensor
    images: Mapping[str, Tensor] = field(default_factory=dict)
    poses: tuple[Pose, ...] = ()
    pose_places: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def labels(self) -> Tensor:
        """(T,) the ids to predict; -100 where nothing is learned."""
        return self.input_ids.masked_fill(self.roles == OTHER, IGNORED)


@dataclass
class _Piece:
    """Text of a turn, or a photo.

    Attributes:
        text: with markup.
        spans: start, end and role of its parts.
        blocks: where poses begin, their ids, and the pose.
        pixels: of a photo, which has no text.
    """

    text: str = ""
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    blocks: list[tuple[int, tuple[int, ...], Pose]] = field(default_factory=list)
    pixels: np.ndarray | None = None

    def add(self, text: str, role: int = TEXT, block: tuple[tuple[int, ...], Pose] | None = None) -> None:
        """Appends a line."""
        if not text:
            return
        self.text += "\n" if self.text else ""
        if block is not None:
            self.blocks.append((len(self.text), *block))
        self.spans.append((len(self.text), len(self.text) + len(text), role))
        self.text += text


@dataclass
class _Turn:
    """What one side says, in the template's roles."""

    role: str
    pieces: list[_Piece]


@dataclass
class _Written:
    """A conversation as one text.

    Attributes:
        text: the whole.
        said: start, end and role of everything that the assistant says, in order.
        contents: start and end of what anybody says.
        blocks: start, ids and pose of every block, and whether the assistant writes it.
    """

    text: str = ""
    said: list[tuple[int, int, int]] = field(default_factory=list)
    contents: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[tuple[int, tuple[int, ...], Pose, bool]] = field(default_factory=list)


class Renderer:
    """Shows conversations to one base model.

    Args:
        base: its tokenizer, or its processor where it has eyes; the tokenizer holds the pose words already.
        vocabulary: of the pose tokens, with the base's ids.
        pose_tokenizer: of the same codebooks.
        level: of the pose tokens.
        mode: "tokens", or "regression": the assistant's poses are a lone `<pose>`.
        stage_weights: of a pose token's loss by its stage; later ones have the last.
        estimates: models with eyes read perception's pose beside the photo, too.
        encoder: poses to tokens of the level, where something knows them already; the pose tokenizer by default.

    Raises:
        RenderError: a base without a chat template, without a fast tokenizer, or without the pose words.
    """

    def __init__(
        self,
        base: Any,
        vocabulary: PoseVocabulary,
        pose_tokenizer: PoseTokenizer,
        level: str = "coarse",
        *,
        mode: Mode = "tokens",
        stage_weights: Sequence[float] = STAGE_WEIGHTS,
        estimates: bool = False,
        encoder: Callable[[Pose], PoseTokens] | None = None,
    ) -> None:
        self.processor = base if hasattr(base, "image_processor") else None
        self.tokenizer = base.tokenizer if self.processor is not None else base
        self.vocabulary = vocabulary
        self.pose_tokenizer = pose_tokenizer
        self.level = level
        self.stages = vocabulary.config.level(level).by_part()
        self.mode: Mode = mode
        self.estimates = estimates
        self._encoder = encoder
        self._pose_weights = _pose_weights(vocabulary, stage_weights)
        self._remembered: OrderedDict[bytes, PoseTokens] = OrderedDict()
        self._check_words()
        self.template = ChatTemplate(base)
        self.guard = Guard(self._special_words())

    # --- the base ------------------------------------------------------------------------------------------------

    @property
    def has_eyes(self) -> bool:
        """Whether photos are seen."""
        return self.processor is not None

    @cached_property
    def end_ids(self) -> tuple[int, ...]:
        """What ends the assistant's turn: `generate` is to stop at it, beside the base's own ends."""
        return (self.tokenizer(self.template.end, add_special_tokens=False)["input_ids"][-1],)

    @cached_property
    def banned_ids(self) -> tuple[int, ...]:
        """What the assistant never says: the words that stand for photos."""
        words = [getattr(self.processor, name, None) for name in ("image_token", "video_token", "fake_image_token")]
        ids = {self.tokenizer.convert_tokens_to_ids(word) for word in words if isinstance(word, str)}
        return tuple(sorted(number for number in ids if number not in (None, self.tokenizer.unk_token_id)))

    def reader(self) -> MarkupReader:
        """Reads what the model writes."""
        return MarkupReader(self.vocabulary, self.stages, self.guard, lone=self.mode == "regression")

    def _special_words(self) -> list[str]:
        """Words that the tokenizer takes for more than text; the pose words are `Guard`'s own."""
        added = self.tokenizer.get_added_vocab()
        return [word for word, number in added.items() if not self._of_pose(number) and not word.isspace()]

    @cached_property
    def special_ids(self) -> np.ndarray:
        """Ids that no content may hold: the tokenizer's own special ones but for words of our markup."""
        known = self.tokenizer.added_tokens_decoder.items()
        special = {number for number, token in known if token.special and not self._of_pose(number)}
        ours = {"<plan>", "</plan>", "<tool_call>", "</tool_call>", "</tool_result>"}
        special -= {number for number, token in known if token.content in ours} | {self.tokenizer.unk_token_id}
        return np.array(sorted(number for number in special if number is not None), dtype=np.int64)

    def _of_pose(self, number: int) -> bool:
        return 0 <= number - self.vocabulary.first_id < len(self.vocabulary)

    def _check_words(self) -> None:
        if not getattr(self.tokenizer, "is_fast", False):
            raise RenderError(
                f"the tokenizer {type(self.tokenizer).__name__} doesn't say where its tokens stand in a text",
                expected="a fast tokenizer (tokenizer.json)",
            )
        words = self.vocabulary
        last = words.first_id if self.mode == "regression" else words.first_id + len(words) - 1
        for number in (words.begin, last):
            if self.tokenizer.convert_tokens_to_ids(words.word(number)) != number:
                raise RenderError(
                    f"{words.word(number)} isn't token {number} of the base", fix="add the pose words to its tokenizer"
                )

    # --- poses ---------------------------------------------------------------------------------------------------

    def tokens_of(self, poses: Sequence[Pose]) -> list[PoseTokens]:
        """Tokens of each pose at the level, encoded once."""
        keys = [_key(pose) for pose in poses]
        known = {key: tokens for key in keys if (tokens := self._remembered.get(key)) is not None}
        new = {key: pose for key, pose in zip(keys, poses, strict=True) if key not in known}
        if new:
            several = Pose(*(torch.stack(field_) for field_ in zip(*map(_fields, new.values()), strict=True)))
            tokens = self._encoder(several) if self._encoder else self._encoded(several)
            for row, key in enumerate(new):
                known[key] = self._remember(key, tokens[row : row + 1])
        return [known[key] for key in keys]

    def remember(self, pose: Pose, tokens: PoseTokens) -> None:
        """Tokens of a pose that a model wrote: it reads the very same ones again in later turns."""
        self._remember(_key(pose), tokens.plain())

    def _remember(self, key: bytes, tokens: PoseTokens) -> PoseTokens:
        self._remembered[key] = tokens
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return tokens

    def _encoded(self, poses: Pose) -> PoseTokens:
        return self.pose_tokenizer.encode(poses, self.level, residual=False)

    @staticmethod
    def last_pose(conversation: Conversation) -> Pose | None:
        """What "it" is: the last pose of a conversation, which edits change."""
        poses = [pose for message in conversation.messages for pose in message.poses()]
        return poses[-1] if poses else None

    def edited(self, conversation: Conversation) -> PoseTokens | None:
        """The last pose of a conversation as the model reads it, with what its tokens leave out as residual."""
        exact = self.last_pose(conversation)
        if exact is None:
            return None
        (tokens,) = self.tokens_of([exact])
        near = self.pose_tokenizer.decode(tokens).local_rotations.to(exact.local_rotations)
        left = near.transpose(-1, -2) @ exact.local_rotations
        return replace(tokens, residual=PoseResidual(left, exact.betas[None], exact.transl[None]))

    # --- rendering -----------------------------------------------------------------------------------------------

    def render(self, conversation: Conversation, *, generate: bool = False) -> Rendered:
        """A conversation as tokens.

        Args:
            conversation: to learn from, or to answer.
            generate: the assistant is to speak next.

        Raises:
            RenderError: the assistant has spoken last and is to speak next, a photo without a pose for a base without
                eyes, or a conversation that the base's template refuses.
            MarkupError: a plan or a tool call that can't be written.
        """
        if generate and conversation.messages[-1].role == "assistant":
            raise RenderError("an answer to the assistant's own message", expected="a message of the user last")
        notes: list[str] = []
        turns = self._turns(conversation, notes)
        shape = tuple((turn.role, tuple(piece.pixels is not None for piece in turn.pieces)) for turn in turns)
        pieces = [(piece, turn.role == "assistant") for turn in turns for piece in turn.pieces]
        written = _filled(self.template.skeleton(shape, generate=generate), pieces)
        photos = [piece.pixels for piece, _ in pieces if piece.pixels is not None]
        return self._tokens(written, photos, tuple(dict.fromkeys(notes)))

    def _turns(self, conversation: Conversation, notes: list[str]) -> list[_Turn]:
        poses = [part.pose for message in conversation.messages for part in message.parts
                 if isinstance(part, PosePart | ImagePart) and part.pose is not None
                 and self._is_written(part, message.role)]  # fmt: skip
        tokens = dict(zip(map(id, poses), self.tokens_of(poses), strict=True))
        turns: list[_Turn] = []
        system = _tools_text(conversation.tools)
        for message in conversation.messages:
            pieces = self._pieces(message, tokens, notes)
            if message.role == "system":
                system = "\n\n".join(filter(None, [pieces[0].text, system]))
                continue
            role = "user" if message.role == "tool" and not self.template.has_tools else message.role
            if role == "user" and turns and turns[-1].role == "user":  # several tools at once
                turns[-1].pieces += pieces
            else:
                turns.append(_Turn(role, pieces))
        if system:
            piece = _Piece()
            piece.add(system)
            if self.template.has_system:
                turns.insert(0, _Turn("system", [piece]))
            else:
                piece.text += "\n\n"
                turns[0].pieces.insert(0, piece)
        for turn in turns:
            turn.pieces = _merged(turn.pieces)
        return turns

    def _is_written(self, part: PosePart | ImagePart, role: str) -> bool:
        """Whether its pose is told in tokens."""
        if isinstance(part, ImagePart):
            return self.estimates or not self.has_eyes
        return role != "assistant" or self.mode == "tokens"

    def _pieces(self, message: Message, tokens: Mapping[int, PoseTokens], notes: list[str]) -> list[_Piece]:
        pieces = [_Piece()]
        for part in message.parts:
            if isinstance(part, ImagePart) and self.has_eyes:
                pieces += [_Piece(pixels=part.pixels), _Piece()]
                if part.pose is None or not self._is_written(part, message.role):
                    continue
            self._add(pieces[-1], part, message.role, tokens, notes)
        return pieces

    def _add(self, piece: _Piece, part: Part, role: str, tokens: Mapping[int, PoseTokens], notes: list[str]) -> None:
        if isinstance(part, TextPart):
            piece.add(write_text(part.text, self.guard))
        elif isinstance(part, PlanPart):
            piece.add(write_plan(part, self.guard), PLAN)
        elif isinstance(part, ToolCall):
            piece.add(write_call(part, self.guard), TOOL_CALL)
        elif isinstance(part, PosePart):
            self._add_pose(piece, part.pose, tokens, part.parts, role)
        elif isinstance(part, ImagePart):
            if part.pose is None:
                raise RenderError(
                    "a photo, and the base has no eyes",
                    expected="a photo with the pose that was estimated from it",
                    fix="estimate it first, or use a base that sees",
                )
            if not self.has_eyes:
                notes.append(PHOTO_AS_POSE)
            piece.add(PHOTO_WORDS)
            self._add_pose(piece, part.pose, tokens, (), role)
        else:
            piece.add(write_result(part, self.guard))

    def _add_pose(
        self, piece: _Piece, pose: Pose, tokens: Mapping[int, PoseTokens], parts: Sequence[str], role: str
    ) -> None:
        if role == "assistant" and self.mode == "regression":
            piece.add(BEGIN, POSE, ((self.vocabulary.begin,), pose))
            return
        ids = block_ids(tokens[id(pose)], self.vocabulary, self.stages, parts)
        piece.add(write_block(ids, self.vocabulary), POSE, (ids, pose))

    # --- tokens --------------------------------------------------------------------------------------------------

    def _tokens(self, written: _Written, photos: Sequence[np.ndarray], notes: tuple[str, ...]) -> Rendered:
        # As transformers does: processors add the first token where the template doesn't, tokenizers never.
        bos = self.tokenizer.bos_token
        special = self.has_eyes and not (bos and written.text.startswith(bos))
        told = self.tokenizer(written.text, add_special_tokens=special, return_offsets_mapping=True)
        ids = np.asarray(told["input_ids"], dtype=np.int64)
        spans = np.asarray(told["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        roles = _roles(spans, written.said)
        places = self._checked(ids, spans, written)
        images: dict[str, Tensor] = {}
        if photos:
            ids, moved, images = self._with_photos(written.text, ids, photos, special)
            spread = np.zeros(len(ids), dtype=np.int8)
            spread[moved] = roles
            roles, places = spread, [int(moved[place]) for place in places]
        mine = [(place, pose) for place, (*_, pose, own) in zip(places, written.blocks, strict=True) if own]
        input_ids, kinds = torch.from_numpy(ids), torch.from_numpy(roles)
        return Rendered(
            input_ids,
            kinds,
            self._weights(input_ids, kinds),
            images,
            tuple(pose for _, pose in mine),
            tuple(place for place, _ in mine),
            notes,
        )

    def _weights(self, ids: Tensor, roles: Tensor) -> Tensor:
        place = ids - self.vocabulary.first_id
        of_pose = (place >= 0) & (place < len(self.vocabulary))
        staged = self._pose_weights[place.clamp(0, len(self.vocabulary) - 1)]
        return torch.where(of_pose, staged, 1.0) * (roles != OTHER)

    def _checked(self, ids: np.ndarray, spans: np.ndarray, written: _Written) -> list[int]:
        """Where each block begins; makes sure that pose tokens and special ones stand where they were written.

        Raises:
            RenderError: the tokenizer reads the text otherwise.
        """
        first, count = self.vocabulary.first_id, len(self.vocabulary)
        own = (ids >= first) & (ids < first + count)
        found = own.nonzero()[0]
        expected = [number for _, block, *_ in written.blocks for number in block]
        if ids[found].tolist() != expected:
            raise RenderError("the base's tokenizer doesn't read the pose words as they were written")
        places, at = [], 0
        for _, block, *_ in written.blocks:
            places.append(int(found[at]))
            at += len(block)
        for number in spans[np.isin(ids, self.special_ids), 0]:
            at = bisect_right(written.contents, (int(number), len(written.text))) - 1
            if at >= 0 and number < written.contents[at][1]:
                raise RenderError(f"{written.text[number : number + 20]!r} in a message would be read as markup")
        return places

    def _with_photos(
        self, text: str, ids: np.ndarray, photos: Sequence[np.ndarray], special: bool
    ) -> tuple[np.ndarray, np.ndarray, dict[str, Tensor]]:
        """Ids in which photos have their room, where each of the ids is now, and the processor's other results."""
        from PIL import Image

        processor: Any = self.processor
        pictures = [Image.fromarray(np.ascontiguousarray(pixels, dtype=np.uint8)) for pixels in photos]
        mark = self.tokenizer.convert_tokens_to_ids(processor.image_token)
        if int((ids == mark).sum()) != len(photos):
            raise RenderError(f"the base's chat template shows {int((ids == mark).sum())} of {len(photos)} photos")
        made = processor(text=[text], images=[pictures], add_special_tokens=special, return_tensors="pt")
        full = made["input_ids"][0].numpy().astype(np.int64)
        rest = {name: value for name, value in made.items() if name not in ("input_ids", "attention_mask")}
        return full, _moved(ids, full, mark), rest


def _filled(skeleton: Skeleton, pieces: Sequence[tuple[_Piece, bool]]) -> _Written:
    """The template's text with the contents in their places."""
    whole = _Written()
    pending = 0  # characters that still belong to the assistant's turn
    for place in skeleton.places:
        piece, spoken = pieces[place.number]
        at = len(whole.text)
        if pending:
            whole.said.append((at, at + pending, TEXT))
        if place.lead:
            whole.said.append((at + len(place.before) - place.lead, at + len(place.before), TEXT))
        whole.text += place.before
        start = len(whole.text)
        whole.text += piece.text
        whole.contents.append((start, len(whole.text)))
        whole.blocks += [(start + offset, ids, pose, spoken) for offset, ids, pose in piece.blocks]
        if spoken:
            whole.said += _gapless([(start + a, start + b, role) for a, b, role in piece.spans], len(whole.text))
            whole.said.append((len(whole.text), len(whole.text) + len(place.end), TEXT))
        whole.text += place.end
        pending = place.tail - len(place.end) if spoken else 0
    if pending:
        whole.said.append((len(whole.text), len(whole.text) + pending, TEXT))
    whole.text += skeleton.after
    whole.said = [span for span in whole.said if span[0] < span[1]]
    return whole


def _gapless(spans: list[tuple[int, int, int]], end: int) -> list[tuple[int, int, int]]:
    """The line breaks between parts are words of the assistant, too."""
    ends = [start for start, *_ in spans[1:]] + [end]
    return [one for (start, stop, role), after in zip(spans, ends, strict=True)
            for one in ((start, stop, role), (stop, after, TEXT))]  # fmt: skip


def _roles(spans: np.ndarray, said: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """(T,) what each token is: who says its first character."""
    if not said:
        return np.zeros(len(spans), dtype=np.int8)
    starts, ends, roles = (np.array(column) for column in zip(*said, strict=True))
    at = np.searchsorted(starts, spans[:, 0], side="right") - 1
    inside = (at >= 0) & (spans[:, 0] < ends[at])
    empty = spans[:, 0] == spans[:, 1]  # tokens that a tokenizer puts before a text of its own accord
    return np.where(inside & ~empty, roles[at], OTHER).astype(np.int8)


def _moved(ids: np.ndarray, full: np.ndarray, mark: int) -> np.ndarray:
    """Where each id is once photos have their room; a photo's placeholder is where its room begins.

    Raises:
        RenderError: the processor changes more than that.
    """
    runs = np.split(np.arange(len(ids)), (ids == mark).nonzero()[0])  # each but the first begins with a placeholder
    moved = np.zeros(len(ids), dtype=np.int64)
    at = 0
    for number, run in enumerate(runs):
        words = run[1:] if number else run
        if number:
            moved[run[0]] = at
            at += 1
        last = number == len(runs) - 1
        at = len(full) - len(words) if last and number else _found(full, ids[words], at)
        if at < 0 or not np.array_equal(full[at : at + len(words)], ids[words]):
            raise RenderError("the base's processor changes the text around photos", fix="use another base")
        moved[words] = np.arange(at, at + len(words))
        at += len(words)
    return moved


def _found(full: np.ndarray, words: np.ndarray, start: int) -> int:
    """Where some ids stand next; -1 nowhere."""
    if not len(words):
        return start
    for at in (full[start:] == words[0]).nonzero()[0] + start:
        if np.array_equal(full[at : at + len(words)], words):
            return int(at)
    return -1


def _merged(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Neighbouring texts as one, without empty ones; at least one piece."""
    merged: list[_Piece] = []
    for piece in pieces:
        if piece.pixels is None and merged and merged[-1].pixels is None:
            before = merged[-1]
            gap = "\n" if before.text and piece.text and not before.text.endswith("\n") else ""
            shift = len(before.text) + len(gap)
            before.spans += [(a + shift, b + shift, role) for a, b, role in piece.spans]
            before.blocks += [(at + shift, ids, pose) for at, ids, pose in piece.blocks]
            before.text += gap + piece.text
        else:
            merged.append(piece)
    return [piece for piece in merged if piece.text or piece.pixels is not None] or [_Piece()]


def _tools_text(names: Sequence[str]) -> str:
    """What the assistant is told of its tools, the same for every base."""
    lines = []
    for one in map(tool, names):
        told = []
        for name, about in one.properties.items():
            kind = "|".join(map(str, about["enum"])) if "enum" in about else str(about["type"])
            told.append(f"{name}{'' if name in one.required else '?'}: {kind}")
        lines.append(f"{one.name}({', '.join(told)}): {one.purpose}")
    return "\n".join([TOOLS_WORDS, *lines]) if lines else ""


def _pose_weights(vocabulary: PoseVocabulary, stage_weights: Sequence[float]) -> Tensor:
    """(pose tokens,) the weight of each; begin, end and heading count whole."""
    weights = torch.ones(len(vocabulary))
    for slot in vocabulary.slots[1:]:
        ids = vocabulary.range_of(slot)
        weight = stage_weights[min(slot.stage, len(stage_weights)) - 1]
        weights[ids.start - vocabulary.first_id : ids.stop - vocabulary.first_id] = weight
    return weights


def _fields(pose: Pose) -> tuple[Tensor, ...]:
    return pose.global_orient, pose.body_pose, pose.betas, pose.transl


def _key(pose: Pose) -> bytes:
    return pose.local_rotations.detach().cpu().to(torch.float32).numpy().tobytes()
