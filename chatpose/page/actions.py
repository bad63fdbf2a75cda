"""What the page does when something is dropped, chosen or pressed: plain functions that a layout binds to events.

Each takes the visitor's session (None before the first call) and gives back what changes. Errors of ours become cards;
anything unexpected becomes a card as well, and the log gets its type only: files of visitors are nobody's business.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.rotations import heading_angle
from chatpose.errors import ChatposeError, MissingFileError
from chatpose.page import cards, photos, viewer, words
from chatpose.page.examples import Example
from chatpose.page.session import Session, Shown, new_folder, read_clip, write_clip
from chatpose.perception.estimator import PerceptionPipeline
from chatpose.perception.one_thread import one_thread
from chatpose.perception.photo_files import is_photo
from chatpose.posecodes.describe import Describer

FALLBACK_SIZE = 480

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """What the actions share.

    Attributes:
        body: the body that everything is shown on.
        examples: the examples, the first of which is on screen at the start.
        root: folder in which sessions keep theirs.
        describer: puts poses into words.
        namer: knows what poses are called.
        estimator: finds people in photos, or says who does; loads its models with the first one.
    """

    body: BodyModel
    examples: list[Example]
    root: Path
    describer: Describer
    namer: Namer
    estimator: photos.Estimating = field(default_factory=PerceptionPipeline)

    def session(self, session: Session | None) -> Session:
        """The visitor's session, a new one on the first call."""
        return session or Session.start(self.root)


@dataclass
class Result:
    """What changes.

    Attributes:
        session: the visitor's session.
        card: HTML that says what was read or what went wrong.
        commands: for the viewer.
        choices: names of the dropped files; None leaves the list as it is.
        people: names of the people in the photo that is shown; None where none is.
        readings: how many readings there are of the one on screen.
    """

    session: Session
    card: str
    commands: list[viewer.Command] = field(default_factory=list)
    choices: list[str] | None = None
    people: list[str] | None = None
    readings: int = 0


def show_example(page: Page, session: Session | None, slot: str, example: Example) -> Result:
    """Shows an example in a slot."""
    session = page.session(session)
    session.shown[slot] = example.shown
    card = cards.clip_card(example.shown, page.body, about=example.about)
    return Result(session, card, [viewer.load(slot, example.shown, page.body)], [])


def receive(page: Page, session: Session | None, slot: str, paths: Sequence[str] | None, up: str) -> Result:
    """Takes dropped files into a slot and shows the first of them."""
    session = page.session(session)
    choices: list[str] = []

    def read() -> Result:
        choices.extend(session.take(slot, paths or []))
        return _show(page, session, slot, 0, up)

    result = guarded(session, slot, read)
    result.choices = choices or None
    return result


def choose(page: Page, session: Session | None, slot: str, index: int | None, up: str) -> Result:
    """Shows another one of the dropped files, or the same one read with another up axis."""
    session = page.session(session)
    return guarded(session, slot, lambda: _show(page, session, slot, index or 0, up))


def choose_person(
    page: Page, session: Session | None, slot: str, person: int | None, readings: bool, mirrored: bool
) -> Result:
    """Shows somebody else in the photo, or all readings of them, or the photo's mirror image.

    Args:
        page: what the actions share.
        session: the visitor's.
        slot: "A" or "B".
        person: from 0, the largest first.
        readings: each reading as a frame.
        mirrored: the photo is a mirror image.
    """
    session = page.session(session)

    def show() -> Result:
        shown = session.shown.get(slot)
        if shown is None or shown.seen is None:
            raise MissingFileError("no photo is shown here", fix="drop it again")
        if shown.seen.mirrored != mirrored:
            seen = photos.look(shown.seen.path, page.estimator, mirrored=mirrored)
            return _show_seen(page, session, slot, shown.title, seen)
        seen = shown.seen.with_person(person or 0, all_readings=readings)
        return _show_seen(page, session, slot, shown.title, seen)

    return guarded(session, slot, show)


def clear(session: Session | None, slot: str) -> tuple[str, viewer.Update]:
    """Takes a slot off the screen; gives its card and what the viewer is told."""
    if session:
        session.shown.pop(slot, None)
    return cards.EMPTY_CARD, viewer.update(viewer.clear(slot))


def take_away(
    page: Page, session: Session | None, slot: str, suffix: str, state: dict[str, Any] | None
) -> tuple[str | None, str]:
    """Writes a slot as a file.

    Args:
        page: what the actions share.
        session: the visitor's.
        slot: "A" or "B".
        suffix: the format.
        state: what the viewer says is on screen: `{"frames": {slot: frame}, "camera": "azimuth,elevation,fov"}`.

    Returns:
        The file's path, None when that failed, and a line for the page.
    """
    session = page.session(session)

    def write() -> Path:
        frame, camera = frame_and_camera(session.shown.get(slot), slot, state)
        return session.export(slot, suffix, page.body, frame=frame, camera=camera)

    path, problem = attempt(session.folder, write)
    if path is None:
        return None, cards.problem_card(problem, kept=session.shown.get(slot))
    return str(path), cards.saved_line(path)


def say(page: Page, session: Session | None, state: dict[str, Any] | None) -> tuple[str, str, str]:
    """Words for what is on screen: description of A, description of B, the way from A to B; empty where there is none.

    Args:
        page: what the actions share.
        session: the visitor's.
        state: as in `take_away`.
    """
    poses, cards_ = {}, {}
    for slot, shown in page.session(session).shown.items():
        frame, _ = frame_and_camera(shown, slot, state)
        poses[slot] = words.pose_on_screen(shown, frame, page.body)
        if shown.seen:
            cards_[slot] = words.photo_description_card(page.describer, page.namer, shown, frame, slot)
        else:
            cards_[slot] = words.description_card(page.describer, page.namer, poses[slot], slot)
    way = words.way_card(page.describer, poses["A"], poses["B"]) if len(poses) == 2 else ""
    return cards_.get("A", ""), cards_.get("B", ""), way


