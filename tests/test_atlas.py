"""The shipped atlas: its figures, that compiled poses keep what the sources claim, and are built from them."""

import json
import shutil

import pytest
import torch

from chatpose.atlas.compiled import POSES, WORDS, Atlas
from chatpose.atlas.compiler import build_entries
from chatpose.atlas.distance import side_free_distances_mm
from chatpose.atlas.entry import FAMILIES, VOICES
from chatpose.atlas.reader import read_atlas
from chatpose.atlas.report import report
from chatpose.atlas.wording import MAX_OVERLAP, overlaps
from chatpose.body.joint_limits import within_limits
from chatpose.body.model import BodyModel
from chatpose.body.pose import concatenate_poses
from chatpose.errors import UnknownNameError, UnreadableFileError
from chatpose.posecodes.check import check_of
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.solve import Solver


@pytest.fixture(scope="module")
def sources():
    return read_atlas()


@pytest.fixture(scope="module")
def atlas():
    return Atlas.load()


@pytest.fixture(scope="module")
def body():
    return BodyModel.open()


def test_there_are_enough_entries_of_every_family_and_not_too_much_yoga(atlas):
    families = [entry.family for entry in atlas]
    assert len(atlas) >= 400
    assert set(families) == set(FAMILIES)
    assert families.count("yoga") <= len(atlas) / 4


def test_every_entry_is_whole(atlas):
    for entry in atlas:
        assert len(entry.must) >= 4, entry.id
        assert {one.voice for one in entry.descriptions} == set(VOICES), entry.id
        assert len(entry.test_descriptions()) == 2, entry.id


def test_sixty_entries_of_many_families_are_for_testing(atlas):
    assert len(atlas.test_ids) == 60
    assert len({entry.family for entry in atlas.testing()}) >= 20
    assert len(atlas.training()) == len(atlas) - 60


def test_test_texts_share_at_most_half_of_their_words_with_training_texts(atlas):
    worst = max(((share, entry.id) for entry in atlas for _, _, share in overlaps(entry)), default=(0.0, ""))
    assert worst[0] <= MAX_OVERLAP, worst


def test_no_text_comes_twice(atlas):
    texts = [one.text.lower() for entry in atlas for one in entry.descriptions if one.voice != "query"]
    assert len(set(texts)) == len(texts)


def test_indirect_texts_never_name_the_pose(atlas):
    for entry in atlas:
        for one in entry.descriptions:
            if one.voice == "indirect":
                assert not any(name.lower() in one.text.lower() for name in entry.names), entry.id


def test_compiled_words_are_those_of_the_sources(atlas, sources):
    assert [entry.id for entry in atlas] == [entry.id for entry in sources]
    for compiled, written in zip(atlas, sources, strict=True):
        assert compiled.descriptions == written.descriptions
        assert (compiled.must, compiled.must_not, compiled.goals) == (written.must, written.must_not, written.goals)
        assert compiled.angles == written.angles


def test_compiled_poses_keep_every_claim(atlas):
    points, gaps = Describer().measure(atlas.poses)
    claims = list(dict.fromkeys(claim for entry in atlas for claim in entry.claims))
    found = extract(points, tuple(claim.code for claim in claims), gaps)
    column = {claim: number for number, claim in enumerate(claims)}
    for row, entry in enumerate(atlas):
        for claim in entry.claims:
            assert check_of(found, row, column[claim], claim).holds, f"{entry.id}: {claim}"


def test_compiled_poses_are_human_and_on_the_floor(atlas, body):
    assert within_limits(atlas.poses, extreme=True, tolerance_deg=0.6).all()
    lowest = torch.stack([body(atlas.poses[row]).vertices[:, 1].amin() for row in range(0, len(atlas), 9)])
    assert lowest.abs().max() < 2e-3


def test_no_two_entries_are_one(atlas, body):
    apart = side_free_distances_mm(atlas.poses, atlas.poses, body).fill_diagonal_(torch.inf)
    assert apart.min() > 15


def test_distance_knows_neither_heading_nor_side(atlas, body):
    some = atlas.poses[:8]
    turned = concatenate_poses([some.without_heading(), some.mirror()])
    apart = side_free_distances_mm(turned, some, body)
    assert apart[:8].diagonal().max() < 1e-2
    assert apart[8:].diagonal().max() < 1e-2


def test_building_again_gives_the_same_poses(atlas, sources, body):
    """A sample, because solving all of them takes minutes (`chatpose atlas check` does)."""
    solver = Solver(body)
    chosen = sources[:: max(1, len(sources) // 12)]
    built = build_entries(chosen, solver)
    assert not [one.problems for one in report(built, body) if one.problems]
    for one in built:
        shipped = atlas.pose(one.entry.id).local_rotations
        assert torch.allclose(one.pose.local_rotations, shipped, atol=2e-3), one.entry.id


def test_saving_twice_gives_the_same_bytes_and_loading_the_same_atlas(atlas, tmp_path):
    part = atlas.only(atlas.entries[:5])
    for folder in ("a", "b"):
        part.save(tmp_path / folder)
    for name in (POSES, WORDS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = Atlas.load(tmp_path / "a")
    assert again.entries == part.entries
    assert torch.allclose(again.poses.local_rotations, part.poses.local_rotations, atol=1e-5)


def test_finds_entries_by_any_name(atlas):
    entry = atlas.entries[3]
    assert all(atlas.find(name.upper()) is entry for name in (entry.id, *entry.names))
    assert atlas.pose(entry.name).batch_shape == ()
    with pytest.raises(UnknownNameError, match="unknown pose"):
        atlas.find("no such pose at all")


@pytest.mark.parametrize("damage", ["truncated", "other build", "no json", "version", "missing entry"])
def test_refuses_damaged_folders(atlas, tmp_path, damage):
    folder = tmp_path / "atlas"
    atlas.only(atlas.entries[:4]).save(folder)
    words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
    if damage == "truncated":
        (folder / POSES).write_bytes((folder / POSES).read_bytes()[:100])
    elif damage == "other build":
        atlas.only(atlas.entries[4:8]).save(tmp_path / "other")
        shutil.copy(tmp_path / "other" / POSES, folder / POSES)
    elif damage == "no json":
        (folder / WORDS).write_text("{")
    elif damage == "version":
        (folder / WORDS).write_text(json.dumps({**words, "version": 99}))
    else:
        (folder / WORDS).write_text(json.dumps({**words, "entries": words["entries"][:2]}))
    with pytest.raises(UnreadableFileError):
        Atlas.load(folder)
