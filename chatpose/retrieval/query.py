"""`Query`: what is looked for, checked before any work is done."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError, TooLargeError
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.retrieval.part_distance import BodyPart, seen_points

MOST_HITS = 1000
MAX_QUERY_CHARS = 2000
"""The text tower reads the first 256 tokens, about half of this."""
MAX_STATEMENTS = 100


class QueryError(ChatposeError, ValueError):
    """A search that asks for nothing, for too much, or for what doesn't go together."""


@dataclass(frozen=True, eq=False)
class Query:
    """One search.

    Attributes:
        text: free words that rank; empty with `like`, or to list all that meet the statements.
        like: a pose that ranks by distance instead.
        where: statements that have to hold.
        k: most hits.
        part: body part that counts most in the distance ("arms", "left leg", "torso"); only with `like`.
        mirror: whether mirror images count as well.
        fold: whether near-duplicates are folded into the best of them.
        seen: (24,) bool, joints of `like` that are known, of a person in a photo; the others don't count.
    """

    text: str = ""
    like: Pose | None = None
    where: tuple[Statement, ...] = field(default=())
    k: int = 10
    part: str = ""
    mirror: bool = False
    fold: bool = True
    seen: Tensor | None = None

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 1 <= self.k <= MOST_HITS:
            raise QueryError(f"k = {self.k}", expected=f"1 to {MOST_HITS:,} hits")
        if len(self.text) > MAX_QUERY_CHARS:
            raise TooLargeError(f"a query of {len(self.text):,} characters", expected=f"at most {MAX_QUERY_CHARS:,}")
        if self.text and not any(char.isalnum() for char in self.text):
            raise QueryError(f"the query {self.text[:80]!r} holds no word", expected="words to search for")
        if self.text and self.like is not None:
            raise QueryError("both words and a pose to search for", expected="one of them, and --where to narrow it")
        if not self.text and self.like is None and not self.where:
            raise QueryError("an empty query", expected="words, a pose or a statement to search for")
        if self.like is not None and self.like.batch_shape:
            raise QueryError(f"a batch {self.like.batch_shape} of poses", expected="one pose", fix="index it")
        if len(self.where) > MAX_STATEMENTS:
            raise QueryError(f"{len(self.where)} statements", expected=f"at most {MAX_STATEMENTS}")
        if self.part and self.like is None:
            raise QueryError(f"the part {self.part!r} without a pose", fix="--part goes with --like")
        part = BodyPart.named(self.part) if self.part else None
        if self.seen is not None:
            self._check_seen(self.seen, part)

    def _check_seen(self, seen: Tensor, part: BodyPart | None) -> None:
        if self.like is None or seen.shape != (len(SMPL),) or seen.dtype != torch.bool:
            raise QueryError("joints that were seen", expected="24 of them, bool, with a pose")
        known = seen_points(seen)
        if not bool(seen.any()):
            raise QueryError("a person of whom nothing was seen", fix="try a photo that shows more")
        if part is not None and not bool((part.weights > 0)[known].any()):
            raise QueryError(f"the part {self.part!r} wasn't seen in the photo", fix="leave --part out")

    @classmethod
    def parse(cls, text: str = "", *, where: tuple[str, ...] | list[str] = (), **options: object) -> "Query":
        """From what a person wrote: statements as lines, the text with any spacing.

        Raises:
            QueryError: asks for nothing, for too much, or for what doesn't go together.
            StatementError: a line of `where` that is no statement; near ones are listed.
            UnknownNameError: no such part.
        """
        # Half characters (an argument that isn't UTF-8) would stop every encoder further on.
        text = " ".join(text.encode("utf-8", "ignore").decode().split())
        return cls(text, where=tuple(map(parse, where)), **options)  # pyright: ignore[reportArgumentType]

    def mirrored(self) -> "Query":
        """What the mirror image of a hit has to be: left and right exchanged everywhere."""
        return Query(
            exchange_words(self.text),
            None if self.like is None else self.like.mirror(),
            tuple(statement.mirrored() for statement in self.where),
            self.k,
            exchange_words(self.part.replace("_", " ")),
            self.mirror,
            self.fold,
            None if self.seen is None else self.seen[list(SMPL.mirror_index)],
        )

    @property
    def one_sided(self) -> bool:
        """Whether the mirrored query asks for anything else."""
        own, turned = {str(one) for one in self.where}, {str(one.mirrored()) for one in self.where}
        return self.like is not None or exchange_words(self.text) != self.text or own != turned
