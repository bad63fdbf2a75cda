import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st
from test_perception_features import sightings

from chatpose.body.kinematics import forward_kinematics, world_to_local
from chatpose.body.rotations import about_axis, is_rotation
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.errors import ChatposeError
from chatpose.perception.features import WIDTH, PersonFeatures, features, mirrored_values
from chatpose.perception.lifter import (
    SPREAD_M,
    Lifter,
    LifterConfig,
    joint_positions,
    local_rotations,
    tilt_of,
)
from chatpose.perception.photo_camera import PhotoCamera, level_to_photo

SMALL = LifterConfig(width=32, depth=1, components=4, narrow=8)


def small(seed: int = 0) -> Lifter:
    torch.manual_seed(seed)
    return Lifter(SMALL).eval()


# --- what comes out --------------------------------------------------------------------------------------------------


def test_hypotheses_are_rotations_with_weights_that_fall_and_sum_to_one():
    found = small().hypotheses(sightings(6))
    assert found.rotations.shape == (6, 4, 24, 3, 3)
    assert is_rotation(found.rotations).all()
    torch.testing.assert_close(found.weights.sum(-1), torch.ones(6))
    assert (found.weights.diff(dim=-1) <= 0).all()
    for spread in (found.spread_m, found.spread_rad):
        assert spread.shape == (6, 4, 24)
        assert (spread > 0).all()
    assert (found.spread_m <= 3 * SPREAD_M[1] + 1e-6).all()


def test_fewer_hypotheses_are_the_likeliest_ones():
    seen = sightings(5)
    every, two = small().hypotheses(seen), small().hypotheses(seen, 2)
    torch.testing.assert_close(two.rotations, every.rotations[:, :2])
    torch.testing.assert_close(two.weights, every.weights[:, :2] / every.weights[:, :2].sum(-1, keepdim=True))


def test_hypotheses_differ():
    rotations = small().hypotheses(sightings(4)).rotations
    assert (rotations[:, 0] - rotations[:, 1]).abs().amax() > 1e-3


def test_one_row_is_what_it_is_among_many():
    seen = sightings(7)
    many, one = small().hypotheses(seen), small().hypotheses(seen[3:4])
    torch.testing.assert_close(many.rotations[3:4], one.rotations, atol=1e-5, rtol=0)


def test_nobody_gives_no_hypotheses():
    assert small().hypotheses(sightings(3)[:0]).rotations.shape == (0, 4, 24, 3, 3)


def test_the_pelvis_comes_back_to_the_photo_through_pitch_and_roll():
    """Level frame and tilt say together what the network said against the view frame."""
    model, seen = small(), sightings(5)
    found, row = model.hypotheses(seen), features(seen)
    mixture = model(row.values).with_mirrored_middle(model(mirrored_values(row.values))).sorted()
    photo = level_to_photo(found.pitch_deg.deg2rad(), found.roll_deg.deg2rad())[:, None] @ found.rotations[:, :, 0]
    expected = row.photo_from_view[:, None] @ mixture.rotations[:, :, 0]
    torch.testing.assert_close(photo, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.rotations[:, :, 1:], world_to_local(mixture.rotations)[:, :, 1:])


def test_the_middle_of_a_mirrored_photo_is_mirrored():
    model, seen = small(), sightings(5)
    values = features(seen).values
    one = model(values).with_mirrored_middle(model(mirrored_values(values)))
    other = model(mirrored_values(values)).with_mirrored_middle(model(values))
    flip = torch.tensor([-1.0, 1.0, 1.0])
    mirrored = one.rotations[:, 0, list(SMPL.mirror_index)] * (flip[:, None] * flip)
    torch.testing.assert_close(other.rotations[:, 0], mirrored, atol=1e-5, rtol=0)
    torch.testing.assert_close(other.up, one.up * flip, atol=1e-5, rtol=0)
    torch.testing.assert_close(other.spread_m[:, 0], one.spread_m[:, 0, list(SMPL.mirror_index)])
    torch.testing.assert_close(one.rotations[:, 1:], model(values).rotations[:, 1:])


# --- geometry --------------------------------------------------------------------------------------------------------


def test_joints_from_world_rotations_are_those_of_kinematics():
    rotations, offsets = random_rotations(3, 2, 24, max_angle_rad=3.0), smpl_rest_offsets()
    expected = forward_kinematics(world_to_local(rotations), offsets).positions
    torch.testing.assert_close(joint_positions(rotations, offsets), expected, atol=1e-5, rtol=0)


def test_local_rotations_keep_the_pose_and_turn_the_pelvis():
    rotations, turn = random_rotations(3, 2, 24, max_angle_rad=3.0), random_rotations(3, 1, seed=4)
    local = local_rotations(rotations, turn)
    world = forward_kinematics(local, smpl_rest_offsets()).rotations
    torch.testing.assert_close(world, turn[:, :, None] @ rotations, atol=1e-5, rtol=0)


