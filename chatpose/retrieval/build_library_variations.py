"""Atlas entries, their mirror images, small changes of them and blends of relatives, for the shipped library."""

import math

import torch
from torch import Tensor

from chatpose.atlas.variations import Variations, Varier
from chatpose.corpus.sampling import pose_rows
from chatpose.retrieval.build_library_made import Made, Parents

SYMMETRIC_M = 0.03
"""Poses whose mirror image is nearer are the same from both sides."""


def entries_of(parents: Parents) -> Made:
    """Every entry as it is."""
    atlas = parents.atlas
    names = tuple(entry.names for entry in atlas)
    return Made("atlas", atlas.poses, torch.arange(len(atlas)), ("",) * len(atlas), names)


def mirror_images(parents: Parents) -> Made:
    """The other side of every entry that has one."""
    atlas, body = parents.atlas, parents.judge.body
    mirrored = atlas.poses.mirror()
    apart = (pose_rows(atlas.poses, body) - pose_rows(mirrored, body)).norm(dim=-1)
    rows = (apart > SYMMETRIC_M).nonzero()[:, 0]
    names = tuple(atlas.entries[row].names for row in rows.tolist())
    told = tuple(f"mirror image of {atlas.entries[row].name}" for row in rows.tolist())
    return Made("mirrored", mirrored[rows], rows, told, names)


def variations_of(parents: Parents, each: int, generator: torch.Generator) -> tuple[Made, Made, Tensor]:
    """Variations and blends that keep what makes their entries, and that a person can be in.

    Args:
        parents: the atlas.
        each: how many are drawn of every entry, before those that can't be are thrown away.
        generator: source of the numbers.

    Returns:
        Variations of one entry; blends of two; (N + M,) rows in `Parents` of both, in this order.
    """
    atlas = parents.atlas
    drawn = Varier(atlas, parents.judge.body).draw(each * len(atlas), generator)
    row = parents.rows(drawn.entry, drawn.mirrored)
    other = parents.rows(torch.where(drawn.other >= 0, drawn.other, drawn.entry), drawn.mirrored)
    ancestry = [parents.measures.take(one) for one in (row, other)]
    found = parents.judge.measure(drawn.poses)
    free = parents.free[drawn.entry]
    single = (parents.judge.holds(found, ancestry, free, math.inf) & (drawn.other < 0)).nonzero()[:, 0]
    # Halfway between a handstand and a forward bend is neither.
    family = parents.family(drawn.poses)
    alike = (family == parents.families[row]) & (family == parents.families[other])
    double = (parents.judge.holds(found, ancestry, free) & (drawn.other >= 0) & alike).nonzero()[:, 0]
    return _variations(parents, drawn, single), _blends(parents, drawn, double), row[torch.cat([single, double])]


def _variations(parents: Parents, drawn: Variations, rows: Tensor) -> Made:
    entries = drawn.entry[rows].tolist()
    names = tuple((f"variation of {parents.atlas.entries[place].name}",) for place in entries)
    return Made("variation", drawn.poses[rows], drawn.entry[rows], ("",) * len(rows), names)


def _blends(parents: Parents, drawn: Variations, rows: Tensor) -> Made:
    """What two entries have in common makes no name of either, so the namer decides."""
    sides = zip(drawn.entry[rows].tolist(), drawn.other[rows].tolist(), strict=True)
    names = [[parents.atlas.entries[place].name for place in pair] for pair in sides]
    told = tuple(f"between {first} and {second}" for first, second in names)
    return Made("blend", drawn.poses[rows], drawn.entry[rows], told, ((),) * len(rows))
