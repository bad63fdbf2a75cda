"""Draws changes from pose to pose for conversations: what one asks for, done, measured, and kept only where it holds.

Joints of parts that a change doesn't name keep their rotations bit for bit; with tokens they keep their tokens.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from chatpose.body.angle_table import ANGLE_NAMES, GROUPS
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from chatpose.body.skeleton import SMPL
from chatpose.corpus.augment import Augmenter
from chatpose.corpus.instructions.adjusting import ADJUSTERS, Adjuster
from chatpose.corpus.instructions.bank import KeptNames
from chatpose.corpus.instructions.bank_writing import ChangeRow
from chatpose.corpus.instructions.parts import ARMS, LEGS, PARTS, joint_indices, parts_of
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.difference import differences
from chatpose.posecodes.selection import lore
from chatpose.posecodes.spoken import training_wordings
from chatpose.train.instruction_measure import Measured, Measurer, join_measured

NEAR_DONORS = 64
"""Poses with what is wanted that are looked through for the limb that is nearest to the one it takes the place of."""
TARGET_TRIES = 3
MOST_PLANNED = 6
MOST_WORDINGS = 3
DIFFERENT_DEG = 25.0
"""Mean turn of a limb's joints from which two limbs are different."""
_WHOLE = PARTS
_BODY = ("root", "torso", *LEGS)
_NO_TARGETS = frozenset(("aligned",))


@dataclass(frozen=True, eq=False)
class Proposal:
    """Changes that may turn out good, K of one kind.

    Attributes:
        kind: of `bank.KINDS`.
        before: (K,) rows of the pool.
        rotations: (K, 24, 3, 3) after.
        tokens: (K, T) after; None where they are to be found.
        parts: that change, of each.
        target: statement that has to hold, of each; empty for none.
        note: of each.
        other: (K,) row of another pose that it is made from, -1 for none.
    """

    kind: str
    before: Tensor
    rotations: Tensor
    tokens: Tensor | None
    parts: tuple[tuple[str, ...], ...]
    target: tuple[str, ...]
    note: tuple[str, ...]
    other: Tensor

    def __len__(self) -> int:
        return len(self.before)


