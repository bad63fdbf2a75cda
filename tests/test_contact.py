"""Capsules, floor and contacts: segment distance against brute force, symmetry, rigid motion, mirror, known poses."""

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.angles import angles_to_pose
from chatpose.body.capsules import (
    CAPSULE_NAMES,
    CONTACT_PAIRS,
    REST_GAP_M,
    TRUNK,
    BodyCapsules,
    body_capsules,
    mirrored_pairs,
    pair_distances,
)
from chatpose.body.contact import GROUND_PARTS, Contacts, find_contacts
from chatpose.body.ground import floor_under, floor_under_capsules, put_on_floor
from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.segments import segment_distance
from chatpose.body.skeleton import smpl_rest_offsets, swap_side
from chatpose.errors import UnknownNameError

many = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def capsules(model: BodyModel) -> BodyCapsules:
    return body_capsules(model)


def kinematics(pose: Pose) -> WorldJoints:
    """On SMPL's published skeleton, which is exactly symmetric."""
    return forward_kinematics(pose.local_rotations, smpl_rest_offsets(pose.transl.dtype), pose.transl)


def random_pose(seed: int, *batch: int) -> Pose:
    transl = torch.randn(*batch, 3, generator=torch.Generator().manual_seed(seed))
    return Pose.from_rotations(random_rotations(*batch, 24, max_angle_rad=1.5, seed=seed), transl=transl)


def contacts(model: BodyModel, capsules: BodyCapsules, **angles_deg: float) -> Contacts:
    return find_contacts(capsules, model.kinematics(angles_to_pose(angles_deg)))


def distance(*segments: torch.Tensor) -> torch.Tensor:
    """Distance of segments given as (batch, 3) starts and axes."""
    return segment_distance(*(part.T for part in segments))


