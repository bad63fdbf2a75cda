"""Goals: reading, expanding, printing, mirroring; distances on poses whose contacts are known; laws and gradients."""

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.angles import angles_to_pose
from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.sites import SITE_NAMES, BodySites, body_sites
from chatpose.corpus.basic_postures import basic_posture, basic_postures
from chatpose.posecodes.goal_parts import MIDDLE_PARTS, SIDED_PARTS, sites_of, vocabulary
from chatpose.posecodes.goals import Goal, GoalError, GoalMeter, parse_goal
from chatpose.posecodes.grammar import StatementError

few = settings(max_examples=25, deadline=None)

NAMES = [*MIDDLE_PARTS, *(f"{side} {part}" for side in ("left", "right", "either") for part in SIDED_PARTS)]


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def sites(model: BodyModel) -> BodySites:
    return body_sites(model)


def printed(line: str) -> list[str]:
    return [str(goal) for goal in parse_goal(line)]


def measured(model: BodyModel, sites: BodySites, pose: Pose, line: str) -> tuple[list[float], list[float]]:
    meter = GoalMeter(parse_goal(line), sites)
    world = model.kinematics(pose)
    return meter.distances(world).tolist(), meter.facing(world).tolist()


class TestReading:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("left hand on left hip", ["left hand on left hip"]),
            ("Left Hand  on the left hip.", ["left hand on left hip"]),
            ("both palms on the floor", ["left palm on the ground", "right palm on the ground"]),
            ("palms on the ground", ["left palm on the ground", "right palm on the ground"]),
            ("both hands on both knees", ["left hand on left knee", "right hand on right knee"]),
            ("hands on the knees", ["left hand on left knee", "right hand on right knee"]),
            ("both hands on opposite shoulders", ["left hand on right shoulder", "right hand on left shoulder"]),
            ("left hand on the other elbow", ["left hand on right elbow"]),
            ("palms together", ["left palm against right palm"]),
            ("both soles against each other", ["left sole against right sole"]),
            ("back of the left hand on the forehead", ["left back of hand on forehead"]),
            (
                "backs of the hands on the ground",
                ["left back of hand on the ground", "right back of hand on the ground"],
            ),
            ("left heel on the buttocks", ["left heel on either buttock"]),
            ("forehead on the knees", ["forehead on left knee", "forehead on right knee"]),
            ("forehead on both hands", ["forehead on left hand", "forehead on right hand"]),
            ("either knee on the ground", ["either knee on the ground"]),
            ("left sole against the inside of the right thigh", ["left sole against right inner thigh"]),
            ("left hand on the top of the head", ["left hand on crown"]),
            ("right hand on the heart", ["right hand on left breast"]),
            ("left hand touching chin", ["left hand on chin"]),
            ("left hand at the chin", ["left hand at chin"]),
            ("left hand 10 cm above the floor", ["left hand 10 cm above the ground"]),
            ("left hand 0.25 m from right hand", ["left hand 25 cm from right hand"]),
            ("both feet 12.5cm from the groin", ["left foot 12.5 cm from groin", "right foot 12.5 cm from groin"]),
            ("right toe on the ground", ["right toes on the ground"]),
            ("insteps on the ground", ["left instep on the ground", "right instep on the ground"]),
        ],
    )
    def test_lines_as_people_write_them(self, line, expected):
        assert printed(line) == expected

    @given(
        st.sampled_from(NAMES),
        st.sampled_from(["on", "against", "at", "12.5 cm from", "140 cm from"]),
        st.sampled_from([*NAMES, "the ground"]),
    )
    @settings(max_examples=200, deadline=None)
    def test_what_is_printed_reads_as_itself(self, subject, relation, object_):
        try:
            goals = parse_goal(f"{subject} {relation} {object_}")
        except GoalError as error:
            assert "one part" in error.got  # noqa: PT017
            return
        for goal in goals:
            assert parse_goal(str(goal)) == (goal,)
            assert goal.mirrored().mirrored() == goal
            assert parse_goal(str(goal.mirrored())) == (goal.mirrored(),)

    @pytest.mark.parametrize(
        ("line", "wrong", "expected"),
        [
            ("left hnad on left hip", "left hnad", "hand"),
            ("left hand on left kne", "left kne", "knee"),
            ("left hand on hip", "which side", "left hip"),
            ("hand on left hip", "which side", "both hand"),
            ("left hand near left hip", "isn't a goal", "left hand on left hip"),
            ("kneeling", "isn't a goal", "palms together"),
            ("left hand on left palm", "one part", "two different"),
            ("left forehead on the ground", "sides", "the forehead"),
            ("left right hand on the ground", "sides", "left hand"),
            ("left hand 20 cm above head", "a height above", "above the ground"),
            ("left hand 20 m from chin", "20 m", "at most"),
            ("chin together", "together", "palms together"),
            ("forehead on opposite knee", "which side", "left knee"),
            ("left hand on", "isn't a goal", "such as"),
            ("", "0 characters", "1 to"),
            ("left hand on " + "x" * 300, "characters", "1 to"),
        ],
    )
    def test_what_is_no_goal_is_refused_with_what_was_expected(self, line, wrong, expected):
        with pytest.raises(StatementError) as caught:
            parse_goal(line)
        assert wrong in caught.value.got
        assert expected in caught.value.expected

    def test_every_part_is_made_of_sites(self):
        for name in NAMES:
            assert sites_of(name)
            assert set(sites_of(name)) <= set(SITE_NAMES)

    def test_every_word_means_one_part(self):
        for word in vocabulary().values():
            assert word.part in MIDDLE_PARTS or word.part in SIDED_PARTS
            assert not (word.plural and word.part in MIDDLE_PARTS)


