"""`chatpose describe FILE...`: poses in words, with the statements that the words make."""

import argparse
import textwrap
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chatpose.cli import describe_photo, pose_lines
from chatpose.cli import options as shared
from chatpose.errors import ChatposeError
from chatpose.perception.photo_files import is_photo

if TYPE_CHECKING:
    from chatpose.atlas.naming import Name, Namer
    from chatpose.body.pose import Pose
    from chatpose.posecodes.describe import Describer, Description

STYLES = ("short", "plain", "full")
CHUNK = 256
"""Frames described at once."""


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "describe",
        help="name poses and put them into words",
        description="Says what the pose in each file is called, describes it, and lists the statements that the words "
        "make, with what was measured and by how much they hold. Of a motion the first frame is described, or those "
        "that --frame or --every ask for, one line a frame. Of a photo everybody is described, the largest first, as "
        "far as they can be seen.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="pose files of any kind, or photos")
    parser.add_argument("--style", choices=STYLES, default="plain", help="how much is said (default: plain)")
    parser.add_argument("--frame", type=int, metavar="N", help="frame N (0 is the first, -1 the last)")
    parser.add_argument("--every", type=shared.positive, metavar="N", help="every N-th frame, one line each")
    shared.add_up(parser)
    parser.add_argument("--batch", metavar="LIST", help="a file with one path a line, or - for standard input")
    shared.add_body(parser)
    shared.add_output(parser)
    describe_photo.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Describes each input; a bad one is reported in its place and makes the exit code 2."""
    if not options.files and not options.batch:
        raise ChatposeError("no input", expected="pose files, or --batch LIST")
    if options.frame is not None and options.every is not None:
        raise ChatposeError("--frame and --every", expected="one of them")
    describe_photo.check_options(options)
    paths = _paths(options)
    from chatpose.atlas.naming import Namer
    from chatpose.posecodes.describe import Describer

    describer = Describer(shared.body_model(options))
    namer = Namer(describer=describer)
    photos = describe_photo.PhotoTeller(options, describer, namer)
    code = 0
    for path in paths:
        try:
            if is_photo(path):
                photos.describe(path)
                continue
            for number, line in enumerate(_lines(options, path, describer, namer)):
                _show(line, options, first=number == 0)
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, input=path)
    return code


def _paths(options: argparse.Namespace) -> Iterator[str]:
    """The files of the command line, then those of the batch."""
    listed = shared.batch_lines(options.batch, "one path a line") if options.batch else iter(())

    def paths() -> Iterator[str]:
        yield from options.files
        yield from listed

    return paths()


Line = tuple[dict[str, Any], "Pose", "list[Name]", "Description"]


def _lines(options: argparse.Namespace, path: str, describer: "Describer", namer: "Namer") -> Iterator[Line]:
    """What there is to say of one input: about it, the pose, its names and its description, one a frame."""
    from chatpose.formats.clip import PoseClip

    start = time.perf_counter()
    clip: PoseClip = shared.read_poses(options, path)
    count, every = len(clip), options.every
    frame = 0 if options.frame is None and every is None else options.frame
    chosen = clip.select(frame=frame, every=every or 1)
    if not options.quiet:
        first_only = count > 1 and options.frame is None and every is None
        choice = f"{path} holds {count} frames; this is the first. --frame N or --every N choose others"
        shared.say("note", (*clip.notes, choice) if first_only else clip.notes)
    shared.say("warning", clip.warnings)
    poses = chosen.pose_on(describer.body).validated()
    first = 0 if frame is None else frame % count
    for offset in range(0, len(poses), CHUNK):
        part = poses[offset : offset + CHUNK]
        found = describer.describe_all(part, options.style, options.seed)
        names = namer.names(part)
        seconds = (time.perf_counter() - start) / len(part)
        for number, description in enumerate(found):
            about: dict[str, Any] = {"input": path, "seconds": round(seconds, 4)}
            if count > 1:
                about["frame"] = first + (offset + number) * (every or 1)
            yield about, part[number], names[number], description
        start = time.perf_counter()


def _show(line: Line, options: argparse.Namespace, first: bool) -> None:
    about, pose, names, description = line
    if options.json:
        shared.print_json(_as_json(about, pose, names, description))
        return
    if first:
        print(about["input"])
    if "frame" in about:
        print(f"frame {about['frame']}")
    print(pose_lines.called(names))
    print(textwrap.fill(description.text, shared.WIDTH))
    for row in pose_lines.check_rows(description.checks):
        print(f"  {row}")
    print(flush=True)


def _as_json(about: dict[str, Any], pose: "Pose", names: "list[Name]", description: "Description") -> dict[str, Any]:
    """The contract's object; a pose file is exact, so its confidence is 1."""
    from chatpose.formats.pose_json import pose_to_json

    person = {
        "pose": pose_to_json(pose, description.joints),
        "names": [name.as_json() for name in names],
        "description": description.text,
        "statements": description.statements_as_json(),
        "confidence": 1.0,
    }
    frame = {"frame": about["frame"]} if "frame" in about else {}
    return {"input": about["input"], **frame, "people": [person], "seconds": about["seconds"]}
