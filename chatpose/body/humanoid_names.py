"""Which joint of somebody's skeleton is which joint of SMPL, from names and from the tree.

Names tell limbs, head and sides; the tree tells the rest: the pelvis is where the thighs meet, the chest is where the
upper arms meet, the spine lies between. So spines, necks and clavicles of any number of joints are understood.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chatpose.body.skeleton import SMPL, Skeleton

SIDES = ("left", "right")
REQUIRED = (
    "pelvis",
    *(f"{side}_{part}" for side in SIDES for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")),
)
"""SMPL joints without which a skeleton isn't read as a person's; besides them, the head or the neck."""

# Words for a part of the body, without side and numbers; the earlier group is the surer one.
_THIGH = (("upleg", "upperleg", "thigh", "femur", "thighbend", "legupper"), ("hip",), ("leg",))
_KNEE = (("knee", "lowerleg", "lowleg", "loleg", "shin", "calf", "tibia", "leglower", "shinbend"), ("leg",))
_ANKLE = (("ankle",), ("foot", "feet"))
_TOE = (("toebase", "ball", "forefoot", "toe", "toes", "bigtoe"), ("foot",))
_SHOULDER = (
    ("upperarm", "uparm", "humerus", "shldrbend", "shldr", "upperarmbend", "armupper"),
    ("arm",),
    ("shoulder",),
)
_ELBOW = (("forearm", "lowerarm", "lowarm", "loarm", "elbow", "radius", "forearmbend", "underarm", "armlower"),)
_WRIST = (("wrist", "hand"),)
_COLLAR = (("clavicle", "clav", "collar", "collarbone"), ("shoulder",), ("scapula",))
_PARTS = {
    word for part in (_THIGH, _KNEE, _ANKLE, _TOE, _SHOULDER, _ELBOW, _WRIST, _COLLAR) for g in part for word in g
}
_GLUED = _PARTS | {"hipjoint", "fingers", "finger", "thumb", "buttock", "palm", "eye", "breast"}

_LEFT = {"l", "left", "lft", "lf"}
_RIGHT = {"r", "right", "rt", "rgt"}
_PREFIXES = {
    *("bip", "biped", "valvebiped", "valve", "mixamorig", "j", "cc", "base", "def", "org", "rig", "character", "char"),
    *("armature", "skeleton", "skel", "b", "c", "m", "f", "avg", "bind", "robot"),
}
_SUFFIXES = {"jnt", "jt", "bone", "bn", "joint", "bind"}
# Helpers that carry a part's name but aren't that part.
_HELPERS = {
    *("twist", "roll", "ik", "fk", "pole", "ctrl", "control", "end", "nub", "tip", "top", "helper", "target", "null"),
    *("dummy", "prop", "weapon", "socket", "hair", "skirt", "sleeve", "muscle", "adj", "metacarpal", "metatarsals"),
    *(
        "thumb",
        "index",
        "middle",
        "mid",
        "ring",
        "pinky",
        "finger",
        "fingers",
        "palm",
        "eye",
        "jaw",
        "site",
        "effector",
    ),
}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class PartName:
    """A joint's name taken apart.

    Attributes:
        side: "left", "right" or "" for neither.
        word: the rest in lower case, without numbers, prefixes and separators.
        helper: it belongs to twist bones, control rigs, fingers or the like.
    """

    side: str
    word: str
    helper: bool


def split_name(name: str) -> PartName:
    """Takes a joint's name apart: `mixamorig:LeftUpLeg`, `Bip01 L Thigh`, `upperleg01.L`, `lShldr`, `thigh_l`."""
    words = [word.lower() for word in _WORDS.findall(re.split(r"[:|]", name)[-1]) if not word.isdigit()]
    side = ""
    rest: list[str] = []
    for word in words:
        found = _side_of(word)
        if found is None:
            rest.append(word)
            continue
        side = side or found[0]
        rest.extend(word for word in found[1:] if word)
    helper = any(word in _HELPERS for word in rest)
    while len(rest) > 1 and rest[0] in _PREFIXES | _SUFFIXES:
        rest = rest[1:]
    while len(rest) > 1 and rest[-1] in _SUFFIXES:
        rest = rest[:-1]
    return PartName(side, "".join(rest), helper)


