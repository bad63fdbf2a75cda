"""From the source's people to SMPL's layout: T-pose, SMPL's pivots, shape directions, joint regressor.

Everything is NumPy in float64 and symmetric by construction: what is computed is averaged with its mirror image.
"""

from dataclasses import dataclass

import numpy as np
import torch

from chatpose.body.build_open_body_source import People
from chatpose.body.kinematics import forward_kinematics, joints_to_offsets, world_to_local
from chatpose.body.rotations import about_axis, axis_angle_to_matrix, matrix_to_axis_angle, swing_between
from chatpose.body.skeleton import PELVIS_REST, SMPL, smpl_rest_offsets
from chatpose.body.skinning import blend_vertices

SHAPE_DIRECTIONS = 10
MIRROR_X = np.array([-1.0, 1.0, 1.0])

_CLAVICLE_SHARE = 0.35
"""Part of the arm's lift from the source's A-pose that the clavicle takes; with 0.8 the body hunches its shoulders."""
_PELVIS_UP = 0.04
"""How far the pelvis pivot lies above the source's root of the spine, metres on the mean body."""
_TRUNK_TILT_DEG = 3.0
"""How far the trunk leans back from the source's posture, whose neck lies 4 cm further forward than SMPL's."""
_HIP_LATERAL, _HIP_DOWN = 0.075, 0.02
"""The hip pivots' distance from the midline and below the source's: SMPL's lie much closer together than the source's
joint centres. On the joints of SMPL's skeleton these pivots bring the mean error from 61 to 40 mm."""


def index(joint: str) -> int:
    """Short for the number of a joint."""
    return SMPL.index(joint)


