"""Contacts and goals as a person writes them, one line each, and how far a pose is from them.

    left hand on left hip                  skin touches skin; a hand touches with its palm side
    right sole against left inner thigh    the same
    left hand at the chin                  near enough to touch, whichever way the surfaces face
    both palms on the ground               two goals, one a side
    both hands on opposite shoulders       left on right, right on left
    palms together                         left palm against right palm
    left hand 10 cm above the ground       a height
    left hand 30 cm from right hand        a distance

Parts are those of `chatpose.posecodes.goal_parts`; *either* side may be left to the pose ("either knee on the
ground"). Articles and possessives are passed over, "of the left knee" is read as well as "left … of knee".
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints
from chatpose.body.sites import BodySites
from chatpose.posecodes.definitions import ON_GROUND_M
from chatpose.posecodes.goal_parts import MIDDLE_PARTS, SIDED_PARTS, sites_of, vocabulary
from chatpose.posecodes.grammar import MAX_STATEMENT_CHARS, StatementError
from chatpose.posecodes.posecode import exchange_sides
from chatpose.shapes import GoalValues

TOUCH_MET_M = 0.03
"""Distance between two points of the skin up to which a contact counts as met."""
FARTHEST_M = 3.0
GROUND = "ground"

_OTHER = {"left": "right", "right": "left"}
_CONTACTS = {"on": "on", "onto": "on", "upon": "on", "touching": "on", "against": "against", "at": "at"}
_FORM = "such as: left hand on left hip; palms together; left hand 10 cm above the ground; left hand 30 cm from chin"


class GoalError(StatementError):
    """A line that isn't a goal; names the words that are wrong and lists near ones."""


@dataclass(frozen=True)
class Goal:
    """One contact or distance; `str` prints it in the language's form.

    Attributes:
        subject: "left hand", "either knee", "forehead".
        relation: "on", "against", "at", "from" or "above".
        object: the same kind of name, or "ground".
        distance_m: for "from" and "above", metres.
    """

    subject: str
    relation: str
    object: str
    distance_m: float = 0.0

    def __str__(self) -> str:
        object_ = "the ground" if self.object == GROUND else self.object
        measure = f"{self.distance_m * 100:g} cm " if self.relation in ("from", "above") else ""
        return f"{self.subject} {measure}{self.relation} {object_}"

    def mirrored(self) -> "Goal":
        """The same about the mirror image of the pose: left and right exchanged."""
        return Goal(exchange_sides(self.subject), self.relation, exchange_sides(self.object), self.distance_m)

    @property
    def is_contact(self) -> bool:
        """Whether surfaces meet, so that the way they face matters."""
        return self.relation in ("on", "against")

    @property
    def tolerance_m(self) -> float:
        """Distance up to which it counts as met."""
        return ON_GROUND_M if self.object == GROUND and self.relation != "above" else TOUCH_MET_M


@dataclass(frozen=True)
class _Part:
    """A part as it was written: `side` is "" where none was."""

    name: str
    side: str
    plural: bool
    text: str


def parse_goal(line: str) -> tuple[Goal, ...]:
    """Reads one line; "both …" gives a goal for each side.

    Raises:
        GoalError: another form, an unknown part, a missing side, or a part that would touch itself.
    """
    text = " ".join(line.split()).lower().rstrip(".")
    if not text or len(text) > MAX_STATEMENT_CHARS:
        raise GoalError(f"a goal of {len(text)} characters", expected=f"1 to {MAX_STATEMENT_CHARS}")
    if match := re.fullmatch(r"(.+?) together", text):
        return (_each_other(_part(match[1]), "against"),)
    if match := re.fullmatch(r"(.+?) (\d+(?:\.\d+)?) ?(cm|m) (from|above) (.+)", text):
        distance = round(float(match[2]) / (100 if match[3] == "cm" else 1), 6)
        return _distances(match[1], match[4], match[5], distance)
    if match := re.fullmatch(rf"(.+?) ({'|'.join(_CONTACTS)}) (.+)", text):
        relation = _CONTACTS[match[2]]
        if match[3] in ("each other", "one another"):
            return (_each_other(_part(match[1]), relation),)
        return _expanded(match[1], relation, match[3], 0.0)
    raise GoalError(f"{line!r} isn't a goal", expected=_FORM)


def _distances(subject: str, relation: str, object_: str, distance_m: float) -> tuple[Goal, ...]:
    if distance_m > FARTHEST_M:
        raise GoalError(f"a distance of {distance_m:g} m", expected=f"at most {FARTHEST_M:g} m")
    ground = _words(object_) in ("ground", "floor")
    if relation == "above" and not ground:
        raise GoalError(f"a height above {object_!r}", expected="'above the ground', or a statement of the grammar")
    return _expanded(subject, "above" if ground else relation, object_, distance_m)


