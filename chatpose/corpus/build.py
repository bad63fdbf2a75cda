"""Builds a corpus: `python -m chatpose.corpus.build --out FOLDER SOURCE...`.

A source is a folder or a file; `kind:path` says what it is where that isn't plain to see. Interrupted, the same
command goes on where it was.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from chatpose.corpus.builder import CorpusBuilder, Progress
from chatpose.corpus.open_collection import KINDS, collection_names, open_collection, parse_source
from chatpose.corpus.sampling import DUPLICATE_MM
from chatpose.corpus.source import DEFAULT_FPS, Collection
from chatpose.corpus.splits import Splitter, splits_from_dict
from chatpose.corpus.text_files import read_json
from chatpose.errors import ChatposeError, UnreadableFileError

REPORT_EVERY_S = 2.0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(prog="python -m chatpose.corpus.build", description="Builds a corpus of poses.")
    made.add_argument("sources", nargs="+", metavar="SOURCE", help=f"a path, or KIND:PATH with {', '.join(KINDS)}")
    made.add_argument("--out", type=Path, required=True, help="folder that is made, or gone on with")
    made.add_argument("--amass", type=Path, help="folder with AMASS's sub-sets, for texts about its poses")
    made.add_argument("--fps", type=float, default=DEFAULT_FPS, help="poses a second taken from motions")
    made.add_argument(
        "--near", type=float, default=DUPLICATE_MM, metavar="MM", help="drop poses nearer than this to another; 0: none"
    )
    made.add_argument("--splits", type=Path, help='JSON: {"train": [people], "validation": […], "test": […]}')
    made.add_argument("--licence", action="append", default=[], metavar="NAME=TEXT", help="terms of a collection")
    return made


def open_all(options: argparse.Namespace) -> list[Collection]:
    """The collections that the arguments name.

    Raises:
        ChatposeError: one can't be opened, a licence is for none of them, a number makes no sense.
    """
    if not 0 < options.fps <= 1000 or not 0 <= options.near <= 1000:
        raise UnreadableFileError(f"--fps {options.fps:g} --near {options.near:g}", expected="0 to 1000, fps above 0")
    parsed = [parse_source(text) for text in options.sources]
    names = collection_names([path for _, path in parsed])
    licences = dict(text.partition("=")[::2] for text in options.licence)
    for name in licences:
        if name not in names:
            raise UnreadableFileError(f"--licence {name}: no such collection", expected=", ".join(names))
    opened = []
    for (kind, path), name in zip(parsed, names, strict=True):
        collection = open_collection(kind, path, amass=options.amass, fps=options.fps, name=name)
        if name in licences:
            collection.info = dataclasses.replace(collection.info, licence=licences[name])  # pyright: ignore
        opened.append(collection)
    return opened


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds and says how it goes; 0 when all went in, 2 when something was wrong, 130 when interrupted."""
    options = parser().parse_args(arguments)
    told = 0.0

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def report(progress: Progress) -> None:
        nonlocal told
        if progress.problem:
            say(f"skipped: {progress.problem}")
        if time.monotonic() - told > REPORT_EVERY_S or progress.done == progress.total:
            told = time.monotonic()
            say(
                f"{progress.done:,}/{progress.total:,} sources, {progress.poses:,} poses read, {progress.kept:,} in, "
                f"{progress.rate:,.0f} poses/s"
            )

    try:
        given = splits_from_dict(read_json(options.splits, dict), str(options.splits)) if options.splits else None
        collections = open_all(options)
        for collection in collections:
            for problem in collection.problems:
                say(f"{collection.info.name}: {problem}")
        builder = CorpusBuilder(options.out, Splitter(given), fps=options.fps, duplicate_mm=options.near)
        record = builder.build(collections, report)
    except KeyboardInterrupt:
        say(f"stopped; what was read is in {options.out}, the same command goes on")
        return 130
    except ChatposeError as error:
        say(f"error: {error}")
        return 2
    summary = {split: record.poses(split=split) for split in ("train", "validation", "test")}
    line = {"out": str(options.out), "poses": record.poses(), **summary, "skipped": len(record.skipped())}
    sys.stdout.write(f"{json.dumps(line)}\n")
    return 2 if any(not source.fingerprint for source in record.skipped()) or not record.poses() else 0


if __name__ == "__main__":
    sys.exit(main())
