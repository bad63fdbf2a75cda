"""Keypoint sets of pose estimators, read off a posed body.

Each keypoint is a fixed affine mix of SMPL joints and named surface points (`BodyData.landmarks`), so it moves with
the body and commutes with rotation, translation and mirroring. What is a stand-in for what annotators click on:

- Hips, knees, ankles, shoulders, elbows and wrists of every set are SMPL's joint centres. COCO's annotated hips lie a
  few centimetres farther out, and H36M's come from its own marker skeleton.
- `neck` of the OpenPose sets is the middle of the shoulders, and `mid_hip` that of the hips, as OpenPose defines them.
- H36M: `spine` is SMPL's `spine2`, `thorax` its `neck`; `nose` is the surface point, `head` the top of the skull (the
  highest vertex of the rest pose).
- BlazePose: inner and outer corners of the eyes lie on the line through both eyes, the mouth's corners are placed
  from nose, eyes and ears; index, pinky and thumb are knuckles, placed from `hand`, `wrist` and the finger tips;
  `foot_index` is the tip of the big toe. MediaPipe writes `mouth_left` where this module has `left_mouth`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from chatpose.body.model import BodyModel, PosedBody
from chatpose.body.skeleton import SMPL, swap_side
from chatpose.errors import UnknownNameError, unknown_name
from chatpose.shapes import Joints

HEAD_TOP = "head_top"
"""Source that isn't among the landmarks: the highest vertex of the rest pose."""

Mix = Mapping[str, float]


@dataclass(frozen=True)
class KeypointSet:
    """Named points in the order of one estimator.

    Attributes:
        kind: short name, a key of `KEYPOINT_SETS`.
        names: one name a point; the body's left and right by prefix.
        edges: pairs of indices to draw as limbs.
        mixes: for each point the weights of its sources (joints of `SMPL`, landmarks, `HEAD_TOP`); they sum to 1.
    """

    kind: str
    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    mixes: tuple[Mix, ...]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def mirror_index(self) -> tuple[int, ...]:
        """For each point the one of the other side, itself on the midline."""
        return tuple(self.names.index(swap_side(name)) for name in self.names)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """All sources that the mixes need."""
        return tuple(sorted({source for mix in self.mixes for source in mix}))


def keypoints(body: PosedBody, model: BodyModel, kind: str) -> Joints:
    """The keypoints of a posed body.

    Args:
        body: joints and vertices, any batch shape.
        model: the model that posed it.
        kind: a key of `KEYPOINT_SETS`.

    Returns:
        (*batch, points, 3) metres, world.

    Raises:
        UnknownNameError: no such set, or the body lacks a landmark that it needs.
    """
    wanted = keypoint_set(kind)
    missing = [name for name in wanted.sources if not _known(model, name)]
    if missing:
        raise UnknownNameError(
            f"{kind} keypoints need surface points that {model.data.name!r} doesn't name: {', '.join(missing)}",
            fix="use the open body, or an unchanged body file of the SMPL family",
        )
    points = torch.stack([_source(body, model, name) for name in wanted.sources], dim=-2)
    rows = [[mix.get(source, 0.0) for source in wanted.sources] for mix in wanted.mixes]
    return points.new_tensor(rows) @ points


def keypoint_set(kind: str) -> KeypointSet:
    """The set of a name.

    Raises:
        UnknownNameError: no such set; the message lists them.
    """
    if kind not in KEYPOINT_SETS:
        raise unknown_name("keypoint set", kind, KEYPOINT_SETS)
    return KEYPOINT_SETS[kind]


def _known(model: BodyModel, name: str) -> bool:
    return name in SMPL.joint_names or name == HEAD_TOP or name in model.data.landmarks


def _source(body: PosedBody, model: BodyModel, name: str) -> torch.Tensor:
    if name in SMPL.joint_names:
        return body.joints[..., SMPL.index(name), :]
    if name == HEAD_TOP:
        return body.vertices[..., int(model.data.v_template[:, 1].argmax()), :]
    return model.landmark(body.vertices, name)


def _mirrored(mix: Mix) -> dict[str, float]:
    return {swap_side(source): weight for source, weight in mix.items()}


# Points that aren't one joint or landmark of the same name; the right side is mirrored. The weights were read off an
# adult face and hand in the rest pose and rounded.
_LEFT_MIXES: dict[str, Mix] = {
    "left_eye_inner": {"left_eye": 0.75, "right_eye": 0.25},
    "left_eye_outer": {"left_eye": 1.25, "right_eye": -0.25},
    "left_mouth": {"nose": 1.72, "left_eye": -0.13, "right_eye": -0.97, "left_ear": 0.19, "right_ear": 0.19},
    "left_index": {"left_hand": 1.0, "left_index": 0.5, "left_middle": -0.5},
    "left_pinky": {"left_hand": 1.0, "left_pinky": 0.6, "left_middle": -0.6},
    "left_thumb": {"left_wrist": 0.45, "left_thumb": 0.55},
    "left_foot_index": {"left_big_toe": 1.0},
}
_MIDDLE_MIXES: dict[str, Mix] = {
    "neck": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    "mid_hip": {"left_hip": 0.5, "right_hip": 0.5},
    "spine": {"spine2": 1.0},
    "thorax": {"neck": 1.0},
    "head": {HEAD_TOP: 1.0},
}
_MIXES: dict[str, Mix] = (
    _MIDDLE_MIXES | _LEFT_MIXES | {swap_side(name): _mirrored(mix) for name, mix in _LEFT_MIXES.items()}
)


