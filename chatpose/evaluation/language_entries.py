"""Held-out sentences about atlas entries: whether a generated pose is what the entry is.

R@5 is the share of sentences for which among five poses generated for it one holds all that the sentence's entry must
be and is nothing that it must not be; for a sentence that names no side, all of the mirrored statements instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Entry
from chatpose.body.pose import Pose, stack_poses
from chatpose.errors import ChatposeError
from chatpose.evaluation.language_methods import Bar, Generates
from chatpose.evaluation.language_rows import FOUND, VERIFIED, Row
from chatpose.evaluation.retrieval_sets import KNOWN, UNSEEN, names_a_side
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement
from chatpose.train.retrieval_figures import DESCRIPTIVE

POSES = 5


@dataclass(frozen=True)
class Sentence:
    """A sentence about an entry that nothing was trained on.

    Attributes:
        text: the sentence.
        entry: what it is about.
    """

    text: str
    entry: Entry


def held_out_sentences(atlas: Atlas, *, known: bool, most: int) -> list[Sentence]:
    """Descriptive sentences, evenly over the atlas.

    Args:
        atlas: whose.
        known: held-out sentences of entries that are trained on; else all sentences of test entries.
        most: so many.
    """
    entries = atlas.training() if known else atlas.testing()
    found = [
        Sentence(one.text, entry)
        for entry in entries
        for one in (entry.test_descriptions() if known else entry.descriptions)
        if one.voice in DESCRIPTIVE
    ]
    step = max(1, -(-len(found) // most))
    return found[::step]


def entry_rows(
    sets: Mapping[bool, Sequence[Sentence]], generator: Generates, describer: Describer, bar: Bar
) -> list[Row]:
    """R@1 and R@5 for sentences about known entries (True) and about entries never seen (False)."""
    rows = []
    for known, sentences in sets.items():
        first, found, failed = 0, 0, 0
        name = KNOWN if known else UNSEEN
        for _, one in zip(bar([one.text for one in sentences], f"sentences, {name}"), sentences, strict=True):
            right = _right(one, generator, describer)
            failed += not right
            first += bool(right[:1] and right[0])
            found += any(right)
        count = len(sentences)
        values = {
            FOUND: 100 * found / count if count else float("nan"),
            "R@1 %": 100 * first / count if count else float("nan"),
        }
        note = f"{failed} without a pose" if failed else ""
        rows.append(Row(f"held-out sentences, {name}", VERIFIED, count, values, note))
    return rows


def _right(sentence: Sentence, generator: Generates, describer: Describer) -> list[bool]:
    """Of each generated pose, whether it is what the sentence's entry is."""
    try:
        found = generator.generate(sentence.text, count=POSES).poses
    except ChatposeError:
        return []
    except Exception:  # counted as not found
        return []
    if not found:
        return []
    ways = [sentence.entry.claims]
    if not names_a_side(sentence.text):
        ways.append(tuple(claim.mirrored() for claim in sentence.entry.claims))
    poses = stack_poses([one.pose for one in found])
    return [any(row) for row in zip(*(meets(way, poses, describer) for way in ways), strict=True)]


def meets(claims: Sequence[Statement], poses: Pose, describer: Describer) -> list[bool]:
    """Of each pose, whether all claims hold."""
    points, gaps = describer.measure(poses)
    return [all(one.holds for one in row) for row in check(tuple(claims), points, gaps)]
