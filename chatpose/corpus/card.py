"""The data card of a corpus: where it is from, under which terms, how much of what it has."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from chatpose.corpus.artefact import CARD_NAME, CorpusRecord
from chatpose.corpus.families import FAMILIES
from chatpose.corpus.packed import SPLITS
from chatpose.safefiles import atomic_write

_SHOWN_PROBLEMS = 50


def write_card(folder: Path, record: CorpusRecord) -> None:
    """Writes `README.md` beside the shards."""
    with atomic_write(folder / CARD_NAME) as temporary:
        temporary.write_text(card(record), encoding="utf-8")


def card(record: CorpusRecord) -> str:
    """The card's Markdown; the same record gives the same text."""
    parts = [
        "# Pose corpus",
        f"{record.poses():,} poses of {sum(len(getattr(record.splits, split)) for split in SPLITS):,} people, "
        f"{record.fps:g} poses a second of motion, "
        + (
            f"none nearer than {record.duplicate_mm:g} mm to another"
            if record.duplicate_mm
            else "near ones not dropped"
        )
        + " (weighted root mean square over joints, face, palms and soles, heading left out; poses with texts of "
        "their own and pairs stay in any case)." + ("" if record.finished else " **Not finished.**"),
        "## From\nEverything keeps the terms of where it is from; the strictest of them holds for the whole.",
        _table(
            ("collection", "kind", "origin", "licence", "poses"),
            ((c.name, c.kind, c.origin, c.licence, f"{record.poses(collection=c.name):,}") for c in record.collections),
        ),
        "## Split, by person\nNobody is in two of them; `corpus.json` names everybody.",
        _table(
            ("split", "people", "poses", "with texts of their own", "with texts of their recording"),
            (_split_row(record, split) for split in SPLITS),
        ),
        "## Kinds of posture, by posecodes",
        _table(("family", *SPLITS, "share"), (_family_row(record, family) for family in FAMILIES)),
        _problems(record),
        "## Columns\n`pose`: 24 rotations as axis-angle, radians, SMPL's order, the pelvis first; y up, facing +z (an "
        "`after` as it stands to its `before`). `transl`: metres. `frame`, `collection`, `source`, `subject`, `split`, "
        "`family`. `role`: `pose`, or `before` and `after`, which follow each other. `texts`: of this pose, or how to "
        "get to it from the `before`. `clip_texts`: of the stretch of recording. Shape is left out.\n\n"
        "`chatpose.corpus.artefact.Corpus(folder)` streams it; the shards are plain Parquet.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _split_row(record: CorpusRecord, split: str) -> tuple[str, ...]:
    counts = [count for count in record.counts if count.split == split]
    sums = (sum(getattr(c, key) for c in counts) for key in ("poses", "with_texts", "with_clip_texts"))
    return (split, f"{len(getattr(record.splits, split)):,}", *(f"{number:,}" for number in sums))


def _family_row(record: CorpusRecord, family: str) -> tuple[str, ...]:
    numbers = [record.poses(split=split, family=family) for split in SPLITS]
    share = sum(numbers) / max(record.poses(), 1)
    return (family, *(f"{number:,}" for number in numbers), f"{share:.1%}")


def _problems(record: CorpusRecord) -> str:
    skipped = record.skipped()
    if not skipped:
        return ""
    shown = [f"- {one.collection}/{one.name}: {one.problem}" for one in skipped[:_SHOWN_PROBLEMS]]
    more = [f"- and {len(skipped) - _SHOWN_PROBLEMS:,} more, in `corpus.json`"] if len(skipped) > len(shown) else []
    return "\n".join([f"## Left out\n{len(skipped):,} of {len(record.sources):,} sources:", *shown, *more])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
