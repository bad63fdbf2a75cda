"""What is written to a library's catalogue; everything here is called within `Catalogue.change`."""

import json
import sqlite3
from collections.abc import Sequence

import numpy as np

from chatpose.retrieval.library_catalogue import SegmentFacts, seal_of
from chatpose.retrieval.library_rows import NewRow, SourceFacts


def add_rows(
    change: sqlite3.Connection, keys: np.ndarray, rows: Sequence[NewRow], sources: Sequence[SourceFacts]
) -> None:
    """Enters poses and their sources."""
    change.executemany(
        "INSERT OR IGNORE INTO sources (fingerprint, name, file, collection, licence) VALUES (?, ?, ?, ?, ?)",
        [(facts.fingerprint, facts.name, facts.file, facts.collection, facts.licence) for facts in sources],
    )
    texts = {row.description for row in rows}
    change.executemany("INSERT OR IGNORE INTO texts (text) VALUES (?)", [(text,) for text in texts])
    source = _places(change, "SELECT id FROM sources WHERE fingerprint = ?", {row.fingerprint for row in rows})
    text = _places(change, "SELECT id FROM texts WHERE text = ?", texts)
    change.executemany(
        "INSERT INTO poses (key, source, frame, space, names, text, own_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                int(key),
                source[row.fingerprint],
                row.frame,
                row.shape_space,
                _told(row),
                text[row.description],
                row.own_id,
            )
            for key, row in zip(keys, rows, strict=True)
        ],
    )


def put_segment(change: sqlite3.Connection, facts: SegmentFacts) -> None:
    """Enters a segment whose poses are entered, in the place of its older generation."""
    file = (facts.name.number, facts.name.generation, facts.bytes, facts.checksum)
    seal = seal_of(change, facts.first, facts.last)
    row = (*file, facts.rows, facts.first, facts.last, facts.vectors, facts.statements, seal)
    change.execute("INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def count_up(change: sqlite3.Connection, next_key: int, next_segment: int) -> None:
    """Sets what the next pose and the next segment get; never back."""
    for name, value in (("next_key", next_key), ("next_segment", next_segment)):
        change.execute("UPDATE state SET value = max(value, ?) WHERE name = ?", (value, name))


def finish(change: sqlite3.Connection, facts: SourceFacts, choice: str) -> None:
    """Notes that a source was wholly gone through."""
    add_rows(change, np.empty(0, np.int64), (), (facts,))
    question = "SELECT finished FROM sources WHERE fingerprint = ?"
    before = json.loads(change.execute(question, (facts.fingerprint,)).fetchone()[0])
    if choice not in before:
        told = json.dumps([*before, choice])
        change.execute("UPDATE sources SET finished = ? WHERE fingerprint = ?", (told, facts.fingerprint))


def _places(change: sqlite3.Connection, question: str, values: set[str]) -> dict[str, int]:
    return {value: change.execute(question, (value,)).fetchone()[0] for value in values}


def _told(row: NewRow) -> str:
    names = [[name.name, name.score, name.entry, int(name.mirrored)] for name in row.names]
    return json.dumps(names, ensure_ascii=False, separators=(",", ":"))
