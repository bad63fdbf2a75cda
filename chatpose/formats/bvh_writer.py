"""BVH out: SMPL's 24 joints, a T-pose at zero rotations, opens in Blender, MotionBuilder and the rest.

The root's OFFSET is the pelvis of the rest pose and its position channels are where the pelvis is, so Blender shows
rest and motion at the same place, and `chatpose.formats.bvh` finds `transl` as the difference of the two.
"""

from pathlib import Path

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import WriteOptions
from chatpose.shapes import Joints24

DEFAULT_FPS = 30.0
"""Written for poses that aren't a motion: the format needs a frame time."""
EULER_ORDER = "ZXY"
"""R = Rz · Rx · Ry. The middle angle meets its limit of 90° less often here than in ZYX, where a bent elbow does."""
_UNITS = {"m": (1.0, 6), "cm": (100.0, 4)}
_GIMBAL_COSINE = 1e-6
_ROWS_AT_ONCE = 4096
# Ends of the bones of joints without children, metres; the head's top and half a hand or a toe's length.
_TIPS = {
    "head": (0.0, 0.18, 0.0),
    "left_hand": (0.09, 0.0, 0.0),
    "right_hand": (-0.09, 0.0, 0.0),
    "left_foot": (0.0, 0.0, 0.07),
    "right_foot": (0.0, 0.0, 0.07),
}


def write_bvh(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes a clip as BVH.

    Bone lengths are those of `options.body`, or of the open body, in the shape of the clip's first frame.

    Args:
        clip: frames to write.
        path: the file.
        options: `body` and `unit` are used.
    """
    body = BodyModel.open() if options.body is None else options.body
    pose = clip.pose.to("cpu")
    betas = body.usable_betas(pose.betas[0].to(body.data.v_template), clip.shape_space)
    rest = body.rest_joints(betas).double().cpu()
    scale, digits = _UNITS[options.unit]
    angles = matrices_to_euler_zxy(pose.local_rotations.double().numpy())
    pelvis = (rest[0] + pose.transl.double()).numpy() * scale
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n" + "\n".join(_hierarchy(rest * scale, scale, digits)) + "\nMOTION\n")
        file.write(f"Frames: {len(clip)}\nFrame Time: {1 / (clip.fps or DEFAULT_FPS):.10g}\n")
        row_format = " ".join([f"%.{digits}f"] * 3 + ["%.6f"] * 3 * len(SMPL)) + "\n"
        order = _file_order()
        for start in range(0, len(clip), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            turns = angles[part][:, order].reshape(len(pelvis[part]), -1)
            rows = np.concatenate([pelvis[part], turns], axis=1) + 0.0  # no "-0.000000"
            file.writelines(row_format % tuple(row) for row in rows.tolist())


def matrices_to_euler_zxy(matrices: np.ndarray) -> np.ndarray:
    """Angles about z, x and y of R = Rz · Rx · Ry, degrees, continuous along the frames.

    Each angle is read after the ones before it have been taken off, so that together they give the matrix exactly
    even where the middle one is near 90° and the other two can't be told apart; there the first keeps its value.

    Args:
        matrices: (frames, joints, 3, 3) rotations.

    Returns:
        (frames, joints, 3).
    """
    # R = Rz Rx Ry has R[:, 1] = (-sin z cos x, cos z cos x, sin x).
    first = np.arctan2(-matrices[..., 0, 1], matrices[..., 1, 1])
    cosine = np.hypot(matrices[..., 0, 1], matrices[..., 1, 1])
    z = _continuous(first, cosine < _GIMBAL_COSINE)
    cos, sin = np.cos(z), np.sin(z)
    column = -sin * matrices[..., 0, 1] + cos * matrices[..., 1, 1]  # Rzᵀ R is Rx Ry; its rows 0 and 1 are read
    row = np.stack([cos * matrices[..., 0, k] + sin * matrices[..., 1, k] for k in (0, 2)], axis=-1)
    x = np.arctan2(matrices[..., 2, 1], column)
    y = np.arctan2(row[..., 1], row[..., 0])
    return np.degrees(np.stack([z, np.unwrap(x, axis=0), np.unwrap(y, axis=0)], axis=-1))


def _continuous(angle: np.ndarray, open_choice: np.ndarray) -> np.ndarray:
    """First angles along the frames: of `angle` and its other solution (half a turn off) the one nearer to the last.

    Args:
        angle: (frames, joints) radians, one solution.
        open_choice: where any angle would do; the last one stays.
    """
    chosen = angle.copy()
    chosen[0][open_choice[0]] = 0.0
    for frame in range(1, len(chosen)):
        last = chosen[frame - 1]
        step = angle[frame] - last
        near = last + step - np.pi * np.round(step / np.pi)  # both solutions, and whole turns
        chosen[frame] = np.where(open_choice[frame], last, near)
    return chosen


def _file_order() -> list[int]:
    """Joints as the nested hierarchy lists them, depth first."""
    order: list[int] = []
    stack = [0]
    while stack:
        joint = stack.pop()
        order.append(joint)
        stack.extend(reversed(SMPL.children[joint]))
    return order


def _hierarchy(rest: Joints24, scale: float, digits: int) -> list[str]:
    """Lines of the HIERARCHY section for rest joints in the file's unit."""
    lines: list[str] = []

    def offset(values: list[float]) -> str:
        return "OFFSET " + " ".join(f"{value + 0.0:.{digits}f}" for value in values)

    def joint(index: int, depth: int) -> None:
        tab = "\t" * depth
        parent = SMPL.parents[index]
        place = rest[index] if parent < 0 else rest[index] - rest[parent]
        position = "" if parent >= 0 else "Xposition Yposition Zposition "
        turns = " ".join(f"{axis}rotation" for axis in EULER_ORDER)
        lines.append(f"{tab}{'ROOT' if parent < 0 else 'JOINT'} {SMPL.joint_names[index]}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}\t{offset(place.tolist())}")
        lines.append(f"{tab}\tCHANNELS {6 if position else 3} {position}{turns}")
        for child in SMPL.children[index]:
            joint(child, depth + 1)
        if not SMPL.children[index]:
            tip = torch.tensor(_TIPS[SMPL.joint_names[index]]) * scale
            lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\t{offset(tip.tolist())}", f"{tab}\t}}"])
        lines.append(f"{tab}}}")

    joint(0, 0)
    return lines
