"""Sites: on the skin and outward, symmetric, rigid motion, mirror, gradients, where people expect them."""

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.sites import SITE_NAMES, BodySites, body_sites, mirrored_sites
from chatpose.corpus.basic_postures import basic_postures
from chatpose.errors import UnknownNameError

few = settings(max_examples=25, deadline=None)
FLIP = torch.tensor([-1.0, 1, 1])


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def sites(model: BodyModel) -> BodySites:
    return body_sites(model)


def random_pose(seed: int, *batch: int) -> Pose:
    transl = torch.randn(*batch, 3, generator=torch.Generator().manual_seed(seed))
    return Pose.from_rotations(random_rotations(*batch, 24, max_angle_rad=1.2, seed=seed), transl=transl)


def rest(model: BodyModel, sites: BodySites) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    points, normals = sites.place(model.kinematics(Pose.identity()))
    return {name: (points[row], normals[row]) for row, name in enumerate(sites.names)}


class TestPlaces:
    def test_they_stay_on_the_skin_in_any_pose(self, model, sites):
        poses = basic_postures()
        points, _ = sites.place(model.kinematics(poses))
        for number in range(0, len(poses), 4):
            skin = model(poses[number]).vertices
            # Farther than this from a vertex is no point of this mesh's triangles.
            assert torch.cdist(points[number], skin).amin(-1).max() < 0.025

    def test_normals_point_out_of_the_body(self, model, sites):
        """Just outside along the normal nothing of the body is nearer than the site's own skin."""
        points, normals = sites.place(model.kinematics(Pose.identity()))
        skin = model(Pose.identity()).vertices
        outside = torch.cdist(points + 0.01 * normals, skin).amin(-1)
        inside = torch.cdist(points - 0.01 * normals, skin).amin(-1)
        assert (outside > 0.005).all()
        assert torch.allclose(normals.norm(dim=-1), torch.ones(len(SITE_NAMES)), atol=1e-5)
        assert inside.median() <= outside.median() + 0.002

    @pytest.mark.parametrize(
        ("name", "facing"),
        [
            ("left palm", (0, -1, 0)),
            ("left back of hand", (0, 1, 0)),
            ("left elbow tip", (0, 0, -1)),
            ("left sole", (0, -1, 0)),
            ("left instep", (0, 1, 0)),
            ("left front of knee", (0, 0, 1)),
            ("left back of knee", (0, 0, -1)),
            ("left inside of thigh", (-1, 0, 0)),
            ("left iliac crest", (1, 0, 0)),
            ("left buttock", (0, 0, -1)),
            ("left waist", (1, 0, 0)),
            ("right waist", (-1, 0, 0)),
            ("crown", (0, 1, 0)),
            ("forehead", (0, 0, 1)),
            ("lower back", (0, 0, -1)),
            ("belly", (0, 0, 1)),
        ],
    )
    def test_they_face_where_the_part_faces_in_the_t_pose(self, model, sites, name, facing):
        assert rest(model, sites)[name][1] @ torch.tensor(facing, dtype=torch.float32) > 0.8

    def test_order_from_head_to_foot(self, model, sites):
        height = {name: float(point[1]) for name, (point, _) in rest(model, sites).items()}
        down = [
            *("crown", "forehead", "nose", "mouth", "chin", "throat", "chest", "stomach", "belly", "groin"),
            *("left front of upper thigh", "left front of thigh", "left front of lower thigh", "left front of knee"),
            *("left below knee", "left front of shin", "left front of ankle", "left sole"),
        ]
        assert [height[name] for name in down] == sorted((height[name] for name in down), reverse=True)

    def test_landmarks_of_the_face_and_foot_are_met(self, model, sites):
        found = rest(model, sites)
        for name, landmark in (("nose", "nose"), ("left eye", "left_eye"), ("left ear", "left_ear")):
            assert (found[name][0] - model.landmark(model.data.v_template, landmark)).norm() < 0.01
        assert (found["left toes"][0] - model.landmark(model.data.v_template, "left_big_toe")).norm() < 0.03

    def test_a_taller_body_has_them_higher(self, model):
        tall = body_sites(model, torch.tensor([2.0, *[0] * 9]))
        betas = torch.tensor([2.0, *[0] * 9])
        pose = Pose.identity().replace(betas=betas)
        points, _ = tall.place(model.kinematics(pose))
        assert torch.cdist(points, model(pose).vertices).amin(-1).max() < 0.03


