"""`Edited`: what came of an instruction."""

from dataclasses import dataclass
from typing import Any

from chatpose.body.pose import Pose
from chatpose.formats.pose_json import pose_to_json
from chatpose.language.verified.edit_done import EditCheck
from chatpose.posecodes.instructions.plan import EditPlan
from chatpose.shapes import Joints24


@dataclass(frozen=True, eq=False)
class Edited:
    """An edit that was made.

    Attributes:
        instruction: as it was given.
        pose: after it.
        before: the pose that it was made of.
        plan: what was understood.
        changed_parts: parts whose joints turned: "left arm", "head", "torso", "pelvis".
        description: of the pose after it.
        checks: what was asked for, measured before and after.
        notes: for people: what was chosen, limited, assumed, not understood.
        seconds: it took.
        joints: (24, 3) of the pose, metres.
    """

    instruction: str
    pose: Pose
    before: Pose
    plan: EditPlan
    changed_parts: tuple[str, ...]
    description: str
    checks: tuple[EditCheck, ...]
    notes: tuple[str, ...]
    seconds: float
    joints: Joints24

    @property
    def held(self) -> bool:
        """Whether everything that was asked for came true."""
        return all(check.holds is not False for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "instruction": self.instruction,
            "pose": pose_to_json(self.pose, self.joints),
            "changed_parts": list(self.changed_parts),
            "description": self.description,
            "checks": [check.as_json() for check in self.checks],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
        }