def draw_pictures(page: Page, session: Session | None, state: dict[str, Any] | None) -> viewer.Update:
    """Pictures of what is shown, for a browser without WebGL."""
    commands = []
    for slot, shown in page.session(session).shown.items():
        frame, camera = frame_and_camera(shown, slot, state)
        commands.append(viewer.picture(slot, draw_picture(page.body, shown, frame, camera)))
    return viewer.update(*commands)


def draw_picture(body: BodyModel, shown: Shown, frame: int, camera: str) -> bytes:
    """One frame as PNG."""
    from PIL import Image

    from chatpose.body.render.figure import figure_of_body
    from chatpose.body.render.picture import render
    from chatpose.perception.overlay import paled

    pose = shown.clip.select(frame=frame).pose_on(body)
    figure = figure_of_body(body(pose[0]), body)
    if shown.seen:
        figure = paled(figure, body, shown.seen.chosen.visible)
    image = render(figure, camera, FALLBACK_SIZE)
    out = BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def frame_and_camera(shown: Shown | None, slot: str, state: dict[str, Any] | None) -> tuple[int, str]:
    """The frame on screen and the camera as the writers want it, whatever the browser sends.

    The viewer turns a clip to face +z at its start, so that heading is added to the camera's azimuth.
    """
    state = state if isinstance(state, dict) else {}
    frames = state.get("frames")
    frame = frames.get(slot) if isinstance(frames, dict) else 0
    last = len(shown.clip) - 1 if shown else 0
    frame = min(max(frame, 0), last) if isinstance(frame, int) else 0
    numbers = _numbers(str(state.get("camera", "")))
    if shown is None or numbers is None:
        return frame, "front"
    heading = math.degrees(heading_angle(shown.clip.pose.global_orient[0]).item())
    azimuth, elevation, fov = numbers
    azimuth = (azimuth + heading + 180) % 360 - 180
    return frame, f"{azimuth:.1f},{max(-89.0, min(89.0, elevation)):.1f},{max(5.0, min(90.0, fov)):.1f}"


def convert(page: Page, file: str, suffix: str, frame: float | None) -> str:
    """A pose file in another format, for programs.

    Raises:
        ChatposeError: with names of files, not of the server's folders.
    """
    source = Path(file)
    folder = new_folder(page.root, "out-")

    def write() -> Path:
        return write_clip(read_clip(source), source.name, folder, suffix, page.body, frame=int(frame or 0))

    path, problem = attempt(source.parent, write)
    if path is None:
        raise ChatposeError(problem)
    return str(path)


def describe(file: str) -> dict[str, Any]:
    """What is in a pose file, for programs.

    Raises:
        ChatposeError: with names of files, not of the server's folders.
    """
    source = Path(file)
    clip, problem = attempt(source.parent, lambda: read_clip(source))
    if clip is None:
        raise ChatposeError(problem)
    return {
        "frames": len(clip),
        "fps": clip.fps,
        "layout": clip.layout,
        "shape_space": clip.shape_space,
        "gender": clip.gender,
        "notes": list(clip.notes),
        "warnings": list(clip.warnings),
    }


def _numbers(text: str) -> tuple[float, float, float] | None:
    """Azimuth, elevation and angle of view from "a,e,f"; None when it isn't that."""
    try:
        azimuth, elevation, fov = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (azimuth, elevation, fov) if all(map(math.isfinite, (azimuth, elevation, fov))) else None


def _show(page: Page, session: Session, slot: str, index: int, up: str) -> Result:
    path = session.file(slot, index)
    if is_photo(path):
        return _show_seen(page, session, slot, path.name, photos.look(path, page.estimator))
    up_axis = "y" if up == "y" else "z" if up == "z" else None
    shown = session.read(slot, index, up_axis)
    command = viewer.load(slot, shown, page.body)
    session.shown[slot] = shown  # last, so that a body that can't be shown doesn't replace one that is
    return Result(session, cards.clip_card(shown, page.body), [command])


@one_thread()
def _show_seen(page: Page, session: Session, slot: str, title: str, seen: photos.SeenPhoto) -> Result:
    """Shows who is chosen in a photo; with nobody in it, what was on screen stays."""
    if not seen.people:
        return Result(session, cards.nobody_card(title, kept=session.shown.get(slot)))
    shown = Shown(title, seen.clip(page.body), seen)
    shares = [reading.weight for reading in seen.readings(page.body)]
    command = viewer.load(slot, shown, page.body)
    session.shown[slot] = shown
    card = cards.photo_card(shown, photos.pictures(seen, page.body), shares)
    return Result(session, card, [command], people=seen.names(), readings=len(shares))


def guarded(session: Session, slot: str, read: Callable[[], Result]) -> Result:
    """What `read` gives, or a card that says what went wrong; what was shown in the slot stays."""
    result, problem = attempt(session.folder, read)
    if result is None:
        return Result(session, cards.problem_card(problem, kept=session.shown.get(slot)))
    return result


def attempt(folder: Path, act: Callable[[], T]) -> tuple[T | None, str]:
    """What `act` gives, or None and what went wrong in plain words, without `folder`."""
    try:
        return act(), ""
    except ChatposeError as error:
        return None, cards.plain_words(error, folder)
    except Exception as error:
        _log.error("unexpected %s", type(error).__name__)
        return None, "chatpose failed at this; it is a fault of chatpose, not of yours"
