"""Searches: words, names, poses, statements, sides, parts, near-duplicates, and what can't be searched for."""

import numpy as np
import pytest
import torch
from embedder_fake import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st
from search_library import CHOSEN, COPIES, TellingEmbedder, library_poses, make_library

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.errors import ChatposeError, TooLargeError, UnknownNameError
from chatpose.posecodes.check import check
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import StatementError, parse
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_errors import OtherEmbedderError
from chatpose.retrieval.part_distance import BodyPart, distances_to
from chatpose.retrieval.pose_source import ListSource, SourcePoses
from chatpose.retrieval.query import MAX_QUERY_CHARS, Query, QueryError
from chatpose.retrieval.query_names import NameFinder, plain
from chatpose.retrieval.search_place import LibrarySearch, open_search
from chatpose.retrieval.searcher import Searcher
from chatpose.retrieval.statement_bits import code_columns, pack_bits, rows_meeting, unpack_bits
from chatpose.retrieval.statement_filter import rows_where


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def poses() -> Pose:
    return library_poses()


@pytest.fixture(scope="module")
def library(tmp_path_factory, describer):
    with make_library(tmp_path_factory.mktemp("library") / "poses", describer) as library:
        yield library


@pytest.fixture(scope="module")
def searcher(library, describer) -> Searcher:
    return Searcher(library, TellingEmbedder(64), describer=describer)


def ids_of(hits) -> list[str]:
    return [hit.id for hit in hits]


# --- words and names -------------------------------------------------------------------------------------------------


def test_words_rank_by_the_embedding(searcher):
    hits = searcher.search(Query("entry 30", k=5))
    assert hits[0].id == Atlas.load().entries[30].id
    assert hits[0].score > 0.99
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_hits_carry_what_the_contract_asks_for(searcher, describer):
    hit = searcher.search(Query("entry 40", k=1))[0]
    row = hit.as_json()
    assert list(row)[:6] == ["id", "names", "score", "description", "source", "pose"]
    assert row["source"] == "the atlas"
    assert row["description"] == describer.describe(hit.pose).text
    assert len(row["pose"]["joints"]) == 24
    assert row["names"][0].keys() >= {"name", "score"}


@pytest.mark.parametrize("entry", [0, 250, 485])
def test_every_name_lifts_its_entry_to_the_top(searcher, entry):
    """The fake embedder knows nothing of names: only the lifting can do it."""
    wanted = Atlas.load().entries[entry]
    for name in wanted.names:
        assert searcher.search(Query.parse(f"  {name.upper()} ", k=1))[0].id == wanted.id


def test_a_name_under_a_filter_gives_only_what_meets_it(searcher, describer):
    statement = parse("kneeling")
    hits = searcher.search(Query("hands and knees", where=(statement,), k=4))
    assert hits
    for hit in hits:
        assert check([statement], describer.measure(hit.pose)[0])[0][0].holds


@pytest.mark.parametrize(
    ("query", "entry"),
    [
        ("vrksasana", "tree pose"),
        ("Vṛkṣāsana", "tree pose"),
        ("the tree", "tree pose"),
        ("show me a tree pose, please", "tree pose"),
        ("demi plie", "demi-plié"),
    ],
)
def test_names_are_found_however_they_are_written(query, entry):
    atlas = Atlas.load()
    assert NameFinder(atlas).find(query) == atlas.find(entry).id


@pytest.mark.parametrize("query", ["", "a", "the pose", "someone under a tree", "x" * 500])
def test_what_is_no_name_is_none(query):
    assert NameFinder(Atlas.load()).find(query) is None


def test_every_atlas_name_finds_an_entry_of_that_name():
    atlas = Atlas.load()
    finder = NameFinder(atlas)
    for entry in atlas:
        for name in entry.names:
            found = finder.find(name)
            assert found is not None
            assert plain(name) in [plain(one) for one in (found, *atlas.find(found).names)]


# --- a pose ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", [0.0, 2.0])
def test_a_pose_finds_itself_whichever_way_it_faces(searcher, poses, heading):
    pose = poses[33]  # the 33rd of those chosen
    turned = pose.replace(global_orient=about_axis("y", torch.tensor(heading)) @ pose.global_orient)
    hit = searcher.search(Query(like=turned, k=3))[0]
    assert hit.id == Atlas.load().entries[CHOSEN[33]].id
    assert hit.distance_mm == pytest.approx(0, abs=0.5)
    assert hit.score == pytest.approx(1, abs=0.01)


def test_the_mirror_image_is_found_with_mirror_and_comes_back_mirrored(searcher, poses, describer):
    mirrored = poses[40].mirror()
    plain_hit = searcher.search(Query(like=mirrored, k=1))[0]
    hit = searcher.search(Query(like=mirrored, k=1, mirror=True))[0]
    assert hit.mirrored
    assert hit.distance_mm == pytest.approx(0, abs=2)
    assert plain_hit.distance_mm > hit.distance_mm
    assert not plain_hit.mirrored
    assert torch.allclose(hit.pose.body_pose, mirrored.body_pose, atol=1e-3)
    assert hit.description == describer.describe(hit.pose).text


