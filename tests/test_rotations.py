"""Laws of rotations: conversions come back, hold near 0 and π, for any batch shape and both dtypes, with gradients."""

import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body import rotations as rot

DTYPES = [torch.float32, torch.float64]
BATCHES = [(), (1,), (7,), (2, 3), (0,)]
# Angles where formulas break: zero, below and above float32's square root of eps, right angles, just short of π, π.
CRITICAL = [0.0, 1e-12, 1e-7, 1e-4, 1e-3, 1.0, math.pi / 2, math.pi - 1e-3, math.pi - 1e-6, math.pi]


def tolerance(dtype: torch.dtype) -> float:
    return 2e-6 if dtype == torch.float32 else 1e-12


def axis_angles(seed: int, angle: float, batch: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    axis = torch.nn.functional.normalize(torch.randn(*batch, 3, generator=generator, dtype=torch.float64), dim=-1)
    return (axis * angle).to(dtype)


rotation_cases = given(
    st.integers(0, 10_000),
    st.one_of(st.sampled_from(CRITICAL), st.floats(0, math.pi)),
    st.sampled_from(BATCHES),
    st.sampled_from(DTYPES),
)
many = settings(max_examples=120, deadline=None)


class TestConversions:
    @rotation_cases
    @many
    def test_every_form_comes_back(self, seed, angle, batch, dtype):
        matrix = rot.axis_angle_to_matrix(axis_angles(seed, angle, batch, dtype))
        assert matrix.shape == (*batch, 3, 3)
        assert matrix.dtype == dtype
        for back, there in (
            (rot.axis_angle_to_matrix, rot.matrix_to_axis_angle),
            (rot.quaternion_to_matrix, rot.matrix_to_quaternion),
            (rot.rotation_6d_to_matrix, rot.matrix_to_6d),
        ):
            assert torch.allclose(back(there(matrix)), matrix, atol=tolerance(dtype))

    @rotation_cases
    @many
    def test_axis_angle_comes_back_as_long_and_never_longer_than_pi(self, seed, angle, batch, dtype):
        axis_angle = axis_angles(seed, angle, batch, dtype)
        again = rot.matrix_to_axis_angle(rot.axis_angle_to_matrix(axis_angle))
        assert (again.norm(dim=-1) <= math.pi + tolerance(dtype)).all()
        if angle < math.pi - 1e-2:  # at π the axis may come back turned round
            assert torch.allclose(again, axis_angle, atol=10 * tolerance(dtype))

    @rotation_cases
    @many
    def test_results_are_rotations(self, seed, angle, batch, dtype):
        matrix = rot.axis_angle_to_matrix(axis_angles(seed, angle, batch, dtype))
        assert rot.is_rotation(matrix, 10 * tolerance(dtype)).all()
        assert not rot.is_rotation(-matrix).any()
        assert not rot.is_rotation(matrix * 1.01).any()

    def test_quaternions_are_w_first_and_never_negative(self):
        turn = rot.about_axis("y", torch.tensor(1.0))
        expected = torch.tensor([math.cos(0.5), 0, math.sin(0.5), 0])
        assert torch.allclose(rot.matrix_to_quaternion(turn), expected, atol=1e-6)
        assert torch.allclose(rot.quaternion_to_matrix(-3 * expected), turn, atol=1e-6)
        assert (rot.matrix_to_quaternion(random_rotations(500, max_angle_rad=math.pi))[:, 0] >= 0).all()

    def test_6d_is_the_two_first_columns(self):
        matrix = random_rotations(4)
        assert torch.equal(rot.matrix_to_6d(matrix), torch.cat([matrix[:, :, 0], matrix[:, :, 1]], dim=-1))

    @pytest.mark.parametrize("axis", ["x", "y", "z"])
    def test_about_axis_is_axis_angle(self, axis):
        angle = torch.linspace(-3, 3, 7)
        vector = torch.zeros(7, 3)
        vector[:, "xyz".index(axis)] = angle
        assert torch.allclose(rot.about_axis(axis, angle), rot.axis_angle_to_matrix(vector), atol=1e-6)

    def test_nearest_rotation_mends_noise(self):
        matrix = random_rotations(50)
        noisy = matrix + 0.01 * torch.randn_like(matrix)
        mended = rot.nearest_rotation(noisy)
        assert rot.is_rotation(mended, 1e-5).all()
        assert float(rot.geodesic_distance(mended, matrix).max()) < 0.05


class TestAngles:
    @rotation_cases
    @many
    def test_rotation_angle_is_exact_at_both_ends(self, seed, angle, batch, dtype):
        matrix = rot.axis_angle_to_matrix(axis_angles(seed, angle, batch, dtype))
        expected = torch.full(batch, angle, dtype=dtype)
        assert torch.allclose(rot.rotation_angle(matrix), expected, atol=tolerance(dtype))

    @given(st.integers(0, 10_000))
    @many
    def test_distance_is_a_metric_and_blind_to_a_common_turn(self, seed):
        a, b, c, turn = random_rotations(4, 20, max_angle_rad=math.pi, seed=seed)
        distance = rot.geodesic_distance
        assert torch.allclose(distance(a, b), distance(b, a), atol=1e-5)
        assert torch.allclose(distance(a, a), torch.zeros(20), atol=1e-5)
        assert (distance(a, c) <= distance(a, b) + distance(b, c) + 1e-5).all()
        assert torch.allclose(distance(turn @ a, turn @ b), distance(a, b), atol=1e-4)
        assert torch.allclose(distance(a @ turn, b @ turn), distance(a, b), atol=1e-4)

    @given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(-5, 5))
    @many
    def test_angle_between_is_blind_to_lengths_and_common_turns(self, seed, log_first, log_second):
        first, second = torch.randn(2, 10, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        expected = rot.angle_between(first, second)
        turn = random_rotations(seed=seed).double()
        scaled = rot.angle_between(first @ turn.T * 10**log_first, second @ turn.T * 10**log_second)
        assert torch.allclose(scaled, expected, atol=1e-5)
        assert torch.allclose(rot.angle_between(first, -second), math.pi - expected, atol=1e-9)

    def test_angle_between_at_its_ends(self):
        vector = torch.randn(100, 3)
        zero = torch.zeros(100)
        assert torch.allclose(rot.angle_between(vector, vector), zero, atol=1e-6)
        assert torch.allclose(rot.angle_between(vector, -vector), zero + math.pi, atol=1e-6)
        assert torch.equal(rot.angle_between(vector, torch.zeros(100, 3)), zero)
        nudge = torch.tensor([1.0, 0, 0]), torch.tensor([1.0, 1e-5, 0])
        assert float(rot.angle_between(*nudge)) == pytest.approx(1e-5, rel=1e-3)  # acos would give 0


class TestSwing:
    @given(st.integers(0, 10_000), st.sampled_from(BATCHES), st.sampled_from(DTYPES))
    @many
    def test_turns_one_into_the_other_by_the_angle_between(self, seed, batch, dtype):
        start, end = torch.randn(2, *batch, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
        swing = rot.swing_between(start, end)
        normal = torch.nn.functional.normalize
        turned = (swing @ normal(start, dim=-1)[..., None]).squeeze(-1)
        assert torch.allclose(turned, normal(end, dim=-1), atol=20 * tolerance(dtype))
        assert torch.allclose(rot.rotation_angle(swing), rot.angle_between(start, end), atol=20 * tolerance(dtype))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_opposite_parallel_and_zero(self, dtype):
        start = torch.cat([torch.eye(3, dtype=dtype), torch.randn(50, 3, dtype=dtype)])
        half = rot.swing_between(start, -2 * start)
        assert torch.allclose((half @ start[..., None]).squeeze(-1), -start, atol=50 * tolerance(dtype))
        assert rot.is_rotation(half, 1e-5).all()
        eye = torch.eye(3, dtype=dtype).expand(53, 3, 3)
        assert torch.allclose(rot.swing_between(start, 3 * start), eye, atol=50 * tolerance(dtype))
        assert torch.equal(rot.swing_between(start, torch.zeros_like(start)), eye)


class TestHeading:
    @given(st.integers(0, 10_000), st.floats(-3.1, 3.1))
    @many
    def test_a_turn_about_the_vertical_adds_to_the_heading(self, seed, turn):
        matrix = random_rotations(20, max_angle_rad=1.5, seed=seed)
        turned = rot.about_axis("y", torch.tensor(turn)) @ matrix
        difference = rot.heading_angle(turned) - rot.heading_angle(matrix) - turn
        assert torch.allclose(torch.cos(difference), torch.ones(20), atol=1e-5)
        assert torch.allclose(rot.without_heading(turned), rot.without_heading(matrix), atol=1e-4)

    def test_without_heading_has_none_left(self):
        level = rot.without_heading(random_rotations(100, max_angle_rad=2.0))
        assert float(rot.heading_angle(level).abs().max()) < 1e-5

    def test_positive_towards_the_bodys_left(self):
        facing = rot.about_axis("y", torch.tensor(0.5)) @ torch.tensor([0.0, 0, 1])
        assert float(facing[0]) > 0  # left is +x
        assert float(rot.heading_angle(rot.about_axis("y", torch.tensor(0.5)))) == pytest.approx(0.5)


class TestGradients:
    @pytest.mark.parametrize("angle", [0.0, 1e-8, 1e-3, 1.0, math.pi - 1e-3])
    @pytest.mark.parametrize(
        "function",
        [
            lambda v: rot.matrix_to_axis_angle(rot.axis_angle_to_matrix(v)),
            lambda v: rot.matrix_to_quaternion(rot.axis_angle_to_matrix(v)),
            lambda v: rot.matrix_to_6d(rot.axis_angle_to_matrix(v)),
            lambda v: rot.rotation_angle(rot.axis_angle_to_matrix(v)),
            lambda v: rot.heading_angle(rot.axis_angle_to_matrix(v)),
        ],
        ids=["axis_angle", "quaternion", "6d", "rotation_angle", "heading"],
    )
    def test_finite_near_zero_and_pi(self, function, angle):
        vector = axis_angles(3, angle, (5,), torch.float32).requires_grad_()
        function(vector).sum().backward()
        assert vector.grad is not None
        assert torch.isfinite(vector.grad).all()

    def test_finite_for_directions_in_line(self):
        start = torch.randn(5, 3)
        for end in (start.clone(), -start, torch.zeros(5, 3)):
            end.requires_grad_()
            (rot.angle_between(start, end).sum() + rot.swing_between(start, end).sum()).backward()
            assert end.grad is not None
            assert torch.isfinite(end.grad).all()
