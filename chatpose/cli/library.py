"""`chatpose library add PATH… | info | remove NAME… | repair`: a folder of poses that can be searched."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.cli.photo_estimators import Estimators, add_estimator
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.retrieval.embedding import PoseTextEmbedder
    from chatpose.retrieval.find_sources import Reading
    from chatpose.retrieval.importer import Imported, Progress
    from chatpose.retrieval.photo_source import PhotoReader
    from chatpose.retrieval.pose_source import PoseSource
    from chatpose.retrieval.thinning import Thinning

BAD_INPUT = 2


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "library",
        help="make and keep a library of poses to search",
        description="Imports poses with their names, statements and vectors; chatpose search finds them.",
    )
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    adding = _action(
        actions,
        "add",
        "import files and folders: AMASS, BVH, AMC, npz, json, packed motion capture, photos",
        add,
        "What is in already is passed over, so an import that was stopped goes on with the same command. "
        "Of motions at most 20 frames a second are taken, each 30 mm from the last one, unless --every is given. "
        "Every person of a photo becomes a pose.",
    )
    adding.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or kind:PATH (packed, posescript, …)")
    adding.add_argument("--every", type=shared.positive, metavar="N", help="take every N-th frame, 1 for all")
    adding.add_argument("--licence", default="", metavar="TEXT", help="terms of what is imported")
    adding.add_argument("--collection", default="", metavar="TEXT", help="what it belongs to (default: the folder)")
    adding.add_argument("--amass", type=Path, metavar="FOLDER", help="AMASS, for texts about its poses")
    shared.add_up(adding)
    adding.add_argument("--mirrored", action="store_true", help="the photos are mirror images, as many selfies are")
    add_estimator(adding)
    _embedder_option(adding)
    about = _action(actions, "info", "say what is in it", info)
    about.add_argument("--verify", action="store_true", help="read everything and compare all checksums")
    removing = _action(actions, "remove", "take out a pose by its id, or the poses of a source, file or folder", remove)
    removing.add_argument(
        "names", nargs="+", metavar="NAME", help="an id, a source's name, or a file or folder that was imported"
    )
    _embedder_option(
        _action(actions, "repair", "rebuild what is damaged or of another embedder from the poses", repair)
    )


def _action(
    actions: Any, name: str, what: str, run: Callable[[argparse.Namespace], int], more: str = ""
) -> argparse.ArgumentParser:
    description = f"{what[0].upper()}{what[1:]}. {more}".strip()
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=description)
    shared.add_library(parser)
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.add_argument("--quiet", action="store_true", help="no progress and no notes")
    parser.set_defaults(run=run)
    return parser


def _embedder_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--embedder", metavar="FOLDER", help="a trained embedder (default: the shipped one)")


def open_embedder(options: argparse.Namespace) -> "PoseTextEmbedder":
    """The embedder that `--embedder` names, or the shipped one."""
    from chatpose.retrieval.embedder import Embedder

    return Embedder.from_pretrained(options.embedder)


def add(options: argparse.Namespace) -> int:
    """Imports; a bad file is reported in its place and makes the exit code 2."""
    from chatpose.formats.registry import ReadOptions
    from chatpose.retrieval.find_sources import Reading
    from chatpose.retrieval.library import Library
    from chatpose.retrieval.library_analysis import PoseAnalyser
    from chatpose.retrieval.thinning import Thinning

    reading = Reading(
        ReadOptions(up=options.up), options.licence, options.collection, options.amass, _photo_reader(options)
    )
    sources = _sources(options, reading)
    embedder = open_embedder(options)
    thinning = Thinning(options.every)
    with Library.open_or_create(shared.library_folder(options), embedder) as library, _Teller(options, sources) as told:
        for result in library.add(sources, PoseAnalyser(embedder), thinning, progress=told.progress):
            told.result(result)
        told.summary(thinning, library.folder)
    return BAD_INPUT if told.problems else 0


def _photo_reader(options: argparse.Namespace) -> "PhotoReader":
    """Who looks at the photos among the paths; models are loaded when there is one."""
    from chatpose.retrieval.find_sources import UNKNOWN_LICENCE
    from chatpose.retrieval.photo_source import PhotoReader

    estimators = Estimators(options.estimator)
    licence, way = options.licence or UNKNOWN_LICENCE, options.estimator or ""
    return PhotoReader(estimators.of, estimators.check, options.collection, licence, way, options.mirrored)


def info(options: argparse.Namespace) -> int:
    """Says what is in a library; with --verify 2 when something is wrong."""
    from chatpose.retrieval.library import Library

    with Library.open(shared.library_folder(options)) as library:
        found = library.info()
        problems = library.verify() if options.verify else []
    if options.json:
        shared.print_json({**asdict(found), **({"problems": problems} if options.verify else {})})
        return BAD_INPUT if problems else 0
    print(f"{found.folder}: {found.poses:,} poses, {found.named:,} of them with a name, {found.bytes / 2**20:.1f} MiB")
    print(f"embedder {found.embedder[:12]}, {found.sources:,} sources")
    for title, table in (("from", found.collections), ("licence", found.licences)):
        for text, count in table.items():
            print(f"  {title}: {text or 'not said'} ({count:,})")
    if options.verify and not problems:
        print("all checksums are right")
    for problem in problems:
        print(f"chatpose: {problem}", file=sys.stderr)
    return BAD_INPUT if problems else 0


def remove(options: argparse.Namespace) -> int:
    """Removes; an unknown name is reported in its place and makes the exit code 2."""
    from chatpose.retrieval.library import Library

    code = 0
    with Library.open(shared.library_folder(options)) as library:
        for name in options.names:
            try:
                count = library.remove(name)
            except ChatposeError as error:
                code = BAD_INPUT
                shared.report_error(error, options.json, name=name)
                continue
            if options.json:
                shared.print_json({"name": name, "removed": count})
            else:
                print(f"{name}: {count:,} poses removed")
    return code


def repair(options: argparse.Namespace) -> int:
    """Repairs; 2 when poses were lost."""
    from chatpose.retrieval.library import Library

    def step(text: str) -> None:
        if not (options.json or options.quiet):
            print(text, file=sys.stderr)

    report = Library.repair(shared.library_folder(options), open_embedder(options), progress=step)
    if options.json:
        shared.print_json(asdict(report))
        return BAD_INPUT if report.lost else 0
    for problem in report.problems:
        print(f"found: {problem}")
    if report.catalogue:
        print("the catalogue was rebuilt from the segments")
    for count, what in ((report.embedded, "embedded"), (report.measured, "measured")):
        if count:
            print(f"{count:,} poses were {what} anew")
    if report.lost:
        print(f"chatpose: {len(report.lost)} segments couldn't be read: {', '.join(report.lost)}", file=sys.stderr)
    print(f"{report.poses:,} poses{'' if report.problems else ', nothing was wrong'}")
    return BAD_INPUT if report.lost else 0


class _Unfound:
    """A path that nothing could be made of, in its place among the sources."""

    name = collection = licence = ""

    def __init__(self, file: str, error: ChatposeError) -> None:
        self.file = file
        self._error = error

    def fingerprint(self) -> str:
        """Says what is wrong."""
        raise self._error

    def read(self) -> Any:
        """Says what is wrong."""
        raise self._error


def _sources(options: argparse.Namespace, reading: "Reading") -> "list[PoseSource]":
    """Everything that the paths hold, in their order."""
    from chatpose.retrieval.find_sources import find_sources

    def each() -> "Iterator[PoseSource]":
        for path in options.paths:
            try:
                found = find_sources(path, reading)
            except ChatposeError as error:
                yield _Unfound(path, error)
                continue
            if not options.quiet:
                shared.say("note", found.left_out)
            yield from found.sources

    return list(each())


class _Teller:
    """Says how an import goes on: a bar on a terminal, a line for what is wrong, a sum at the end."""

    def __init__(self, options: argparse.Namespace, sources: "list[PoseSource]") -> None:
        from tqdm import tqdm

        self._options = options
        self.problems = self._stored = self._known = self._files = 0
        self._begun = time.perf_counter()
        self._notes: set[str] = set()
        hidden = True if options.json or options.quiet else None  # None: hidden unless it is a terminal
        self._bar = tqdm(total=len(sources), unit=" files", disable=hidden, file=sys.stderr)

    def __enter__(self) -> "_Teller":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._bar.close()
        if kind is KeyboardInterrupt and not self._options.quiet:
            told = f"stopped: {self._stored:,} poses of {self._files:,} files are stored"
            print(f"{told}; the same command goes on from there", file=sys.stderr)

    def progress(self, progress: "Progress") -> None:
        """After every storing."""
        self._bar.set_postfix_str(f"{progress.poses:,} poses stored, {progress.rate:,.0f} a second")

    def result(self, result: "Imported") -> None:
        """Of one source, which is on the disk."""
        self._bar.update()
        self._files += 1
        self._stored += result.stored
        self._known += result.known
        self.problems += bool(result.problem)
        if self._options.json:
            shared.print_json(_as_json(result))
            return
        if result.problem:
            self._say(f"chatpose: {result.problem}")
        for note in result.notes:
            if note not in self._notes and not self._options.quiet:
                self._notes.add(note)
                self._say(f"note: {Path(result.file).name}: {note}")

    def summary(self, thinning: "Thinning", folder: Path) -> None:
        """At the end."""
        self._bar.close()
        if self._options.json:
            return
        seconds = time.perf_counter() - self._begun
        known = f", {self._known:,} were in already" if self._known else ""
        rate = f", {self._stored / seconds:,.0f} a second" if self._stored and seconds else ""
        print(f"{self._stored:,} poses stored{known}; {self._files:,} files in {seconds:.1f} s{rate}")
        print(f"the library is {folder}")
        if self._stored and not self._options.quiet:
            print(f"of motions: {thinning} (--every N takes every N-th)")

    def _say(self, line: str) -> None:
        self._bar.write(line, file=sys.stderr)


def _as_json(result: "Imported") -> dict[str, Any]:
    if result.problem:
        return {"input": result.file, "error": result.problem}
    told = {"input": result.file, "name": result.name, "stored": result.stored, "known": result.known}
    return {**told, "frames": result.frames}
