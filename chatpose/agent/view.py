"""What a model is shown of a conversation: messages and names of things."""

import json
from collections.abc import Sequence

from chatpose.agent.backends.protocol import ItemName
from chatpose.agent.outcome import Outcome
from chatpose.agent.state import ConversationState, Turn
from chatpose.corpus.instructions.messages import (
    Conversation,
    Message,
    Part,
    PosePart,
    TextPart,
    ToolCall,
    ToolResult,
)

RECENT_TURNS = 12
"""Turns of the past that a model is shown."""
POSES_SHOWN = 2
"""Poses of one message that are shown as poses; the others only by name."""
MAX_CONTENT_CHARS = 4000
"""Of one tool result in a message."""
SYSTEM = (
    "You are chatpose. You talk with a person about 3D poses of the human body. Use the tools for everything that "
    "concerns geometry: never state an angle, a distance or a posture that no tool has measured in this conversation. "
    "Left and right are those of the body. Call poses and photos by their names, such as 'pose 2'. If a request has "
    "nothing to do with poses, say so in one friendly sentence. Answer in at most four short sentences."
)


def conversation_of(
    state: ConversationState,
    text: str,
    attached: Sequence[str],
    outcomes: Sequence[tuple[ToolCall, Outcome]],
    tools: Sequence[str],
) -> Conversation:
    """The messages of a conversation up to now.

    Args:
        state: its turns are the past; this turn isn't among them.
        text: the person's last words.
        attached: names of what came with them.
        outcomes: calls of this turn, with what came of them.
        tools: names of tools.
    """
    messages = [Message.say("system", SYSTEM)]
    for turn in state.turns[-RECENT_TURNS:]:
        messages += [Message.say("user", _said(turn.user, turn.attachments)), _answered(turn, state)]
    messages.append(Message.say("user", _said(text, attached)))
    for call, outcome in outcomes:
        messages.append(Message("assistant", (call,)))
        messages.append(Message("tool", _told(call, outcome)))
    return Conversation(tuple(messages), tools=tuple(tools))


def names_of(state: ConversationState) -> tuple[ItemName, ...]:
    """Everything that has a name, the latest last."""
    poses = [ItemName(item.name, item.title, item.number == state.current) for item in state.poses]
    photos = [ItemName(item.name, item.title) for item in state.photos]
    hits = state.last_hits.hits if state.last_hits else ()
    return (*photos, *poses, *(ItemName(f"result {place}", hit.called) for place, hit in enumerate(hits, 1)))


def _said(text: str, attached: Sequence[str]) -> str:
    words = text.strip() or "(no words)"
    return f"{words}\n[attached: {', '.join(attached)}]" if attached else words


def _answered(turn: Turn, state: ConversationState) -> Message:
    items = [item for number in turn.poses if (item := state.pose(number)) is not None]
    parts: list[Part] = [TextPart(turn.reply or "(nothing)")]
    if items:
        parts.append(TextPart(f"[{', '.join(f'{item.name}: {item.title}' for item in items)}]"))
    parts += [PosePart(item.pose) for item in items[:POSES_SHOWN]]
    return Message("assistant", tuple(parts))


def _told(call: ToolCall, outcome: Outcome) -> tuple[Part, ...]:
    content = outcome.content
    if len(json.dumps(content, default=str)) > MAX_CONTENT_CHARS:
        content = {"summary": outcome.text[:MAX_CONTENT_CHARS]}
    poses = outcome.poses[:POSES_SHOWN] if outcome.new else ()
    return ToolResult(call.name, content), *(PosePart(item.pose) for item in poses)
