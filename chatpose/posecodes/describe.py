"""Poses to descriptions and pairs of poses to instructions, in one step: kinematics, contacts, posecodes, words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from chatpose.body.capsules import body_capsules
from chatpose.body.contact import find_contacts
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.errors import InvalidPoseError
from chatpose.posecodes.captioning import Caption, StyleName, caption
from chatpose.posecodes.check import Check, check_of
from chatpose.posecodes.contacts import touch_gaps
from chatpose.posecodes.difference import Difference, differences
from chatpose.posecodes.difference_values import GAPS
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.points import PosePoints, points_of_kinematics
from chatpose.shapes import Joints24


@dataclass(frozen=True, eq=False)
class Description:
    """A pose in words.

    Attributes:
        caption: the text with the clauses that it is made of.
        checks: every statement that the text makes, once each, in its order, measured on the pose.
        joints: (24, 3) of the pose, metres, y up.
    """

    caption: Caption
    checks: tuple[Check, ...]
    joints: Joints24

    @property
    def text(self) -> str:
        """The sentences."""
        return self.caption.text

    def __str__(self) -> str:
        return self.text

    def statements_as_json(self) -> list[dict[str, Any]]:
        """The contract's statements: all hold, so only the measured value and the margin are told."""
        rows = (check.as_json() for check in self.checks)
        return [{key: row[key] for key in ("statement", "measured", "margin")} for row in rows]


class Describer:
    """Describes and compares poses of one body; the body's capsules are measured once.

    Args:
        body: whose joints and skin are meant; the open body when absent.
    """

    def __init__(self, body: BodyModel | None = None) -> None:
        self.body = body or BodyModel.open()
        self._capsules = body_capsules(self.body)

    def measure(self, pose: Pose) -> tuple[PosePoints, GAPS]:
        """Points and gaps between skins of a pose or a batch, flattened to (N,).

        Raises:
            InvalidPoseError: NaN, infinite values or matrices that aren't rotations.
        """
        world = self.body.kinematics((pose if pose.batch_shape else _one(pose)).validated())
        gaps = touch_gaps(find_contacts(self._capsules, world))
        return points_of_kinematics(world), gaps

    def extract(self, pose: Pose) -> Extraction:
        """All posecodes of a pose or a batch, flattened to (N,)."""
        points, gaps = self.measure(pose)
        return extract(points, gaps=gaps)

    def describe(
        self, pose: Pose, style: StyleName = "plain", seed: int = 0, allowed: Tensor | None = None
    ) -> Description:
        """Describes one pose.

        Args:
            pose: whose betas belong to this body.
            style: "short", "plain" or "full".
            seed: chooses among wordings.
            allowed: (C,) bool over `definitions.all_posecodes`, what may be said; everything when absent.

        Raises:
            InvalidPoseError: a batch, or numbers that are no pose.
        """
        return self.describe_all(_one(pose), style, seed, allowed)[0]

    def describe_all(
        self,
        poses: Pose,
        style: StyleName = "plain",
        seed: int | Sequence[int] = 0,
        allowed: Tensor | None = None,
    ) -> list[Description]:
        """Describes a batch (N,) of poses.

        Args:
            poses: whose betas belong to this body.
            style: "short", "plain" or "full".
            seed: chooses among wordings; one for all poses or one a pose.
            allowed: (C,) or (N, C) bool over `definitions.all_posecodes`, what may be said; everything when absent.
        """
        found = self.extract(poses)
        columns = {code: column for column, code in enumerate(found.codes)}
        joints = self.body.joints(poses)
        described = []
        for number, words in enumerate(caption(found, style, seed, allowed)):
            codes = dict.fromkeys(words.statements)
            checks = tuple(check_of(found, number, columns[code], Statement(code)) for code in codes)
            described.append(Description(words, checks, joints[number]))
        return described

    def compare(self, a: Pose, b: Pose, seed: int = 0) -> Difference:
        """How to get from one pose to another.

        Raises:
            InvalidPoseError: batches, or numbers that are no pose.
        """
        return self.compare_all(_one(a), _one(b), seed)[0]

    def compare_all(self, a: Pose, b: Pose, seed: int = 0) -> list[Difference]:
        """How to get from each pose of a batch (N,) to the one of the other batch in its place."""
        (points_a, gaps_a), (points_b, gaps_b) = self.measure(a), self.measure(b)
        return differences(points_a, points_b, gaps_a, gaps_b, seed=seed)


def describe(pose: Pose, style: StyleName = "plain", seed: int = 0, *, body: BodyModel | None = None) -> Description:
    """Describes one pose; for many, keep a `Describer`.

    >>> describe(Pose.identity()).text                                            # doctest: +SKIP
    'A person stands with both arms spread to the sides …'
    """
    return Describer(body).describe(pose, style, seed)


def compare(a: Pose, b: Pose, seed: int = 0, *, body: BodyModel | None = None) -> Difference:
    """How to get from pose `a` to pose `b`; for many pairs, keep a `Describer`."""
    return Describer(body).compare(a, b, seed)


def _one(pose: Pose) -> Pose:
    """A single pose as a batch of one."""
    if pose.batch_shape not in ((), (1,)):
        raise InvalidPoseError(
            f"a batch {pose.batch_shape} of poses", expected="one pose", fix="index it, or use …_all"
        )
    return pose if pose.batch_shape else stack_poses([pose])
