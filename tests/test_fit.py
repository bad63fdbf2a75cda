"""Hypotheses are made to agree with what was seen, and no further than that."""

import dataclasses

import numpy as np
import pytest
import torch
from fit_people import People, people, root_errors
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.pose import Pose
from chatpose.body.pose_prior import pose_features
from chatpose.body.rotations import axis_angle_to_matrix, geodesic_distance, matrix_to_quaternion
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.fit import Fitted, Fitter, reweighted
from chatpose.perception.fit_config import IMAGE_M, FitConfig, shifts
from chatpose.perception.fit_evidence import Evidence
from chatpose.perception.fit_terms import MOVING, UNKNOWNS, half_turn_slopes, point_slopes
from chatpose.perception.landmarks import NAMES

PLAIN = FitConfig(shift_m={})
"""For landmarks that lie where the body has them."""
SHARP = dataclasses.replace(
    PLAIN, image_m=dict.fromkeys(IMAGE_M, 0.005), outlier=30, first_outlier=60, stay=2, prior=0.1, most_steps=25,
    enough=1e-3,
)  # fmt: skip
"""For such without noise and outliers."""
LEGS = [j for j, name in enumerate(SMPL.joint_names) if name.endswith(("hip", "knee", "ankle", "foot"))]


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    return Fitter(config=PLAIN)


@pytest.fixture(scope="module")
def crowd(fitter: Fitter) -> People:
    return people(BodyLandmarks(fitter.body), 24)


def fitted(fitter: Fitter, crowd: People, start: Pose, spread_deg: float = 10.0) -> Fitted:
    evidence = Evidence.of(crowd.landmarks, crowd.cameras, fitter.config)
    return fitter.fit_all(evidence, start, torch.full((24,), np.radians(spread_deg)))


def mean_error(fitter: Fitter, poses: Pose, crowd: People) -> torch.Tensor:
    return root_errors(fitter.body.joints(poses), crowd.views.joints_level).mean(-1)


@pytest.mark.parametrize("width_deg", [10.0, 20.0])
def test_comes_back_to_what_was_seen(fitter: Fitter, crowd: People, width_deg: float) -> None:
    start = crowd.perturbed(width_deg)
    found = fitted(Fitter(fitter.body, fitter.prior, SHARP), crowd, start, width_deg)
    before, after = mean_error(fitter, start, crowd), mean_error(fitter, found.poses, crowd)
    assert found.residual_px.median() < 1.0
    assert (found.residual_px < 2.0).float().mean() >= 0.95
    assert (after < before).all()
    assert after.mean() < 0.4 * before.mean()
    assert (fitter.body.joints(found.poses)[:, 0] - crowd.views.joints_level[:, 0]).norm(dim=-1).median() < 0.1


def test_helps_with_noisy_landmarks(fitter: Fitter) -> None:
    crowd = people(BodyLandmarks(fitter.body), 24, noise_m=0.03)
    start = crowd.perturbed(20)
    found = fitted(fitter, crowd, start, 20)
    before, after = mean_error(fitter, start, crowd), mean_error(fitter, found.poses, crowd)
    assert after.mean() < 0.5 * before.mean()
    assert (found.steps < fitter.config.most_steps).float().mean() > 0.9
    found.poses.validated()


def test_true_pose_stays(fitter: Fitter, crowd: People) -> None:
    found = fitted(fitter, crowd, crowd.truth, 3)
    assert mean_error(fitter, found.poses, crowd).median() < 0.015


