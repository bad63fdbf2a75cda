"""Variations: as many as wanted, each true to its entry."""

import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.variations import Varier
from chatpose.body.joint_limits import within_limits
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer


@pytest.fixture(scope="module")
def varier():
    atlas = Atlas.load()
    return Varier(atlas.only(atlas.entries[::9]))


@pytest.fixture(scope="module")
def drawn(varier):
    return varier.draw(4 * len(varier.atlas), torch.Generator().manual_seed(7), blends=0.5)


def test_every_variation_keeps_the_statements(varier, drawn):
    describer = Describer()
    for row in range(0, len(drawn), 3):
        place, other = int(drawn.entry[row]), int(drawn.other[row])
        claims = varier.shared_claims(place, other)
        if drawn.mirrored[row]:
            claims = tuple(claim.mirrored() for claim in claims)
        points, gaps = describer.measure(drawn.poses[row : row + 1])
        (checks,) = check(claims, points, gaps)
        assert all(one.holds for one in checks), varier.atlas.entries[place].id


def test_variations_vary_and_stay_human(varier, drawn):
    assert within_limits(drawn.poses, extreme=True, tolerance_deg=0.6).all()
    for place in range(3):
        same = drawn.poses[(drawn.entry == place) & ~drawn.mirrored].local_rotations
        if len(same) > 1:
            assert (same[0] - same[1]).abs().max() > 1e-2
    assert 0.2 < drawn.mirrored.float().mean() < 0.8


def test_blends_share_enough_and_are_of_one_family(varier, drawn):
    entries = varier.atlas.entries
    for place, other in zip(drawn.entry.tolist(), drawn.other.tolist(), strict=True):
        if other >= 0:
            assert entries[place].family == entries[other].family
            assert len(varier.shared_claims(place, other)) >= 3


def test_the_same_seed_draws_the_same(varier, drawn):
    again = varier.draw(len(drawn), torch.Generator().manual_seed(7), blends=0.5)
    assert torch.equal(again.poses.local_rotations, drawn.poses.local_rotations)
    assert torch.equal(again.other, drawn.other)


def test_twenty_thousand_on_demand(varier):
    """The rate that makes 20,000 a matter of minutes on one core; measured on a few."""
    import time

    start = time.process_time()
    varier.draw(200, torch.Generator().manual_seed(1))
    assert (time.process_time() - start) / 200 < 0.03