def _side_of(word: str) -> tuple[str, str] | None:
    """The side in a word and what is left of it, None when it names no side."""
    if word in _LEFT or word in _RIGHT:
        return ("left" if word in _LEFT else "right"), ""
    for side in SIDES:
        if word.startswith(side):
            return side, word.removeprefix(side)
        if word[0] == side[0] and word[1:] in _GLUED:
            return side, word[1:]
    return None


@dataclass(frozen=True)
class HumanoidMatch:
    """What was found in a skeleton.

    Attributes:
        joints: SMPL joint name to the index of the source joint at its place, in SMPL's order.
        turning: SMPL joint name to the source joint whose rotation it takes where that is another one: the last
            segment of a thigh, shin, upper arm or forearm that is split, so that its twist reaches the next joint.
        spine: source joints above the pelvis up to the one that bears the arms.
        neck: source joints between the chest and the head.
        collars: side to source joints between the chest and the upper arm.
        toes: side to all first joints of toes; together they show where the foot points.
    """

    joints: Mapping[str, int]
    turning: Mapping[str, int] = field(default_factory=dict)
    spine: tuple[int, ...] = ()
    neck: tuple[int, ...] = ()
    collars: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    toes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """SMPL joints without a counterpart."""
        return tuple(name for name in SMPL.joint_names if name not in self.joints)

    @property
    def missing_required(self) -> tuple[str, ...]:
        """What is lacking for it to be read as a person, in words."""
        lacking = [name.replace("_", " ") for name in REQUIRED if name not in self.joints]
        if "head" not in self.joints and "neck" not in self.joints:
            lacking.append("head or neck")
        return tuple(lacking)

    def report(self, skeleton: Skeleton) -> str:
        """One sentence: what was matched with what, and what wasn't found."""
        pairs = ", ".join(f"{name}={skeleton.joint_names[joint]}" for name, joint in self.joints.items())
        text = f"matched {len(self.joints)} of {len(SMPL)} joints: {pairs}"
        return f"{text}; not found: {', '.join(self.missing)}" if self.missing else text


def match_humanoid(skeleton: Skeleton) -> HumanoidMatch:
    """Finds SMPL's joints in a skeleton by its names and its tree.

    Never raises: what isn't there is in `missing` and `missing_required`.
    """
    return _Matcher(skeleton).match()


