"""`Reply`: what a model answered, read back from its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Message, Part, PlanPart, PosePart, TextPart, ToolCall, ToolResult
from chatpose.corpus.instructions.parts import planned_parts
from chatpose.errors import ChatposeError
from chatpose.language.markup import PoseBlock, text_of_ids
from chatpose.language.rendering import Renderer
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.tokens import PoseTokens

CUT_OFF = "The answer was cut off: the token budget ended before it did."


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer.

    Attributes:
        message: as a turn of the conversation.
        raw_text: as it was written, with markup.
        poses: that were written, in order; edits as the whole pose that they make.
        plans: that were written.
        tool_calls: that were written.
        notes: what is wrong with the answer, in sentences.
        tokens: of each pose; of an edit of a pose that came with its residual, with the residual of untouched parts.
    """

    message: Message
    raw_text: str
    poses: tuple[Pose, ...] = ()
    plans: tuple[PlanPart, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    notes: tuple[str, ...] = ()
    tokens: tuple[PoseTokens, ...] = ()

    @classmethod
    def read(
        cls,
        ids: Sequence[int],
        renderer: Renderer,
        *,
        base: PoseTokens | None = None,
        poses: Sequence[Pose] = (),
        ends: Sequence[int] = (),
    ) -> "Reply":
        """Reads an answer; what can't be read is left out of the message, and noted.

        An edit changes the parts that the plan before it speaks of, and no others.

        Args:
            ids: that were generated, padding and end among them.
            renderer: of the base.
            base: the pose that edits change.
            poses: regressed ones, in the order of their `<pose>`.
            ends: further ids that end an answer, the base's own.
        """
        kept, ended = _spoken(ids, {*renderer.end_ids, *ends})
        tokenizer = renderer.tokenizer
        silent = set(renderer.special_ids.tolist())
        lone = renderer.mode == "regression"

        def decode(run: Sequence[int]) -> str:
            return tokenizer.decode(
                [number for number in run if number not in silent], clean_up_tokenization_spaces=False
            )

        raw = text_of_ids(kept, renderer.vocabulary, decode, lone=lone)
        reading = renderer.reader().read(raw)
        notes = [f"Left out of the answer: {error}." for error in reading.errors]
        parts: list[Part] = []
        tokens: list[PoseTokens] = []
        regressed = iter(poses)
        plan: PlanPart | None = None
        for element in reading.elements:
            if isinstance(element, str):
                parts.append(TextPart(element))
            elif isinstance(element, ToolResult):
                notes.append("Left out of the answer: a tool's result, which only tools can give.")
            elif not isinstance(element, PoseBlock):
                plan = element if isinstance(element, PlanPart) else plan
                parts.append(element)
            elif lone:
                pose = next(regressed, None)
                parts += [] if pose is None else [PosePart(pose)]
            else:
                element, beyond = _as_planned(element, plan)
                plan = None
                notes += [f"Left out of the edit, as its plan doesn't speak of it: {part}." for part in beyond]
                if not element.codes:
                    continue
                try:
                    made = element.tokens(renderer.vocabulary, base)
                except ChatposeError as error:
                    notes.append(f"Left out of the answer: {error}.")
                    continue
                pose = renderer.pose_tokenizer.decode(made)[0]
                renderer.remember(pose, made)
                tokens.append(made)
                parts.append(PosePart(pose, () if element.whole else element.parts))
        notes += [] if ended else [CUT_OFF]
        return cls(
            Message("assistant", tuple(parts) or (TextPart(""),)),
            raw.strip(),
            tuple(part.pose for part in parts if isinstance(part, PosePart)),
            tuple(part for part in parts if isinstance(part, PlanPart)),
            tuple(part for part in parts if isinstance(part, ToolCall)),
            tuple(notes),
            tuple(tokens),
        )


def _as_planned(block: PoseBlock, plan: PlanPart | None) -> tuple[PoseBlock, list[str]]:
    """An edit without the parts that its plan doesn't speak of, and these."""
    if plan is None or block.whole:
        return block, []
    told = planned_parts(plan.statements)
    beyond = [part for part in block.parts if part not in told]
    codes = {part: row for part, row in block.codes.items() if part in told}
    return replace(block, heading=block.heading if PARTS[0] in codes else None, codes=codes), beyond


def _spoken(ids: Sequence[int], ends: set[int]) -> tuple[list[int], bool]:
    """The ids before the first end, and whether there is one."""
    for place, number in enumerate(ids):
        if number in ends:
            return list(map(int, ids[:place])), True
    return list(map(int, ids)), False
