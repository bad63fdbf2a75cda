"""The conversation as messages for the page: plain values; the browser shows every text as text."""

from collections.abc import Iterable, Mapping
from typing import Any

from chatpose.agent.items import CheckedStatement, HitList, PoseItem
from chatpose.agent.state import ConversationState, Turn
from chatpose.agent.steps import Step
from chatpose.errors import ChatposeError
from chatpose.page import photos
from chatpose.page.desk import Desk
from chatpose.page.visit import Visit

Message = dict[str, Any]
PHOTO_PX = 160
HITS_SHOWN = 8
_ARGUMENT_CHARS = 120
_STEP_WORDS = {
    "describe": "Measured and described", "name": "Looked up its name", "ask": "Measured", "compare": "Compared",
    "generate": "Made a pose", "edit": "Changed the pose", "mirror": "Exchanged left and right", "blend": "Blended",
    "set_angle": "Set an angle", "ground": "Put it on the floor", "search": "Searched the library",
    "estimate": "Looked at the photo", "export": "Wrote a file", "undo": "Went back", "redo": "Went forward",
    "choose": "Chose a pose", "verify": "Checked the model's pose",
}  # fmt: skip


def history(desk: Desk, visit: Visit) -> list[Message]:
    """All messages of a conversation, for a page that has none of them."""
    found: list[Message] = []
    for number, turn in enumerate(visit.state.turns):
        found += [said(visit, number, turn.user, turn.attachments), answered(desk, visit, number, turn)]
    return found


def said(visit: Visit, number: int, text: str, attachments: Iterable[str]) -> Message:
    """What the person said."""
    files = [{"name": title, "thumb": _photo(visit.state, title)} for title in attachments]
    return {"key": f"u{number}", "who": "person", "text": text, "files": files}


def answered(desk: Desk, visit: Visit, number: int, turn: Turn, error: str = "") -> Message:
    """What was answered."""
    known = items_of(visit.state)
    items = [known[one] for one in turn.poses if one in known]
    hits = next((one for one in hits_of(visit.state) if one.number == turn.hits), None)
    return reply(desk, visit, number, turn.reply, items, hits, turn.steps, turn.seconds) | {"problem": bool(error)}


def reply(
    desk: Desk,
    visit: Visit,
    number: int,
    text: str,
    items: Iterable[PoseItem],
    hits: HitList | None,
    steps: Iterable[Step],
    seconds: float | None = None,
) -> Message:
    """A reply, finished or on its way (then without seconds)."""
    items = list(items)
    names = [path.name for path in visit.written.get(number, ())]
    return {
        "key": f"b{number}",
        "who": "chatpose",
        "text": text,
        "poses": [tile(desk, visit, item) for item in items],
        "hits": _hits(desk, visit, hits) if hits is not None else [],
        "list": hits.number if hits is not None else None,
        "steps": [_step(step) for step in steps],
        "checks": held(items[0].checks) if items else None,
        "files": names,
        "turn": number,
        "seconds": None if seconds is None else round(seconds, 1),
        "working": seconds is None,
    }


def tile(desk: Desk, visit: Visit, item: PoseItem) -> dict[str, Any]:
    """A pose as a small picture with words."""
    token = desk.finder.thumbnails.offer(item.pose, visit.owner)
    return {
        "number": item.number,
        "title": item.title,
        "token": token,
        "alt": item.description or item.title,
        "source": item.source,
        "checks": held(item.checks),
    }


def held(checks: Iterable[CheckedStatement]) -> dict[str, int] | None:
    """How many statements that were wanted hold; None where nothing was."""
    rows = list(checks)
    if not rows:
        return None
    return {
        "held": sum(row.holds is True for row in rows),
        "missed": sum(row.holds is False for row in rows),
        "of": len(rows),
    }


def items_of(state: ConversationState) -> dict[int, PoseItem]:
    """Every pose by its number, also those that were undone."""
    holdings = (*state.future, *state.past, state.now)
    return {item.number: item for one in holdings for item in one.poses}


def hits_of(state: ConversationState) -> list[HitList]:
    """Every list of hits, also those that were undone."""
    found = {item.number: item for one in (*state.future, *state.past, state.now) for item in one.hits}
    return list(found.values())


def _hits(desk: Desk, visit: Visit, hits: HitList) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "title": hit.called,
            "alt": hit.description or hit.called,
            "token": desk.finder.thumbnails.offer(hit.pose, visit.owner),
        }
        for place, hit in enumerate(hits.hits[:HITS_SHOWN])
    ]


def _step(step: Step) -> dict[str, Any]:
    if step.kind == "truth":
        told, with_ = "Took a sentence out: the body says otherwise", str(step.arguments.get("sentence", ""))
    elif step.kind == "attachment":
        told, with_ = f"Read {step.name}", ""
    else:
        told, with_ = _STEP_WORDS.get(step.name, step.name), _arguments(step.arguments)
    return {
        "told": told,
        "with": with_,
        "result": step.result,
        "failed": step.failed,
        "seconds": round(step.seconds, 2),
    }


def _arguments(arguments: Mapping[str, Any]) -> str:
    parts = []
    for name, value in arguments.items():
        words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        parts.append(f"{name}: {words[:_ARGUMENT_CHARS]}{'…' if len(words) > _ARGUMENT_CHARS else ''}")
    return " · ".join(parts)


def _photo(state: ConversationState, title: str) -> str:
    """The photo of that title, small, as a data URL; empty for other files."""
    photo = next((one for one in reversed(state.photos) if one.title == title), None)
    if photo is None or photo.content is None:
        return ""
    try:
        return photos.small_picture(photo.content, photo.title, PHOTO_PX)
    except ChatposeError:
        return ""
