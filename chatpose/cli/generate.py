"""`chatpose generate`: poses from words, with what was measured."""

import argparse
import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError, printable

if TYPE_CHECKING:
    from chatpose.language.verified.answer import Generated, VerifiedPose
    from chatpose.language.verified.generator import Generator

SHOWN_CHARS = 200
"""Of a request that is told with an error."""
FORMATS = ("npz", "json", "bvh", "glb", "obj", "png", "npy")
_KEYS: dict[str, type] = {"prompt": str, "count": int, "seed": int}
HELD, MISSED, UNTOLD = "✓", "✗", "?"


@dataclass(frozen=True)
class Request:
    """One request as it was made.

    Attributes:
        prompt: the words.
        count: poses that are wanted.
        seed: of what is drawn.
    """

    prompt: str
    count: int
    seed: int


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "generate",
        help="make poses from words, measured and repaired",
        description="Makes poses from words: limb by limb, by name, or by a situation. Every statement of the request "
        "is measured on the pose, and what doesn't hold is repaired where that can be done (docs/generation.md).",
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help='"warrior two, but with the left hand on the hip"')
    parser.add_argument(
        "--count", type=int, default=1, metavar="N", help="different poses that are wanted (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of what is drawn (default: 0)")
    parser.add_argument("--no-verify", action="store_true", help="the raw model: nothing is repaired or ranked")
    parser.add_argument("--out", metavar="DIR", help="write each pose to a file there")
    parser.add_argument("--format", choices=FORMATS, default="npz", help="of these files (default: npz)")
    parser.add_argument("--batch", metavar="FILE", help="a file with one request a line, words or JSON, or -")
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answers each request; one that can't be answered is reported in its place and makes the exit code 2."""
    if options.text is None and options.batch is None:
        raise ChatposeError("no request", expected='TEXT, as in chatpose generate "tree pose", or --batch FILE')
    lines = _lines(options)
    folder = _folder(options)
    generator: Generator | None = None
    code = 0
    for number, line in enumerate(lines, 1):
        told = line
        try:
            request = _request(options, line)
            told = request.prompt
            generator = generator or _opened(request.prompt)
            found = generator.generate(
                request.prompt, count=request.count, seed=request.seed, verify=not options.no_verify
            )
            if not found.poses:
                raise ChatposeError("; ".join(found.notes) or "nothing was understood")
            files = _saved(found, folder, number, options)
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, prompt=shared.sound(told)[:SHOWN_CHARS])
            continue
        _show(found, files, options)
    return code


def _lines(options: argparse.Namespace) -> Iterator[str]:
    """What the command line itself asks for, then the lines of the batch."""
    listed = shared.batch_lines(options.batch, "one request a line") if options.batch is not None else iter(())

    def lines() -> Iterator[str]:
        if options.text is not None:
            yield options.text
        yield from listed

    return lines()


def _request(options: argparse.Namespace, line: str) -> Request:
    """What a line asks for; what it doesn't say is as on the command line."""
    own = Request(line, options.count, options.seed)
    if not line.startswith("{") or line is options.text:
        return own
    from chatpose.formats.pose_json import parse_json

    row: Any = parse_json(line.encode("utf-8", "replace"))
    if not isinstance(row, dict) or "prompt" not in row or not row.keys() <= _KEYS.keys():
        raise ChatposeError(
            f"the line {line[:80]!r}", expected=f"an object with prompt and some of: {', '.join(_KEYS)}"
        )
    for key, value in row.items():
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise ChatposeError(f"{key}: {json.dumps(value)[:80]}", expected=f"{_KEYS[key].__name__} in a request line")
    return replace(own, **row)


def _opened(prompt: str) -> "Generator":
    from chatpose.language.verified.generator import Generator
    from chatpose.language.verified.request_text import clean_request

    clean_request(prompt)  # a bad request is told before anything heavy is loaded
    return Generator.open()


def _folder(options: argparse.Namespace) -> Path | None:
    from chatpose.safefiles import made_folder

    return made_folder(Path(options.out)) if options.out is not None else None


def _saved(found: "Generated", folder: Path | None, number: int, options: argparse.Namespace) -> list[str]:
    """Paths of the files that were written, one a pose."""
    if folder is None:
        return []
    from chatpose.body.pose import stack_poses
    from chatpose.formats import PoseClip, save

    paths = []
    for place, one in enumerate(found.poses, 1):
        name = f"pose_{place}" if options.batch is None else f"request_{number:04d}_pose_{place}"
        path = folder / f"{name}.{options.format}"
        save(PoseClip(stack_poses([one.pose])), path)
        paths.append(str(path))
    return paths


def _show(found: "Generated", files: list[str], options: argparse.Namespace) -> None:
    if options.json:
        row: dict[str, Any] = found.as_json()
        row["prompt"] = shared.sound(found.prompt)
        for pose, path in zip(row["poses"], files, strict=False):
            pose["file"] = path
        shared.print_json(row)
        return
    print(printable(shared.sound(found.prompt)))
    shared.say("note", found.notes)
    for place, one in enumerate(found.poses):
        if len(found.poses) > 1:
            print(f"\npose {place + 1}")
        for line in _told(one):
            print(line)
        if files:
            print(f"  written to {files[place]}")
    print(flush=True)


def _told(one: "VerifiedPose") -> Iterator[str]:
    """A pose for people: what it is, and the checklist."""
    yield textwrap.fill(one.description.text, shared.WIDTH)
    if not one.verified:
        yield "  (not verified: as it came)"
    first = max((len(str(check.statement)) for check in one.checks), default=0)
    for check in one.checks:
        mark = {True: HELD, False: MISSED, None: UNTOLD}[check.holds]
        why = one.why(check)
        source = "" if why == "said" else f"  ({why})"
        yield f"  {mark} {check.statement!s:<{first}}  {check.as_json()['measured'] or ''}{source}"
    for note in one.notes:
        yield f"  note: {note}"
