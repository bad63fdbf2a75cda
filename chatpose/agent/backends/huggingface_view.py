"""What a `PoseLM` is shown of a conversation: its messages, with photos, without what its markup has no words for."""

from collections.abc import Callable
from dataclasses import replace

from chatpose.agent.backends.protocol import View
from chatpose.agent.backends.shown import attached_photos, corrections, is_list
from chatpose.agent.items import PhotoItem, PoseItem
from chatpose.corpus.instructions.messages import (
    Conversation,
    ImagePart,
    Message,
    Part,
    PosePart,
    TextPart,
    ToolCall,
    ToolResult,
)
from chatpose.corpus.instructions.tools import TOOLS
from chatpose.errors import ChatposeError


def shown_to(view: View, *, has_eyes: bool) -> Conversation:
    """The conversation.

    Args:
        view: what there is.
        has_eyes: whether the model sees photos; one without reads the pose of their first person, where it is known.
    """
    messages: list[Message] = []
    last = max(place for place, message in enumerate(view.conversation.messages) if message.role == "user")
    for place, message in enumerate(view.conversation.messages):
        parts = [part for part in message.parts if not _unknown(part)]
        if place == last:
            parts += _attached(view, has_eyes=has_eyes)
        if parts:
            messages.append(Message(message.role, tuple(parts)))
    note = corrections(view)
    if note:
        messages[-1] = _noted(messages[-1], note)
    current = view.state.current_pose
    poses = [pose for message in messages for pose in message.poses()]
    # Edits that the model writes change the last pose that it was shown.
    if current is not None and (not poses or poses[-1] is not current.pose):
        messages[-1] = Message(messages[-1].role, (*messages[-1].parts, PosePart(current.pose)))
    return replace(view.conversation, messages=tuple(messages))


def fitting(conversation: Conversation, most: int, length: Callable[[Conversation], int]) -> Conversation:
    """The conversation without its oldest turns, as many as the model has room for.

    Args:
        conversation: with a message of the user.
        most: tokens.
        length: of a conversation, tokens.

    Raises:
        ChatposeError: the last turn alone is too long.
    """
    while length(conversation) > most:
        messages = conversation.messages
        system, told = (messages[:1], messages[1:]) if messages[0].role == "system" else ((), messages)
        turns = [place for place, message in enumerate(told) if message.role == "user"]
        if len(turns) < 2:
            raise ChatposeError("a message that is too long for the model", expected=f"at most {most:,} tokens")
        conversation = replace(conversation, messages=(*system, *told[turns[1] :]))
    return conversation


def _unknown(part: Part) -> bool:
    """What the agent tells models beside the conversation, and the markup has no words for."""
    return is_list(part) or (isinstance(part, ToolCall | ToolResult) and part.name not in TOOLS)


def _noted(message: Message, note: str) -> Message:
    """The last message with a note on the reply that couldn't be used."""
    if message.role == "tool":
        parts = [
            ToolResult(part.name, {"result": part.content, "note": note}) if isinstance(part, ToolResult) else part
            for part in message.parts
        ]
        return Message(message.role, tuple(parts))
    return Message(message.role, (*message.parts, TextPart(note)))


def _attached(view: View, *, has_eyes: bool) -> list[Part]:
    """Photos and poses that came with the last message."""
    parts: list[Part] = []
    for photo in attached_photos(view):
        people = [item for number in photo.poses if (item := view.state.pose(number)) is not None]
        seen = _pixels_part(photo, people) if has_eyes else None
        if seen is not None:
            parts.append(seen)
        elif people:
            parts.append(PosePart(people[0].pose))
    for name in view.attached:
        kind, _, number = name.partition(" ")
        item = view.state.pose(int(number)) if kind == "pose" and number.isdigit() else None
        if item is not None:
            parts.append(PosePart(item.pose))
    return parts


def _pixels_part(photo: PhotoItem, people: list[PoseItem]) -> ImagePart | None:
    if photo.content is None:
        return None
    from chatpose.perception.photo import photo_of_bytes

    try:
        pixels = photo_of_bytes(photo.content, photo.title).pixels
    except ChatposeError:
        return None
    return ImagePart(pixels, people[0].pose if people else None)
