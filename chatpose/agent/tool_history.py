"""Tools about the conversation itself: undo, redo, another pose on screen."""

from collections.abc import Mapping
from typing import Any

from chatpose.agent.bench import Bench
from chatpose.agent.items import Hit, short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import resolve, resolve_pose
from chatpose.agent.replying import joined, sentence, split_sentences
from chatpose.agent.state import ConversationState

TOLD_CHARS = 48


def undo(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Takes the last step that changed something back."""
    before = state
    state = state.undo()
    return _back(bench, before, state, bench.words.one("undo", "Undone", "Taken back", "Okay, back one step"), "undone")


def redo(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Takes the last undo back."""
    before = state
    state = state.redo()
    return _back(bench, before, state, bench.words.one("redo", "Done again", "It's back"), "done again")


def choose(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Puts a pose or a hit on screen."""
    found = resolve(arguments["pose"], state)
    before = state
    item, state = resolve_pose(arguments["pose"], state)
    new = isinstance(found, Hit) and before.pose(item.number) is None
    state = state.choose(item.number)
    first = split_sentences(item.description)[0] if item.description else ""
    text = joined(sentence(f"{item.name} is on screen, “{short_title(item.title, most=TOLD_CHARS)}”"), first)
    content = {"pose": item.name, "title": item.title, "description": item.description}
    return Outcome(state, content, text[0].upper() + text[1:], f"{item.name} chosen", (item,), new)


def _back(bench: Bench, before: ConversationState, state: ConversationState, lead: str, short: str) -> Outcome:
    item = state.current_pose
    gone = [one.name for one in before.poses if state.pose(one.number) is None]
    if item is None:
        told = f"{lead}; no pose is on screen now"
    else:
        told = (
            f"{lead}: {item.name} is on screen again, “{short_title(item.title, most=TOLD_CHARS)}”"
            if item.number != before.current
            else lead
        )
    content = {"on_screen": item.name if item is not None else None, "gone": gone}
    return Outcome(state, content, sentence(told), short, (item,) if item is not None else ())