def _expanded(subject_text: str, relation: str, object_text: str, distance_m: float) -> tuple[Goal, ...]:
    subject = _part(subject_text)
    sides = _sides_of_subject(subject)
    paired = len(sides) == 2
    if _words(object_text) in ("ground", "floor"):
        relation = "above" if relation == "above" else "on"
        return tuple(Goal(_named(subject, side), relation, GROUND, distance_m) for side in sides)
    object_ = _part(object_text)
    return tuple(
        _checked(Goal(_named(subject, side), relation, _named(object_, other), distance_m))
        for side in sides
        for other in _sides_of_object(object_, side, paired=paired)
    )


def _sides_of_subject(part: _Part) -> tuple[str, ...]:
    if part.name in MIDDLE_PARTS:
        return ("",)
    if part.side in ("left", "right", "either"):
        return (part.side,)
    if part.side == "both" or (part.plural and not part.side):
        return ("left", "right")
    raise _which(part, "left", "right", "both", "either")


def _sides_of_object(part: _Part, side: str, *, paired: bool) -> tuple[str, ...]:
    """Sides of the object for a subject of the given side; `paired` when the subject stands for both sides."""
    if part.name in MIDDLE_PARTS:
        return ("",)
    if part.side in ("left", "right", "either"):
        return (part.side,)
    if part.side in ("opposite", "same"):
        if side not in _OTHER:
            raise _which(part, "left", "right", "both", "either")
        return (side if part.side == "same" else _OTHER[side],)
    if part.side == "both" or part.plural:
        if paired:
            return (side,)
        return ("either",) if side and not part.side else ("left", "right")
    raise _which(part, "left", "right", "either", *(("opposite",) if side in _OTHER else ()))


def _each_other(part: _Part, relation: str) -> Goal:
    if part.name not in SIDED_PARTS or not (part.plural or part.side == "both"):
        raise GoalError(f"{part.text!r} together", expected="two parts, such as: palms together; knees together")
    return Goal(f"left {part.name}", relation, f"right {part.name}")


def _named(part: _Part, side: str) -> str:
    return f"{side} {part.name}" if side else part.name


def _checked(goal: Goal) -> Goal:
    if set(sites_of(goal.subject)) & set(sites_of(goal.object)):
        raise GoalError(f"{goal.subject!r} and {goal.object!r} are one part", expected="two different parts")
    return goal


_SKIPPED = {"the", "a", "an", "his", "her", "their", "its", "your", "my", "own"}
_SIDE_WORDS = {"left": "left", "right": "right", "both": "both", "either": "either", "one": "either",
               "opposite": "opposite", "other": "opposite", "same": "same"}  # fmt: skip


def _words(text: str) -> str:
    return " ".join(word for word in re.split(r"[ -]", text) if word and word not in _SKIPPED)


def _part(text: str) -> _Part:
    """Reads "left hand", "back of the left hand", "both knees", "forehead"."""
    words = re.sub(r"\bheart\b", "left breast", _words(text)).split()
    sides = [_SIDE_WORDS[word] for word in words if word in _SIDE_WORDS]
    name = " ".join(word for word in words if word not in _SIDE_WORDS)
    known = vocabulary()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
        raise GoalError(
            f"unknown part {text!r}", expected=f"one of: {', '.join(near or (*MIDDLE_PARTS, *SIDED_PARTS))}"
        )
    word = known[name]
    if len(sides) > 1 or (sides and word.part in MIDDLE_PARTS):
        raise GoalError(f"{text!r} has too many sides", expected=f"such as: {_example(word.part)}")
    return _Part(word.part, sides[0] if sides else "", word.plural, text)


def _example(part: str) -> str:
    return f"the {part}" if part in MIDDLE_PARTS else f"left {part}"


def _which(part: _Part, *sides: str) -> GoalError:
    return GoalError(f"{part.text!r} on which side?", expected=", ".join(f"{side} {part.name}" for side in sides))


# A pair of sites that face each other is preferred to one that is nearer by up to this, metres.
_FACING_WORTH_M = 0.1
# Surfaces that are within 60° of facing each other touch well enough: skin is round and gives.
_FREE_COSINE = 0.5