class TestKnownContacts:
    @pytest.mark.parametrize(
        ("posture", "line"),
        [
            ("standing", "soles on the ground"),
            ("standing", "balls of the feet on the ground"),
            ("standing", "heels on the ground"),
            ("standing on the left leg", "left sole on the ground"),
            ("on all fours", "hands on the ground"),
            ("on all fours", "knees on the ground"),
            ("on all fours", "palms on the ground"),
            ("lying on the back", "back of head on the ground"),
            ("lying on the back", "buttocks on the ground"),
            ("lying on the front", "belly on the ground"),
            ("lying on the left side", "left hip on the ground"),
            ("in a plank", "balls of the feet on the ground"),
        ],
    )
    def test_met(self, model, sites, posture, line):
        meter = GoalMeter(parse_goal(line), sites)
        world = model.kinematics(basic_posture(posture))
        assert meter.met(meter.distances(world)).all()
        assert (meter.facing(world) == 0).all()

    @pytest.mark.parametrize(
        ("posture", "line", "at_least"),
        [
            ("standing", "palms on the ground", 0.5),
            ("standing", "forehead on the ground", 1.4),
            ("standing", "left hand on right shoulder", 0.4),
            ("standing on the left leg", "right foot on the ground", 0.2),
            ("on all fours", "forehead on the ground", 0.3),
            ("kneeling", "palms together", 0.2),
            ("arms: spread to the sides", "left hand on left hip", 0.6),
        ],
    )
    def test_not_met(self, model, sites, posture, line, at_least):
        meter = GoalMeter(parse_goal(line), sites)
        distances = meter.distances(model.kinematics(basic_posture(posture)))
        assert not meter.met(distances).any()
        assert (distances >= at_least).all()

    def test_a_hand_on_the_hip_is_near_and_its_palm_faces_it(self, model, sites):
        pose = basic_posture("left hand: on hip")
        (near,), (palm,) = measured(model, sites, pose, "left hand on left hip")
        (far,), _ = measured(model, sites, pose, "left hand on right hip")
        _, (back,) = measured(model, sites, pose, "back of left hand on left hip")
        assert near < 0.06 < far
        assert palm < 0.1
        assert back > 0.4

    def test_palms_face_each_other_in_front_of_the_chest_or_not_at_all(self, model, sites):
        facing = {}
        for turn in (0, 180):
            pose = angles_to_pose({f"{s}_{a}": v for s in ("left", "right") for a, v in (
                ("shoulder_flexion", 60), ("elbow_flexion", 60), ("forearm_pronation", turn and 90))})  # fmt: skip
            _, (facing[turn],) = measured(model, sites, pose, "palms together")
        assert facing[0] < 0.1 < facing[180]

    def test_a_wanted_distance_counts_both_ways(self, model, sites):
        pose = basic_posture("standing")
        (apart,), _ = measured(model, sites, pose, "left palm at right palm")
        (more,), _ = measured(model, sites, pose, f"left palm {apart * 100 + 10:.2f} cm from right palm")
        (less,), _ = measured(model, sites, pose, f"left palm {apart * 100 - 10:.2f} cm from right palm")
        assert more == pytest.approx(0.1, abs=1e-3)
        assert less == pytest.approx(0.1, abs=1e-3)

    def test_the_floor_may_be_given(self, model, sites):
        meter = GoalMeter(parse_goal("left sole on the ground") + parse_goal("left sole 30 cm above the ground"), sites)
        world = model.kinematics(basic_posture("standing"))
        own = meter.distances(world)
        floor = world.positions[..., :, 1].amin() - 0.4
        given = meter.distances(world, floor)
        assert own[0] < 0.02
        assert float(own[1]) == pytest.approx(0.3 - float(own[0]), abs=1e-4)
        assert given[0] > 0.3
        assert given[1] < 0.1

    def test_either_side_is_the_nearer_one(self, model, sites):
        pose = basic_posture("kneeling on the left knee")
        (either,), _ = measured(model, sites, pose, "either knee on the ground")
        (left,), _ = measured(model, sites, pose, "left knee on the ground")
        (right,), _ = measured(model, sites, pose, "right knee on the ground")
        assert either == left < right