def test_wrong_landmarks_lose_their_pull(fitter: Fitter, crowd: People) -> None:
    wrong = [NAMES.index("left_wrist"), NAMES.index("right_knee")]
    spoilt = []
    for landmarks in crowd.landmarks:
        pixels = landmarks.image_px.copy()
        pixels[wrong] += 0.25 * np.ptp(pixels, axis=0).max()
        spoilt.append(dataclasses.replace(landmarks, image_px=np.clip(pixels, 0, np.array(landmarks.photo_size) - 1)))
    start = crowd.perturbed(10)
    bad = dataclasses.replace(crowd, landmarks=spoilt)
    found, clean = fitted(fitter, bad, start), fitted(fitter, crowd, start)
    assert mean_error(fitter, found.poses, crowd).mean() < 0.6 * mean_error(fitter, start, crowd).mean()
    away = [
        j for j, name in enumerate(SMPL.joint_names) if name.startswith(("right_sh", "right_el", "right_w", "head"))
    ]
    gap = root_errors(fitter.body.joints(found.poses), fitter.body.joints(clean.poses))[:, away]
    assert gap.median() < 0.02


def test_legs_out_of_the_photo_stay_as_they_were(fitter: Fitter) -> None:
    crowd = people(BodyLandmarks(fitter.body), 24, crop="bust")
    hidden = ~np.stack([landmarks.inside for landmarks in crowd.landmarks])[:, 25:].any(-1)
    assert hidden.sum() >= 8
    rotations = crowd.perturbed(12).local_rotations.clone()
    rotations[:, LEGS] = crowd.truth.local_rotations[:, LEGS]
    start = Pose.from_rotations(rotations)
    found = fitted(fitter, crowd, start)
    rows = torch.from_numpy(hidden)
    turned = geodesic_distance(found.poses.local_rotations[rows][:, LEGS], start.local_rotations[rows][:, LEGS])
    # What the prior asks for is little; the seen parts turn much more.
    assert turned.median() < np.radians(4)
    assert turned.max() < np.radians(25)
    arms = [16, 17, 18, 19]
    seen = geodesic_distance(found.poses.local_rotations[:, arms], start.local_rotations[:, arms])
    assert seen.mean() > 1.5 * turned.mean()
    assert (fitter.body.joints(found.poses)[:, SMPL.index("neck"), 2] < 0).all()


def test_spread_after_the_fit_knows_what_was_seen(fitter: Fitter, crowd: People) -> None:
    legs = [name.endswith(("knee", "ankle", "heel", "foot_index")) for name in NAMES]
    covered = [dataclasses.replace(one, visibility=np.where(legs, 0.0, one.visibility)) for one in crowd.landmarks]
    start = crowd.perturbed(10)
    whole, half = (fitted(fitter, dataclasses.replace(crowd, landmarks=people), start) for people in
                   (crowd.landmarks, covered))  # fmt: skip
    ankles, wrists = ([SMPL.index(f"{s}_{part}") for s in ("left", "right")] for part in ("ankle", "wrist"))
    assert whole.spread_m[:, 0].max() == 0
    grown = half.spread_m / whole.spread_m
    assert grown[:, ankles].median() > 1.3
    assert grown[:, wrists].median() < 1.1


def test_nothing_seen_leaves_hypotheses_to_the_prior(fitter: Fitter, crowd: People) -> None:
    blind = [dataclasses.replace(one, visibility=np.zeros(33)) for one in crowd.landmarks]
    start = crowd.perturbed(5)
    found = fitted(fitter, dataclasses.replace(crowd, landmarks=blind), start, 3)
    assert torch.isinf(found.residual_px).all()
    found.poses.validated()
    assert geodesic_distance(found.poses.local_rotations, start.local_rotations).mean() < np.radians(3)


def test_all_points_in_one_place(fitter: Fitter, crowd: People) -> None:
    flat = [dataclasses.replace(one, image_px=np.full((33, 2), 100.0)) for one in crowd.landmarks]
    found = fitted(fitter, dataclasses.replace(crowd, landmarks=flat), crowd.perturbed(5), 3)
    found.poses.validated()
    assert torch.isfinite(found.residual_px).all()