def test_a_part_counts_most(searcher, poses):
    """Legs of one entry under the arms of another: each part finds its own."""
    arms, legs = poses[10], poses[60]
    joints = torch.tensor([16, 17, 18, 19, 20, 21, 22, 23, 13, 14]) - 1
    body = legs.body_pose.clone()
    body[joints] = arms.body_pose[joints]
    mixed = legs.replace(body_pose=body)
    entries = Atlas.load().entries
    assert searcher.search(Query(like=mixed, part="legs", k=1))[0].id == entries[CHOSEN[60]].id
    # The arms are the same seen from the chest, however the trunk leans.
    assert searcher.search(Query(like=mixed, part="arms", k=1))[0].id == entries[CHOSEN[10]].id
    assert searcher.search(Query(like=mixed.mirror(), part="left_arm", mirror=True, k=1))[0].mirrored


PARTS = ["arms", "legs", "torso", "left_arm", "left arm", "right leg", "head", "hands"]


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_points_and_is_nearest_to_itself(name, poses, describer):
    part = BodyPart.named(name)
    assert part.weights.sum().item() == pytest.approx(1)
    apart = distances_to(poses[7], poses[:20], part, describer.body)
    assert apart[7] == pytest.approx(0, abs=0.01)
    assert apart.argmin() == 7


@pytest.mark.parametrize("name", ["left arm", "legs", "torso"])
def test_the_mirrored_part_of_the_mirror_image_is_as_far(name, poses, describer):
    part, twin = BodyPart.named(name), BodyPart.named(exchange_words(name))
    one = distances_to(poses[3], poses[:10], part, describer.body)
    other = distances_to(poses[3].mirror(), poses[:10].mirror(), twin, describer.body)
    assert one == pytest.approx(other, abs=3)  # the open body is symmetric to a few millimetres


def test_an_unknown_part_lists_near_ones():
    with pytest.raises(UnknownNameError, match="arms"):
        Query(like=Pose.identity(), part="armz")


# --- statements ------------------------------------------------------------------------------------------------------


WHERE = [
    "kneeling",
    "not: kneeling",
    "left knee: right angle",
    "left elbow angle: 85..95",
    "not: left knee angle: 100..",
]


@pytest.mark.parametrize("line", WHERE)
def test_statements_filter_exactly(library, poses, describer, line):
    """What the bitmap and the measuring let through is what `check` says holds."""
    statement = parse(line)
    points, gaps = describer.measure(library.poses(library.keys()))
    holds = [row[0].holds for row in check([statement], points, gaps)]
    assert rows_where(library, [statement], describer)[library.keys()].tolist() == holds


@settings(max_examples=20, deadline=None)
@given(low=st.floats(0, 170), width=st.floats(1, 120), side=st.sampled_from(["left", "right"]), negated=st.booleans())
def test_ranges_are_decided_as_measured(library, describer, low, width, side, negated):
    statement = parse(f"{'not: ' if negated else ''}{side} knee angle: {low:.3f}..{low + width:.3f}")
    points, gaps = describer.measure(library.poses(library.keys()))
    holds = [row[0].holds for row in check([statement], points, gaps)]
    assert rows_where(library, [statement], describer)[library.keys()].tolist() == holds


def test_hits_meet_all_statements(searcher, describer):
    where = (parse("not: kneeling"), parse("left knee angle: 60..140"))
    hits = searcher.search(Query("entry 0", where=where, k=20))
    assert hits
    for hit in hits:
        assert all(one.holds for one in check(where, *describer.measure(hit.pose)[:1])[0])


def test_statements_alone_list_what_meets_them(searcher, library, describer):
    where = (parse("kneeling"),)
    count = int(rows_where(library, where, describer)[library.keys()].sum())
    hits = searcher.search(Query(where=where, k=1000, fold=False))
    assert len(hits) == count > 0
    assert {hit.score for hit in hits} == {1.0}


def test_no_pose_meets_a_contradiction(searcher):
    assert searcher.search(Query("entry 0", where=(parse("kneeling"), parse("not: kneeling")))) == []


def test_mirror_finds_the_other_side_of_statements_and_words(searcher, describer):
    where = (parse("left knee angle: ..100"), parse("right knee angle: 150.."))
    hits = searcher.search(Query("entry 0", where=where, k=50, mirror=True))
    assert {hit.mirrored for hit in hits} == {True, False}
    for hit in hits:
        assert all(one.holds for one in check(where, describer.measure(hit.pose)[0])[0])


