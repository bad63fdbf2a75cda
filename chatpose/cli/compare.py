"""`chatpose compare A B`: how to get from one pose to another."""

import argparse
import textwrap
import time
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.body.model import BodyModel
    from chatpose.body.pose import Pose
    from chatpose.posecodes.difference import Difference


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "compare",
        help="say how to get from one pose to another",
        description="Says what to do to get from the pose in A to the pose in B, and what was measured for it. Of a "
        "motion the first frame is taken, or the one that is asked for.",
    )
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--frame-a", type=int, metavar="N", help="frame of A (0 is the first, -1 the last)")
    parser.add_argument("--frame-b", type=int, metavar="N", help="frame of B")
    shared.add_up(parser)
    shared.add_body(parser)
    shared.add_output(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compares two poses; a bad one makes the exit code 2."""
    start = time.perf_counter()
    from chatpose.posecodes.describe import Describer

    body = shared.body_model(options)
    poses, code = [], 0
    for path, frame, option in ((options.a, options.frame_a, "--frame-a"), (options.b, options.frame_b, "--frame-b")):
        try:
            poses.append(_pose(options, path, frame, option, body))
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, input=path)
    if code:
        return code
    found = Describer(body).compare(*poses, seed=options.seed)
    if options.json:
        seconds = round(time.perf_counter() - start, 4)
        told = [instruction.as_json() for instruction in found.instructions]
        shared.print_json({"instructions": found.text, "differences": told, "seconds": seconds})
    else:
        _show(found)
    return 0


def _pose(options: argparse.Namespace, path: str, frame: int | None, option: str, body: "BodyModel") -> "Pose":
    clip = shared.read_poses(options, path)
    if not options.quiet:
        shared.say("note", clip.notes)
    if len(clip) > 1 and frame is None and not options.quiet:
        shared.say("note", [f"{path} holds {len(clip)} frames; the first is compared. {option} N chooses another"])
    shared.say("warning", clip.warnings)
    return clip.select(frame=frame or 0).pose_on(body)


def _show(found: "Difference") -> None:
    print(textwrap.fill(found.text, shared.WIDTH))
    if found.instructions:
        print()
    for instruction in found.instructions:
        told = instruction.as_json()
        print(f"- {instruction.text}")
        for row in told["measured"]:
            print(f"    {row['measure']}: {row['from']} → {row['to']}")
        if told["gained"]:
            print(textwrap.fill("now " + "; ".join(told["gained"]), shared.WIDTH, initial_indent="    ",
                                subsequent_indent="        "))  # fmt: skip