@pytest.mark.parametrize("field", ["image_px", "world_m", "visibility", "crop_px"])
def test_nan_is_refused(fitter: Fitter, crowd: People, field: str) -> None:
    spoilt = getattr(crowd.landmarks[0], field).copy()
    spoilt.flat[0] = np.nan
    landmarks = dataclasses.replace(crowd.landmarks[0], **{field: spoilt})
    with pytest.raises(InvalidPoseError, match=field):
        fitter.fit(landmarks, crowd.cameras[0], crowd.truth[:1])


def test_places_that_the_lifter_is_sure_of_are_held(fitter: Fitter, crowd: People) -> None:
    start = crowd.perturbed(10)
    evidence = Evidence.of(crowd.landmarks, crowd.cameras, fitter.config)
    wide = torch.full((24,), 0.3)
    free, held = (fitter.fit_all(evidence, start, wide, torch.full((24,), sure)) for sure in (10.0, 0.005))
    before = fitter.body.joints(start)
    moved = [root_errors(fitter.body.joints(one.poses), before).mean() for one in (free, held)]
    assert moved[1] < 0.3 * moved[0]


def test_bad_arguments_are_refused(fitter: Fitter, crowd: People) -> None:
    landmarks, camera = crowd.landmarks[0], crowd.cameras[0]
    with pytest.raises(InvalidPoseError, match="spread"):
        fitter.fit(landmarks, camera, crowd.truth[:2], torch.full((24,), float("nan")))
    with pytest.raises(InvalidPoseError, match="spread"):
        fitter.fit(landmarks, camera, crowd.truth[:2], torch.ones(3, 24))
    broken = crowd.truth[:1].replace(transl=torch.full((1, 3), float("nan")))
    with pytest.raises(InvalidPoseError):
        fitter.fit(landmarks, camera, broken)
    with pytest.raises(InvalidPoseError, match="image_px"):
        fitter.fit(dataclasses.replace(landmarks, image_px=np.zeros((17, 2))), camera, crowd.truth[:1])


def test_rows_dont_know_of_each_other(fitter: Fitter, crowd: People) -> None:
    start = crowd.perturbed(15)
    together = fitted(fitter, crowd, start)
    alone = fitter.fit(crowd.landmarks[3], crowd.cameras[3], start[3:4], torch.full((24,), np.radians(10.0)))
    joints = fitter.body.joints(together.poses)[3] - fitter.body.joints(alone.poses)[0]
    assert joints.abs().max() < 2e-3


def test_mirrored_people_give_mirrored_fits(fitter: Fitter, crowd: People) -> None:
    order = [NAMES.index(_other(name)) for name in NAMES]
    mirrored = []
    for landmarks in crowd.landmarks[:6]:
        width = landmarks.photo_size[0]
        mirrored.append(
            dataclasses.replace(
                landmarks,
                image_px=np.stack([width - landmarks.image_px[order, 0], landmarks.image_px[order, 1]], -1),
                world_m=landmarks.world_m[order] * [-1, 1, 1],
                visibility=landmarks.visibility[order],
                presence=landmarks.presence[order],
                crop_px=np.stack([width - landmarks.crop_px[:, 0], landmarks.crop_px[:, 1]], -1)[[1, 0, 3, 2]],
            )
        )
    cameras = [dataclasses.replace(camera, roll_deg=-camera.roll_deg) for camera in crowd.cameras[:6]]
    start = crowd.perturbed(12)[:6]
    first = fitter.fit_all(Evidence.of(crowd.landmarks[:6], crowd.cameras[:6], PLAIN), start)
    second = fitter.fit_all(Evidence.of(mirrored, cameras, PLAIN), start.mirror())
    one, other = fitter.body.joints(first.poses.mirror()), fitter.body.joints(second.poses)
    assert (one - other).norm(dim=-1).median() < 1e-4
    # Rounding may lead to another component of the prior; that makes millimetres.
    assert root_errors(one, other).max() < 0.01


def _other(name: str) -> str:
    if name.startswith("left_"):
        return name.replace("left_", "right_", 1)
    return name.replace("right_", "left_", 1)


