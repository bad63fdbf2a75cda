"""Where posed bodies stand before the camera."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.perception.fit_evidence import FARTHEST_M, GUESS_M, crop_guess
from chatpose.perception.placement import CLEAR_M, place


def seen(points: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
    placed = points + moved[:, None]
    return placed[..., :2] / -placed[..., 2:]


def scattered(seed: int, count: int = 33) -> torch.Tensor:
    return torch.randn(4, count, 3, generator=torch.Generator().manual_seed(seed)) * 0.4


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(2.5, 30), st.floats(-0.8, 0.8), st.floats(-0.8, 0.8))
def test_finds_the_true_place_from_a_poor_guess(seed: int, distance: float, across: float, up: float) -> None:
    points = scattered(seed)
    truth = torch.tensor([across * distance, up * distance, -distance]).expand(4, 3)
    guess = truth * torch.tensor([0.5, 0.7, 1.4, 2.0])[:, None]
    found = place(points, seen(points, truth), torch.ones(4, 33), guess)
    assert (found - truth).norm(dim=-1).max() < 0.01 * distance


def test_wrong_points_hardly_matter() -> None:
    points, truth = scattered(1), torch.tensor([0.3, -0.2, -4.0]).expand(4, 3)
    tangents = seen(points, truth)
    tangents[:, :6] += 0.3
    weights = torch.ones(4, 33)
    found = place(points, tangents, weights, torch.tensor([0.0, 0, -3]).expand(4, 3))
    assert (found - truth).norm(dim=-1).max() < 0.1
    weights[:, :6] = 0
    found = place(points, tangents, weights, torch.tensor([0.0, 0, -3]).expand(4, 3))
    assert (found - truth).norm(dim=-1).max() < 0.02


@pytest.mark.parametrize("kept", [2, 3, 5])
def test_few_points_stay_before_the_camera(kept: int) -> None:
    points = scattered(2)
    tangents = seen(points, torch.tensor([0.0, 0, -2]).expand(4, 3))
    # Points of quite another pose.
    other = scattered(3)
    weights = torch.zeros(4, 33)
    weights[:, :kept] = 1
    found = place(other, tangents, weights, torch.tensor([0.0, 0, -2.5]).expand(4, 3))
    depth = -(other[:, :kept, 2] + found[:, None, 2])
    assert torch.isfinite(found).all()
    assert depth.min() >= CLEAR_M - 1e-4


def test_without_points_the_guess_stays() -> None:
    guess = torch.tensor([0.4, -0.1, -3.0]).expand(4, 3)
    found = place(scattered(4), torch.rand(4, 33, 2), torch.zeros(4, 33), guess)
    torch.testing.assert_close(found, guess)


def test_all_points_in_one_place_are_far_but_not_endlessly() -> None:
    found = place(scattered(5), torch.zeros(4, 33, 2), torch.ones(4, 33), torch.tensor([0.0, 0, -3]).expand(4, 3))
    assert torch.isfinite(found).all()
    assert (found[:, 2] < 0).all()
    assert (found[:, 2] >= -FARTHEST_M).all()


def test_body_that_reaches_past_the_camera_is_pushed_away() -> None:
    points = torch.zeros(1, 2, 3)
    points[0, 0, 2] = 5.0
    found = place(points, torch.tensor([[[0.0, 0], [0.1, 0]]]), torch.ones(1, 2), torch.tensor([[0.0, 0, -1]]))
    assert found[0, 2] + 5.0 <= -CLEAR_M + 1e-4


def test_guess_by_the_crop() -> None:
    square = torch.tensor([[[-1.0, 1], [1, 1], [1, -1], [-1, -1]]]) * 0.2 + torch.tensor([0.5, 0.1])
    assert crop_guess(square)[0].tolist() == pytest.approx([3.0, 0.6, -6.0], rel=1e-4)
    turned = (square - square.mean(1)) @ torch.tensor([[0.6, 0.8], [-0.8, 0.6]])
    assert crop_guess(turned)[0, 2] == pytest.approx(-6.0, rel=1e-4)
    assert crop_guess(torch.zeros(1, 4, 2))[0].tolist() == [0, 0, -GUESS_M]