class GoalMeter:
    """Measures a list of goals on whole batches; make it once and keep it.

    Args:
        goals: what to measure, the order of every goal axis.
        sites: from `body_sites`.
    """

    def __init__(self, goals: Sequence[Goal], sites: BodySites) -> None:
        self.goals = tuple(goals)
        pairs = [_pairs(goal) for goal in self.goals]
        used = list(dict.fromkeys(site for rows in pairs for pair in rows for site in pair))
        self._sites = sites.subset(used)
        device = sites.anchors.device
        width = max(map(len, pairs), default=0)
        place = self._sites.index
        padded = [[*rows, *rows[:1] * (width - len(rows))] for rows in pairs]
        index = torch.tensor([[[place(a), place(b)] for a, b in rows] for rows in padded], device=device)
        self._table = index.reshape(len(pairs), width, 2).long()
        self._ground = torch.tensor([goal.object == GROUND for goal in self.goals], dtype=torch.bool, device=device)
        self._contact = torch.tensor([float(goal.is_contact) for goal in self.goals], device=device)
        self._wanted = torch.tensor([goal.distance_m for goal in self.goals], device=device)
        self._tolerance = torch.tensor([goal.tolerance_m for goal in self.goals], device=device)

    def distances(self, world: WorldJoints, floor_m: Tensor | None = None) -> GoalValues:
        """How far each goal is from being met, (*batch, goals) metres >= 0; differentiable.

        Args:
            world: the 24 joints, from `BodyModel.kinematics`.
            floor_m: height of the floor, (*batch); under the lowest capsule when absent.
        """
        return self.measure(world, floor_m)[0]

    def facing(self, world: WorldJoints, floor_m: Tensor | None = None) -> GoalValues:
        """How far the surfaces of each contact are from facing each other, (*batch, goals) in 0..1; differentiable.

        0 up to 60° from opposed, 1 where they face the same way; 0 for what is no contact.
        """
        return self.measure(world, floor_m)[1]

    def measure(self, world: WorldJoints, floor_m: Tensor | None = None) -> tuple[GoalValues, GoalValues]:
        """Both `distances` and `facing` at the cost of one."""
        first, second, facing, ground = self._nearest(world, floor_m)
        apart = (first - second).square().sum(-1).clamp_min(1e-12).sqrt()
        apart = torch.where(ground, (first - second)[..., 1], apart)
        return (apart - self._wanted).abs(), facing

    def vectors(self, world: WorldJoints, floor_m: Tensor | None = None) -> tuple[Tensor, GoalValues]:
        """What would have to be added to the object's point for each goal to be met exactly, and `facing`.

        The vectors are (*batch, goals, 3) metres and as long as `distances`: solvers see from them which way to go.
        """
        first, second, facing, ground = self._nearest(world, floor_m)
        apart = first - second
        size = apart.square().sum(-1, keepdim=True).clamp_min(1e-12).sqrt()
        free = apart * (1 - self._wanted[:, None] / size)
        up = apart.new_tensor([0.0, 1.0, 0.0])
        return torch.where(ground[..., None], (apart[..., 1:2] - self._wanted[:, None]) * up, free), facing

    def _nearest(self, world: WorldJoints, floor_m: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Both points of each goal's nearest pair, facing, and which goals are the ground's (its point is below)."""
        points, normals = self._sites.place(world)
        if not self.goals:
            empty = points.new_zeros((*points.shape[:-2], 0, 3))
            return empty, empty, empty[..., 0], self._ground
        first, second = self._picked(points)
        first_normal, second_normal = self._picked(normals)
        cosine = (first_normal * second_normal).sum(-1)
        if self._ground.any():
            ground = self._ground[:, None]
            floor = self._floor(world, floor_m)[..., None, None].expand(first.shape[:-1])
            below = torch.stack([first[..., 0], floor, first[..., 2]], dim=-1)
            second = torch.where(ground[..., None], below, second)
            cosine = torch.where(ground, first_normal[..., 1], cosine)
        facing = (cosine + _FREE_COSINE).clamp_min(0) / (1 + _FREE_COSINE) * self._contact[:, None]
        with torch.no_grad():
            apart = torch.where(self._ground[:, None], (first - second)[..., 1], (first - second).norm(dim=-1))
            chosen = (apart + _FACING_WORTH_M * facing).argmin(-1, keepdim=True)
        place = chosen[..., None].expand(*chosen.shape, 3)
        first, second = (end.gather(-2, place).squeeze(-2) for end in (first, second))
        return first, second, facing.gather(-1, chosen).squeeze(-1), self._ground

    def met(self, distances: GoalValues) -> Tensor:
        """Which goals are met, bool (*batch, goals): within 3 cm, on the ground within `ON_GROUND_M`."""
        return distances <= self._tolerance

    def _picked(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Both ends of every pair of every goal, (*batch, goals, pairs, 3)."""
        ends = rows.index_select(-2, self._table.flatten()).unflatten(-2, self._table.shape)
        return ends[..., 0, :], ends[..., 1, :]

    def _floor(self, world: WorldJoints, floor_m: Tensor | None) -> Tensor:
        if floor_m is None:
            capsules = self._sites.capsules
            return (capsules.place(world)[..., 1] - capsules.end_radii).amin(-1)
        return torch.as_tensor(floor_m, dtype=world.positions.dtype, device=world.positions.device)


def _pairs(goal: Goal) -> list[tuple[str, str]]:
    """Pairs of sites of which one has to meet; the ground's are a site and itself."""
    if goal.object == GROUND:
        return [(site, site) for site in sites_of(goal.subject, on_ground=True)]
    return [(one, other) for one in sites_of(goal.subject) for other in sites_of(goal.object)]
