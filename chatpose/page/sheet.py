"""What stands under the body: checklist, poses, comparison, photo. Plain values; the browser shows text as text."""

from collections.abc import Iterable, Sequence
from typing import Any

from chatpose.agent.items import CheckedStatement, PoseItem
from chatpose.agent.replying import statement_claim
from chatpose.errors import ChatposeError
from chatpose.page import photos, screen
from chatpose.page.actions import frame_and_camera
from chatpose.page.desk import Desk
from chatpose.page.session import Shown, holds_one_frame
from chatpose.page.transcript import held, tile
from chatpose.page.visit import Visit
from chatpose.page.wording import facts, format_choices, shown_notes
from chatpose.perception.one_thread import one_thread
from chatpose.perception.telling import tell
from chatpose.posecodes.body_parts import joints_of
from chatpose.posecodes.check import Check, format_value
from chatpose.posecodes.grammar import parse

NAMES_SHOWN = 3

Sheet = dict[str, Any]


def fixed(desk: Desk, visit: Visit) -> Sheet:
    """What doesn't change: formats, examples."""
    examples = [
        {
            "key": example.key,
            "title": example.shown.title,
            "alt": example.about,
            "token": desk.finder.thumbnails.offer(example.pose),
        }
        for example in desk.page.examples
    ]
    formats = [
        {
            "suffix": suffix,
            "name": label.partition(" — ")[0].partition(",")[0],
            "label": label,
            "one": holds_one_frame(suffix),
        }
        for label, suffix in format_choices()
    ]
    return {"examples": examples, "formats": formats}


def quick(desk: Desk, visit: Visit) -> Sheet:
    """What is known at once: the pose on screen with what was asked for, the tray, what it is compared with."""
    item = visit.state.current_pose
    beside = visit.session.shown.get("B")
    return {
        "current": _head(desk, visit, item),
        "asked": [_asked(row) for row in item.checks] if item else [],
        "tray": [tile(desk, visit, one) for one in visit.state.poses],
        "on": item.number if item else None,
        "beside": {"title": beside.title, "number": visit.compared} if beside else None,
    }


def measured(desk: Desk, visit: Visit, state: Any) -> Sheet:
    """What has to be measured first: statements about the pose on screen, the way from A to B, the photo.

    Args:
        desk: what is shared.
        visit: the visitor's.
        state: what the viewer says is on screen.
    """
    shown = visit.session.shown
    frame, _ = frame_and_camera(shown.get("A"), "A", state)
    if not visit.readings:
        screen.follow_frame(desk, visit, frame)
    item = visit.state.current_pose
    found = quick(desk, visit)
    if item is not None:
        found["measured"] = _rows(desk, visit, item, frame)
    elif "A" in shown:
        found["measured"] = [_row(check) for check in _described(desk, shown["A"], frame)]
    found["way"] = _way(desk, shown, state)
    return found


def is_of_photo(visit: Visit) -> bool:
    """Whether the pose on screen is out of a photo."""
    item = visit.state.current_pose
    return item is not None and item.seen is not None and item.source == "photo"


@one_thread()
def photo(desk: Desk, visit: Visit) -> Sheet | None:
    """The photo that the pose on screen is out of; None where there is none."""
    item = visit.state.current_pose
    if item is None or item.seen is None or not is_of_photo(visit):
        return None
    told: Sheet = {
        "number": item.number,
        "confidence": f"{item.seen.confidence:.0%}",
        "unseen": list(item.seen.unseen),
        "notes": list(item.seen.notes),
        "people": [
            {"number": one.number, "label": f"Person {one.seen.person}"}
            for one in visit.state.poses
            if one.seen is not None and one.source == "photo" and one.seen.photo == item.seen.photo
        ],
        "pictures": [],
        "readings": 1,
    }
    try:
        seen = screen.see(visit, item)
    except ChatposeError:
        return told
    if seen is not None:
        told["pictures"] = [{"words": words, "url": url} for words, url in photos.pictures(seen, desk.page.body)]
        told["readings"] = len(seen.readings(desk.page.body))
        shown = visit.session.shown.get("A")
        if shown is not None and shown.seen is None:
            visit.session.shown["A"] = Shown(shown.title, shown.clip, seen)
    return told | {"all": visit.readings}