def _set(kind: str, names: str, edges: str) -> KeypointSet:
    """A set from names and "a-b" edges separated by white space."""
    listed = tuple(names.split())
    pairs = [edge.split("-") for edge in edges.split()]
    indexed = tuple((listed.index(a), listed.index(b)) for a, b in pairs)
    return KeypointSet(kind, listed, indexed, tuple(_MIXES.get(name, {name: 1.0}) for name in listed))


_ARMS_AND_LEGS = """
    left_shoulder-left_elbow left_elbow-left_wrist right_shoulder-right_elbow right_elbow-right_wrist
    left_hip-left_knee left_knee-left_ankle right_hip-right_knee right_knee-right_ankle
"""
_TRUNK = "left_shoulder-right_shoulder left_hip-right_hip left_shoulder-left_hip right_shoulder-right_hip"

_COCO17 = _set(
    "coco17",
    """
    nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow
    left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle
    """,
    f"""
    nose-left_eye nose-right_eye left_eye-right_eye left_eye-left_ear right_eye-right_ear
    left_ear-left_shoulder right_ear-right_shoulder {_TRUNK} {_ARMS_AND_LEGS}
    """,
)

_H36M17 = _set(
    "h36m17",
    """
    pelvis right_hip right_knee right_ankle left_hip left_knee left_ankle spine thorax nose head
    left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist
    """,
    f"""
    pelvis-right_hip pelvis-left_hip pelvis-spine spine-thorax thorax-nose nose-head
    thorax-left_shoulder thorax-right_shoulder {_ARMS_AND_LEGS}
    """,
)

_BLAZEPOSE33 = _set(
    "blazepose33",
    """
    nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear
    left_mouth right_mouth left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist
    left_pinky right_pinky left_index right_index left_thumb right_thumb left_hip right_hip
    left_knee right_knee left_ankle right_ankle left_heel right_heel left_foot_index right_foot_index
    """,
    f"""
    nose-left_eye_inner left_eye_inner-left_eye left_eye-left_eye_outer left_eye_outer-left_ear
    nose-right_eye_inner right_eye_inner-right_eye right_eye-right_eye_outer right_eye_outer-right_ear
    left_mouth-right_mouth {_TRUNK} {_ARMS_AND_LEGS}
    left_wrist-left_pinky left_wrist-left_index left_wrist-left_thumb left_pinky-left_index
    right_wrist-right_pinky right_wrist-right_index right_wrist-right_thumb right_pinky-right_index
    left_ankle-left_heel left_ankle-left_foot_index left_heel-left_foot_index
    right_ankle-right_heel right_ankle-right_foot_index right_heel-right_foot_index
    """,
)

# Limbs in the order in which OpenPose and ControlNet colour them.
_OPENPOSE_LIMBS = """
    neck-right_shoulder neck-left_shoulder right_shoulder-right_elbow right_elbow-right_wrist
    left_shoulder-left_elbow left_elbow-left_wrist
"""
_OPENPOSE_FACE = "neck-nose nose-right_eye right_eye-right_ear nose-left_eye left_eye-left_ear"

_OPENPOSE18 = _set(
    "openpose18",
    """
    nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist
    right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear
    """,
    f"""
    {_OPENPOSE_LIMBS} neck-right_hip right_hip-right_knee right_knee-right_ankle
    neck-left_hip left_hip-left_knee left_knee-left_ankle {_OPENPOSE_FACE}
    """,
)

_OPENPOSE25 = _set(
    "openpose25",
    """
    nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip
    right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear
    left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel
    """,
    f"""
    {_OPENPOSE_LIMBS} neck-mid_hip mid_hip-right_hip right_hip-right_knee right_knee-right_ankle
    mid_hip-left_hip left_hip-left_knee left_knee-left_ankle {_OPENPOSE_FACE}
    left_ankle-left_big_toe left_big_toe-left_small_toe left_ankle-left_heel
    right_ankle-right_big_toe right_big_toe-right_small_toe right_ankle-right_heel
    """,
)

KEYPOINT_SETS: dict[str, KeypointSet] = {
    kept.kind: kept for kept in (_COCO17, _H36M17, _BLAZEPOSE33, _OPENPOSE18, _OPENPOSE25)
}
"""COCO (Lin et al. 2014), Human3.6M in the order common since Martinez et al. 2017 and Pavllo et al. 2019, BlazePose
(Bazarevsky et al. 2020), OpenPose's COCO and BODY_25 orders (Cao et al. 2019)."""