def symmetrise_points(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Averages (…, points, 3) with their mirror image in x = 0."""
    return (points + points[..., mirror, :] * MIRROR_X) / 2


def into_t_pose(people: People, mean: People, weights: np.ndarray) -> People:
    """Turns the source's A-pose into SMPL's T-pose by skinning.

    Args:
        people: rest shapes in the source's A-pose.
        mean: the mean person, whose limbs take exactly SMPL's rest directions; the others' turn by the same angles.
        weights: (verts, 24).
    """
    world = torch.from_numpy(_world_rotations_to_t_pose(mean.joints[0]))
    joints = torch.from_numpy(people.joints)
    offsets = joints_to_offsets(joints)
    local = world_to_local(world).expand(len(joints), -1, -1, -1)
    posed = forward_kinematics(local, offsets)
    vertices = blend_vertices(torch.from_numpy(people.vertices), joints, posed, torch.from_numpy(weights))
    return People(vertices.numpy(), posed.positions.numpy())


def _world_rotations_to_t_pose(joints: np.ndarray) -> np.ndarray:
    """World rotation of each joint, (24, 3, 3), that gives the limbs SMPL's rest directions."""
    rest = smpl_rest_offsets(torch.float64)
    came = torch.from_numpy(joints)
    hips_of_smpl = torch.from_numpy(smpl_pivots(joints[None], joints)[0])
    world = torch.eye(3, dtype=torch.float64).repeat(len(SMPL), 1, 1)
    tilt = torch.deg2rad(torch.tensor([-1.0, -1.0, -1.0, -0.5], dtype=torch.float64) * _TRUNK_TILT_DEG)
    world[[index(name) for name in ("spine1", "spine2", "spine3", "neck")]] = about_axis("x", tilt)
    for side in ("left", "right"):
        hip, knee, ankle, foot, collar, shoulder, elbow, wrist, hand = (
            index(f"{side}_{name}")
            for name in ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist", "hand")
        )
        thigh = came[knee] - came[hip]
        aim = _reach(hips_of_smpl[hip] - came[hip], rest[knee], thigh.norm())
        world[hip] = swing_between(thigh, aim)
        for joint, child in ((knee, ankle), (shoulder, elbow), (elbow, wrist)):
            world[joint] = swing_between(came[child] - came[joint], rest[child])
        level = torch.tensor([1.0, 0, 1.0], dtype=torch.float64)  # soles stay level: feet only turn about y
        world[ankle] = world[foot] = swing_between((came[foot] - came[ankle]) * level, rest[foot] * level)
        lift = matrix_to_axis_angle(swing_between(came[shoulder] - came[collar], rest[shoulder]))
        world[collar] = axis_angle_to_matrix(_CLAVICLE_SHARE * lift) @ world[index("spine3")]
        forearm = world[elbow]  # the hand goes straight on from the forearm
        straight = swing_between(forearm @ (came[hand] - came[wrist]), rest[hand])
        world[wrist] = world[hand] = straight @ forearm
    return world.numpy()


def _reach(start: torch.Tensor, direction: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """The point ahead of `start` along `direction` that lies at `radius` from the origin.

    The thigh turns about the source's hip, but seen from SMPL's hip pivot it must point in SMPL's direction.
    """
    direction = direction / direction.norm()
    along = start @ direction
    return start + direction * (torch.sqrt(along**2 - start @ start + radius**2) - along)


def with_smpl_pivots(people: People, mean: People) -> People:
    """Moves the torso's and the hips' pivots to where SMPL has them and every pelvis to `PELVIS_REST`."""
    joints = smpl_pivots(people.joints, mean.joints[0])
    move = np.array(PELVIS_REST) - joints[:, [index("pelvis")]]
    return People(people.vertices + move, joints + move)


def smpl_pivots(people_joints: np.ndarray, mean_joints: np.ndarray) -> np.ndarray:
    """Pivots as SMPL has them in the torso and the hips; limb pivots stay where the source's anatomy has them.

    Args:
        people_joints: (people, 24, 3).
        mean_joints: (24, 3) of the mean person; distances grow with the length of the torso relative to this one's.
    """
    joints = people_joints.copy()
    neck, pelvis = index("neck"), index("pelvis")
    torso = np.linalg.norm(joints[:, neck] - joints[:, pelvis], axis=1)
    size = (torso / np.linalg.norm(mean_joints[neck] - mean_joints[pelvis]))[:, None]
    joints[:, pelvis] += size * [0, _PELVIS_UP, 0]
    for side, sign in (("left", 1), ("right", -1)):
        hip = index(f"{side}_hip")
        joints[:, hip, 0] = sign * _HIP_LATERAL * size[:, 0]
        joints[:, hip, 1] -= _HIP_DOWN * size[:, 0]
    offsets = smpl_rest_offsets(torch.float64).numpy()
    spine = [index(name) for name in ("spine1", "spine2", "spine3")]
    along = np.cumsum(offsets[spine], axis=0)
    stretch = np.linalg.norm(joints[:, neck] - joints[:, pelvis], axis=1) / np.linalg.norm(along[-1] + offsets[neck])
    joints[:, spine] = joints[:, [pelvis]] + along * stretch[:, None, None]
    for collar in (index("left_collar"), index("right_collar")):
        joints[:, collar] = joints[:, spine[-1]] + offsets[collar] * stretch[:, None]
    return joints


@dataclass(frozen=True, eq=False)
class ShapeSpace:
    """A linear space of bodies.

    Attributes:
        v_template: (verts, 3).
        shapedirs: (verts, 3, 10) one standard deviation each.
        joints: (24, 3) pivots of the template.
        joint_directions: (24, 3, 10) how the pivots go with the shape.
    """

    v_template: np.ndarray
    shapedirs: np.ndarray
    joints: np.ndarray
    joint_directions: np.ndarray


def shape_space(people: People) -> ShapeSpace:
    """Principal components of people's vertices; the first grows with height, each sign makes the body taller."""
    count = len(people.vertices)
    template, joints = people.vertices.mean(0), people.joints.mean(0)
    centred = (people.vertices - template).reshape(count, -1)
    values, vectors = np.linalg.eigh(centred @ centred.T)  # the small side: people, not vertices
    order = np.argsort(values)[::-1][:SHAPE_DIRECTIONS]
    scores = vectors[:, order] * np.sqrt(count - 1)
    directions = (centred.T @ scores / (count - 1)).reshape(len(template), 3, -1)
    height = directions[template[:, 1].argmax(), 1] - directions[template[:, 1].argmin(), 1]
    sign = np.where(height < 0, -1.0, 1.0)
    scores, directions = scores * sign, directions * sign
    moved = people.joints - joints
    joint_directions = np.einsum("njk,nb->jkb", moved, scores) / (count - 1)
    return ShapeSpace(template, directions, joints, joint_directions)


def joint_regressor(space: ShapeSpace, mirror: np.ndarray, candidates: int = 600) -> np.ndarray:
    """Rows that give each joint from vertices near it, (24, verts).

    Least-norm solution of: weights sum to 1, the template's joint is exact, and so is its way along each shape
    direction up to a slight damping (34 equations in `candidates` unknowns, every third of the vertices nearest to the
    joint). Many candidates keep the weights small, and with them the rounding of float32.
    """
    rows = np.zeros((len(SMPL), len(space.v_template)))
    for joint in range(len(SMPL)):
        twin = SMPL.mirror_index[joint]
        if twin < joint:
            rows[joint] = rows[twin][mirror]
            continue
        near = _around(space.v_template, space.joints[joint], mirror if twin == joint else None, candidates)
        rows[joint, near] = _least_norm_row(space, joint, near)
        if twin == joint:
            rows[joint] = (rows[joint] + rows[joint][mirror]) / 2
    return rows


def _around(template: np.ndarray, joint: np.ndarray, mirror: np.ndarray | None, count: int) -> np.ndarray:
    nearest = np.argsort(np.linalg.norm(template - joint, axis=1), kind="stable")[: 3 * count : 3]
    return nearest if mirror is None else np.union1d(nearest, mirror[nearest])


def _least_norm_row(space: ShapeSpace, joint: int, near: np.ndarray) -> np.ndarray:
    exact = np.vstack([np.ones(len(near)), (space.v_template[near] - space.joints[joint]).T])
    wanted = np.array([1.0, 0, 0, 0])
    start = np.linalg.lstsq(exact, wanted, rcond=None)[0]
    null = np.linalg.svd(exact)[2][4:].T  # what may be added without touching the template's joint
    ways = space.shapedirs[near].transpose(1, 2, 0).reshape(-1, len(near))
    missing = space.joint_directions[joint].reshape(-1) - ways @ start
    system = ways @ null
    damping = 1e-6 * np.eye(len(system)) * np.trace(system @ system.T) / len(system)
    return start + null @ system.T @ np.linalg.solve(system @ system.T + damping, missing)
