"""Whether a library's files are what was stored: cheaply at every opening, wholly when asked."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_catalogue import Catalogue, SegmentFacts
from chatpose.retrieval.library_column import Column, checksum_of
from chatpose.retrieval.library_errors import REPAIR, DamagedLibraryError
from chatpose.retrieval.library_files import SEGMENTS, shown
from chatpose.retrieval.library_segment import Segment, read_segment
from chatpose.retrieval.library_writer import columns_of

SMALL_BYTES, SMALL_CATALOGUE_BYTES = 32 * 2**20, 8 * 2**20
"""Files up to these sizes are checked whole at every opening, which takes some hundredths of a second."""


def problems_at_opening(folder: Path, card: LibraryCard, catalogue: Catalogue) -> None:
    """Checks what is cheap: headers, sizes; checksums of small files.

    Raises:
        DamagedLibraryError: the first thing that is wrong.
    """
    if catalogue.path.stat().st_size <= SMALL_CATALOGUE_BYTES:
        if problem := catalogue.problem(quick=True):
            raise DamagedLibraryError(f"{shown(catalogue.path)} is damaged: {problem}", fix=REPAIR)
        for file in catalogue.broken_seals():
            raise DamagedLibraryError(f"{shown(catalogue.path)} was changed: what it tells of {file}", fix=REPAIR)
    segments = catalogue.segments()
    for facts in segments:
        _check_size(folder, facts)
    rows = catalogue.state("next_key")
    for column in columns_of(folder, card):
        column.check(rows)
        if rows * column.row_bytes <= SMALL_BYTES:
            for problem in _column_problems(column, catalogue, segments):
                raise DamagedLibraryError(problem, fix=REPAIR)


def problems_of(folder: Path, card: LibraryCard, catalogue: Catalogue) -> list[str]:
    """Everything that is wrong, a sentence each; all files are read."""
    return list(_problems(folder, card, catalogue))


def _problems(folder: Path, card: LibraryCard, catalogue: Catalogue) -> Iterator[str]:
    if problem := catalogue.problem(quick=False):
        yield f"{shown(catalogue.path)} is damaged: {problem}"
        return
    segments = catalogue.segments()
    for facts in segments:
        try:
            _check_size(folder, facts)
            path = folder / SEGMENTS / facts.name.file
            same = matches_catalogue(read_segment(path), facts, catalogue)
            if not is_as_written(path, facts):
                raise DamagedLibraryError(f"{shown(path)} was changed")
        except DamagedLibraryError as error:
            yield error.got
        else:
            if not same:
                yield f"the catalogue tells other things of {facts.name.file} than the segment"
    yield from (f"{shown(catalogue.path)} was changed: what it tells of {file}" for file in catalogue.broken_seals())
    if not counts_fit(catalogue, segments):
        yield f"{shown(catalogue.path)} names poses that no segment has"
    rows = catalogue.state("next_key")
    for column in columns_of(folder, card):
        try:
            column.check(rows)
        except DamagedLibraryError as error:
            yield error.got
        else:
            yield from _column_problems(column, catalogue, segments)


def is_as_written(path: Path, facts: SegmentFacts) -> bool:
    """Whether a segment's file has its checksum; its metadata are in no other."""
    return zlib.crc32(path.read_bytes()) == facts.checksum


def matches_catalogue(segment: Segment, facts: SegmentFacts, catalogue: Catalogue) -> bool:
    """Whether the catalogue has a segment's poses, no others in its place, and tells the same of them.

    Raises:
        DamagedLibraryError: the catalogue can't be read.
    """
    stored = catalogue.all_rows(facts.first, facts.last)
    told = list(zip(segment.keys.tolist(), segment.rows, strict=True))
    sources = {fingerprint: catalogue.source(fingerprint) for fingerprint in segment.sources}
    return stored == told and len(told) == facts.rows and sources == dict(segment.sources)


def counts_fit(catalogue: Catalogue, segments: list[SegmentFacts]) -> bool:
    """Whether the catalogue has as many poses as its segments."""
    return int(catalogue.ask("SELECT count(*) FROM poses")[0][0]) == sum(facts.rows for facts in segments)


def _check_size(folder: Path, facts: SegmentFacts) -> None:
    path = folder / SEGMENTS / facts.name.file
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DamagedLibraryError(f"can't read {shown(path)}: {error.strerror}", fix=REPAIR) from error
    if size != facts.bytes:
        raise DamagedLibraryError(f"{shown(path)} has {size:,} bytes", expected=f"{facts.bytes:,}", fix=REPAIR)


def _column_problems(column: Column, catalogue: Catalogue, segments: list[SegmentFacts]) -> Iterator[str]:
    rows = column.rows(catalogue.state("next_key"))
    for facts in segments:
        expected = facts.vectors if column.kind == "vectors" else facts.statements
        if checksum_of(rows, catalogue.keys_of(facts)) != expected:
            yield f"{shown(column.path)} was changed: the rows of {facts.name.file} have another checksum"
