"""Rows of samples as they are made, before they become arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from chatpose.corpus.samples.samples import ARRAYS, CONTEXTS, KINDS, SPLITS, SampleHead, Samples, lists_of
from chatpose.train.sample_data_poses import PosePool


@dataclass(frozen=True)
class Row:
    """One.

    Attributes:
        text: the words.
        plan: numbers of statements, in the order of the text.
        pose: row of the pool.
        kind: of `KINDS`.
        split: of `SPLITS`.
        entry: place in the contexts, −1 for none.
        context: places of entries.
    """

    text: str
    plan: tuple[int, ...]
    pose: int
    kind: str
    split: str
    entry: int = -1
    context: tuple[int, ...] = ()


@dataclass
class RowList:
    """Rows over one pool; several of these make the samples."""

    pool: PosePool
    rows: list[Row] = field(default_factory=list)


def samples_of(head: SampleHead, lists: Sequence[RowList], contexts: PosePool) -> Samples:
    """Arrays of all rows; poses that no row uses are left out, texts stand once."""
    texts: dict[str, int] = {}
    number: dict[tuple[int, int], int] = {}
    made: dict[str, list] = {name: [] for name in ("text", "pose", "plan", "context", "entry", "kind", "split")}
    for place, several in enumerate(lists):
        for row in several.rows:
            made["text"].append(texts.setdefault(row.text, len(texts)))
            made["pose"].append(number.setdefault((place, row.pose), len(number)))
            made["plan"].append(row.plan)
            made["context"].append((*row.context, *[-1] * CONTEXTS)[:CONTEXTS])
            made["entry"].append(row.entry)
            made["kind"].append(KINDS.index(row.kind))
            made["split"].append(SPLITS.index(row.split))
    packed = [text.encode() for text in texts]
    ends = np.zeros(len(packed) + 1, np.int64)
    np.cumsum([len(text) for text in packed], out=ends[1:])
    plan_ends, plan = lists_of(made["plan"])
    used = list(number)
    arrays = {
        "text_ends": ends,
        "text_block": np.frombuffer(b"".join(packed), np.uint8),
        "pose_codes": _taken([one.pool.codes for one in lists], used, (12,)),
        "pose_holds": np.packbits(_taken([one.pool.state for one in lists], used, (len(head.codes),)) == 1, axis=1),
        "pose_posture": _taken([one.pool.posture for one in lists], used, ()),
        "text": np.array(made["text"]),
        "pose": np.array(made["pose"]),
        "plan_ends": plan_ends,
        "plan": plan,
        "context": np.array(made["context"]).reshape(-1, CONTEXTS),
        "entry": np.array(made["entry"]),
        "kind": np.array(made["kind"]),
        "split": np.array(made["split"]),
        "context_codes": contexts.codes,
        "context_posture": contexts.posture,
    }
    return Samples(head, {name: np.asarray(arrays[name], dtype) for name, dtype in ARRAYS.items()})


def _taken(tables: Sequence[np.ndarray], used: Sequence[tuple[int, int]], shape: tuple[int, ...]) -> np.ndarray:
    """Rows of several tables, in the order of their use."""
    found = np.zeros((len(used), *shape), tables[0].dtype if tables else np.int16)
    which = np.array([place for place, _ in used], np.int64)
    rows = np.array([row for _, row in used], np.int64)
    for place, table in enumerate(tables):
        found[which == place] = table[rows[which == place]]
    return found