LINES = (
    "both hands on both knees", "palms together", "left elbow on right thigh", "feet on the ground",
    "left hand on head", "right hand 20 cm from left ear", "left fingertips on right toes",
    "back of right hand on the lower back",
    "left hand 40 cm above the ground",
)  # fmt: skip


@pytest.fixture(scope="module")
def goals() -> tuple[Goal, ...]:
    return tuple(goal for line in LINES for goal in parse_goal(line))


class TestLaws:
    @given(st.integers(0, 10_000))
    @few
    def test_the_mirror_image_meets_the_mirrored_goals(self, model, sites, goals, seed):
        pose = Pose.from_rotations(random_rotations(24, max_angle_rad=1.2, seed=seed))
        meter, mirrored = GoalMeter(goals, sites), GoalMeter([goal.mirrored() for goal in goals], sites)
        here, there = model.kinematics(pose), model.kinematics(pose.mirror())
        assert torch.allclose(meter.distances(here), mirrored.distances(there), atol=2e-3)

    @given(st.integers(0, 10_000))
    @few
    def test_heading_and_place_do_not_matter(self, model, sites, goals, seed):
        world = model.kinematics(Pose.from_rotations(random_rotations(24, max_angle_rad=1.2, seed=seed)))
        angle = torch.tensor(float(seed))
        cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros(()), torch.ones(())
        turn = torch.stack([cos, zero, sin, zero, one, zero, -sin, zero, cos]).reshape(3, 3)
        moved = WorldJoints(turn @ world.rotations, world.positions @ turn.T + torch.tensor([3.0, -0.5, 1.0]))
        meter = GoalMeter(goals, sites)
        for before, after in zip(meter.measure(world), meter.measure(moved), strict=True):
            assert torch.allclose(before, after, atol=1e-4)

    def test_batches_are_the_same_as_one_by_one_and_in_range(self, model, sites, goals):
        poses = basic_postures()
        meter = GoalMeter(goals, sites)
        distances, facing = meter.measure(model.kinematics(poses))
        assert distances.shape == (len(poses), len(goals))
        assert (distances >= 0).all()
        assert ((facing >= 0) & (facing <= 1)).all()
        for number in (0, 5, 11):
            alone = meter.distances(model.kinematics(poses[number]))
            assert torch.allclose(alone, distances[number], atol=1e-5)

    def test_gradients_are_finite_and_point_the_right_way(self, model, sites, goals):
        world = model.kinematics(basic_postures())
        positions, rotations = world.positions.clone().requires_grad_(), world.rotations.clone().requires_grad_()
        meter = GoalMeter(goals, sites)
        distances, facing = meter.measure(WorldJoints(rotations, positions))
        (distances.sum() + facing.sum()).backward()
        for grad in (positions.grad, rotations.grad):
            assert grad is not None
            assert torch.isfinite(grad).all()
            assert grad.abs().sum() > 0
        with torch.no_grad():
            step = WorldJoints(rotations - 1e-4 * rotations.grad, positions - 1e-4 * positions.grad)
            after = meter.measure(step)
        assert sum(part.sum() for part in after) < (distances.sum() + facing.sum())

    def test_surfaces_that_meet_have_finite_gradients(self, model, sites):
        world = model.kinematics(Pose.identity())
        positions = torch.zeros(24, 3, requires_grad=True)
        meter = GoalMeter([Goal("left inner thigh", "at", "right inner thigh")], sites)
        meter.distances(WorldJoints(world.rotations, positions)).sum().backward()
        assert positions.grad is not None
        assert torch.isfinite(positions.grad).all()

    def test_no_goals_are_no_distances(self, model, sites):
        distances, facing = GoalMeter([], sites).measure(model.kinematics(basic_postures()))
        assert distances.shape == facing.shape == (len(basic_postures()), 0)
