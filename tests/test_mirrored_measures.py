"""Every measure that a range may speak of has its value on the mirror image, under its own name or its twin's."""

import pytest
import torch

from chatpose.body.pose import concatenate_poses
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import measures_by_name, parse


@pytest.fixture(scope="module")
def found():
    generator = torch.Generator().manual_seed(0)
    poses = concatenate_poses([limit_poses(20, generator), jittered_postures(20, generator)])
    describer = Describer()
    return describer.extract(poses), describer.extract(poses.mirror())


def test_ranges_of_all_measures_mirror(found):
    plain, mirrored = found
    column = {measure.name: number for number, measure in enumerate(plain.measures)}
    for name, measure in measures_by_name().items():
        value = plain.values[:, column[name]]
        (condition,) = parse(f"{name}: 1..2").mirrored().code.conditions
        sign = -1.0 if condition.low < 0 else 1.0
        other = sign * mirrored.values[:, column[condition.measure.name]]
        apart = (value - other).abs()
        if measure.unit == "°":
            apart = torch.minimum(apart, (apart - 360).abs())
        assert apart.nan_to_num().max() < (1e-3 if measure.unit == "m" else 0.1), name


@pytest.mark.parametrize(
    ("line", "mirrored"),
    [
        ("left knee angle: 80..100", "right knee angle: 80..100"),
        ("left foot to right foot distance: 0.2..", "left foot to right foot distance: 0.2.."),
        ("left hand above right hand: 0.1..0.5", "right hand above left hand: 0.1..0.5"),
        ("left hand left of right hand: ..-0.1", "right hand left of left hand: 0.1.."),
        ("left foot left of left hip: 0.1..", "right foot left of right hip: ..-0.1"),
        ("shoulder twist left: 10..30", "shoulder twist left: -30..-10"),
        ("legs angle: 30..", "legs angle: 30.."),
    ],
)
def test_ranges_mirror(line, mirrored):
    assert str(parse(line).mirrored()) == mirrored
    assert str(parse(line).mirrored().mirrored()) == line