def test_bits_round_trip(describer, poses):
    found = describer.extract(poses[:20])
    bits = pack_bits(found)
    assert bits.shape == (20, (len(all_posecodes()) + 7) // 8)
    assert np.array_equal(unpack_bits(bits), found.holds.numpy())
    for code, column in list(code_columns().items())[::50]:
        assert np.array_equal(rows_meeting(bits, [parse(code.name)]), found.holds[:, column].numpy())


# --- near-duplicates, limits -----------------------------------------------------------------------------------------


def test_near_duplicates_are_folded_into_the_best(searcher):
    folded = searcher.search(Query("entry 0", k=10))
    everything = searcher.search(Query("entry 0", k=10, fold=False))
    twins = {Atlas.load().entries[0].id, *(f"copy-{number}" for number in range(COPIES))}
    assert len(twins & set(ids_of(folded))) == 1
    assert folded[0].folded == COPIES
    assert twins <= set(ids_of(everything))
    assert len(folded) == len(everything) == 10


def test_k_beyond_the_library_gives_all_of_it(searcher, library):
    assert len(searcher.search(Query("entry 0", k=1000, fold=False))) == len(library)


def test_the_same_search_gives_the_same(searcher):
    assert ids_of(searcher.search(Query("dancing"))) == ids_of(searcher.search(Query("dancing")))


def test_new_poses_are_found_and_removed_ones_are_not(library, describer):
    embedder = TellingEmbedder(64)
    searcher = Searcher(library, embedder, describer=describer)
    pose = Atlas.load().poses[301:302]
    assert searcher.search(Query(like=pose[0], k=1))[0].distance_mm > 1
    list(library.add([ListSource("late", SourcePoses(pose, np.arange(1)))], PoseAnalyser(embedder)))
    assert searcher.search(Query(like=pose[0], k=1))[0].distance_mm < 1
    library.remove("late")
    assert searcher.search(Query(like=pose[0], k=1))[0].distance_mm > 1


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Query.parse(""), QueryError),
        (lambda: Query.parse("  \t "), QueryError),
        (lambda: Query.parse("!?…"), QueryError),
        (lambda: Query.parse("\ud800"), QueryError),
        (lambda: Query.parse("a" * 2**20), TooLargeError),
        (lambda: Query("dance", k=0), QueryError),
        (lambda: Query("dance", k=-1), QueryError),
        (lambda: Query("dance", k=10**9), QueryError),
        (lambda: Query("dance", like=Pose.identity()), QueryError),
        (lambda: Query(like=Pose.identity((2,))), QueryError),
        (lambda: Query("dance", part="arms"), QueryError),
        (lambda: Query.parse("dance", where=["left kne: right angle"]), StatementError),
        (lambda: Query.parse("dance", where=["kneeling"] * 101), QueryError),
    ],
)
def test_bad_queries_are_refused_with_an_error_for_people(make, error):
    with pytest.raises(error) as caught:
        make()
    assert isinstance(caught.value, ChatposeError)
    assert len(str(caught.value)) < 400


def test_the_longest_query_is_searched(searcher):
    assert searcher.search(Query.parse("jump " * (MAX_QUERY_CHARS // 5), k=1))


def test_unknown_statements_list_near_ones():
    with pytest.raises(StatementError, match="kneeling"):
        Query.parse("dance", where=["kneelin"])


def test_several_libraries_answer_as_one(library, searcher, describer, tmp_path):
    """What is in both is folded; what only one has is found."""
    embedder = TellingEmbedder(64)
    with Library.create(tmp_path / "second", embedder) as second:
        poses = Atlas.load().poses[torch.tensor([CHOSEN[20], 301])]
        source = ListSource("mine", SourcePoses(poses, np.arange(2), ids=["twin", "mine"]), "mine")
        list(second.add([source], PoseAnalyser(embedder, describer=describer)))
        both = LibrarySearch([searcher, Searcher(second, embedder, describer=describer)])
        twin = both.search(Query(like=poses[0], k=2))
        assert twin[0].folded == 1
        assert both.search(Query(like=poses[1], k=1))[0].id == "mine"
        hits = both.search(Query("entry 0", k=40, mirror=True))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len(both.search(Query(like=poses[0], k=2, fold=False))) == 2
        assert len(open_search([library.folder, second.folder], embedder, describer=describer).searchers) == 2


def test_another_embedder_is_refused(library, describer):
    with pytest.raises(OtherEmbedderError):
        Searcher(library, FakeEmbedder(64, seed=9), describer=describer)


def test_the_mirrored_query_mirrored_is_the_query():
    query = Query.parse("left arm up, knee at a right angle", where=["left knee: right angle", "not: kneeling"])
    twin = query.mirrored()
    assert twin.text == "right arm up, knee at a right angle"
    assert [str(statement) for statement in twin.where] == ["right knee: right angle", "not: kneeling"]
    assert twin.mirrored().text == query.text
    assert query.one_sided
    assert not Query("dancing").one_sided
