import math

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.balance import FADING, PATCH_M, SUPPORT_M, balance_m, balance_margin_m, center_of_mass
from chatpose.body.capsules import BodyCapsules, body_capsules
from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.corpus.basic_postures import basic_posture, basic_postures
from chatpose.corpus.random_poses import jittered_postures, limit_poses

BODY = BodyModel.open()
CAPSULES = body_capsules(BODY)

seeds = st.integers(0, 10_000)


def some_poses(seed: int, count: int = 8) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    half = [jittered_postures(count // 2, generator), limit_poses(count // 2, generator)]
    return concatenate_poses(half)


def margin(pose: Pose, **options) -> torch.Tensor:
    return balance_margin_m(BODY.kinematics(pose), CAPSULES, **options)


def turned(pose: Pose, heading_rad: float) -> Pose:
    return pose.replace(global_orient=about_axis("y", torch.tensor(heading_rad)) @ pose.global_orient)


# --- centre of mass --------------------------------------------------------------------------------------------------


def test_centre_of_mass_is_near_that_of_the_skin():
    """Of a body of one density all over; people's legs are a little denser than their chests."""
    import trimesh

    pose = basic_postures()
    centers = center_of_mass(BODY.kinematics(pose), CAPSULES)
    faces = BODY.data.faces.numpy()
    meshes = [trimesh.Trimesh(vertices.numpy(), faces, process=False) for vertices in BODY(pose).vertices]
    volume = torch.tensor(np.stack([mesh.center_mass for mesh in meshes]), dtype=torch.float32)
    gap = (centers - volume).norm(dim=-1)
    assert gap.max() < 0.035
    assert gap.mean() < 0.015


def test_centre_of_mass_of_a_standing_person():
    """55 to 58 % of the height above the floor, as textbooks give it."""
    body = BODY(basic_posture("standing"))
    low, high = body.vertices[:, 1].min(), body.vertices[:, 1].max()
    center = center_of_mass(BODY.kinematics(basic_posture("standing")), CAPSULES)
    assert 0.54 < float((center[1] - low) / (high - low)) < 0.58
    assert abs(float(center[0])) < 1e-6


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_centre_of_mass_moves_with_the_body(seed):
    world = BODY.kinematics(some_poses(seed))
    turn, shift = random_rotations(seed=seed, max_angle_rad=3.0), torch.tensor([0.3, -2.0, 1.5])
    moved = WorldJoints(turn @ world.rotations, world.positions @ turn.T + shift)
    expected = center_of_mass(world, CAPSULES) @ turn.T + shift
    torch.testing.assert_close(center_of_mass(moved, CAPSULES), expected, atol=2e-6, rtol=0)


# --- the support -----------------------------------------------------------------------------------------------------


def reference_margin(pose: Pose) -> float:
    """The same by scipy's convex hull of points on the patches' rims."""
    from scipy.spatial import ConvexHull

    world = BODY.kinematics(pose)
    ends = CAPSULES.place(world).double().numpy()
    radii = CAPSULES.end_radii.double().numpy()
    height = ends[:, 1] - radii
    size = np.minimum(radii, PATCH_M) - FADING * np.clip(height - height.min() - SUPPORT_M, 0, None)
    angle = np.linspace(0, 2 * math.pi, 3601)[:-1]
    rim = np.stack([np.sin(angle), np.cos(angle)], -1)
    kept = size > 0
    points = (ends[kept][:, None, (0, 2)] + size[kept, None, None] * rim).reshape(-1, 2)
    hull = ConvexHull(points)
    mass = center_of_mass(world, CAPSULES).numpy()[[0, 2]]
    inside = -(hull.equations[:, :2] @ mass + hull.equations[:, 2]).max()
    if inside >= 0:
        return inside
    starts = points[hull.vertices]
    axes = np.roll(starts, -1, 0) - starts
    along = np.clip(((mass - starts) * axes).sum(-1) / (axes**2).sum(-1), 0, 1)
    return -float(np.linalg.norm(mass - starts - along[:, None] * axes, axis=-1).min())


def fading(pose: Pose) -> torch.Tensor:
    """Poses with a part that only half counts, which no convex hull knows."""
    height = CAPSULES.place(BODY.kinematics(pose))[..., 1] - CAPSULES.end_radii
    height = height - height.amin(-1, keepdim=True)
    return ((height > SUPPORT_M) & (height < SUPPORT_M + 0.2)).any(-1)


def test_margin_is_the_distance_to_the_convex_hull():
    pytest.importorskip("scipy")
    pose = concatenate_poses([basic_postures(), some_poses(1, 400)])
    pose = pose[~fading(pose)]
    assert len(pose) >= 30
    came = margin(pose)
    gap = came - torch.tensor([reference_margin(one) for one in pose], dtype=came.dtype)
    assert gap.min() > -1e-5, "over some of the directions nothing comes out smaller"
    assert gap.max() < 0.006
    assert gap.mean() < 0.002
    assert (came < -0.02).any()
    assert (came > 0.05).any()


@given(seed=seeds, heading=st.floats(-math.pi, math.pi), x=st.floats(-5, 5), z=st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_where_and_which_way_the_body_stands_makes_no_difference(seed, heading, x, z):
    pose = some_poses(seed)
    moved = turned(pose, heading).replace(transl=torch.tensor([x, 0.7, z]).expand(len(pose), 3))
    torch.testing.assert_close(margin(moved), margin(pose), atol=0.01, rtol=0)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_mirrored_bodies_balance_alike(seed):
    pose = some_poses(seed)
    torch.testing.assert_close(margin(pose.mirror()), margin(pose), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "name", ["standing", "lying on the back", "on all fours", "in a plank", "sitting on the heels"]
)
def test_firm_postures_are_balanced(name):
    assert float(balance_m(BODY.kinematics(basic_posture(name)), CAPSULES)) == 0
    assert float(margin(basic_posture(name))) > 0.05


def test_sitting_without_the_chair_is_not():
    assert float(balance_m(BODY.kinematics(basic_posture("sitting as on a chair")), CAPSULES)) > 0.15


def test_leaning_over_loses_balance_by_as_much_as_the_mass_goes_past_the_toes():
    lean = [basic_posture("standing", pelvis_forward_tilt=tilt, ankle_dorsiflexion=tilt) for tilt in (0, 5, 10, 20, 30)]
    margins = [float(margin(pose)) for pose in lean]
    assert margins[0] > 0 > margins[-1]
    assert -margins[-1] > 0.15
    back = basic_posture("standing", pelvis_forward_tilt=-20, ankle_dorsiflexion=-20)
    assert float(margin(back)) < -0.1


def test_a_lifted_foot_supports_nothing_and_fades_without_a_jump():
    angles = torch.linspace(0, 90, 181)
    poses = [
        basic_posture("standing on the left leg", right_hip_flexion=float(a) / 2, right_knee_flexion=float(a))
        for a in angles
    ]
    margins = torch.stack([margin(pose) for pose in poses])
    assert margins[0] > 0.05
    assert margins[-1] < -0.03
    assert (margins[1:] - margins[:-1]).abs().max() < 0.06, "continuous: half a degree of the knee"


def test_the_floor_can_be_given():
    pose = basic_posture("standing")
    world = BODY.kinematics(pose)
    low = float((CAPSULES.place(world)[:, 1] - CAPSULES.end_radii).min())
    torch.testing.assert_close(margin(pose, floor_m=low), margin(pose))
    assert float(margin(pose, floor_m=low - 1)) > 0.03, "in the air its lowest parts count"
    heights = torch.tensor([low, low + 0.02])
    both = balance_margin_m(BODY.kinematics(stack_poses([pose, pose])), CAPSULES, floor_m=heights)
    assert both.shape == (2,)


def test_batches_and_single_poses_agree():
    pose = some_poses(3, 12)
    together = margin(pose)
    torch.testing.assert_close(together, torch.stack([margin(one) for one in pose]), atol=1e-5, rtol=0)
    world = BODY.kinematics(pose)
    folded = WorldJoints(world.rotations.unflatten(0, (3, 4)), world.positions.unflatten(0, (3, 4)))
    torch.testing.assert_close(balance_margin_m(folded, CAPSULES), together.reshape(3, 4), atol=1e-5, rtol=0)


def test_nan_stays_in_its_pose():
    pose = some_poses(4)
    spoilt = pose.replace(transl=pose.transl.index_fill(0, torch.tensor(2), torch.nan))
    came = margin(spoilt)
    assert came.isnan().nonzero().flatten().tolist() == [2]
    rest = torch.arange(len(pose)) != 2
    torch.testing.assert_close(came[rest], margin(pose)[rest])


# --- gradients -------------------------------------------------------------------------------------------------------


def double_margin(local: torch.Tensor) -> torch.Tensor:
    parts = (CAPSULES.starts, CAPSULES.ends, CAPSULES.radii, CAPSULES.slack)
    capsules = BodyCapsules(*(part.double() for part in parts))
    return balance_margin_m(forward_kinematics(local, smpl_rest_offsets(torch.float64)), capsules)


def test_gradient_is_that_of_finite_differences():
    pose = some_poses(5, 20).to(torch.float64)
    local = pose.local_rotations.requires_grad_()
    double_margin(local).sum().backward()
    assert local.grad is not None
    step = 1e-6 * torch.randn(local.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = double_margin(local + step) - double_margin(local - step)
    along = 2 * (local.grad * step).flatten(1).sum(-1)
    close = (difference - along).abs() <= 1e-3 * difference.abs() + 1e-9
    assert close.float().mean() >= 0.95, "kinks are rare"
    assert torch.isfinite(local.grad).all()


def test_descent_brings_a_leaning_body_back():
    base = basic_posture("standing", pelvis_forward_tilt=15, ankle_dorsiflexion=15)
    tilt = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.Adam([tilt], lr=0.02)
    start = float(balance_m(BODY.kinematics(base), CAPSULES))
    for _ in range(40):
        optimizer.zero_grad()
        pose = base.replace(global_orient=about_axis("x", tilt) @ base.global_orient)
        loss = balance_m(BODY.kinematics(pose), CAPSULES)
        loss.backward()
        optimizer.step()
    assert start > 0.03
    assert float(loss.detach()) == 0