class TestSegmentDistance:
    @given(st.integers(0, 100_000), st.sampled_from(["any", "parallel", "nearly", "short", "points", "crossing"]))
    @many
    def test_agrees_with_points_sampled_along_both(self, seed, kind):
        generator = torch.Generator().manual_seed(seed)
        start_1, axis_1, start_2, axis_2 = torch.randn(4, 20, 3, generator=generator, dtype=torch.float64)
        if kind == "parallel":
            axis_2 = axis_1 * torch.randn(20, 1, generator=generator, dtype=torch.float64)
        elif kind == "nearly":
            axis_2 = axis_1 + 1e-6 * axis_2
        elif kind == "short":
            axis_1 = axis_1 * 1e-9
        elif kind == "points":
            axis_1, axis_2 = torch.zeros_like(axis_1), torch.zeros_like(axis_2)
        elif kind == "crossing":
            start_2 = start_1 + 0.4 * axis_1 - 0.6 * axis_2
        steps = torch.linspace(0, 1, 201, dtype=torch.float64)
        on_1 = start_1[:, None] + steps[:, None] * axis_1[:, None]
        on_2 = start_2[:, None] + steps[:, None] * axis_2[:, None]
        sampled = torch.cdist(on_1, on_2).amin((1, 2))
        found = distance(start_1, axis_1, start_2, axis_2)
        coarse = (axis_1.norm(dim=-1) + axis_2.norm(dim=-1)) / 400
        assert (found <= sampled + 1e-9).all()
        assert (found >= sampled - coarse - 1e-9).all()
        single = distance(*(part.float() for part in (start_1, axis_1, start_2, axis_2)))
        assert torch.allclose(single.double(), found, atol=1e-5)

    @given(st.integers(0, 100_000))
    @many
    def test_order_and_direction_do_not_matter(self, seed):
        start_1, axis_1, start_2, axis_2 = torch.randn(
            4, 50, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        expected = distance(start_1, axis_1, start_2, axis_2)
        assert torch.allclose(distance(start_2, axis_2, start_1, axis_1), expected, atol=1e-9)
        assert torch.allclose(distance(start_1 + axis_1, -axis_1, start_2, axis_2), expected, atol=1e-9)

    def test_gradients_are_finite_where_segments_meet(self):
        axis = torch.eye(3, requires_grad=True)
        distance(torch.zeros(3, 3), axis, torch.zeros(3, 3), torch.ones(3, 3)).sum().backward()
        assert axis.grad is not None
        assert torch.isfinite(axis.grad).all()


class TestCapsules:
    def test_sides_are_mirror_images(self, capsules):
        flip = torch.tensor([-1.0, 1, 1])
        for here, name in enumerate(CAPSULE_NAMES):
            there = CAPSULE_NAMES.index(swap_side(name))
            assert torch.equal(capsules.radii[here], capsules.radii[there])
            ends = torch.stack([capsules.starts[there] * flip, capsules.ends[there] * flip])
            assert torch.allclose(ends.sum(0), capsules.starts[here] + capsules.ends[here], atol=1e-6)
        assert torch.allclose(capsules.slack, capsules.slack[mirrored_pairs()], atol=1e-5)

    def test_radii_are_those_of_a_person(self, capsules):
        radius = dict(zip(CAPSULE_NAMES, capsules.radii.tolist(), strict=True))
        for name, low, high in (
            ("left_forearm", 0.025, 0.05),
            ("left_upper_arm", 0.03, 0.07),
            ("left_thigh", 0.055, 0.1),
            ("left_shin", 0.035, 0.07),
            ("head", 0.07, 0.11),
            ("chest", 0.08, 0.15),
            ("left_toes", 0.008, 0.03),
        ):
            assert low < radius[name] < high, name

    def test_they_fill_the_skin(self, model, capsules):
        """Most rest vertices lie within two and a half centimetres of the surface of some capsule."""
        rest = model.rest_joints(torch.zeros(10))
        ends = capsules.place(WorldJoints(torch.eye(3).expand(24, 3, 3), rest))
        skin = model.data.v_template
        starts, axes = ends[: len(CAPSULE_NAMES)], ends[len(CAPSULE_NAMES) :] - ends[: len(CAPSULE_NAMES)]
        point = skin[:, None].expand(-1, len(CAPSULE_NAMES), -1)
        start, axis = starts.expand_as(point), axes.expand_as(point)
        gaps = (
            distance(*(part.reshape(-1, 3) for part in (point, torch.zeros_like(point), start, axis))).view(
                -1, len(CAPSULE_NAMES)
            )
            - capsules.radii
        )
        outside = gaps.amin(-1)
        assert float((outside.abs() < 0.025).float().mean()) > 0.8
        assert float(outside.max()) < 0.08

    def test_a_larger_body_has_larger_capsules(self, model):
        radii = [float(body_capsules(model, torch.eye(10)[0] * size).radii.sum()) for size in (-2.0, 2.0)]
        assert abs(radii[0] - radii[1]) > 0.02

    def test_pairs_leave_neighbours_out(self):
        pairs = {frozenset(pair) for pair in CONTACT_PAIRS}
        assert len(pairs) == len(CONTACT_PAIRS)
        assert frozenset(("left_thigh", "left_shin")) not in pairs
        assert frozenset(("left_palm", "right_palm")) in pairs
        assert frozenset(("left_palm", "head")) in pairs
        assert not any(set(pair) <= set(TRUNK) for pair in CONTACT_PAIRS)
        assert [CONTACT_PAIRS[i] for i in mirrored_pairs()] != list(CONTACT_PAIRS)

    def test_nothing_touches_in_the_rest_pose(self, model, capsules):
        found = find_contacts(capsules, model.kinematics(Pose.identity()))
        assert float(found.pairs.min()) >= REST_GAP_M - 1e-5


class TestLaws:
    @given(st.integers(0, 10_000), st.sampled_from([(), (3,), (2, 2), (0,)]))
    @settings(max_examples=25, deadline=None)
    def test_rigid_motion_changes_no_pair(self, capsules, seed, batch):
        pose = random_pose(seed, *batch)
        turn = random_rotations(*batch, max_angle_rad=3.0, seed=seed + 1)
        moved = pose.replace(global_orient=turn @ pose.global_orient, transl=pose.transl + 0.7)
        before, after = (find_contacts(capsules, kinematics(p)).pairs for p in (pose, moved))
        assert before.shape == (*batch, len(CONTACT_PAIRS))
        assert torch.allclose(before, after, atol=1e-4)

    @given(st.integers(0, 10_000))
    @settings(max_examples=25, deadline=None)
    def test_turning_and_shifting_on_the_floor_changes_nothing(self, capsules, seed):
        pose = random_pose(seed, 5)
        turn = pose.with_rotation("pelvis", torch.eye(3)).global_orient
        turn[:] = torch.tensor([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]])
        moved = pose.replace(
            global_orient=turn @ pose.global_orient, transl=pose.transl + torch.tensor([1.0, 2.0, 3.0])
        )
        before, after = (find_contacts(capsules, kinematics(p)) for p in (pose, moved))
        assert torch.allclose(before.ground, after.ground, atol=1e-4)

    @given(st.integers(0, 10_000))
    @settings(max_examples=25, deadline=None)
    def test_mirror_swaps_sides(self, capsules, seed):
        pose = random_pose(seed, 5)
        before, after = (find_contacts(capsules, kinematics(p)) for p in (pose, pose.mirror()))
        assert torch.allclose(after.pairs, before.pairs[:, mirrored_pairs()], atol=1e-5)
        swapped = [GROUND_PARTS.index(swap_side(part)) for part in GROUND_PARTS]
        assert torch.allclose(after.ground, before.ground[:, swapped], atol=1e-5)

    def test_one_at_a_time_gives_the_same(self, capsules):
        pose = random_pose(0, 6)
        together = find_contacts(capsules, kinematics(pose))
        for index in range(6):
            alone = find_contacts(capsules, kinematics(pose[index]))
            assert torch.allclose(alone.pairs, together.pairs[index], atol=1e-6)
            assert torch.allclose(alone.ground, together.ground[index], atol=1e-6)

    def test_pair_distances_are_those_of_sampled_surfaces(self, capsules):
        """Brute force: balls strung along the axes."""
        ends = capsules.place(kinematics(random_pose(3)))
        count = len(CAPSULE_NAMES)
        steps = torch.linspace(0, 1, 101)
        strung = ends[:count, None] + steps[:, None] * (ends[count:] - ends[:count])[:, None]
        found = pair_distances(ends, capsules.radii)
        for place, (first, second) in enumerate(CONTACT_PAIRS):
            a, b = CAPSULE_NAMES.index(first), CAPSULE_NAMES.index(second)
            sampled = float(torch.cdist(strung[a], strung[b]).min() - capsules.radii[a] - capsules.radii[b])
            assert float(found[place]) == pytest.approx(sampled, abs=0.003)

    def test_lowest_part_is_on_the_floor_and_none_below(self, capsules):
        ground = find_contacts(capsules, kinematics(random_pose(1, 50))).ground
        assert float(ground.min()) > -1e-5

    def test_gradients_are_finite(self, capsules):
        turns = torch.zeros(24, 3, requires_grad=True)
        found = find_contacts(
            capsules, kinematics(Pose.from_axis_angle(turns[0], turns[1:].flatten(), transl=torch.zeros(3)))
        )
        (found.pairs.sum() + found.ground.sum()).backward()
        assert turns.grad is not None
        assert torch.isfinite(turns.grad).all()


