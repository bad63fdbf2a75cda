"""How an answer came about, and how the pose on screen did: "why?", "how did you get this?"."""

from chatpose.agent.items import PoseItem
from chatpose.agent.replying import joined, listed, sentence
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Step

MOST_ORIGINS = 4
"""Steps of a pose's past that are told."""
_ANSWERS = ("ask", "compare", "search", "describe", "name")
"""Tools that make no pose: after them "how did you get this?" is about the answer."""


def how_so(state: ConversationState) -> str:
    """How the last answer came about."""
    if not state.turns:
        return "I haven't done anything yet."
    steps = next(
        (
            found
            for turn in reversed(state.turns)
            if (found := [step for step in turn.steps if step.kind in ("tool", "attachment")])
        ),
        [],
    )
    if not steps:
        return joined("I used no tool so far.", "What I say about a pose is measured on its geometry.")
    if steps[-1].failed:
        return joined(sentence(f"It didn't work: {steps[-1].result}"), "Say it in other words, or one part at a time.")
    told = [step_told(step) for step in steps[:5] if not step.failed]
    return joined(sentence(f"I {listed(told)}"), "Each statement about a pose was measured on the body itself.")


def how_made(state: ConversationState) -> str:
    """How the pose on screen came about, from its beginning; how the last answer did where that is what was given."""
    item = state.current_pose
    last = state.turns[-1] if state.turns else None
    if item is None or (last is not None and last.steps and last.steps[-1].name in _ANSWERS):
        return how_so(state)
    line = [item]
    while line[0].parent is not None and (parent := state.pose(line[0].parent)) is not None:
        line.insert(0, parent)
    shown = line if len(line) <= MOST_ORIGINS + 1 else [line[0], *line[-MOST_ORIGINS:]]
    told = [f"{origin_told(one)} ({one.name})" for one in shown]
    if len(shown) < len(line):
        told.insert(1, f"{len(line) - len(shown)} more changes")
    checks = f"{item.held} of {len(item.checks)} statements that were wanted hold on it" if item.checks else ""
    return joined(
        sentence(f"{item.name} came about so: {', then '.join(told)}"),
        sentence(checks) or "What I say about it is measured on the body itself.",
    )


def origin_told(item: PoseItem) -> str:
    """How one pose came about, in a clause."""
    if item.source == "edited":
        wanted = item.prompt or "; ".join(item.plan[:2])
        return f"“{wanted}”" if wanted else "a change"
    made = f"made from “{item.prompt or item.title}”"
    words = {
        "generated": made,
        "model": made,
        "mirrored": "mirrored",
        "blended": f"blended, {item.title}",
        "file": f"read from {item.title}",
        "photo": "seen in the photo",
        "library": f"taken from the library, “{item.title}”",
    }
    return words.get(item.source, item.source)


def step_told(step: Step) -> str:
    """A step as people say it: "made it from “warrior 2” (pose 1; 11 of 11 statements hold)"."""
    given = step.arguments
    which = given.get("pose", "it")
    words = {
        "generate": f"made it from “{given.get('prompt', '')}”",
        "edit": f"changed {which} by “{given.get('instruction', '')}”",
        "set_angle": f"turned one joint of {which} until the angle was met",
        "ask": f"measured {which} for “{given.get('question', '')}”",
        "search": "looked through the library",
        "describe": f"measured {which}",
        "name": f"compared {which} with the poses that have a name",
        "compare": f"compared {given.get('first', '')} with {given.get('second', '')} joint by joint",
        "mirror": f"exchanged left and right of {which}",
        "blend": f"turned every joint of {given.get('first', '')} towards {given.get('second', '')}",
        "estimate": "looked for people in the photo, and bent the body until it fits them",
        "choose": f"put {which} on screen",
        "attachment": f"read {step.name}",
    }.get(step.name if step.kind == "tool" else step.kind, f"used “{step.name}”")
    return f"{words} ({step.result})" if step.result else words