@given(pitch=st.floats(-80, 80), roll=st.floats(-170, 170))
@settings(max_examples=25, deadline=None)
def test_tilt_is_that_of_the_photo_camera(pitch, roll):
    up = PhotoCamera(100, 100, 90.0, pitch, roll).photo_from_level @ torch.tensor([0.0, 1.0, 0.0])
    found = [float(angle.rad2deg()) for angle in tilt_of(up)]
    assert found == pytest.approx([pitch, roll], abs=1e-3)


# --- training needs --------------------------------------------------------------------------------------------------


def test_a_few_steps_fit_two_people():
    """The network can say two different things."""
    from chatpose.train.lifter_loss import lifter_loss
    from chatpose.train.lifter_samples import LifterBatch

    model, offsets = small().train(), smpl_rest_offsets()
    offsets[0] = 0
    row = features(sightings(2))
    wanted = random_rotations(2, 24, max_angle_rad=0.8)
    joints = joint_positions(wanted, offsets)
    zero = torch.zeros(2)
    batch = LifterBatch(row, wanted, joints, zero, zero)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    told = []
    for _ in range(80):
        losses = lifter_loss(model(row.values), batch, offsets)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        told.append(float(losses["first_m"]))
    assert told[-1] < 0.25 * told[0]


def test_components_share_two_truths_and_the_first_lies_between():
    """Two poses for one and the same input: one component each, and the middle apart from both."""
    from chatpose.train.lifter_loss import lifter_loss
    from chatpose.train.lifter_samples import LifterBatch

    model, offsets = small(1).train(), smpl_rest_offsets()
    offsets[0] = 0
    row = PersonFeatures(*(part.repeat(2, *[1] * (part.ndim - 1)) for part in features(sightings(1))))
    wanted = torch.eye(3).repeat(2, 24, 1, 1)
    wanted[:, [1, 4, 7, 10]] = about_axis("x", torch.tensor([0.9, -0.9]))[:, None]  # the left leg forward, or back
    batch = LifterBatch(row, wanted, joint_positions(wanted, offsets), torch.zeros(2), torch.zeros(2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(150):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / 150)
        losses = lifter_loss(model(row.values), batch, offsets)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
    assert float(losses["best_m"]) < 0.5 * float(losses["first_m"])
    joints = joint_positions(model(row.values).rotations, offsets)[0]
    far = (joints[None, 1:] - batch.joints[:, None]).norm(dim=-1).mean(-1)
    assert far[0].argmin() != far[1].argmin()


def test_spreads_and_weights_follow_the_errors():
    """Spreads have no say in the poses: they learn the size of the errors, whatever that is."""
    from chatpose.train.lifter_loss import lifter_loss
    from chatpose.train.lifter_samples import LifterBatch

    offsets = smpl_rest_offsets()
    offsets[0] = 0
    row = features(sightings(1))
    wanted = random_rotations(1, 24, max_angle_rad=0.3)
    batch = LifterBatch(row, wanted, joint_positions(wanted, offsets), torch.zeros(1), torch.zeros(1))
    mixture = small()(row.values)
    held = mixture.rotations.detach()
    far = (joint_positions(held, offsets) - batch.joints[:, None]).norm(dim=-1)

    def loss(scale: float) -> float:
        spread = (far / 3 * scale).clamp_min(1e-3)  # the likeliest Laplace scale is a third of the distance
        return float(lifter_loss(mixture._replace(rotations=held, spread_m=spread), batch, offsets)["loss"].detach())

    assert loss(1.0) < min(loss(0.7), loss(1.4))


# --- files -----------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_what_is_loaded(tmp_path):
    model = small()
    model.save_pretrained(tmp_path / "lifter", "A card.")
    loaded = Lifter.from_pretrained(tmp_path / "lifter")
    assert loaded.fingerprint == model.fingerprint
    seen = sightings(4)
    torch.testing.assert_close(loaded.hypotheses(seen).rotations, model.hypotheses(seen).rotations, atol=0.02, rtol=0)
    assert all(tensor.dtype == torch.float16 for tensor in loaded.tensors().values())


def test_a_folder_of_another_shape_is_refused(tmp_path):
    small().save_pretrained(tmp_path / "lifter", "A card.")
    config = tmp_path / "lifter" / "config.json"
    config.write_text(config.read_text().replace('"width": 32', '"width": 64'))
    with pytest.raises(ChatposeError):
        Lifter.from_pretrained(tmp_path / "lifter")


def test_the_shape_that_ships_fits_its_budget():
    size = sum(math.prod(spec.shape) * 2 for spec in Lifter.tensor_specs(LifterConfig()).values())
    assert size <= 3_600_000  # 4 MB with calibrations and pose prior
    assert LifterConfig().inputs == WIDTH
    assert 5 <= LifterConfig().components <= 8


@pytest.mark.parametrize("wrong", [{"width": 0}, {"components": 1000}, {"depth": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        LifterConfig(**wrong)
