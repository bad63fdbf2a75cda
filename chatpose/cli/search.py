"""`chatpose search`: poses of a library by words, by a pose, by statements."""

import argparse
import dataclasses
import json
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.cli.photo_estimators import add_estimator
from chatpose.cli.search_like import LikeReader
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.retrieval.hit import SearchHit
    from chatpose.retrieval.query import Query
    from chatpose.retrieval.search_place import LibrarySearch

SHOWN_CHARS = 200
"""Of a query that is told with an error."""
_KEYS: dict[str, type] = {
    "query": str,
    "like": str,
    "where": list,
    "k": int,
    "part": str,
    "mirror": bool,
    "all": bool,
    "frame": int,
    "person": int,
}
_FIELDS = {"query": "text", "all": "everything"}
"""What keys of a batch line are called in `Request`."""


@dataclass(frozen=True)
class Request:
    """One search as it was asked for.

    Attributes:
        text: words, or none.
        like: path of a pose file or of a photo, or none.
        where: statements, as lines.
        k: most hits.
        part: body part that counts most, or none.
        mirror: whether mirror images count.
        everything: whether near-duplicates are shown.
        frame: of the pose file.
        person: of the photo, from 1.
    """

    text: str
    like: str
    where: tuple[str, ...]
    k: int
    part: str
    mirror: bool
    everything: bool
    frame: int | None
    person: int | None

    @property
    def told(self) -> str:
        """What is told of it: the words, or the file; the statements where there is neither."""
        return shared.sound(self.text or self.like or "; ".join(self.where))


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "search",
        help="find poses by words, by a pose, by a photo, by statements",
        description="Finds the poses of a library that fit the words, or are like the pose in FILE, and meet all "
        "statements. Scores run from 0 to 1 (docs/search.md). Near-duplicates are folded into the best of them.",
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help='words, or a name: "tree pose", "vrksasana"')
    parser.add_argument("--like", metavar="FILE", help="a pose file of any kind, or a photo, instead of words")
    parser.add_argument("-k", type=int, default=10, metavar="K", help="most hits (default: 10)")
    parser.add_argument("--where", action="append", default=[], metavar="STATEMENT",
                        help='has to hold: "left knee: right angle", "not: kneeling"; may be repeated')  # fmt: skip
    parser.add_argument("--part", default="", metavar="PART", help="with --like: what counts most (arms, left_leg, …)")
    parser.add_argument("--mirror", action="store_true", help="mirror images count, and come back mirrored")
    parser.add_argument("--all", action="store_true", help="show near-duplicates, too")
    places = "a library to search, may be repeated (default: your own and the one with chatpose)"
    parser.add_argument("--library", action="append", default=[], metavar="FOLDER", help=places)
    parser.add_argument("--frame", type=int, metavar="N", help="with --like: frame N (0 is the first, -1 the last)")
    parser.add_argument("--person", type=shared.positive, metavar="N", help="with a photo: its N-th largest person")
    add_estimator(parser)
    shared.add_up(parser)
    parser.add_argument("--batch", metavar="LIST", help="a file with one query a line, words or a JSON object, or -")
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="no notes on what was assumed (warnings stay)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answers each query; a bad one is reported in its place and makes the exit code 2."""
    if options.text is None and not options.like and not options.where and options.batch is None:
        raise ChatposeError("no query", expected="TEXT, --like FILE, --where STATEMENT or --batch LIST")
    lines, poses = _lines(options), LikeReader(options)
    searcher: LibrarySearch | None = None
    code = 0
    for line in lines:
        told = line
        start = time.perf_counter()
        try:
            request = _request(options, line)
            told = request.told
            query = _query(request, poses)  # a bad query is told before anything heavy is loaded
            searcher = searcher or _opened(options)
            hits = searcher.search(query)
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, query=shared.sound(told or options.text or "")[:SHOWN_CHARS])
            continue
        _show(told, hits, time.perf_counter() - start, options)
    return code


def _lines(options: argparse.Namespace) -> Iterator[str | None]:
    """None for what the command line itself asks for, then the lines of the batch."""
    listed = shared.batch_lines(options.batch, "one query a line") if options.batch is not None else iter(())

    def lines() -> Iterator[str | None]:
        if options.text is not None or options.like or (options.where and options.batch is None):
            yield None
        yield from listed

    return lines()


def _request(options: argparse.Namespace, line: str | None) -> Request:
    """What a line asks for; what it doesn't say is as on the command line."""
    own = Request(
        text=options.text or "",
        like=options.like or "",
        where=tuple(options.where),
        k=options.k,
        part=options.part,
        mirror=options.mirror,
        everything=options.all,
        frame=options.frame,
        person=options.person,
    )
    if line is None:
        if options.text is not None and not options.text.strip():
            raise ChatposeError("an empty query", expected="words to search for")
        return own
    asked = _parsed(line) if line.startswith("{") else {"text": line}
    return dataclasses.replace(own, **({"text": "", "like": ""} | asked))


def _parsed(line: str) -> dict[str, Any]:
    from chatpose.formats.pose_json import parse_json

    row: Any = parse_json(line.encode("utf-8", "replace"))
    if not isinstance(row, dict) or not row.keys() <= _KEYS.keys():
        raise ChatposeError(f"the line {line[:80]!r}", expected=f"an object with some of: {', '.join(_KEYS)}")
    for key, value in row.items():
        if not _is_right(value, _KEYS[key]):
            raise ChatposeError(f"{key}: {json.dumps(value)[:80]}", expected=f"{_KEYS[key].__name__} in a query line")
    asked: dict[str, Any] = {_FIELDS.get(str(key), str(key)): value for key, value in row.items()}
    return asked | {"where": tuple(asked["where"])} if "where" in asked else asked


def _is_right(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _query(request: Request, poses: LikeReader) -> "Query":
    from chatpose.retrieval.query import Query

    like, seen = poses.read(request.like, request.frame, request.person) if request.like else (None, None)
    return Query.parse(
        request.text,
        where=request.where,
        like=like,
        k=request.k,
        part=request.part,
        mirror=request.mirror,
        fold=not request.everything,
        seen=seen,
    )


def _opened(options: argparse.Namespace) -> "LibrarySearch":
    from chatpose.retrieval.search_place import open_search

    def tell(step: str) -> None:
        if not options.quiet:
            shared.say("note", [step])

    return open_search([Path(folder) for folder in options.library], progress=tell)


def _show(told: str, hits: "list[SearchHit]", seconds: float, options: argparse.Namespace) -> None:
    if options.json:
        rows = [hit.as_json() for hit in hits]
        shared.print_json({"query": told, "hits": rows, "seconds": round(seconds, 4)})
        return
    print(told)
    if not hits:
        print("  nothing in the library fits")
    for number, hit in enumerate(hits, 1):
        print(f"{number:3}. {_headline(hit)}")
        print(textwrap.fill(hit.description, shared.WIDTH, initial_indent="     ", subsequent_indent="     "))
    print(flush=True)


def _headline(hit: "SearchHit") -> str:
    """What a hit is called, and what is to be known of it."""
    facts = [f"{hit.score:.2f}"]
    if hit.distance_mm is not None:
        facts.append(f"{hit.distance_mm:.0f} mm")
    if hit.mirrored:
        facts.append("mirrored")
    if hit.folded:
        facts.append(f"and {hit.folded} alike")
    name = f"{hit.name}, {hit.id}" if hit.name and hit.name != hit.id else hit.id
    return f"{name} ({', '.join(facts)})" + (f", {hit.row.source}" if hit.row.source else "")