BOTH_KNEES = {f"{side}_knee_flexion": 95.0 for side in ("left", "right")}


class TestKnownPoses:
    def test_standing_is_on_both_feet_only(self, model, capsules):
        on_floor = contacts(model, capsules).named_ground()
        assert {"left_foot", "right_foot", "left_heel", "right_heel"} <= set(on_floor)
        assert not set(on_floor) & {"left_knee", "left_hand", "buttocks", "back", "head"}

    def test_kneeling(self, model, capsules):
        pointed = {f"{side}_ankle_dorsiflexion": -50.0 for side in ("left", "right")}
        on_floor = contacts(model, capsules, **BOTH_KNEES, **pointed).named_ground(0.03)
        assert {"left_knee", "right_knee", "left_foot", "right_foot"} <= set(on_floor)
        assert not set(on_floor) & {"left_hand", "buttocks", "back", "head"}

    def test_on_one_foot(self, model, capsules):
        found = contacts(model, capsules, left_hip_flexion=90.0, left_knee_flexion=90.0)
        assert float(found.part("right_foot")) < 0.001
        assert float(found.part("left_foot")) > 0.3

    @pytest.mark.parametrize(("tilt", "down", "up"), [(-90, "back", "chest"), (90, "chest", "back")])
    def test_lying(self, model, capsules, tilt, down, up):
        found = contacts(model, capsules, pelvis_forward_tilt=float(tilt))
        assert float(found.part(down)) < 0.1
        assert float(found.part(up)) > float(found.part(down)) + 0.05
        if tilt < 0:
            assert {"back", "buttocks"} <= set(found.named_ground(0.03))

    def test_hand_on_head(self, model, capsules):
        angles = {"shoulder_abduction": 110, "shoulder_flexion": 30, "shoulder_internal_rotation": -70}
        found = contacts(model, capsules, left_elbow_flexion=140, **{f"left_{n}": float(a) for n, a in angles.items()})
        touching = {frozenset(pair) for pair in found.named_pairs()}
        assert touching & {frozenset((f"left_{part}", "head")) for part in ("palm", "fingers")}
        assert not any({"right_palm", "head"} == pair for pair in touching)

    def test_crossed_shins_overlap(self, model, capsules):
        crossed = {
            f"{side}_{name}": value
            for side in ("left", "right")
            for name, value in (("hip_flexion", 90.0), ("hip_internal_rotation", -60.0), ("knee_flexion", 120.0))
        }
        assert float(contacts(model, capsules, **crossed).pair("right_shin", "left_shin")) < 0

    def test_unknown_names(self, model, capsules):
        found = contacts(model, capsules)
        with pytest.raises(UnknownNameError, match="left_knee"):
            found.part("left_kne")
        with pytest.raises(UnknownNameError):
            found.pair("pelvis", "belly")

    def test_a_given_floor(self, model, capsules):
        world = model.kinematics(angles_to_pose({}))
        free = find_contacts(capsules, world)
        lower = find_contacts(capsules, world, float(free.floor) - 0.5)
        assert torch.allclose(lower.ground, free.ground + 0.5, atol=1e-5)
        assert not lower.grounded().any()


class TestFloor:
    def test_put_on_floor(self, model):
        pose = random_pose(5, 3)
        for height in (0.0, 0.25):
            stood = put_on_floor(pose, model, height)
            assert torch.allclose(floor_under(model(stood).vertices), torch.full((3,), height), atol=1e-5)
            assert torch.equal(stood.transl[:, [0, 2]], pose.transl[:, [0, 2]])

    def test_capsules_find_the_floor_of_the_skin(self, model, capsules):
        pose = Pose.from_rotations(random_rotations(40, 24, max_angle_rad=0.6))
        error = floor_under_capsules(capsules, model.kinematics(pose)) - floor_under(model(pose).vertices)
        assert float(error.abs().mean()) < 0.01
        assert float(error.abs().max()) < 0.04
