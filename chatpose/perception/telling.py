"""A person in a photo, in words: only what was seen is spoken of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from torch import Tensor

from chatpose.atlas.naming import Name, Namer
from chatpose.body.pose import stack_poses
from chatpose.body.skeleton import SMPL
from chatpose.perception.one_thread import one_thread
from chatpose.perception.person import PhotoPerson
from chatpose.perception.sayable import sayable
from chatpose.perception.statement_trust import StatementTrust
from chatpose.posecodes.captioning import StyleName
from chatpose.posecodes.describe import Describer, Description
from chatpose.posecodes.points import PosePoints

NAMES = 3
_LOOKED_AT = 12

# What people call the parts, from whole limbs to their ends; a part is named when all of its joints are hidden.
_LIMBS = (
    ("arm", ("elbow", "wrist", "hand")),
    ("leg", ("knee", "ankle", "foot")),
    ("shoulder", ("shoulder",)),
    ("elbow", ("elbow",)),
    ("hand", ("wrist",)),
    ("hand", ("hand",)),
    ("hip", ("hip",)),
    ("knee", ("knee",)),
    ("foot", ("ankle",)),
    ("foot", ("foot",)),
)
_MIDDLE = (("head", ("head",)), ("neck", ("neck",)), ("trunk", ("spine1", "spine2", "spine3")))
_PLURAL = {"foot": "feet"}


@dataclass(frozen=True, eq=False)
class Told:
    """A person in words.

    Attributes:
        description: with the statements that it makes.
        names: of the pose, the surest first, of which every claim is about visible parts.
        unseen: parts that nothing is said of, such as "both legs".
        confidence: mean over the visible joints, 0 to 1; 0 when nothing is visible.
    """

    description: Description
    names: tuple[Name, ...]
    unseen: tuple[str, ...]
    confidence: float

    @property
    def unseen_sentence(self) -> str:
        """What nothing is said of; empty when everything is visible."""
        return f"Not seen well enough to speak of: {_listed(self.unseen)}." if self.unseen else ""


@one_thread()
def tell(
    person: PhotoPerson,
    describer: Describer,
    namer: Namer,
    style: StyleName = "plain",
    seed: int = 0,
    hypothesis: int = 0,
) -> Told:
    """Puts one hypothesis about a person into words.

    Args:
        person: as an estimator found them.
        describer: of the body that the poses are for.
        namer: knows what poses are called.
        style: "short", "plain" or "full".
        seed: chooses among wordings.
        hypothesis: index into `person.poses`.
    """
    pose = person.poses[hypothesis]
    points, _ = describer.measure(pose)
    description = describe_seen(person, describer, style, seed, hypothesis)
    (names,) = namer.names(stack_poses([pose]), _LOOKED_AT)
    kept = tuple(name for name in names if _may_be_said(name, person.visible, points))[:NAMES]
    confidence = person.confidence[hypothesis][person.visible]
    return Told(
        description,
        kept,
        tuple(unseen_parts(person.visible)),
        float(confidence.mean()) if len(confidence) else 0.0,
    )


@one_thread()
def describe_seen(
    person: PhotoPerson,
    describer: Describer,
    style: StyleName = "plain",
    seed: int = 0,
    hypothesis: int = 0,
    trust: StatementTrust | None = None,
) -> Description:
    """Describes one hypothesis about a person, as `tell`, without looking for names of the pose.

    What is said is about visible parts, and likely enough to hold of the person (`StatementTrust`).
    """
    pose = person.poses[hypothesis]
    points, _ = describer.measure(pose)
    sure = (trust or _shipped_trust()).sure(person, describer, hypothesis)
    return describer.describe(pose, style, seed, sayable(person.visible[None], points)[0] & sure)


@lru_cache(maxsize=1)
def _shipped_trust() -> StatementTrust:
    """Immutable, so that one is enough."""
    return StatementTrust.load()


def unseen_parts(visible: Tensor) -> list[str]:
    """Names of the parts whose joints (24,) aren't visible, whole limbs rather than their ends."""
    if not bool(visible.any()):
        return ["the whole body"]
    hidden = {name for name, seen in zip(SMPL.joint_names, visible.tolist(), strict=True) if not seen}
    found = [f"the {part}" for part, joints in _MIDDLE if hidden.issuperset(joints)]
    sides = {side: _hidden_limbs(hidden, side) for side in ("left", "right")}
    for part in dict.fromkeys(part for part, _ in _LIMBS):
        there = [side for side in sides if part in sides[side]]
        if len(there) == 2:
            found.append(f"both {_PLURAL.get(part, part + 's')}")
        elif there:
            found.append(f"the {there[0]} {part}")
    return found


def _hidden_limbs(hidden: set[str], side: str) -> set[str]:
    named: set[str] = set()
    covered: set[str] = set()
    for part, joints in _LIMBS:
        own = {f"{side}_{joint}" for joint in joints}
        if own <= hidden and not own <= covered:
            named.add(part)
            covered |= own
    return named


def _may_be_said(name: Name, visible: Tensor, points: PosePoints) -> bool:
    """Whether all that the name claims is about visible parts."""
    claims = name.entry.claims
    codes = tuple(dict.fromkeys(claim.mirrored().code if name.mirrored else claim.code for claim in claims))
    return bool(sayable(visible[None], points, codes).all())


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
