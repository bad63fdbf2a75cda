"""`chatpose edit`: a pose changed by words."""

import argparse
import json
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError, printable

if TYPE_CHECKING:
    from chatpose.body.pose import Pose
    from chatpose.language.verified.edited import Edited
    from chatpose.language.verified.editor import Editor

SHOWN_CHARS = 200
"""Of an instruction that is told with an error."""
_KEYS = ("pose", "instruction", "then")


@dataclass(frozen=True)
class Request:
    """One edit as it was asked for.

    Attributes:
        pose: path of a pose file, or the contract's pose object.
        instructions: the first one, and what is said after it.
    """

    pose: str | dict[str, Any]
    instructions: tuple[str, ...]


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "edit",
        help="change a pose by words",
        description="Changes the pose in FILE as the INSTRUCTION says, and says what changed and what was measured. "
        "Parts that aren't named keep their rotations. Several instructions follow each other: "
        '"raise the left arm" "the other one too" "a bit less" (docs/editing.md).',
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="a pose file of any kind")
    parser.add_argument("instruction", nargs="*", metavar="INSTRUCTION", help='"raise the left arm a bit"')
    parser.add_argument("--out", metavar="FILE", help="write the pose there; the suffix chooses the kind")
    listed = 'a file with one {"pose": …, "instruction": …} a line, or -; "pose" is a path or a pose object'
    parser.add_argument("--batch", metavar="LIST", help=listed)
    parser.add_argument("--frame", type=int, metavar="N", help="frame N of a motion (0 is the first, -1 the last)")
    shared.add_up(parser)
    shared.add_body(parser)
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="no notes on what was assumed (warnings stay)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Makes each edit; a bad one is reported in its place and makes the exit code 2."""
    if options.batch is None and (not options.file or not options.instruction):
        raise ChatposeError("nothing to edit", expected="FILE and INSTRUCTION, or --batch LIST")
    if options.batch is not None and (options.file or options.out):
        raise ChatposeError("--batch together with FILE or --out", expected="one or the other")
    editor: Editor | None = None
    code = 0
    for line in _lines(options):
        told = line or (options.instruction or [""])[0]
        start = time.perf_counter()
        try:
            request = _request(options, line)
            told = request.instructions[0]
            editor = editor or _opened(options)
            pose = _pose(options, request.pose, editor)
            for edited in _edits(editor, pose, request.instructions):
                _show(edited, time.perf_counter() - start, options)
                start, pose = time.perf_counter(), edited.pose
            if options.out:
                _write(options, editor, pose)
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, instruction=printable(shared.sound(told))[:SHOWN_CHARS])
    return code


def _edits(editor: "Editor", pose: "Pose", instructions: tuple[str, ...]) -> "Iterator[Edited]":
    last: Edited | None = None
    for instruction in instructions:
        last = editor.edit(pose, shared.sound(instruction), last=last)
        pose = last.pose
        yield last


def _lines(options: argparse.Namespace) -> Iterator[str | None]:
    """None for what the command line itself asks for, else the lines of the batch."""
    if options.batch is None:
        return iter((None,))
    return shared.batch_lines(options.batch, "one edit a line")


def _request(options: argparse.Namespace, line: str | None) -> Request:
    if line is None:
        return Request(options.file, tuple(options.instruction))
    from chatpose.formats.pose_json import parse_json

    row: Any = parse_json(line.encode("utf-8", "replace"))
    if not isinstance(row, dict) or not {"pose", "instruction"} <= row.keys() or not row.keys() <= set(_KEYS):
        expected = 'an object with "pose" and "instruction" ("then": a list of what is said after it)'
        raise ChatposeError(f"the line {line[:80]!r}", expected=expected)
    then = row.get("then", [])
    texts = [row["instruction"], *(then if isinstance(then, list) else [then])]
    if not all(isinstance(text, str) for text in texts):
        raise ChatposeError(f"instruction: {json.dumps(row['instruction'])[:80]}", expected="text")
    if not isinstance(row["pose"], str | dict):
        raise ChatposeError(f"pose: {json.dumps(row['pose'])[:80]}", expected="a path or a pose object")
    return Request(row["pose"], tuple(texts))


def _pose(options: argparse.Namespace, given: str | dict[str, Any], editor: "Editor") -> "Pose":
    if isinstance(given, dict):
        from chatpose.formats.pose_json import json_to_pose

        return json_to_pose(given).validated()
    clip = shared.read_poses(options, given)
    if not options.quiet:
        shared.say("note", clip.notes)
    if len(clip) > 1 and options.frame is None and not options.quiet:
        shared.say("note", [f"{given} holds {len(clip)} frames; the first is edited. --frame N chooses another"])
    shared.say("warning", clip.warnings)
    return clip.select(frame=options.frame or 0).pose_on(editor.body)[0]


def _opened(options: argparse.Namespace) -> "Editor":
    from chatpose.language.verified.editor import Editor

    return Editor(shared.body_model(options))


def _write(options: argparse.Namespace, editor: "Editor", pose: "Pose") -> None:
    from chatpose.body.pose import stack_poses
    from chatpose.formats import PoseClip, save
    from chatpose.formats.registry import WriteOptions

    space = "smpl" if options.body else "open"
    save(PoseClip(stack_poses([pose]), shape_space=space), options.out, WriteOptions(body=editor.body))
    if not options.json:
        print(f"written: {options.out}")


def _show(edited: "Edited", seconds: float, options: argparse.Namespace) -> None:
    if options.json:
        shared.print_json({**edited.as_json(), "seconds": round(seconds, 4)})
        return
    print(edited.instruction)
    changed = ", ".join(edited.changed_parts) or "nothing"
    print(f"  changed: {changed}")
    for check in edited.checks:
        mark = {True: "✓", False: "✗", None: "?"}[check.holds]
        print(f"  {mark} {check.statement}: {check.measured or 'not measured'}")
    for note in edited.notes:
        print(textwrap.fill(f"note: {note}", shared.WIDTH, initial_indent="  ", subsequent_indent="    "))
    print(textwrap.fill(edited.description, shared.WIDTH, initial_indent="  ", subsequent_indent="  "))
    print(flush=True)
