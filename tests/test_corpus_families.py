"""Kinds of posture, and mixtures that balance them."""

import pytest
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.body.rotations import about_axis
from chatpose.corpus.balance import WANTED_SHARES, BalancedMixture, balanced_shares
from chatpose.corpus.basic_postures import BASIC_POSTURES, basic_posture, basic_postures
from chatpose.corpus.families import FAMILIES, family_indices, family_names, family_shares
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import InvalidPoseError, UnknownNameError

KINDS = len(BASIC_POSTURES)


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("posture", "family"),
    [
        ("standing", "standing"),
        ("arms: raised overhead", "standing"),
        ("standing on the left leg", "on one leg"),
        ("lunging with the left leg in front", "lunging"),
        ("squatting", "squatting"),
        ("bending forward", "bending"),
        ("sitting as on a chair", "sitting"),
        ("sitting on the floor", "sitting"),
        ("sitting cross-legged", "sitting"),
        ("kneeling on the left knee", "kneeling"),
        ("sitting on the heels", "kneeling"),
        ("lying on the back", "lying"),
        ("lying on the left side", "lying"),
        ("on all fours", "on hands"),
        ("in a plank", "on hands"),
        ("upside down", "upside down"),
        ("bridge", "other"),
    ],
)
def test_postures_are_of_their_family_on_both_sides(body, posture, family):
    batch = stack_poses([basic_posture(posture)])
    turned = batch.replace(global_orient=about_axis("y", torch.tensor(2.0)) @ batch.global_orient)
    assert family_names(batch, body) == family_names(batch.mirror(), body) == family_names(turned, body) == [family]


def test_shares_sum_to_one(body):
    shares = family_shares(family_names(basic_postures(), body))
    assert list(shares) == list(FAMILIES)
    assert sum(shares.values()) == pytest.approx(1)
    assert not any(family_shares([]).values())
    assert len(family_indices(basic_postures()[:0], body)) == 0


# --- shares ----------------------------------------------------------------------------------------------------------


def test_wanted_shares_are_reached_where_the_data_allow_it():
    natural = torch.tensor([0.7, 0.2, 0.1, 0.0]).double()
    wanted = torch.tensor([1.0, 1.0, 1.0, 5.0]).double()
    assert torch.allclose(balanced_shares(natural, wanted, 10), torch.tensor([1.0, 1, 1, 0]).double() / 3)


def test_nothing_is_repeated_too_often():
    natural = torch.tensor([0.989, 0.01, 0.001]).double()
    shares = balanced_shares(natural, torch.ones(3).double(), 5)
    assert torch.allclose(shares, torch.tensor([0.945, 0.05, 0.005]).double())
    assert float(shares.sum()) == pytest.approx(1)
    assert torch.allclose(balanced_shares(natural, torch.ones(3).double(), 1), natural)


def test_impossible_wishes_are_told():
    natural = torch.tensor([1.0, 0.0]).double()
    with pytest.raises(InvalidPoseError, match="none of the wanted families"):
        balanced_shares(natural, torch.tensor([0.0, 1.0]).double(), 5)
    with pytest.raises(InvalidPoseError, match="max_repeat"):
        balanced_shares(natural, natural, 0.5)


# --- mixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixture(body) -> BalancedMixture:
    standing = jittered_postures(40 * KINDS, generator(), jitter_deg=2)[::KINDS]
    several = [standing, jittered_postures(10 * KINDS, generator(1), jitter_deg=2)]
    return BalancedMixture({"walks": iter(several), "floor": [basic_postures()]}, generator(), body=body)


def test_a_mixture_draws_what_it_reports(body, mixture):
    drawn = mixture.draw(20_000)
    assert torch.equal(drawn.family[:500], family_indices(drawn.pose[:500], body))
    for one in mixture.report():
        number = FAMILIES.index(one.family)
        assert float((drawn.family == number).float().mean()) == pytest.approx(one.share, abs=0.015)
        of_floor = float((drawn.source[drawn.family == number] == 1).float().mean())
        assert of_floor == pytest.approx(one.by_source["floor"], abs=0.12)
        assert one.repeat <= 20.001
        assert one.kept == one.poses
    assert sum(one.share for one in mixture.report()) == pytest.approx(1)
    assert {one.family for one in mixture.report()} == set(FAMILIES)
    assert f"| lying | {next(one.poses for one in mixture.report() if one.family == 'lying'):,} |" in mixture.table()


def test_rows_name_the_poses_that_were_drawn(mixture):
    drawn = mixture.draw(300)
    rows = drawn.row[drawn.source == 1]
    assert torch.equal(drawn.pose.body_pose[drawn.source == 1], basic_postures().body_pose[rows])


def test_lying_is_drawn_as_often_as_wanted(mixture):
    shares = {one.family: one for one in mixture.report()}
    total = sum(WANTED_SHARES.values())
    assert shares["lying"].share == pytest.approx(WANTED_SHARES["lying"] / total, rel=0.01)


def test_weights_multiply_a_source(body):
    pose = basic_postures()
    sources = {"a": [pose], "b": [pose]}
    mixture = BalancedMixture(sources, generator(), weights={"a": 3}, body=body)
    assert mixture.report()[0].by_source == pytest.approx({"a": 0.75, "b": 0.25})
    with pytest.raises(UnknownNameError, match="'c'"):
        BalancedMixture(sources, generator(), weights={"c": 1}, body=body)
    with pytest.raises(UnknownNameError, match="flying"):
        BalancedMixture(sources, generator(), wanted={"flying": 1}, body=body)
    with pytest.raises(InvalidPoseError, match="weight nan"):
        BalancedMixture(sources, generator(), weights={"a": float("nan")}, body=body)
    with pytest.raises(InvalidPoseError, match="no pose in any source"):
        BalancedMixture({"a": []}, generator(), body=body)


def test_a_source_beyond_the_capacity_is_sampled_evenly(body):
    pose = jittered_postures(60 * KINDS, generator(), jitter_deg=1)[::KINDS]  # the same posture
    counts = torch.zeros(60)
    for seed in range(60):
        mixture = BalancedMixture({"a": [pose[:20], pose[20:]]}, generator(seed), capacity=10, body=body)
        (one,) = mixture.report()
        assert (one.poses, one.kept) == (60, 10)
        counts[mixture.draw(400).row.unique()] += 1
    assert float(counts[:20].mean()) == pytest.approx(10, abs=1.5)
    assert float(counts[40:].mean()) == pytest.approx(10, abs=1.5)
