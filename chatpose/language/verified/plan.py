"""`Plan`: one way to understand a request, as statements that a pose can be measured by."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chatpose.atlas.entry import Entry
from chatpose.language.verified.plan_parts import LEGS, Limb, limbs_of, limbs_of_all
from chatpose.posecodes.goals import Goal
from chatpose.posecodes.grammar import Statement, contradictions

GIVEN_UP = 2.0
"""How far-fetched an entry is whose statements are all contradicted by the words."""


@dataclass(frozen=True)
class Donor:
    """A further pose that is named for what limbs do in it ("hands behind the head").

    Attributes:
        entry: its id.
        mirrored: whether its mirror image is meant.
        limbs: which.
    """

    entry: str
    mirrored: bool
    limbs: frozenset[Limb]


@dataclass(frozen=True)
class Plan:
    """One way to understand a request.

    Attributes:
        text: the request, on one line.
        said: what its words say; has to hold.
        expected: what the pose that it names, or is near to in words, must be; holds where the words don't say
            otherwise.
        entry: id of that pose in the atlas; None for somebody who stands, or whatever posture is said.
        mirrored: whether the mirror image of it is meant.
        weight: how far-fetched this understanding is, 0 for the likeliest; about 1 for "rather not".
        named: whether the entry's name is in the text.
        share: of the belief that this entry is meant, where no name is; 1 otherwise.
        donors: further poses that are named for what limbs do in them.
        sources: where statements come from, by statement: "said", or the entry's name.
        open_sided: whether the text leaves a side open ("one knee").
        impossible: what no body can do, and what comes nearest, sentences.
        contradictions: pairs of things said that exclude each other; the second of each is left out.
        unread: words about a body that weren't understood.
        worded: what the words say about how much ("wide"), to be aimed at.
        places: where exactly hands are that the words bring to a part of the body.
    """

    text: str
    said: tuple[Statement, ...] = ()
    expected: tuple[Statement, ...] = ()
    entry: str | None = None
    mirrored: bool = False
    weight: float = 0.0
    named: bool = False
    share: float = 1.0
    donors: tuple[Donor, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    open_sided: bool = False
    impossible: tuple[str, ...] = ()
    contradictions: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()
    worded: tuple[Statement, ...] = ()
    places: tuple[Goal, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, what is said first, each once."""
        return once((*self.said, *self.expected))

    @property
    def changed(self) -> frozenset[Limb]:
        """The limbs that the words are about."""
        return limbs_of_all(self.said)

    @property
    def lent(self) -> frozenset[Limb]:
        """The limbs that further poses are named for."""
        return frozenset(limb for donor in self.donors for limb in donor.limbs)

    @property
    def kept(self) -> tuple[Statement, ...]:
        """What is expected of limbs that the words don't speak of."""
        changed = self.changed | self.lent
        return tuple(one for one in self.expected if not limbs_of(one) & changed)

    def of_entry(
        self, entry: Entry, *, mirrored: bool = False, weight: float = 0.0, named: bool = False, share: float = 1.0
    ) -> "Plan":
        """The same words about an atlas entry: what it must be, but for what they contradict."""
        claims = [claim.mirrored() if mirrored else claim for claim in entry.claims]
        held = agreeing(claims, self.said)
        given_up = (len(claims) - len(held)) / max(1, len(claims))
        told = {str(claim): entry.name for claim in held} | {str(one): "said" for one in self.said}
        return replace(
            self,
            expected=held,
            entry=entry.id,
            mirrored=mirrored,
            weight=self.weight + weight + GIVEN_UP * given_up,
            named=named,
            share=share,
            sources=told,
        )


def once(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Each statement once, in order."""
    return tuple({str(statement): statement for statement in statements}.values())


def agreeing(statements: Sequence[Statement], said: Sequence[Statement]) -> tuple[Statement, ...]:
    """Those that contradict nothing of what is said."""
    return tuple(one for one in statements if not any(contradictions([one, other]) for other in said))


def without_contradictions(
    statements: Sequence[Statement],
) -> tuple[tuple[Statement, ...], list[tuple[Statement, Statement]]]:
    """What can hold together, what was said first going first; and the pairs that can't."""
    kept: list[Statement] = []
    pairs: list[tuple[Statement, Statement]] = []
    for statement in once(statements):
        against = [pair for other in kept if (pair := contradictions([other, statement]))]
        if against:
            pairs += [pair[0] for pair in against]
        else:
            kept.append(statement)
    return tuple(kept), pairs


def says_posture(plan: Plan) -> bool:
    """Whether the words say anything of legs or posture; otherwise somebody stands."""
    return any(limbs_of(one) & ({"whole"} | LEGS) for one in plan.said)