class _Matcher:
    """The search in one skeleton."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self.parents = skeleton.parents
        self.labels = _without_common_prefix(skeleton.joint_names)
        self.names = [split_name(name) for name in self.labels]
        self.above: list[frozenset[int]] = []
        for parent in self.parents:
            self.above.append(self.above[parent] | {parent} if parent >= 0 else frozenset())
        self.depth = [len(above) for above in self.above]
        self.found: dict[str, int] = {}
        self.turning: dict[str, int] = {}
        self.toes: dict[str, tuple[int, ...]] = {}

    def match(self) -> HumanoidMatch:
        for side in SIDES:
            self._leg(side)
            self._arm(side)
        pelvis = self._pelvis()
        chest = self._meet("left_shoulder", "right_shoulder")
        while chest is not None and self.names[chest].word.startswith("neck") and self.parents[chest] >= 0:
            chest = self.parents[chest]  # Biped hangs the clavicles on the neck
        spine: list[int] = []
        neck: list[int] = []
        collars: dict[str, tuple[int, ...]] = {}
        if pelvis is not None:
            self.found["pelvis"] = pelvis
        if pelvis is not None and chest is not None:
            fork = self._common([pelvis, chest])
            spine = [joint for joint in self._path(fork, chest) if joint != pelvis]
            self._spine_places(spine)
        if chest is not None:
            neck = self._head(chest)
            collars = {side: self._collar(side, chest) for side in SIDES}
        order = {name: self.found[name] for name in SMPL.joint_names if name in self.found}
        return HumanoidMatch(order, self.turning, tuple(spine), tuple(neck), collars, self.toes)

    # limbs

    def _leg(self, side: str) -> None:
        ankle_named = bool(self._all(side, ("ankle",)))
        knee = self._first(side, _KNEE[:1])
        thigh = self._first(side, _THIGH[:2] if knee is None else _THIGH, above=knee)
        if knee is None and thigh is not None:
            knee = self._first(side, _KNEE, below=thigh)
        ankle = self._first(side, _ANKLE, below=knee)
        toe = self._first(side, _TOE if ankle_named else _TOE[:1], below=ankle) if ankle is not None else None
        self._chain(side, (("hip", thigh), ("knee", knee), ("ankle", ankle), ("foot", toe)))
        if toe is not None and self.found.get(f"{side}_foot") == toe:
            same = self._all(side, (self.names[toe].word,), below=ankle)
            self.toes[side] = tuple(joint for joint in same if self.parents[joint] == self.parents[toe])

    def _arm(self, side: str) -> None:
        elbow = self._first(side, _ELBOW)
        shoulder = self._first(side, _SHOULDER, above=elbow)
        wrists = self._all(side, _WRIST[0], below=elbow)
        wrist = wrists[0] if wrists else None
        if elbow is not None and self.names[elbow].word == "radius":
            # ASF: the bone called wrist is the end of the forearm, which the bone called hand follows.
            wrist = next((joint for joint in wrists if self.names[joint].word == "hand"), wrist)
        if wrist is not None:
            # The BVH release of CMU splits the hand; the second half, at the same place, bends it.
            wrist = next((j for j in self.skeleton.children[wrist] if self.names[j].word == "fingerbase"), wrist)
        self._chain(side, (("shoulder", shoulder), ("elbow", elbow), ("wrist", wrist)))
        hand = None if wrist is None else self._knuckle(wrist)
        if hand is not None:
            self.found[f"{side}_hand"] = hand

    def _chain(self, side: str, chain: Sequence[tuple[str, int | None]]) -> None:
        """Keeps the limb joints that were found, and which segment of each split bone turns the next joint."""
        previous: tuple[str, int] | None = None
        for part, joint in chain:
            if joint is None or (previous is not None and not self._is_above(previous[1], joint)):
                break
            name = f"{side}_{part}"
            self.found[name] = joint
            if previous is not None and self.parents[joint] != previous[1]:
                self.turning[previous[0]] = self.parents[joint]
            previous = (name, joint)

    def _knuckle(self, wrist: int) -> int | None:
        """The joint that stands for the middle knuckle: of the middle finger, else of the middle one of all fingers."""
        below = [j for j, above in enumerate(self.above) if wrist in above and "thumb" not in self.names[j].word]
        below.sort(key=lambda joint: self.depth[joint])
        for key in ("middle", "mid", "hand"):
            for joint in below:
                if key in self.names[joint].word:
                    return joint
        fingers: dict[str, int] = {}
        for joint in below:
            if "finger" in self.names[joint].word:
                number = re.search(r"\d+", self.labels[joint])
                fingers.setdefault(number.group() if number else "", joint)
        ordered = [fingers[number] for number in sorted(fingers)]
        return ordered[len(ordered) // 2] if ordered else None

    # trunk

    def _pelvis(self) -> int | None:
        meet = self._meet("left_hip", "right_hip")
        if meet is None:
            return None
        if self.names[meet].word.startswith("spine"):  # old Bipeds hang the thighs on the spine
            for joint in self._path(0, meet):
                if self.names[joint].word in ("pelvis", "hips", "hip"):
                    return joint
        return meet

    def _spine_places(self, spine: Sequence[int]) -> None:
        """Which of the spine's joints stand for SMPL's three; the chest is always the last."""
        if not spine:
            return
        self.found["spine3"] = spine[-1]
        if len(spine) >= 2:
            self.found["spine1"] = spine[0]
        if len(spine) >= 3:
            self.found["spine2"] = spine[(len(spine) - 1) // 2]

    def _head(self, chest: int) -> list[int]:
        """Finds neck and head above the chest; returns the joints of the neck."""
        above = [j for j in range(len(self.parents)) if j != chest and self._is_above(chest, j)]
        heads = [
            j for j in above if self.names[j].word == "head" and not self.names[j].helper and not self.names[j].side
        ]
        necks = [j for j in above if self.names[j].word.startswith("neck") and not self.names[j].side]
        head = min(heads, key=lambda j: self.depth[j], default=None)
        if head is not None:
            self.found["head"] = head
            between = [joint for joint in self._path(chest, head)[:-1] if joint != chest]
            necks = [joint for joint in between if self._is_neck(joint)] or between
        else:
            necks = sorted(necks, key=lambda j: self.depth[j])
        if necks:
            self.found["neck"] = necks[0]
        return necks

    def _is_neck(self, joint: int) -> bool:
        return "neck" in self.names[joint].word

    def _collar(self, side: str, chest: int) -> tuple[int, ...]:
        shoulder = self.found[f"{side}_shoulder"]
        chain = tuple(j for j in self._path(chest, shoulder)[:-1] if j != chest and not self._is_neck(j))
        named = [j for j in chain if self.names[j].word in {word for group in _COLLAR for word in group}]
        if chain:
            self.found[f"{side}_collar"] = (named or list(chain))[0]
        return chain

    # tree and names

    def _all(self, side: str, words: Sequence[str], below: int | None = None, above: int | None = None) -> list[int]:
        """Joints of a side by name, the shallowest first, inside or on the way to another joint."""
        hits = [
            joint
            for joint, name in enumerate(self.names)
            if name.side == side
            and name.word in words
            and not name.helper
            and (below is None or (joint != below and self._is_above(below, joint)))
            and (above is None or (joint != above and self._is_above(joint, above)))
        ]
        return sorted(hits, key=lambda joint: (self.depth[joint], self.labels[joint]))

    def _first(
        self, side: str, groups: Sequence[Sequence[str]], below: int | None = None, above: int | None = None
    ) -> int | None:
        for words in groups:
            hits = self._all(side, words, below, above)
            if hits:
                return hits[0]
        return None

    def _ancestors(self, joint: int) -> list[int]:
        chain = [joint]
        while self.parents[chain[-1]] >= 0:
            chain.append(self.parents[chain[-1]])
        return chain

    def _is_above(self, upper: int, lower: int) -> bool:
        return upper == lower or upper in self.above[lower]

    def _path(self, top: int, bottom: int) -> list[int]:
        """Joints from below `top` down to `bottom`, both ends as they come."""
        chain = self._ancestors(bottom)
        return chain[: chain.index(top)][::-1] if top in chain else chain[::-1]

    def _common(self, joints: Sequence[int]) -> int:
        """The lowest joint above all of them."""
        chains = [self._ancestors(joint) for joint in joints]
        return next(joint for joint in chains[0] if all(joint in chain for chain in chains[1:]))

    def _meet(self, first: str, second: str) -> int | None:
        if first not in self.found or second not in self.found:
            return None
        pair = [self.found[first], self.found[second]]
        if self._is_above(pair[0], pair[1]) or self._is_above(pair[1], pair[0]):
            return None
        return self._common(pair)


def _without_common_prefix(names: Sequence[str]) -> list[str]:
    """Cuts what nearly all names begin with, up to a separator (a character's or a rig's name)."""
    starts: dict[str, int] = {}
    for name in names:
        head = re.match(r"[A-Za-z0-9]+[ _.\-]+", name)
        if head:
            starts[head.group()] = starts.get(head.group(), 0) + 1
    prefix = max(starts, key=lambda start: starts[start], default="")
    if starts.get(prefix, 0) < 0.8 * len(names) or _side_of(prefix.strip(" _.-").lower() or "x"):
        return list(names)
    return [name.removeprefix(prefix) or name for name in names]
