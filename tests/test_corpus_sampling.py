"""Farthest points and near duplicates."""

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.comparison import comparison_points, point_weights
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.corpus.sampling import DiverseSubset, NearDuplicates, farthest_points, pose_rows


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def points(count: int, width: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def slow_farthest(rows: torch.Tensor, start: int, count: int) -> list[int]:
    order = [start]
    while len(order) < count:
        gaps = torch.cdist(rows.double(), rows[order].double()).amin(1)
        order.append(int(gaps.argmax()))
    return order


# --- farthest points -------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(1, 20))
def test_each_is_the_farthest_from_those_before(seed, count):
    rows = points(40, seed=seed)
    found = farthest_points(rows, count, start=3)
    assert found.order.tolist() == slow_farthest(rows, 3, count)
    gaps = torch.cdist(rows, rows[found.order]).amin(1)
    assert float(found.cover[-1]) == pytest.approx(float(gaps.max()), abs=1e-3)
    assert bool((found.cover.diff() <= 1e-4).all())


def test_all_rows_are_a_choice_too():
    rows = points(10)
    found = farthest_points(rows, 99)
    assert sorted(found.order.tolist()) == list(range(10))
    assert float(found.cover[-1]) == 0
    assert len(farthest_points(rows[:0], 5).order) == 0
    assert farthest_points(torch.ones(4, 3), 2).cover.tolist() == [0, 0]


def test_the_first_is_in_the_middle():
    rows = torch.tensor([[-5.0], [0.1], [5.0], [9.0]])
    assert farthest_points(rows, 2, start=None).order.tolist() == [1, 3]


def test_a_stream_is_covered_nearly_as_well_as_a_whole():
    rows = torch.cat([points(3000, 3), points(20, 3, seed=1) * 6])[torch.randperm(3020)]
    whole = farthest_points(rows, 60)
    stream = DiverseSubset(60)
    for part in rows.split(77):
        stream.add(part)
    found = stream.chosen()
    assert len(set(found.order.tolist())) == 60
    cover = float(torch.cdist(rows, rows[found.order]).amin(1).max())
    assert cover < 1.5 * float(whole.cover[-1])
    assert len(DiverseSubset(5).chosen().order) == 0


# --- rows of poses ---------------------------------------------------------------------------------------------------


def test_rows_are_distances_of_joints_without_heading(body):
    pose = Pose.from_rotations(random_rotations(6, 24))
    rows = pose_rows(pose, body)
    turn = about_axis("y", torch.linspace(-3, 3, 6))
    turned = pose.replace(global_orient=turn @ pose.global_orient, transl=pose.transl + 1)
    assert torch.allclose(pose_rows(turned, body), rows, atol=1e-5)
    first, second = comparison_points(pose, body)[:2]
    rms = ((first - second).square().sum(-1) * point_weights()).sum().sqrt()
    assert float((rows[0] - rows[1]).norm()) == pytest.approx(float(rms), abs=1e-5)
    assert pose_rows(pose[:0], body).shape == (0, 90)


def test_where_the_head_looks_counts(body):
    pose = Pose.identity((1,))
    looking = pose.with_rotation("head", about_axis("y", torch.tensor(1.0)))
    assert float((pose_rows(pose, body) - pose_rows(looking, body)).norm()) > 0.01


# --- near duplicates -------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), threshold=st.sampled_from([50.0, 300.0, 900.0]), batch=st.integers(1, 50))
def test_duplicates_are_those_of_an_exhaustive_search(seed, threshold, batch):
    rows = points(120, 5, seed=seed).half().float()
    index = NearDuplicates(threshold)
    new = torch.cat([index.add(part) for part in rows.split(batch)])
    kept: list[int] = []
    for number in range(len(rows)):
        gaps = (rows[kept] - rows[number]).norm(dim=-1)
        if not kept or float(gaps.min()) >= threshold / 1000:
            kept.append(number)
    assert new.nonzero()[:, 0].tolist() == kept
    assert len(index) == len(kept)


def test_protected_rows_stay_and_count():
    index = NearDuplicates(15)
    rows = torch.zeros(3, 4)
    assert index.add(rows, torch.tensor([False, True, False])).tolist() == [True, True, False]
    assert index.add(rows + 0.02).tolist() == [True, False, False]
    assert index.add(rows[:0]).tolist() == []


def test_a_threshold_of_zero_keeps_everything():
    assert NearDuplicates(0).add(torch.zeros(5, 4)).all()


def test_many_rows_fit():
    index = NearDuplicates(10)
    for part in points(3000, 8).split(500):
        assert bool(index.add(part).all())
    assert not bool(index.add(points(3000, 8)).any())
