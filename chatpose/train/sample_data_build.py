"""Puts the samples together: pools of the splits, texts over them, contexts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatpose.atlas.compiled import Atlas
from chatpose.corpus.instructions.bank import BankEntry, KeptNames
from chatpose.corpus.samples.claims import claims_of
from chatpose.corpus.samples.postures import POSTURES
from chatpose.corpus.samples.samples import SampleContext, SampleHead, Samples
from chatpose.corpus.samples.sayings import SayingBook
from chatpose.posecodes.captioning import caption
from chatpose.posecodes.choice import mix
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.instruction_measure import Measurer
from chatpose.train.instruction_poses import PoseGatherer, bank_entries, kept_names
from chatpose.train.sample_data_context import NearEntries, with_context
from chatpose.train.sample_data_entries import ComposedMaker, EntrySet, entry_rows, entry_set, holding
from chatpose.train.sample_data_poses import PoolCounts, PoolMaker, PosePool, make_pool, pool_settings
from chatpose.train.sample_data_rows import Row, RowList, samples_of
from chatpose.train.sample_data_statements import POSES, Said, StatementMaker, caption_masks, worded

Tell = Callable[[str], None]
FULL = 150_000
"""Rows for which the pool has all its poses."""
STATEMENT_TEXTS, COMPOSED_TRIES = 0.27, 0.17
"""Texts that claim things, and changes that are tried, for each row that is asked for."""
ENTRY_POSES = 3
VALIDATION = 0.02
"""Texts of each validation split, for each row that is asked for; the pool of these is a fifth as large."""
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class _Split:
    pool: PosePool
    entries: EntrySet
    book: SayingBook


def build_samples(
    data: Path | None,
    *,
    size: int,
    seed: int = 0,
    atlas: Atlas | None = None,
    tell: Tell = lambda text: None,
) -> Samples:
    """Makes samples.

    Args:
        data: folder with packed motion capture; None for none.
        size: rows, about.
        seed: of everything random.
        atlas: compiled; the shipped one when absent.
        tell: is told how far it is.
    """
    maker = PoolMaker(Measurer("coarse"))
    share = min(1.0, max(size / FULL, 0.004))
    whole = atlas or Atlas.load()
    train = _split(maker, data, PoolCounts().scaled(share), seed, "train", 0, whole, tell)
    count = len(train.entries.entries)
    other = _split(maker, data, PoolCounts().scaled(max(share / 5, 0.004)), seed + 1, "validation", count, whole, tell)
    words = (*train.entries.entries, *other.entries.entries)
    rows = RowList(train.pool), RowList(other.pool)
    texts = round(size * STATEMENT_TEXTS)
    rows[0].rows.extend(_statements(maker, train, texts, "train", mix(seed) % 2**31, POSES))
    tell(f"{len(rows[0].rows):,} rows of statements")
    rows[0].rows.extend(
        entry_rows(train.entries, train.pool, "train", mix(seed + 2) % 2**31, _poses(share), held_out="val")
    )
    held_out = max(round(size * VALIDATION), 20)
    rows[1].rows.extend(_statements(maker, other, held_out, "val", mix(seed + 3) % 2**31, 1))
    tests = _Split(other.pool, other.entries, SayingBook(for_test=True))
    rows[1].rows.extend(_statements(maker, tests, held_out, "val_wording", mix(seed + 4) % 2**31, 1, captions=False))
    rows[1].rows.extend(entry_rows(other.entries, other.pool, "val_entry", mix(seed + 5) % 2**31, 1))
    tell("statements and entries")
    lists = list(rows)
    for split, name, tries in ((train, "train", size * COMPOSED_TRIES), (other, "val_entry", size * 0.02)):
        made = ComposedMaker(split.entries, split.pool, split.book, maker, mix(seed + 6 + len(lists)) % 2**31)
        pool, composed = made.make(round(tries), name)
        lists.append(RowList(pool, composed))
        tell(f"{len(composed):,} rows with changes ({name})")
    near = NearEntries(words, range(count)), NearEntries(words, range(len(words)))
    for number, several in enumerate(lists):
        several.rows = with_context(several.rows, near[number % 2], mix(seed + 20 + number) % 2**31)
    contexts, context_pool = _contexts(maker, (train, other))
    head = SampleHead(
        tuple(code.name for code in all_posecodes()),
        POSTURES,
        contexts,
        maker.measurer.fingerprint,
        {"seed": seed, "size": size, "poses of the pool": len(train.pool), "of validation": len(other.pool)},
    )
    return samples_of(head, lists, context_pool)


def _poses(share: float) -> int:
    return ENTRY_POSES if share > 0.1 else 1


def _split(
    maker: PoolMaker,
    data: Path | None,
    counts: PoolCounts,
    seed: int,
    split: str,
    first: int,
    whole: Atlas,
    tell: Tell,
) -> _Split:
    settings = pool_settings("train" if split == "train" else "validation", counts, seed)
    gatherer = PoseGatherer(settings, data, (), maker.measurer, atlas=whole)
    pool = make_pool(maker, gatherer, counts, seed, tell)
    entries: tuple[BankEntry, ...] = bank_entries(whole, gatherer.chosen)
    claims = [claims_of(entry.claims) for entry in gatherer.chosen]
    book = SayingBook(kept=KeptNames(kept_names(whole, gatherer.chosen)))
    return _Split(pool, entry_set(entries, claims, pool, first), book)


def _statements(
    maker: PoolMaker, split: _Split, count: int, split_name: str, seed: int, poses: int, *, captions: bool = True
) -> list[Row]:
    """Rows of so many texts."""
    made = StatementMaker(split.pool, split.book, seed)
    drawn = [found for number in range(count) if (found := made.draw(number))]
    if not captions:
        drawn = [found for found in drawn if found[1] != "caption"]
    told = [found for found in drawn if found[0].clauses]
    rows: list[Row] = []
    for said, _, rng in told:
        rows += made.rows_of(said, worded(rng, said), said.claims, split_name, rng, poses)
    waiting = [found for found in drawn if not found[0].clauses]
    for start in range(0, len(waiting), _CHUNK):
        some = waiting[start : start + _CHUNK]
        texts = _captions(maker, split.pool, [said for said, *_ in some], seed + start)
        for (said, _, rng), (text, claims) in zip(some, texts, strict=True):
            if claims:
                rows += made.rows_of(said, text, claims, split_name, rng, poses)
    return rows


def _captions(maker: PoolMaker, pool: PosePool, said: list[Said], seed: int) -> list[tuple[str, tuple[int, ...]]]:
    """The captions' own language, of the claims alone."""
    poses = maker.poses(pool.codes[[each.row for each in said]])
    found = maker.measurer.describer.extract(poses)
    seeds = [mix(seed + number) >> 33 for number in range(len(said))]
    place = {code.name: number for number, code in enumerate(all_posecodes())}
    told = caption(found, "full", seeds, caption_masks(said, len(all_posecodes())))
    return [
        (one.text, tuple(dict.fromkeys(place[code.name] for code in one.statements)) if one.clauses else ())
        for one in told
    ]


def _contexts(maker: PoolMaker, splits: tuple[_Split, _Split]) -> tuple[tuple[SampleContext, ...], PosePool]:
    """Entries with their own poses and what holds of these as decoded."""
    rows = [np.array([poses[0] for poses in split.entries.poses], np.int64) for split in splits]
    pool = splits[0].pool[rows[0]].joined(splits[1].pool[rows[1]])
    found, at = [], 0
    for split, name in zip(splits, ("train", "val_entry"), strict=True):
        for entry, claims in zip(split.entries.entries, split.entries.claims, strict=True):
            found.append(SampleContext(entry.id, entry.names, holding(claims, pool.held[at]), name))
            at += 1
    return tuple(found), pool