class TestLaws:
    def test_sides_are_mirror_images(self, sites):
        still = WorldJoints(random_rotations(24), torch.zeros(24, 3))
        points, normals = sites.place(still)
        signs = FLIP[:, None] * FLIP
        flipped = WorldJoints(
            (still.rotations * signs)[list(_mirror_joints())], still.positions[list(_mirror_joints())] * FLIP
        )
        other, other_normals = sites.place(flipped)
        assert torch.allclose(other[mirrored_sites()], points * FLIP, atol=1e-5)
        assert torch.allclose(other_normals[mirrored_sites()], normals * FLIP, atol=1e-5)

    @given(st.integers(0, 10_000))
    @few
    def test_mirrored_poses_have_mirrored_sites(self, model, sites, seed):
        pose = random_pose(seed)
        points, normals = sites.place(model.kinematics(pose))
        other, other_normals = sites.place(model.kinematics(pose.mirror()))
        # The open body's own joints are symmetric to a tenth of a millimetre.
        assert torch.allclose(other[mirrored_sites()], points * FLIP, atol=1e-3)
        assert torch.allclose(other_normals[mirrored_sites()], normals * FLIP, atol=1e-4)

    @given(st.integers(0, 10_000))
    @few
    def test_they_move_rigidly_with_the_whole_body(self, model, sites, seed):
        world = model.kinematics(random_pose(seed, 3))
        turn, shift = random_rotations(seed=seed + 1, max_angle_rad=3.0), torch.tensor([0.3, -2.0, 1.0])
        points, normals = sites.place(world)
        moved = WorldJoints(turn @ world.rotations, world.positions @ turn.T + shift)
        after, after_normals = sites.place(moved)
        assert torch.allclose(after, points @ turn.T + shift, atol=1e-5)
        assert torch.allclose(after_normals, normals @ turn.T, atol=1e-5)

    def test_batches_are_the_same_as_one_by_one(self, model, sites):
        poses = random_pose(3, 2, 3)
        points, _ = sites.place(model.kinematics(poses))
        assert points.shape == (2, 3, len(SITE_NAMES), 3)
        one, _ = sites.place(model.kinematics(poses[1, 2]))
        assert torch.allclose(points[1, 2], one, atol=1e-6)

    def test_gradients_are_finite(self, model, sites):
        world = model.kinematics(Pose.identity((2,)))
        rotations = world.rotations.clone().requires_grad_()
        points, normals = sites.place(WorldJoints(rotations, world.positions))
        (points.square().sum() + normals[..., 0].sum()).backward()
        assert rotations.grad is not None
        assert torch.isfinite(rotations.grad).all()
        assert rotations.grad.abs().sum() > 0


class TestNames:
    def test_a_subset_is_the_same_places(self, model, sites):
        world = model.kinematics(Pose.identity())
        few_sites = sites.subset(["nose", "left palm"])
        expected = sites.place(world)[0][[sites.index("nose"), sites.index("left palm")]]
        assert torch.allclose(few_sites.place(world)[0], expected, atol=1e-6)

    def test_an_unknown_name_lists_near_ones(self, sites):
        with pytest.raises(UnknownNameError, match="left palm"):
            sites.index("left plam")

    def test_sites_follow_the_joint_that_one_expects(self, sites):
        joints = dict(zip(sites.names, sites.joints, strict=True))
        for name, joint in (("right palm", "right_wrist"), ("nose", "head"), ("left sole", "left_ankle")):
            assert joints[name] == joint


def _mirror_joints() -> tuple[int, ...]:
    from chatpose.body.skeleton import SMPL

    return SMPL.mirror_index
