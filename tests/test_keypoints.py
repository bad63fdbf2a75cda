import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose import BodyModel, Pose
from chatpose.body import rotations as rot
from chatpose.body.keypoints import HEAD_TOP, KEYPOINT_SETS, keypoint_set, keypoints
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnknownNameError

COUNTS = {"coco17": 17, "h36m17": 17, "blazepose33": 33, "openpose18": 18, "openpose25": 25}
# A few published indices of each order, enough to catch a shift or a swapped side.
INDICES = {
    "coco17": {0: "nose", 1: "left_eye", 5: "left_shoulder", 10: "right_wrist", 16: "right_ankle"},
    "h36m17": {0: "pelvis", 1: "right_hip", 6: "left_ankle", 8: "thorax", 10: "head", 11: "left_shoulder"},
    "blazepose33": {2: "left_eye", 11: "left_shoulder", 16: "right_wrist", 17: "left_pinky", 32: "right_foot_index"},
    "openpose18": {1: "neck", 2: "right_shoulder", 8: "right_hip", 14: "right_eye", 17: "left_ear"},
    "openpose25": {8: "mid_hip", 9: "right_hip", 15: "right_eye", 19: "left_big_toe", 24: "right_heel"},
}
kinds = pytest.mark.parametrize("kind", list(KEYPOINT_SETS))


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


def rest(model: BodyModel, kind: str) -> dict[str, np.ndarray]:
    points = keypoints(model(Pose.identity()), model, kind).numpy()
    return dict(zip(keypoint_set(kind).names, points, strict=True))


def some_pose(seed: int) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    return Pose.from_axis_angle(torch.randn(3, generator=generator), torch.randn(69, generator=generator) * 0.4)


@kinds
def test_sets_are_well_formed(kind: str, model: BodyModel) -> None:
    found = keypoint_set(kind)
    assert len(found) == COUNTS[kind] == len(set(found.names)) == len(found.mixes)
    assert {at: found.names[at] for at in INDICES[kind]} == INDICES[kind]
    assert all(sum(mix.values()) == pytest.approx(1) for mix in found.mixes)
    known = {*SMPL.joint_names, *model.data.landmarks, HEAD_TOP}
    assert set(found.sources) <= known
    for a, b in found.edges:
        assert 0 <= a < len(found)
        assert 0 <= b < len(found)
        assert a != b
    assert len({frozenset(edge) for edge in found.edges}) == len(found.edges)
    assert {point for edge in found.edges for point in edge} == set(range(len(found)))  # every point is on a limb


@kinds
def test_sides_pair_up(kind: str) -> None:
    found = keypoint_set(kind)
    assert [found.mirror_index[other] for other in found.mirror_index] == list(range(len(found)))
    for name, other in zip(found.names, found.mirror_index, strict=True):
        sided = name.startswith(("left_", "right_"))
        assert (found.names[other] != name) == sided
    edges = {frozenset(edge) for edge in found.edges}
    assert {frozenset(found.mirror_index[point] for point in edge) for edge in edges} == edges


@kinds
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_mirroring_the_pose_swaps_the_sides(kind: str, model: BodyModel, seed: int) -> None:
    pose = some_pose(seed)
    here = keypoints(model(pose), model, kind)
    there = keypoints(model(pose.mirror()), model, kind)
    flipped = there[list(keypoint_set(kind).mirror_index)] * torch.tensor([-1.0, 1, 1])
    torch.testing.assert_close(flipped, here, atol=2e-3, rtol=0)  # the mesh itself is symmetric to a millimetre or two


@kinds
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_keypoints_move_with_the_body(kind: str, model: BodyModel, seed: int) -> None:
    pose = some_pose(seed)
    turn = rot.axis_angle_to_matrix(torch.randn(3, generator=torch.Generator().manual_seed(seed + 1)))
    shift = torch.tensor([0.3, -1.0, 2.0])
    turned = pose.replace(global_orient=turn @ pose.global_orient, transl=pose.transl + shift)
    pelvis = model.rest_joints(pose.betas)[0]
    expected = (keypoints(model(pose), model, kind) - pelvis) @ turn.T + pelvis + shift
    torch.testing.assert_close(keypoints(model(turned), model, kind), expected, atol=1e-5, rtol=1e-5)


@kinds
def test_any_batch_shape(kind: str, model: BodyModel) -> None:
    poses = Pose.identity((2, 3))
    points = keypoints(model(poses), model, kind)
    assert points.shape == (2, 3, COUNTS[kind], 3)
    torch.testing.assert_close(points[1, 2], keypoints(model(poses[0, 0]), model, kind))


@kinds
def test_left_is_the_bodys_left(kind: str, model: BodyModel) -> None:
    for name, point in rest(model, kind).items():
        side = 1 if name.startswith("left_") else -1 if name.startswith("right_") else 0
        if side:
            assert point[0] * side > 0.01, name
        else:
            assert abs(point[0]) < 0.005, name


def test_stand_ins_lie_where_they_should(model: BodyModel) -> None:
    body = model(Pose.identity())
    blaze = rest(model, "blazepose33")
    assert blaze["left_eye_inner"][0] < blaze["left_eye"][0] < blaze["left_eye_outer"][0]
    assert blaze["nose"][1] - 0.07 < blaze["left_mouth"][1] < blaze["nose"][1] - 0.02
    assert 0.015 < blaze["left_mouth"][0] < 0.04
    surface = (body.vertices - torch.tensor(blaze["left_mouth"])).norm(dim=-1).min()
    assert surface < 0.015
    for finger in ("index", "pinky", "thumb"):
        knuckle, tip = blaze[f"left_{finger}"], model.landmark(body.vertices, f"left_{finger}").numpy()
        assert blaze["left_wrist"][0] < knuckle[0] < tip[0]
        assert 0.02 < np.linalg.norm(knuckle - tip) < 0.12
    assert blaze["left_pinky"][2] < blaze["left_index"][2]  # palm down: thumb and index in front
    assert blaze["left_heel"][2] < blaze["left_ankle"][2] < blaze["left_foot_index"][2]
    h36m = rest(model, "h36m17")
    assert h36m["head"][1] == pytest.approx(float(body.vertices[:, 1].max()), abs=1e-6)
    assert h36m["pelvis"][1] < h36m["spine"][1] < h36m["thorax"][1] < h36m["nose"][1] < h36m["head"][1]
    openpose = rest(model, "openpose25")
    np.testing.assert_allclose(openpose["neck"], (openpose["left_shoulder"] + openpose["right_shoulder"]) / 2)
    np.testing.assert_allclose(openpose["mid_hip"], (openpose["left_hip"] + openpose["right_hip"]) / 2, atol=1e-6)


def test_unknown_set_and_body_without_landmarks(model: BodyModel) -> None:
    with pytest.raises(UnknownNameError, match="coco17"):
        keypoint_set("coco")
    bare = BodyModel(dataclasses.replace(model.data, landmarks={}), model)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"surface points.*nose.*open body"):
        keypoints(model(Pose.identity()), bare, "coco17")
