"""What several parts of the page do alike: which frame and camera are on screen, pictures of it, files for programs.

Errors of ours are told in plain words; of anything unexpected the log gets the type only: files of visitors are
nobody's business.
"""

import functools
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.rotations import heading_angle
from chatpose.errors import ChatposeError
from chatpose.page import photos, viewer, wording
from chatpose.page.bodies import Bodies
from chatpose.page.examples import Example
from chatpose.page.session import Session, Shown, new_folder, read_clip, write_clip
from chatpose.perception.estimator import PerceptionPipeline
from chatpose.posecodes.describe import Describer

FALLBACK_SIZE = 480

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """What all parts of the page share.

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

    @functools.cached_property
    def bodies(self) -> Bodies:
        """Meshes of the body, for browsers."""
        return Bodies(self.body)


def draw_pictures(page: Page, session: Session, state: dict[str, Any] | None) -> viewer.Update:
    """Pictures of what is shown, for a browser without WebGL."""
    commands = []
    for slot, shown in session.shown.items():
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


def attempt(folder: Path, act: Callable[[], T]) -> tuple[T | None, str]:
    """What `act` gives, or None and what went wrong in plain words, without `folder`."""
    try:
        return act(), ""
    except ChatposeError as error:
        return None, wording.plain_words(error, folder)
    except Exception as error:
        _log.error("unexpected %s", type(error).__name__)
        return None, "chatpose failed at this; it is a fault of chatpose, not of yours"