def _head(desk: Desk, visit: Visit, item: PoseItem | None) -> Sheet:
    if item is None:
        return {"title": "", "description": "", "names": [], "facts": "", "notes": [], "up": False}
    told = [facts(item.clip)] if item.clip is not None else []
    if item.library_id:
        told.append(f"out of the library: {item.library_id}")
    if item.parent is not None:
        told.append(f"made from pose {item.parent}")
    notes = [*item.notes] if item.source != "file" or item.clip is None else [*item.clip.warnings, *item.clip.notes]
    if item.clip is not None:
        notes += shown_notes(item.clip, desk.page.body)
    return {
        "number": item.number,
        "title": item.title,
        "source": item.source,
        "names": list(item.names[:NAMES_SHOWN]),
        "description": item.description,
        "facts": " · ".join(told),
        "notes": notes,
        "checks": held(item.checks),
        "up": item.number in visit.files,
    }


def _rows(desk: Desk, visit: Visit, item: PoseItem, frame: int) -> list[Sheet]:
    """Statements about the pose on screen beyond those that were asked for."""
    asked = {row.statement for row in item.checks}
    if item.seen is not None and item.source == "photo":
        checks: Iterable[Check] = _seen_checks(desk, visit, item, frame)
    else:
        checks = desk.page.describer.describe(item.pose, "full").checks
    return [_row(check) for check in checks if str(check.statement) not in asked]


@one_thread()
def _seen_checks(desk: Desk, visit: Visit, item: PoseItem, frame: int) -> list[Check]:
    """Only of what the photo shows."""
    page = desk.page
    if item.seen is not None and item.seen.found is not None:
        reading = 0
        if visit.readings and (seen := visit.seen.get(item.number)) is not None:
            reading = seen.with_all_readings().reading_of_frame(frame, page.body).hypothesis
        return list(tell(item.seen.found, page.describer, page.namer, "full", hypothesis=reading).description.checks)
    hidden = set(screen.unseen_of(item))
    checks = page.describer.describe(item.pose, "full").checks
    return [check for check in checks if (parts := set(joints_of(check.statement.code))) and not parts & hidden]


def _described(desk: Desk, shown: Shown, frame: int) -> Sequence[Check]:
    return desk.page.describer.describe(shown.pose(frame, desk.page.body), "full").checks


def _way(desk: Desk, shown: dict[str, Shown], state: Any) -> str:
    if not {"A", "B"} <= shown.keys():
        return ""
    first, second = (
        shown[slot].pose(frame_and_camera(shown[slot], slot, state)[0], desk.page.body) for slot in ("A", "B")
    )
    return desk.page.describer.compare(first, second).text


def _asked(row: CheckedStatement) -> Sheet:
    try:
        joints = joints_of(parse(row.statement).code)
    except ChatposeError:
        joints = ()
    return {
        "claim": statement_claim(row.statement, True),
        "statement": row.statement,
        "holds": row.holds,
        "measured": row.measured or "",
        "margin": row.margin or "",
        "why": "" if row.why in ("said", "planned", "measured") else row.why,
        "joints": list(joints),
    }


def _row(check: Check) -> Sheet:
    return {
        "claim": statement_claim(str(check.statement), True),
        "statement": str(check.statement),
        "holds": check.holds,
        "measured": "" if check.measured is None else f"{check.measure} {format_value(check.measured, check.unit)}",
        "margin": "" if check.margin is None else format_value(check.margin, check.unit),
        "why": "",
        "joints": list(joints_of(check.statement.code)),
    }
