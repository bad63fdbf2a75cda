"""Options that several commands share, and the objects that they stand for."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.perception.photo_files import is_photo

if TYPE_CHECKING:
    from chatpose.body.model import BodyModel
    from chatpose.formats.clip import PoseClip
    from chatpose.formats.registry import ReadOptions

GENDERS = ("neutral", "female", "male")
WIDTH = 100
"""Columns that sentences are folded to."""
MAX_BATCH_BYTES = 64 * 2**20


def add_reading(parser: argparse.ArgumentParser) -> None:
    """`--frame`, `--every`, `--up`."""
    parser.add_argument("--frame", type=int, metavar="N", help="only frame N (0 is the first, -1 the last)")
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="every N-th frame")
    add_up(parser)


def add_up(parser: argparse.ArgumentParser) -> None:
    """`--up`."""
    parser.add_argument("--up", choices=("y", "z"), help="the file's up axis, where chatpose would assume the other")


def add_body(parser: argparse.ArgumentParser) -> None:
    """`--body`, `--gender`."""
    parser.add_argument("--body", metavar="PATH", help="a licensed SMPL file or folder (default: the open body)")
    parser.add_argument("--gender", choices=GENDERS, default="neutral", help="which file of a --body folder")


def add_library(parser: argparse.ArgumentParser) -> None:
    """`--library`."""
    parser.add_argument("--library", metavar="FOLDER", help="the library (default: $CHATPOSE_LIBRARY, or your own)")


def add_output(parser: argparse.ArgumentParser) -> None:
    """`--seed`, `--json`, `--quiet`."""
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="chooses among wordings (default: 0)")
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="no notes on what was assumed (warnings stay)")


def positive(text: str) -> int:
    """Argparse type: a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def read_options(options: argparse.Namespace) -> "ReadOptions":
    """What the shared options say about reading."""
    from chatpose.formats.registry import ReadOptions

    return ReadOptions(up=options.up)


def read_clip(options: argparse.Namespace, path: str) -> "PoseClip":
    """Loads `path` and picks the frames that the options ask for."""
    from chatpose.formats import load

    return load(path, read_options(options)).select(frame=options.frame, every=options.every)


def read_poses(options: argparse.Namespace, path: str) -> "PoseClip":
    """Loads the whole of `path`, whose kind a photo isn't.

    Raises:
        UnreadableFileError: a photo, or no pose file.
    """
    from chatpose.errors import UnreadableFileError
    from chatpose.formats import load

    if is_photo(path):
        raise UnreadableFileError(
            f"{path} is a photo",
            expected="a pose file",
            fix="take the poses out of it first: chatpose describe PHOTO --json > POSES.json",
        )
    return load(path, read_options(options))


def batch_lines(batch: str, expected: str) -> Iterator[str]:
    """Lines of a `--batch` list ("-" is standard input), stripped, without empty ones.

    Args:
        batch: its path.
        expected: what a line is, for the message.

    The file is read at once: what is wrong with it is told before any work.

    Raises:
        ChatposeError: not there, too large, or no text.
    """
    from chatpose.errors import UnreadableFileError
    from chatpose.safefiles import read_limited

    lines: Iterable[str] = sys.stdin
    if batch != "-":
        try:
            lines = read_limited(Path(batch), max_bytes=MAX_BATCH_BYTES).decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"{batch} isn't text", expected=f"{expected}, UTF-8") from error
    return (line.strip() for line in lines if line.strip())


def sound(text: str) -> str:
    """Without the half characters of an argument that isn't UTF-8, which no output takes."""
    return text.encode("utf-8", "replace").decode()


def print_json(facts: dict[str, Any]) -> None:
    """One object on one line, at once."""
    print(json.dumps(facts, ensure_ascii=False, allow_nan=False), flush=True)


def report_error(error: Exception, as_json: bool, **about: str) -> None:
    """Says in its place that an input is bad: an object among the others, or a line on standard error."""
    if as_json:
        print_json({**about, "error": str(error)})
    else:
        print(f"chatpose: {error}", file=sys.stderr, flush=True)


def library_folder(options: argparse.Namespace) -> Path:
    """The folder that `--library` names, or the person's own library."""
    from chatpose.retrieval.library_place import own_library

    return Path(options.library) if options.library else own_library()


def body_model(options: argparse.Namespace) -> "BodyModel":
    """The body that `--body` names, or the open one."""
    from chatpose.body.model import BodyModel

    return BodyModel.smpl(options.body, options.gender) if options.body else BodyModel.open()


def say(kind: str, sentences: Iterable[str]) -> None:
    """Prints notes or warnings to standard error, one line each."""
    for sentence in sentences:
        print(f"{kind}: {sentence}", file=sys.stderr)
