"""Tools about the conversation itself that only chatpose's own back end uses: no model is trained on them."""

from collections.abc import Mapping
from typing import Any

from chatpose.agent.bench import Bench
from chatpose.agent.items import short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import UnclearReferenceError, resolve_pose, resolve_poses, there_is
from chatpose.agent.replying import joined, listed, sentence
from chatpose.agent.state import ConversationState
from chatpose.corpus.instructions.tools import Tool

MAX_NAME = 60
_POSE = {"type": "string", "description": "what the pose is called in this conversation"}

OWN_TOOLS: dict[str, Tool] = {
    "rename": Tool(
        "rename",
        "Gives a pose of this conversation a name.",
        {"pose": _POSE, "name": {"type": "string"}},
        ("pose", "name"),
    ),
    "remove": Tool("remove", "Takes a pose out of this conversation.", {"pose": _POSE}, ("pose",)),
    "clear": Tool("clear", "Takes everything out of this conversation.", {}),
}
"""By name; checked like the others."""


def rename(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Gives a pose the name that the person wants for it."""
    item, state = resolve_pose(arguments["pose"], state)
    name = short_title(arguments["name"], most=MAX_NAME)
    if not name:
        raise UnclearReferenceError("an empty name", expected=there_is(state))
    state = state.with_title(item.number, name)
    called = state.pose(item.number) or item
    words = bench.words.one("rename", f"{item.name} is called “{name}” now", f"okay, {item.name} is “{name}” now")
    text = joined(sentence(words), f"“Show me {name}” brings it back.")
    return Outcome(state, {"pose": item.name, "title": name}, text, f"{item.name} is “{name}”", (called,))


def remove(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Takes poses out; undo brings them back."""
    items, state = resolve_poses(arguments["pose"], state)
    for item in items:
        state = state.remove_pose(item.number)
    gone = listed([item.name for item in items])
    current = state.current_pose
    shown = f"on screen is {current.name}, “{short_title(current.title, most=48)}”" if current is not None else ""
    text = joined(
        sentence(f"{gone} {'is' if len(items) == 1 else 'are'} gone"), sentence(shown), "“Undo” brings it back."
    )
    content = {"gone": [item.name for item in items], "on_screen": current.name if current is not None else None}
    return Outcome(state, content, text, f"{gone} removed", (current,) if current is not None else ())


def clear(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """An empty conversation; undo brings everything back."""
    held = bool(state.poses or state.photos)
    text = bench.words.one("clear", "A clean slate.", "All cleared.", "From the beginning, then.")
    text = joined(
        text,
        "“Undo” brings everything back." if held else "",
        bench.words.one("clear next", "Which pose first?", "What shall the body do?"),
    )
    return Outcome(state.cleared(), {"cleared": True}, text, "everything cleared")
