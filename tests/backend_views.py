"""Views of small conversations for tests of back ends, without anything heavy."""

import dataclasses
import io

import torch
from PIL import Image

from chatpose.agent.backends.protocol import View
from chatpose.agent.items import CheckedStatement, PhotoItem, PoseItem
from chatpose.agent.outcome import Outcome
from chatpose.agent.state import ConversationState, Turn
from chatpose.agent.view import conversation_of, names_of
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.corpus.instructions.tools import TOOLS

CHECKS = (
    CheckedStatement("left knee: right angle", True, "left knee angle 92°"),
    CheckedStatement("kneeling", False, "lower knee 0.41 m above the floor"),
)


def pose() -> Pose:
    return Pose.from_rotations(torch.eye(3).expand(24, 3, 3))


def item(number: int = 1, **facts) -> PoseItem:
    told = {"description": "The left knee is at a right angle.", "checks": CHECKS, "names": ("warrior 2",)} | facts
    return PoseItem(number, f"pose from request {number}", pose(), torch.zeros(24, 3), "generated", **told)


def photo_bytes(width: int = 60, height: int = 40) -> bytes:
    kept = io.BytesIO()
    exif = Image.Exif()
    exif[271] = "SecretCamera"
    Image.new("RGB", (width, height), (200, 30, 30)).save(kept, "JPEG", exif=exif)
    return kept.getvalue()


def state(poses: int = 1, turns: int = 0, photo: bytes | None = None) -> ConversationState:
    made = ConversationState()
    for number in range(1, poses + 1):
        made = made.add_pose(item(number))
    if photo is not None:
        made = made.add_photo(PhotoItem(1, "holiday.jpg", photo))
    for number in range(turns):
        made = made.with_turn(Turn(f"question {number}", f"answer {number}", poses=(1,) if poses else ()))
    return made


def view(
    text: str = "mirror it",
    now: ConversationState | None = None,
    outcomes: tuple[tuple[ToolCall, Outcome], ...] = (),
    attached: tuple[str, ...] = (),
    **facts,
) -> View:
    now = now or state()
    tools = tuple(TOOLS)
    conversation = conversation_of(now, text, attached, outcomes, tools)
    made = View(text, conversation, names_of(now), attached, outcomes, now, now, tools)
    return dataclasses.replace(made, **facts)


def told(now: ConversationState, name: str = "mirror", content: object = None, **arguments) -> tuple[ToolCall, Outcome]:
    call = ToolCall(name, arguments or {"pose": "it"})
    return call, Outcome(now, {"done": True} if content is None else content, "It is mirrored.")


def broken(now: ConversationState, why: str = "an empty reply") -> tuple[ToolCall, Outcome]:
    return ToolCall("reply"), Outcome.of_error(now, f"your reply: {why}")
