"""What the page says of the poses on screen: a description, the statements behind it, the way from A to B."""

from html import escape

from chatpose.atlas.naming import Name, Namer
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.page.session import Shown
from chatpose.perception.one_thread import one_thread
from chatpose.perception.telling import tell
from chatpose.posecodes.body_parts import joints_of
from chatpose.posecodes.check import Check, format_value
from chatpose.posecodes.describe import Describer, Description


def pose_on_screen(shown: Shown, frame: int, body: BodyModel) -> Pose:
    """The pose of one frame, with betas that mean something on this body."""
    return shown.clip.pose_on(body)[min(max(frame, 0), len(shown.clip) - 1)]


def description_card(describer: Describer, namer: Namer, pose: Pose, slot: str) -> str:
    """What the pose is called, its description, and under it every statement with what was measured."""
    described = describer.describe(pose, "full")
    (names,) = namer.names(stack_poses([pose]))
    return _card(described, names, slot)


@one_thread()
def photo_description_card(describer: Describer, namer: Namer, shown: Shown, frame: int, slot: str) -> str:
    """The same for a pose out of a photo: only of what was seen, with how sure that is."""
    if shown.seen is None:
        return ""
    reading = shown.seen.reading_of_frame(frame, describer.body)
    told = tell(shown.seen.chosen, describer, namer, "full", hypothesis=reading.hypothesis)
    sure = f"Confidence of what was seen: {told.confidence:.0%}."
    if len(shown.clip) > 1:
        sure = (
            f"Reading {min(frame, len(shown.clip) - 1) + 1} of {len(shown.clip)}, {reading.weight:.0%} likely. {sure}"
        )
    return _card(told.description, list(told.names), slot, f"{sure} {told.unseen_sentence}".strip())


def way_card(describer: Describer, first: Pose, second: Pose) -> str:
    """How to get from the pose in A to the pose in B."""
    text = describer.compare(first, second).text
    return f'<section class="cp-words"><h4>From A to B</h4><p class="cp-description">{escape(text)}</p></section>'


def _card(described: Description, names: list[Name], slot: str, remark: str = "") -> str:
    rows = "".join(_statement(check, slot) for check in described.checks)
    count = len(described.checks)
    said = f'<p class="cp-muted cp-unseen">{escape(remark)}</p>' if remark else ""
    return (
        f'<section class="cp-words"><p class="cp-called">{_names(names)}</p>'
        f'<p class="cp-description">{escape(described.text)}</p>{said}'
        f"<details open><summary>{count} statements, measured</summary>"
        f'<ul class="cp-statements">{rows}</ul></details></section>'
    )


def _names(names: list[Name]) -> str:
    """The surest name, then what else it may be called."""
    if not names:
        return '<span class="cp-muted">No common name fits.</span>'
    first, *others = (f"{escape(name.name)} <small>{name.score:.0%}</small>" for name in names)
    return f"<strong>{first}</strong>" + "".join(f" · {other}" for other in others)


def _statement(check: Check, slot: str) -> str:
    """One row; pointing at it, or reaching it with the keyboard, lights up the part of the body."""
    joints = " ".join(joints_of(check.statement.code))
    value = "" if check.measured is None else format_value(check.measured, check.unit)
    margin = "" if check.margin is None else f"by {format_value(check.margin, check.unit)}"
    return (
        f'<li tabindex="0" data-slot="{slot}" data-joints="{joints}">'
        f'<span class="cp-claim">{escape(str(check.statement))}</span>'
        f'<span class="cp-measured" title="{escape(check.measure)}, holds {margin}">{value}'
        f"<small>{margin}</small></span></li>"
    )
