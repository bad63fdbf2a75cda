"""Laws of forward kinematics: rigid motion, mirror, bone lengths, inverse, batch shapes, dtypes, gradients."""

import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.kinematics import forward_kinematics, joints_to_offsets, world_to_local
from chatpose.body.rotations import about_axis, axis_angle_to_matrix, is_rotation
from chatpose.body.skeleton import LIMB_BONES, SMPL, Skeleton, smpl_rest_offsets, swap_side
from chatpose.errors import UnknownNameError

BATCHES = [(), (1,), (5,), (2, 3), (0,)]
cases = given(st.integers(0, 10_000), st.sampled_from(BATCHES), st.sampled_from([torch.float32, torch.float64]))
many = settings(max_examples=40, deadline=None)


def local_rotations(seed: int, batch: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    return random_rotations(*batch, 24, max_angle_rad=math.pi, seed=seed).to(dtype)


class TestForwardKinematics:
    @cases
    @many
    def test_shapes_and_dtypes(self, seed, batch, dtype):
        world = forward_kinematics(local_rotations(seed, batch, dtype), smpl_rest_offsets(dtype))
        assert world.rotations.shape == (*batch, 24, 3, 3)
        assert world.positions.shape == (*batch, 24, 3)
        assert world.rotations.dtype == world.positions.dtype == dtype

    @cases
    @many
    def test_one_pose_at_a_time_gives_the_same(self, seed, batch, dtype):
        local = local_rotations(seed, batch, dtype)
        world = forward_kinematics(local, smpl_rest_offsets(dtype)).positions.reshape(-1, 24, 3)
        for one, expected in zip(local.reshape(-1, 24, 3, 3), world, strict=True):
            assert torch.allclose(forward_kinematics(one, smpl_rest_offsets(dtype)).positions, expected, atol=1e-5)

    @cases
    @many
    def test_bones_keep_their_lengths_and_rotations_stay_rotations(self, seed, batch, dtype):
        offsets = smpl_rest_offsets(dtype)
        world = forward_kinematics(local_rotations(seed, batch, dtype), offsets)
        lengths = joints_to_offsets(world.positions)[..., 1:, :].norm(dim=-1)
        assert torch.allclose(lengths, offsets[1:].norm(dim=-1).expand_as(lengths), atol=1e-5)
        assert is_rotation(world.rotations, 1e-4).all()

    @cases
    @many
    def test_a_rigid_motion_of_the_root_moves_everything(self, seed, batch, dtype):
        local, offsets = local_rotations(seed, batch, dtype), smpl_rest_offsets(dtype)
        turn = random_rotations(*batch, max_angle_rad=3.0, seed=seed + 1).to(dtype)
        shift = torch.randn(*batch, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
        still = forward_kinematics(local, offsets)
        turned_local = torch.cat([(turn @ local[..., 0, :, :])[..., None, :, :], local[..., 1:, :, :]], dim=-3)
        moved = forward_kinematics(turned_local, offsets, shift)
        expected = (turn[..., None, :, :] @ still.positions[..., None]).squeeze(-1) + shift[..., None, :]
        assert torch.allclose(moved.positions, expected, atol=1e-5)
        assert torch.allclose(moved.rotations, turn[..., None, :, :] @ still.rotations, atol=1e-5)

    @cases
    @many
    def test_world_to_local_is_the_inverse(self, seed, batch, dtype):
        local = local_rotations(seed, batch, dtype)
        world = forward_kinematics(local, smpl_rest_offsets(dtype))
        assert torch.allclose(world_to_local(world.rotations), local, atol=1e-5)

    @given(st.integers(0, 10_000), st.integers(1, 23))
    @many
    def test_a_joint_moves_only_what_hangs_from_it(self, seed, joint):
        local = local_rotations(seed, (), torch.float32)
        changed = local.clone()
        changed[joint] = changed[joint] @ random_rotations(max_angle_rad=1.0, seed=seed + 1)
        before, after = (forward_kinematics(x, smpl_rest_offsets()).positions for x in (local, changed))
        below = {joint}
        for child in range(24):
            if SMPL.parents[child] in below:
                below.add(child)
        still = [j for j in range(24) if j not in below or j == joint]
        assert torch.equal(before[still], after[still])

    def test_offsets_may_differ_in_the_batch(self):
        local = local_rotations(0, (3,), torch.float32)
        scale = torch.tensor([1.0, 2.0, 0.5])
        positions = forward_kinematics(local, smpl_rest_offsets() * scale[:, None, None]).positions
        single = forward_kinematics(local, smpl_rest_offsets()).positions
        assert torch.allclose(positions, single * scale[:, None, None], atol=1e-5)

    def test_rest_pose_is_the_sum_of_offsets(self):
        eye = torch.eye(3).expand(24, 3, 3)
        rest = forward_kinematics(eye, smpl_rest_offsets()).positions
        assert torch.allclose(joints_to_offsets(rest), smpl_rest_offsets(), atol=1e-6)

    def test_turning_left_moves_the_left_hand_back(self):
        local = torch.eye(3).repeat(24, 1, 1)
        local[0] = about_axis("y", torch.tensor(0.5))
        positions = forward_kinematics(local, smpl_rest_offsets()).positions
        assert float(positions[SMPL.index("left_hand"), 2]) < -0.3
        assert float(positions[SMPL.index("right_hand"), 2]) > 0.2

    def test_gradients(self):
        vectors = torch.zeros(24, 3, dtype=torch.float64, requires_grad=True)

        def joints(axis_angle: torch.Tensor) -> torch.Tensor:
            return forward_kinematics(axis_angle_to_matrix(axis_angle), smpl_rest_offsets(torch.float64)).positions

        joints(vectors).sum().backward()
        assert vectors.grad is not None
        assert torch.isfinite(vectors.grad).all()
        bent = torch.randn(24, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.5
        assert torch.autograd.gradcheck(joints, bent.requires_grad_())


class TestSkeleton:
    def test_parents_come_first_and_levels_cover_all(self):
        assert SMPL.parents[0] == -1
        assert sorted(joint for level in SMPL.levels for joint in level) == list(range(24))
        for level, below in zip(SMPL.levels[:-1], SMPL.levels[1:], strict=True):
            assert all(SMPL.parents[joint] in level for joint in below)

    def test_children_are_the_parents_turned_round(self):
        for joint, children in enumerate(SMPL.children):
            assert all(SMPL.parents[child] == joint for child in children)

    def test_mirror_is_an_involution_and_keeps_the_tree(self):
        mirror = SMPL.mirror_index
        assert [mirror[j] for j in mirror] == list(range(24))
        for joint, parent in enumerate(SMPL.parents[1:], 1):
            assert SMPL.parents[mirror[joint]] == mirror[parent]
        assert swap_side("left_knee") == "right_knee"
        assert swap_side("pelvis") == "pelvis"

    def test_rest_offsets_are_symmetric(self):
        offsets = smpl_rest_offsets()
        assert torch.equal(offsets[list(SMPL.mirror_index)] * torch.tensor([-1.0, 1, 1]), offsets)

    def test_limb_bones_are_bones(self):
        for start, end in LIMB_BONES:
            assert SMPL.parents[SMPL.index(end)] == SMPL.index(start)

    def test_unknown_joint_says_what_is_near(self):
        with pytest.raises(UnknownNameError, match="left_knee"):
            SMPL.index("left_kne")

    def test_a_tree_out_of_order_is_refused(self):
        with pytest.raises(ValueError, match="before its parent"):
            Skeleton("bad", ("a", "b"), (1, -1))
        with pytest.raises(ValueError, match="2 names but 1 parents"):
            Skeleton("bad", ("a", "b"), (-1,))