class Changer:
    """Draws changes among a pool of poses and adds what comes out to it.

    Args:
        measurer: of poses.
        pool: poses to begin with.
        generator: of all chance, on the CPU.
        kept: names that no wording may hold.
    """

    def __init__(
        self, measurer: Measurer, pool: Measured, generator: torch.Generator, kept: KeptNames | None = None
    ) -> None:
        self.measurer, self.pool, self.generator = measurer, pool, generator
        self.changes: list[ChangeRow] = []
        self._kept = kept or KeptNames(())
        self._human = Augmenter(measurer.describer.body)
        self._codes = tuple(code.name for code in all_posecodes())
        self._column = {name: number for number, name in enumerate(self._codes)}
        self._measure = {name: number for number, name in enumerate(measurer.measures)}
        self._telling = _telling_order(self._codes)

    def draw(self, counts: Mapping[str, int], rows: Tensor) -> None:
        """Draws changes of some poses.

        Args:
            counts: by kind, as many are tried.
            rows: of the pool, that changes begin with.
        """
        donors = torch.arange(len(self.pool))
        makers: dict[str, Callable[[int, Tensor, Tensor], Iterator[Proposal]]] = {
            "limb": self._limbs, "more": self._more, "other side": self._other_side, "swap": self._swaps,
            "mirror": self._mirrors, "blend": self._blends, "posture": self._postures,
        }  # fmt: skip
        for kind, maker in makers.items():
            if counts.get(kind) and len(rows):
                self._take([self._in_tokens(one) for one in maker(counts[kind], rows, donors) if len(one)])
        if counts.get("pair") and len(rows) > 1:
            self._pairs(counts["pair"], rows)

    # --- what is tried -----------------------------------------------------------------------------------------------

    def _limbs(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        """A limb takes the rotations of the nearest pose of which a statement holds that doesn't hold yet."""
        targets = [
            (name, parts_of(name))
            for name, code in zip(self._codes, all_posecodes(), strict=True)
            if code.subject != "body" and code.family not in _NO_TARGETS and "root" not in parts_of(name)
        ]
        yield from self._towards(targets, count, rows, donors, "limb")

    def _postures(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        """Pelvis, trunk and legs take another pose's posture; the arms stay as they are."""
        targets = [(code.name, _BODY) for code in all_posecodes() if code.family == "posture"]
        yield from self._towards(targets, count, rows, donors, "posture")

    def _towards(
        self, targets: Sequence[tuple[str, tuple[str, ...]]], count: int, rows: Tensor, donors: Tensor, kind: str
    ) -> Iterator[Proposal]:
        each = max(count // max(len(targets), 1), 1)
        for name, parts in targets:
            state = self.pool.state[:, self._column[name]]
            lacking, having = rows[state[rows] == -1], donors[state[donors] == 1]
            if not len(lacking) or len(having) < 2:
                continue
            before = self._some(lacking, each)
            near = having[torch.randint(len(having), (len(before), NEAR_DONORS), generator=self.generator)]
            order = self._distance(before[:, None], near, parts, name).argsort(dim=1, stable=True)
            chosen = near.gather(1, order[:, :TARGET_TRIES])
            for column in range(chosen.shape[1]):
                yield self._exchange(before, chosen[:, column], parts, kind, name)

    def _distance(self, before: Tensor, donors: Tensor, parts: tuple[str, ...], target: str) -> Tensor:
        """How different the joints of parts are, (K, D); of the trunk the head counts little unless it is wanted."""
        weight = torch.zeros(24)
        for part in parts:
            weight[joint_indices(part)] = 1.0
        head = target.startswith(("head", "gaze"))
        weight[[SMPL.index(joint) for joint in ("neck", "head")]] *= 0.2 if head else 1.0
        weight[[SMPL.index(joint) for joint in ("spine1", "spine2", "spine3")]] *= 4.0 if head else 1.0
        joints = weight.nonzero()[:, 0]
        one, other = self.pool.rotations[:, joints][before], self.pool.rotations[:, joints][donors]
        return ((one - other).square().sum((-1, -2)) * weight[joints]).sum(-1)

    def _exchange(self, before: Tensor, donor: Tensor, parts: tuple[str, ...], kind: str, target: str) -> Proposal:
        rotations, tokens = self._mixed(before, self.pool.rotations[donor], self.pool.tokens[donor], parts)
        count = len(before)
        return Proposal(
            kind, before, rotations, tokens, (parts,) * count, (target,) * count, (target,) * count,
            torch.full((count,), -1),
        )  # fmt: skip

    def _mixed(
        self, before: Tensor, rotations: Tensor, tokens: Tensor, parts: tuple[str, ...]
    ) -> tuple[Tensor, Tensor]:
        """Poses with some parts of others."""
        made, codes = self.pool.rotations[before].clone(), self.pool.tokens[before].clone()
        joints = [joint for part in parts for joint in joint_indices(part)]
        made[:, joints] = rotations[:, joints]
        columns = self.measurer.columns(parts) if codes.shape[1] else []
        codes[:, columns] = tokens[:, columns]
        return made, codes

    def _other_side(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        """One limb becomes the mirror image of the other."""
        for limb in ("arm", "leg"):
            for side, other in (("left", "right"), ("right", "left")):
                before = self._unlike(self._some(rows, count // 2), limb)[: count // 4]
                rotations, tokens = self._mirrored(before)
                part = (f"{other}_{limb}",)
                rotations, tokens = self._mixed(before, rotations, tokens, part)
                yield self._without_target("other side", before, rotations, tokens, part, f"{limb}|{side}")

    def _swaps(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        for limb, parts in (("arm", ARMS), ("leg", LEGS)):
            before = self._unlike(self._some(rows, count), limb)[: count // 2]
            rotations, tokens = self._mixed(before, *self._mirrored(before), parts)
            yield self._without_target("swap", before, rotations, tokens, parts, limb)

    def _mirrors(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        before = self._unlike(self._some(rows, 2 * count), "arm")[:count]
        yield self._without_target("mirror", before, *self._mirrored(before), _WHOLE, "")

    def _blends(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        """Between two poses of one family, joint by joint along the shortest turn."""
        before = self._some(rows, count)
        before = before[self.pool.family[before].argsort(stable=True)]
        other = before.roll(1)
        same = (self.pool.family[before] == self.pool.family[other]) & (before != other)
        before, other = before[same], other[same]
        share = torch.tensor((0.25, 0.5, 0.5, 0.5, 0.75))[torch.randint(5, (len(before),), generator=self.generator)]
        one, two = self.pool.rotations[before], self.pool.rotations[other]
        turn = matrix_to_axis_angle(one.transpose(-1, -2) @ two)
        made = one @ axis_angle_to_matrix(share[:, None, None] * turn)
        notes = tuple(f"{value:.2f}" for value in share.tolist())
        yield Proposal("blend", before, made, None, (_WHOLE,) * len(before), ("",) * len(before), notes, other)

    def _more(self, count: int, rows: Tensor, donors: Tensor) -> Iterator[Proposal]:
        """Everything that can be had more or less, by 6° to 60°."""
        ways = [(one, side) for one in ADJUSTERS.values() for side in (("left", "right") if one.sided else ("",))]
        for adjuster, side in ways:
            before = self._some(self._adjustable(adjuster, side, rows), count // len(ways))
            if not len(before):
                continue
            widest = 60.0 if adjuster.name in ("arm", "elbow", "knee") else 35.0
            size = 7 + (widest - 7) * torch.rand(len(before), generator=self.generator)
            sign = torch.where(torch.rand(len(before), generator=self.generator) < 0.5, -1.0, 1.0)
            made = _turned(self.pool.rotations[before], adjuster, side, sign * size, self.measurer)
            parts = adjuster.parts_of(side)
            note = f"{adjuster.name}|{side}"
            nothing = torch.full((len(before),), -1)
            count_ = len(before)
            yield Proposal("more", before, made, None, (parts,) * count_, ("",) * count_, (note,) * count_, nothing)

    def _adjustable(self, adjuster: Adjuster, side: str, rows: Tensor) -> Tensor:
        """Poses in which a step makes sense."""
        state = self.pool.state

        def holds(*names: str) -> Tensor:
            return torch.stack([state[rows, self._column[name]] == 1 for name in names]).any(0)

        other = "right" if side == "left" else "left"
        if adjuster.name == "leg":
            return rows[holds(f"{side} foot: off ground") & holds(f"{other} foot: on ground")]
        if adjuster.name in ("feet", "crouch"):
            return rows[holds("standing", "squatting")]
        if adjuster.name == "lean":
            return rows[holds("standing", "kneeling", "sitting as on a chair", "sitting on the floor")]
        if adjuster.name == "arm":
            tilt = self.pool.values[rows, self._measure[f"{side} arm tilt"]]
            return rows[(tilt > 20) & (tilt < 160)]
        return rows

    # --- what comes of it --------------------------------------------------------------------------------------------

    def _take(self, proposals: Sequence[Proposal]) -> None:
        """Measures what was made and keeps what is human, true, and worth asking for."""
        if not proposals:
            return
        proposal = _join(proposals)
        before = self.pool.poses
        # What isn't made from a second pose is compared with its first one twice.
        second = torch.where(proposal.other >= 0, proposal.other, proposal.before)
        made = Pose.from_rotations(proposal.rotations)
        good = self._human.is_human(made, before[proposal.before], before[second])
        proposal = _only(proposal, good.nonzero()[:, 0])
        if not len(proposal):
            return
        found = self.measurer.measured(proposal.rotations, proposal.tokens)
        kept: list[int] = []
        rows: list[ChangeRow] = []
        seen = set[tuple[str, int, str]]()
        after, states = found.state.numpy(), self.pool.state[proposal.before].numpy()
        for place in range(len(proposal)):
            key = (proposal.kind, int(proposal.before[place]), proposal.note[place])
            change = None if key in seen else self._row(proposal, found, place, after[place], states[place])
            if change is not None:
                seen.add(key)
                rows.append(replace(change, after=len(self.pool) + len(kept)))
                kept.append(place)
        if kept:
            self.pool = join_measured([self.pool, found[torch.tensor(kept)]])
            self.changes += self._with_differences(rows)

    def _in_tokens(self, proposal: Proposal) -> Proposal:
        """Changed parts as their tokens say them, the others as they were."""
        if proposal.tokens is not None:
            return proposal
        if self.measurer.tokenizer is None:
            return replace(proposal, tokens=self.pool.tokens[proposal.before])
        parts = proposal.parts[0]
        wanted = self.measurer.tokens_of(proposal.rotations)
        tokens = self.pool.tokens[proposal.before].clone()
        columns = self.measurer.columns(parts)
        tokens[:, columns] = wanted[:, columns]
        joints = [joint for part in parts for joint in joint_indices(part)]
        rotations = self.pool.rotations[proposal.before].clone()
        rotations[:, joints] = self.measurer.rotations_of(tokens)[:, joints]
        return replace(proposal, rotations=rotations, tokens=tokens)

    def _row(
        self, proposal: Proposal, found: Measured, place: int, after: np.ndarray, before: np.ndarray
    ) -> ChangeRow | None:
        """A change with its plan, from the states before and after; None where it isn't what was asked for."""
        parts, target = proposal.parts[place], proposal.target[place]
        if target and after[self._column[target]] != 1:
            return None
        ranges = self._ranges(proposal, found, place) if proposal.kind == "more" else []
        if proposal.kind == "more" and not ranges:
            return None
        plan = [target] if target else []
        whole = proposal.kind in ("mirror", "blend")
        gained = self._told(after == 1 if whole else (after == 1) & (before != 1), parts, 12 if whole else MOST_PLANNED)
        plan = [*ranges, *plan, *(line for line in gained if line not in plan)][: 12 if whole else MOST_PLANNED]
        covered = self._covering(after, parts, plan)
        if covered is None:
            return None
        texts = tuple(("wording", text) for text in self._wordings(target)) if target else ()
        return ChangeRow(
            proposal.kind, int(proposal.before[place]), -1, parts, tuple(dict.fromkeys((*plan, *covered))), texts,
            int(proposal.other[place]), proposal.note[place],
        )  # fmt: skip

    def _told(self, holds: np.ndarray, parts: tuple[str, ...], most: int) -> list[str]:
        """Statements that speak of these parts only, the most telling first."""
        allowed, found = set(parts), list[str]()
        for number in self._telling[holds[self._telling]].tolist():
            if set(parts_of(self._codes[number])) <= allowed:
                found.append(self._codes[number])
                if len(found) == most:
                    break
        return found

    def _covering(self, after: np.ndarray, parts: tuple[str, ...], plan: list[str]) -> list[str] | None:
        """Statements about the parts that the plan says nothing of yet; None where nothing can be said of one."""
        more: list[str] = []
        for part in parts:
            if part == "root" or any(part in parts_of(line) for line in (*plan, *more)):
                continue
            line = next(iter(self._told(after == 1, (part,), 1)), None)
            if line is None:
                return None
            more.append(line)
        return more

    def _ranges(self, proposal: Proposal, found: Measured, place: int) -> list[str]:
        """The measure that changed, within 5 of what it is now; nothing when it changed too little or the wrong way."""
        name, _, side = proposal.note[place].partition("|")
        adjuster = ADJUSTERS[name]
        measure = adjuster.measure_of(side)
        column = self._measure[measure]
        after, before = float(found.values[place, column]), float(self.pool.values[proposal.before[place], column])
        if after != after or before != before or not adjuster.size(after - before):
            return []
        slack, digits = (0.05, 2) if adjuster.unit == "m" else (5, 0)
        lines = [f"{measure}: {round(after - slack, digits):g}..{round(after + slack, digits):g}"]
        if adjuster.name == "crouch":
            column = [self._measure[f"{one} knee angle"] for one in ("left", "right")]
            lines += [
                f"{one} knee angle: {round(value - 5):g}..{round(value + 5):g}"
                for one, value in zip(("left", "right"), found.values[place, column].tolist(), strict=True)
            ]
            lines = lines[1:]
        return lines

    def _wordings(self, target: str) -> list[str]:
        texts = [text for text in training_wordings((target,)) if not self._kept.found_in(text)]
        order = torch.randperm(len(texts), generator=self.generator)[:MOST_WORDINGS].tolist()
        return [texts[number] for number in order]

    def _with_differences(self, rows: Sequence[ChangeRow]) -> list[ChangeRow]:
        """The same with what differs told as instructions, there and back."""
        first = torch.tensor([row.before for row in rows])
        second = torch.tensor([row.after for row in rows])
        told = [self._differences(first, second, seed) for seed in (0, 1)]
        back = self._differences(second, first, 0)
        made = []
        for place, row in enumerate(rows):
            texts = [("difference", several[place]) for several in told if several[place]]
            texts += [("reverse", back[place])] if back[place] else []
            made.append(replace(row, texts=(*row.texts, *dict.fromkeys(texts))))
        return made

    def _differences(self, first: Tensor, second: Tensor, seed: int) -> list[str]:
        """Instructions from poses to others; empty where there are none."""
        describer, poses = self.measurer.describer, self.pool.poses
        (one, gaps), (two, other_gaps) = describer.measure(poses[first]), describer.measure(poses[second])
        found = differences(one, two, gaps, other_gaps, seed=seed)
        return [each.text if each.instructions else "" for each in found]

    def _pairs(self, count: int, rows: Tensor) -> None:
        """Poses that just differ, half of them of one family."""
        first = self._some(rows, count)
        second = self._some(rows, count)[: len(first)]
        for place in range(0, len(first), 2):
            family = self.pool.family[first[place]]
            alike = rows[self.pool.family[rows] == family]
            second[place] = alike[torch.randint(len(alike), (1,), generator=self.generator)][0]
        pairs = [
            ChangeRow("pair", one, two, _WHOLE, (), ())
            for one, two in zip(first.tolist(), second.tolist(), strict=True)
            if one != two
        ]
        told = self._with_differences(pairs)
        self.changes += [pair for pair in told if pair.texts]

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _some(self, rows: Tensor, count: int) -> Tensor:
        """Rows in a random order, families of postures by turns, so that rare ones come up."""
        rows = rows[torch.randperm(len(rows), generator=self.generator)]
        family = self.pool.family[rows]
        rank = torch.zeros(len(rows), dtype=torch.long)
        for number in family.unique().tolist():
            rank[family == number] = torch.arange(int((family == number).sum()))
        return rows[rank.argsort(stable=True)[:count]]

    def _unlike(self, rows: Tensor, limb: str) -> Tensor:
        """Poses whose two arms or legs differ."""
        mirrored = Pose.from_rotations(self.pool.rotations[rows]).mirror().local_rotations
        joints = joint_indices(f"left_{limb}")
        turn = matrix_to_axis_angle(self.pool.rotations[rows][:, joints].transpose(-1, -2) @ mirrored[:, joints])
        return rows[turn.norm(dim=-1).mean(-1).rad2deg() > DIFFERENT_DEG]

    def _mirrored(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations and tokens of mirror images."""
        rotations = Pose.from_rotations(self.pool.rotations[rows]).mirror().local_rotations
        tokens = self.pool.tokens[rows]
        if self.measurer.tokenizer is not None and len(rows):
            tokens = self.measurer.mirrored_tokens(tokens)
            rotations = self.measurer.rotations_of(tokens)
        return rotations, tokens

    def _without_target(
        self, kind: str, before: Tensor, rotations: Tensor, tokens: Tensor, parts: tuple[str, ...], note: str
    ) -> Proposal:
        count = len(before)
        return Proposal(
            kind, before, rotations, tokens, (parts,) * count, ("",) * count, (note,) * count, torch.full((count,), -1)
        )


def _join(proposals: Sequence[Proposal]) -> Proposal:
    """Proposals of one kind as one; those that were tried first come first."""
    tokens = [one.tokens for one in proposals if one.tokens is not None]
    return Proposal(
        proposals[0].kind,
        torch.cat([one.before for one in proposals]),
        torch.cat([one.rotations for one in proposals]),
        torch.cat(tokens) if len(tokens) == len(proposals) else None,
        tuple(parts for one in proposals for parts in one.parts),
        tuple(line for one in proposals for line in one.target),
        tuple(note for one in proposals for note in one.note),
        torch.cat([one.other for one in proposals]),
    )


def _only(proposal: Proposal, rows: Tensor) -> Proposal:
    places = rows.tolist()
    return Proposal(
        proposal.kind,
        proposal.before[rows],
        proposal.rotations[rows],
        None if proposal.tokens is None else proposal.tokens[rows],
        tuple(proposal.parts[place] for place in places),
        tuple(proposal.target[place] for place in places),
        tuple(proposal.note[place] for place in places),
        proposal.other[rows],
    )


def _telling_order(codes: Sequence[str]) -> np.ndarray:
    """Numbers of posecodes, the most telling first, alignments left out."""
    known = lore()
    names = [entry.code.name for entry in known.entries[: len(known.codes)] if entry.code.family not in _NO_TARGETS]
    column = {name: number for number, name in enumerate(codes)}
    return np.array([column[name] for name in names])


# --- turning by an angle ---------------------------------------------------------------------------------------------

_ANGLES: dict[str, tuple[tuple[str, float], ...]] = {
    "elbow": (("{s}_elbow_flexion", 1.0),),
    "knee": (("{s}_knee_flexion", 1.0),),
    "head turn": (("neck_twist_left", 1.0),),
    "head nod": (("neck_flexion", 1.0),),
    "head tilt": (("neck_bend_left", 1.0),),
    "lean": (("spine_flexion", 1.0),),
    "side": (("spine_bend_left", 1.0),),
    "twist": (("spine_twist_left", 1.0),),
    "feet": (("left_hip_abduction", 0.5), ("right_hip_abduction", 0.5)),
    "crouch": tuple(
        (f"{side}_{angle}", share)
        for side in ("left", "right")
        for angle, share in (("hip_flexion", 0.9), ("knee_flexion", 1.6), ("ankle_dorsiflexion", 0.7))
    ),
}


def _turned(rotations: Tensor, adjuster: Adjuster, side: str, degrees: Tensor, measurer: Measurer) -> Tensor:
    """(K, 24, 3, 3) with an adjuster's joints turned by a step of so many degrees, other joints bit for bit."""
    if adjuster.name in ("arm", "leg"):
        return _lifted(rotations, adjuster.name, side, degrees, measurer)
    if adjuster.name == "hands":
        return _spread(rotations, degrees, measurer)
    groups = {group.name: group for group in GROUPS}
    angles = body_pose_to_angles(rotations[:, 1:])
    changed: set[int] = set()
    for pattern, share in _ANGLES[adjuster.name]:
        name = pattern.format(s=side)
        members = zip(groups[name].members, groups[name].shares, strict=True) if name in groups else ((name, 1.0),)
        for member, part in members:
            column = ANGLE_NAMES.index(member)
            angles[:, column] += torch.deg2rad(degrees) * share * part
            changed.add(column // 3)
    made = rotations.clone()
    joints = sorted(changed)
    made[:, [joint + 1 for joint in joints]] = angles_to_body_pose(angles)[:, joints]
    return made


def _lifted(rotations: Tensor, limb: str, side: str, degrees: Tensor, measurer: Measurer) -> Tensor:
    """A limb turned towards the world's up about the level axis across it."""
    first, last = (f"{side}_shoulder", f"{side}_wrist") if limb == "arm" else (f"{side}_hip", f"{side}_knee")
    world = measurer.describer.body.kinematics(Pose.from_rotations(rotations))
    direction = world.positions[:, SMPL.index(last)] - world.positions[:, SMPL.index(first)]
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(direction)
    axis = torch.nn.functional.normalize(torch.linalg.cross(direction, up, dim=-1), dim=-1)
    return _world_turn(rotations, SMPL.index(first), axis * torch.deg2rad(degrees)[:, None], world.rotations)


def _spread(rotations: Tensor, degrees: Tensor, measurer: Measurer) -> Tensor:
    """Both arms turned apart about the trunk's direction, each by half of the angle."""
    made = rotations
    world = measurer.describer.body.kinematics(Pose.from_rotations(rotations))
    trunk = world.positions[:, SMPL.index("neck")] - world.positions[:, SMPL.index("pelvis")]
    axis = torch.nn.functional.normalize(trunk, dim=-1)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turn = axis * torch.deg2rad(degrees * sign / 2)[:, None]
        made = _world_turn(made, SMPL.index(f"{side}_shoulder"), turn, world.rotations)
    return made


def _world_turn(rotations: Tensor, joint: int, turn: Tensor, world: Tensor) -> Tensor:
    """One joint turned by a rotation vector of the world."""
    parent = world[:, SMPL.parents[joint]]
    made = rotations.clone()
    made[:, joint] = parent.transpose(-1, -2) @ axis_angle_to_matrix(turn) @ parent @ rotations[:, joint]
    return made