def test_slopes_of_points(fitter: Fitter, crowd: People) -> None:
    pose = crowd.truth.to(torch.float64)
    body_points = BodyLandmarks(fitter.body).rigid_points(torch.zeros(10))
    points = type(body_points)(body_points.joints, body_points.offsets.double())
    world = fitter.body.kinematics(crowd.truth)
    world = type(world)(*(part.double() for part in world))
    slopes = point_slopes(world, points.place(world), points.joints)
    joint, axis, step = MOVING.index(SMPL.index("left_collar")), 1, 1e-3
    turn = torch.zeros(3, dtype=torch.float64)
    turn[axis] = step
    rotated = pose.local_rotations.clone()
    rotated[:, SMPL.index("left_collar")] = rotated[:, SMPL.index("left_collar")] @ axis_angle_to_matrix(turn)
    moved = fitter.body.kinematics(Pose.from_rotations(rotated.float(), transl=crowd.truth.transl))
    moved = type(moved)(*(part.double() for part in moved))
    change = (points.place(moved) - points.place(world)) / step
    assert (change - slopes[..., 3 * joint + axis]).abs().max() < 5e-3
    assert slopes.shape[-1] == UNKNOWNS - 3


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(-1.5, 1.5)] * 3))
def test_slopes_of_half_turns(vector: tuple[float, float, float]) -> None:
    rotation = axis_angle_to_matrix(torch.tensor(vector, dtype=torch.float64))
    turn = 2 * matrix_to_quaternion(rotation)[1:]
    for axis in range(3):
        small = torch.zeros(3, dtype=torch.float64)
        small[axis] = 1e-6
        after = 2 * matrix_to_quaternion(rotation @ axis_angle_to_matrix(small))[1:]
        torch.testing.assert_close((after - turn) / 1e-6, half_turn_slopes(turn)[:, axis], atol=1e-4, rtol=0)


def test_nearest_component_of_the_prior(fitter: Fitter, crowd: People) -> None:
    rotations = crowd.perturbed(10).local_rotations
    nearest = fitter.prior.nearest(rotations)
    assert (nearest.nats >= fitter.prior.nats(rotations) - 1e-3).all()
    assert (nearest.nats - fitter.prior.nats(rotations)).median() < 3
    torch.testing.assert_close(
        fitter.prior.nearest(Pose.from_rotations(rotations).mirror().local_rotations).nats,
        nearest.nats,
        atol=1e-2,
        rtol=0,
    )
    step = torch.zeros(24, 3)
    step[SMPL.index("left_knee"), 0] = 1e-3
    after = fitter.prior.nearest(rotations @ axis_angle_to_matrix(step))
    change = pose_features(rotations @ axis_angle_to_matrix(step)) - pose_features(rotations)
    foreseen = (nearest.slopes * change[:, None]).sum((-1, -2))
    same = (after.errors - nearest.errors).abs().amax(-1) < 1  # no other component is nearer all at once
    assert same.float().mean() > 0.8
    torch.testing.assert_close((after.errors - nearest.errors)[same], foreseen[same], atol=2e-3, rtol=0)


def test_weights_after_the_fit() -> None:
    weights = reweighted(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([10.0, 2.0, 300.0]))
    assert weights.sum() == pytest.approx(1)
    assert weights.argmax() == 1
    assert reweighted(torch.tensor([0.5, 0.3, 0.2]), torch.full((3,), 7.0)).tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_config_is_checked() -> None:
    with pytest.raises(ValueError, match="image_m"):
        FitConfig(image_m={"nose": 0.1})
    with pytest.raises(ValueError, match="shift_m"):
        FitConfig(shift_m={"right_hip": (0.0, 0.0, 0.0)})
    table = shifts({"left_hip": (0.02, 0.01, 0.0)})
    assert table[NAMES.index("right_hip")].tolist() == pytest.approx([-0.02, 0.01, 0.0])
