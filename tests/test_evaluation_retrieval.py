"""The figures of retrieval: embedders that know everything, nothing, or the wrong side."""

import argparse
import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from embedder_fake import FakeEmbedder
from text_model_fake import FakeTextModel

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, stack_poses
from chatpose.cli import evaluate_retrieval
from chatpose.cli.main import main
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError
from chatpose.evaluation import retrieval_methods
from chatpose.evaluation import retrieval_sets as sets
from chatpose.evaluation.retrieval import (
    CAPTIONS,
    FIRST,
    MEAN,
    POSESCRIPT,
    SIDES,
    Figures,
    caption_figures,
    describe_rows,
    describe_targets,
    name_figures,
    sentence_figures,
    side_figures,
)
from chatpose.evaluation.retrieval_methods import CHANCE, EMBEDDER, MINILM, JointSpace, PlainSentences, PoseGallery
from chatpose.evaluation.retrieval_prompts import CONSTANT, HELD, WHOLE, prompt_figures, read_prompts
from chatpose.evaluation.retrieval_recall import expected_recalls
from chatpose.evaluation.retrieval_search import SEARCH, RememberingEmbedder, Searching, atlas_library, searching
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.phrasebook import exchange_words, shipped_phrasebook
from chatpose.retrieval.embedder import Embedder, EmbedderConfig, PoseTextTowers
from chatpose.retrieval.library_errors import OtherEmbedderError
from chatpose.train.retrieval_figures import Gallery, recalls
from chatpose.train.retrieval_texts import HeldOut, is_validation_entry

TINY = EmbedderConfig(
    text_model="fake", states_width=16, text_width=16, text_heads=2, text_queries=2, middle_width=8, limb_width=8,
    pose_width=16, pose_blocks=1,
)  # fmt: skip


class Oracle(FakeEmbedder):
    """Knows which pose a text means; the exchanged text means the mirror image. Of other texts it knows nothing."""

    def __init__(self, meant: Mapping[str, Pose], *, wrong_side: bool = False) -> None:
        super().__init__(64)
        self._meant = {text: pose.mirror() if wrong_side else pose for text, pose in meant.items()}
        self._meant |= {
            exchange_words(text): pose.mirror() for text, pose in self._meant.items() if exchange_words(text) != text
        }

    def embed_texts(self, texts):
        rows = super().embed_texts(texts)
        for row, text in enumerate(texts):
            if text in self._meant:
                rows[row] = self.embed_poses(stack_poses([self._meant[text]]))[0]
        return rows


class Constant(FakeEmbedder):
    """Knows nothing at all."""

    def embed_poses(self, pose):
        return np.eye(1, self.dimension, dtype=np.float32).repeat(len(pose), 0)

    def embed_texts(self, texts):
        return np.eye(1, self.dimension, dtype=np.float32).repeat(len(texts), 0)


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """Some training entries, some of them held out, some for testing."""
    whole = Atlas.load()
    training = whole.training().entries
    unseen = [entry for entry in training if is_validation_entry(entry)][:5]
    seen = [entry for entry in training if not is_validation_entry(entry)][:24]
    return whole.only([*seen, *unseen, *whole.testing().entries[:6]])


@pytest.fixture(scope="module")
def truth(atlas, describer) -> Gallery:
    return Gallery.of(atlas, describer)


def meanings(atlas: Atlas, sentences: sets.SentenceSet) -> dict[str, Pose]:
    return {one.text: atlas.poses[one.entry] for one in sentences.sentences}


def of(rows: list[Figures], what: str, method: str) -> Figures:
    (found,) = (row for row in rows if (row.what, row.method) == (what, method))
    return found


# --- recall ----------------------------------------------------------------------------------------------------------


def test_recall_without_ties_is_the_usual_one():
    scores = torch.rand(40, 30)
    right = torch.rand(40, 30) < 0.05
    assert expected_recalls(scores, right) == pytest.approx({f"R@{k}": v for k, v in recalls(scores, right).items()})


@pytest.mark.parametrize("values", [(0, 0, 0, 0, 0), (1, 1, 1, 0, 0), (2, 1, 1, 1, 0)])
@pytest.mark.parametrize("wanted", [(1,), (3,), (1, 4), ()])
def test_recall_of_ties_is_the_mean_over_their_orders(values, wanted):
    orders = [
        order for order in itertools.permutations(range(5)) if sorted(order, key=lambda n: -values[n]) == [*order]
    ]
    right = torch.tensor([[place in wanted for place in range(5)]])
    for k in (1, 2, 5, 9):
        mean = sum(any(place in wanted for place in order[:k]) for order in orders) / len(orders)
        found = expected_recalls(torch.tensor([values]), right, (k,))[f"R@{k}"]
        assert found == pytest.approx(100 * mean, abs=1e-6)


def test_what_is_not_ranked_is_never_found():
    scores = torch.tensor([[0.5, -torch.inf, -torch.inf], [0.5, torch.nan, 0.1]])
    right = torch.tensor([[False, True, True], [False, True, False]])
    assert expected_recalls(scores, right, (1, 3)) == {"R@1": 0.0, "R@3": 0.0}


# --- what is held out ------------------------------------------------------------------------------------------------


def test_sentences_of_the_splits():
    atlas = Atlas.load()
    known, unseen = sets.sentence_sets(atlas, "test")
    assert {one.text for one in known.sentences} == {
        one.text for entry in atlas.training() for one in entry.test_descriptions()
    }
    assert {atlas.entries[one.entry].id for one in unseen.sentences} == atlas.test_ids
    before = {one.text for one in (*known.sentences, *unseen.sentences)}
    known, unseen = sets.sentence_sets(atlas, "validation")
    assert len(known.sentences) > 400
    assert len(unseen.sentences) > 300
    assert not before & {one.text for one in (*known.sentences, *unseen.sentences)}
    assert not {one.entry for one in known.sentences} & {one.entry for one in unseen.sentences}
    assert not any(atlas.entries[one.entry].id in atlas.test_ids for one in (*known.sentences, *unseen.sentences))


def test_names_of_the_splits():
    atlas = Atlas.load()
    for split in ("validation", "test"):
        known, unseen = sets.name_sets(atlas, split)
        for held, others in ((known, unseen), (unseen, known)):
            assert held.names
            places = {place for _, carriers in held.names for place in carriers}
            assert all(name.lower() in map(str.lower, atlas.entries[p].names) for name, ps in held.names for p in ps)
            assert held.what != others.what
            if split == "validation" and held is unseen:
                assert any(is_validation_entry(atlas.entries[place]) for place in places)


@pytest.mark.parametrize(
    ("text", "sided"),
    [("left arm up", True), ("arms to the left and right", False), ("Right and left, the left lower", True),
     ("a right angle", False), ("kneel", False), ("either knee, left or right", False)],
)  # fmt: skip
def test_naming_a_side(text, sided):
    assert sets.names_a_side(text) == sided


# --- sentences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["validation", "test"])
def test_who_knows_everything_gets_everything(atlas, truth, split):
    for asked in sets.sentence_sets(atlas, split):
        rows = sentence_figures(asked, atlas, truth, [JointSpace(Oracle(meanings(atlas, asked)))])
        own = [row for row in rows if row.method == EMBEDDER]
        assert {f"{asked.what}, descriptive voices", f"{asked.what}, oblique voices"} <= {row.what for row in own}
        for row in own:
            assert row.percent == {"R@1": 100.0, "R@5": 100.0, "R@10": 100.0}, row.what
        assert of(rows, f"{asked.what}, descriptive voices", EMBEDDER).gallery == len(atlas)


def test_who_knows_nothing_gets_chance(atlas, truth):
    asked, _ = sets.sentence_sets(atlas, "validation")
    rows = sentence_figures(asked, atlas, truth, [JointSpace(Constant())])
    for row in rows:
        assert row.percent == pytest.approx(of(rows, row.what, CHANCE).percent)
    assert of(rows, f"{asked.what}, descriptive voices", CHANCE).percent["R@1"] < 20
    assert any(row.what.startswith("pose to text") for row in rows)


def test_the_mirror_image_is_right_only_where_no_side_is_named(atlas, truth):
    place = int((~truth.truth_mirrored.diagonal()).nonzero()[0])
    other = atlas.poses[place]
    mirrored = Atlas(
        (*atlas.entries, atlas.entries[place]), Pose.from_rotations(torch.cat([atlas.poses.local_rotations,
        other.mirror().local_rotations[None]])), atlas.test_ids)  # fmt: skip
    table = truth_without_own_twin(mirrored, len(atlas))
    for text, hit in (("the left leg is up", 0.0), ("a leg is up", 100.0)):
        asked = sets.SentenceSet("some", "", (HeldOut("coach", text, place),))
        rows = sentence_figures(asked, mirrored, table, [JointSpace(Oracle({text: other.mirror()}))])
        assert of(rows, "some, descriptive voices", EMBEDDER).percent["R@1"] == hit


def truth_without_own_twin(atlas: Atlas, count: int) -> Gallery:
    """The last entry of the atlas is the mirror image of another and right only by what it claims."""
    found = Gallery.of(atlas, Describer())
    truth = found.truth.clone()
    truth[-1, -1] = False
    assert len(atlas) == count + 1
    return Gallery(found.features, truth, found.truth_mirrored)


# --- search ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def search(atlas, describer, tmp_path_factory) -> Searching:
    known, unseen = sets.sentence_sets(atlas, "validation")
    embedder = RememberingEmbedder(Oracle(meanings(atlas, known) | meanings(atlas, unseen)))
    library = atlas_library(tmp_path_factory.mktemp("library") / "atlas", atlas, embedder, describer)
    return searching(library, atlas, embedder, describer)


def test_search_of_who_knows_everything(atlas, truth, search):
    asked, _ = sets.sentence_sets(atlas, "validation")
    rows = sentence_figures(asked, atlas, truth, [search])
    assert of(rows, f"{asked.what}, descriptive voices", SEARCH).percent["R@1"] == 100
    assert not any(row.method == SEARCH for row in rows if row.what.startswith("pose to text"))


def test_search_lifts_names_that_the_embedder_does_not_know(atlas, search):
    asked, _ = sets.name_sets(atlas, "validation")
    rows = name_figures(asked, atlas, [JointSpace(FakeEmbedder(64)), search.first()])
    found = {row.method: row.percent[FIRST] for row in rows}
    assert found[SEARCH] == 100
    assert found[EMBEDDER] < 25
    assert found[CHANCE] < 5


def test_a_query_that_cannot_be_asked_has_no_hits(search):
    assert [len(hits) for hits in search.hits(["...", "kneeling", "x" * 3000], 2)] == [0, 2, 0]
    assert not search.scores(["..."], PoseGallery(Pose.identity((5,)), ((),) * 5)).isfinite().any()


def test_texts_are_read_once():
    class Counting(FakeEmbedder):
        read: tuple[str, ...] = ()

        def embed_texts(self, texts):
            self.read += tuple(texts)
            return super().embed_texts(texts)

    counting = Counting(8)
    embedder = RememberingEmbedder(counting)
    first = embedder.embed_texts(["a", "b", "a"])
    again = embedder.embed_texts(["b", "c"])
    assert counting.read == ("a", "b", "c")
    assert np.array_equal(first[1], again[0])
    assert np.array_equal(first, FakeEmbedder(8).embed_texts(["a", "b", "a"]))
    assert embedder.embed_texts([]).shape == (0, 8)


# --- sides -----------------------------------------------------------------------------------------------------------


def pairs_of(texts: Mapping[str, Pose]) -> sets.SidePairs:
    poses = stack_poses(list(texts.values()))
    return sets.SidePairs("some", "", "all", tuple(texts), poses, ((),) * len(texts), torch.arange(len(texts)), 0)


def test_sides(describer, atlas, truth):
    known, _ = sets.sentence_sets(atlas, "test")
    pairs = sets.entry_pairs(atlas, truth, known)
    assert len(pairs.texts) >= 3
    meant = {text: pairs.poses[row] for text, row in zip(pairs.texts, pairs.pose, strict=True)}
    percent = {}
    for name, embedder in (
        ("right", Oracle(meant)), ("wrong", Oracle(meant, wrong_side=True)), ("none", Constant()),
    ):  # fmt: skip
        percent[name] = of(side_figures(pairs, [JointSpace(embedder)]), pairs.what, EMBEDDER).percent[SIDES]
    assert percent == {"right": 100.0, "wrong": 0.0, "none": 25.0}


def test_both_the_sentence_and_its_twin_count():
    pose = jittered_postures(1, torch.Generator().manual_seed(0))[0]

    class OneWay(Oracle):
        def embed_texts(self, texts):  # the exchanged sentence is read like the sentence
            return super().embed_texts([text.replace("right", "left") for text in texts])

    rows = side_figures(pairs_of({"left arm up": pose}), [JointSpace(OneWay({"left arm up": pose}))])
    assert of(rows, "some", EMBEDDER).percent == {SIDES: 0.0, "one by one": 50.0}


def test_entries_that_look_alike_from_both_sides_decide_nothing(atlas, truth):
    for asked in sets.sentence_sets(atlas, "test"):
        pairs = sets.entry_pairs(atlas, truth, asked)
        entries = {one.text: one.entry for one in asked.sentences}
        assert not any(truth.truth_mirrored[entries[text], entries[text]] for text in pairs.texts)
        assert len(pairs.texts) + pairs.left_out == sum(sets.names_a_side(one.text) for one in asked.sentences)


def test_sayings_hold_for_their_pose_and_not_for_its_mirror_image(describer):
    book = shipped_phrasebook()
    pairs = sets.saying_pairs(book, describer, "test", 400)
    assert len(pairs.texts) > 200
    known = {saying.text: saying for saying in book.sayings}
    plain = [(text, row) for text, row in zip(pairs.texts, pairs.pose.tolist(), strict=True) if text in known]
    assert all(known[text].for_test for text, _ in plain)
    for text, row in plain[::40]:
        for pose, wanted in ((pairs.poses[row], True), (pairs.poses[row].mirror(), False)):
            found = describer.extract(stack_poses([pose]))
            holds = dict(zip(found.codes, found.holds[0].tolist(), strict=True))
            said = [claim for claim in known[text].statements() if claim.code in holds]
            if len(said) == len(known[text].means):
                assert all(holds[claim.code] != claim.negated for claim in said) == wanted
    again = sets.saying_pairs(book, describer, "test", 400)
    assert again.texts == pairs.texts
    assert torch.equal(again.pose, pairs.pose)


def test_validation_takes_no_wordings_of_the_test(describer):
    book = shipped_phrasebook()
    texts = set(sets.saying_pairs(book, describer, "validation", 200).texts)
    assert texts
    assert not texts & {saying.text for saying in book.sayings if saying.for_test}


# --- captions --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def captions(describer) -> sets.CaptionSet:
    return sets.caption_set(jittered_postures(60, torch.Generator().manual_seed(5)), describer, 20)


def test_captions_are_short_true_and_of_the_first_poses(captions):
    assert len(captions.texts) == len(captions.poses) == 20
    assert max(len(text.split()) for text in captions.texts) <= 45
    assert captions.right.diagonal().all()
    assert captions.right.float().mean() < 0.5


def test_captions_both_ways(captions):
    names = [()] * len(captions.texts)
    for method, wanted in ((JointSpace(Oracle(dict(zip(captions.texts, captions.poses, strict=True)))), 100.0),
                           (JointSpace(Constant()), None)):  # fmt: skip
        rows = caption_figures(captions, names, [method])
        row = of(rows, CAPTIONS, EMBEDDER)
        assert set(row.percent) == set(POSESCRIPT)
        assert "gallery and captions are others" in describe_rows(rows)[1]
        assert row.percent[MEAN] == pytest.approx(of(rows, CAPTIONS, CHANCE).percent[MEAN] if wanted is None else 100)
    own = of(rows, f"{CAPTIONS}, only the own pose counts", CHANCE).percent
    assert own["T2P R@1"] == pytest.approx(5.0)
    assert own["P2T R@10"] == pytest.approx(50.0)


def test_no_captions_no_figures(describer):
    empty = sets.caption_set(Pose.identity((0,)), describer)
    assert caption_figures(empty, [], [JointSpace(Constant())]) == []


# --- baseline --------------------------------------------------------------------------------------------------------


def test_baseline_reads_names_and_captions(describer):
    poses = jittered_postures(6, torch.Generator().manual_seed(1))
    gallery = PoseGallery(poses, tuple((f"name{n}",) for n in range(6)))
    model = FakeTextModel()
    baseline = PlainSentences(describer, model)
    documents = baseline.documents(gallery)
    assert all(several[0] == f"name{n}" and len(several) >= 2 for n, several in enumerate(documents))
    texts = ["name3", documents[4][1]]
    assert baseline.scores(texts, gallery).argmax(1).tolist() == [3, 4]
    assert len(model.read) == len(set(model.read))


def test_baseline_reads_texts_of_like_length_together():
    batches = retrieval_methods._batches(sorted(("a" * (n % 400 + 1) for n in range(900)), key=len))
    assert sum(map(len, batches)) == 900
    assert 2 < len(batches) < 30
    for batch in batches:
        assert len(batch) * max(len(text) + 8 for text in batch) <= retrieval_methods._BATCH_CHARS


# --- prompts ---------------------------------------------------------------------------------------------------------

FAKE_JUDGE = """
import json, sys, zipfile
items = [json.loads(line) for line in open(sys.argv[1])]
answers = [json.loads(line) for line in open(sys.argv[2])]
assert sys.argv[3] == "--baseline" and "joints.npy" in zipfile.ZipFile(sys.argv[4]).namelist()
good = 0
for item, answer in zip(items, answers):
    pose = answer["poses"][0]["pose"] if "poses" in answer else {"joints": []}
    if pose["joints"]:
        assert len(pose["joints"]) == 24 and len(pose["global_orient"]) == 3 and len(pose["body_pose"]) == 69
        good += abs(pose["body_pose"][0] - item["wanted"]) < 1e-3
print("%-12s %4s  %-22s %-28s %s" % ("", "n", "result held / whole", "constant", "shuffled held / whole"))
for category in ("some", "ALL"):
    share = 100 * good / len(items)
    line = "%-12s %4d  %5.1f / %5.1f         " % (category, len(items), share, share)
    print(line + "%5.1f / %5.1f (%d)          " % (33.3, 6.7, 12) + "%5.1f / %5.1f" % (1.5, 0))
"""


@pytest.fixture
def prompts(atlas, tmp_path) -> Path:
    """Asks for entries by number; right is the first number of the pose."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    rows = [{"prompt": f"entry {n}", "wanted": float(atlas.poses[n].axis_angle()[1, 0])} for n in range(8)]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "judge.py").write_text(FAKE_JUDGE)
    return folder


def test_prompts_are_judged_by_their_judge(atlas, prompts, search, describer):
    gallery = PoseGallery.of_atlas(atlas)
    knowing = JointSpace(Oracle({f"entry {n}": atlas.poses[n] for n in range(8)}))
    rows = prompt_figures(prompts, gallery, [knowing], search, describer.body)
    found = of(rows, "prompts, ALL", EMBEDDER)
    assert (found.queries, found.gallery) == (8, len(atlas))
    assert found.percent == {HELD: 100, WHOLE: 100, f"shuffled, {HELD}": 1.5, f"shuffled, {WHOLE}": 0}
    assert of(rows, "prompts, some", CONSTANT).percent == {HELD: 33.3, WHOLE: 6.7}
    assert of(rows, "prompts, ALL", SEARCH).percent[WHOLE] < 80  # it doesn't know these texts


def test_prompts_are_looked_up_in_the_library_that_is_named(atlas, prompts, describer, tmp_path):
    embedder = RememberingEmbedder(Oracle({f"entry {n}": atlas.poses[n] for n in range(8)}))
    some = atlas.only(atlas.entries[:10])
    atlas_library(tmp_path / "some", some, embedder, describer).close()
    whole = atlas_library(tmp_path / "whole", atlas, embedder, describer)
    options = argparse.Namespace(prompts=prompts, library=tmp_path / "some")
    rows = evaluate_retrieval._prompts(options, describer, embedder, [JointSpace(embedder)], whole, atlas)
    assert {row.gallery for row in rows} == {10}
    assert of(rows, "prompts, ALL", EMBEDDER).percent[WHOLE] == of(rows, "prompts, ALL", SEARCH).percent[WHOLE] == 100
    with pytest.raises(OtherEmbedderError):
        evaluate_retrieval._library(options, RememberingEmbedder(FakeEmbedder(8)), describer)


def test_prompts_that_cannot_be_judged(prompts, atlas, search, describer):
    gallery = PoseGallery.of_atlas(atlas)
    (prompts / "judge.py").write_text("raise SystemExit('no such thing')")
    with pytest.raises(UnreadableFileError, match="no such thing"):
        prompt_figures(prompts, gallery, [JointSpace(Constant())], None, describer.body)
    (prompts / "prompts.jsonl").write_text('{"words": "?"}\n')
    with pytest.raises(UnreadableFileError, match="prompt"):
        read_prompts(prompts)
    (prompts / "judge.py").unlink()
    with pytest.raises(MissingFileError, match=r"judge\.py"):
        read_prompts(prompts)


# --- tables and command ----------------------------------------------------------------------------------------------


def test_tables_say_gallery_what_was_held_out_and_what_is_reached():
    known = Figures("entries known, descriptive voices", EMBEDDER, 10, 604, "ten sentences",
                    {"R@1": 70.0, "R@5": 80.0, "R@10": 95.0})  # fmt: skip
    other = Figures(CAPTIONS, EMBEDDER, 20, 1000, "the subjects", dict.fromkeys(POSESCRIPT, 50.0))
    lines = describe_rows([known, other])
    assert lines[0].endswith("10 among 604; held out: ten sentences")
    assert any("74.7" in line for line in lines)
    reached = describe_targets([known, other])
    assert [line.split()[0] for line in reached] == ["reached", "MISSED", "MISSED"]


@pytest.fixture
def tiny(tmp_path, monkeypatch, atlas) -> Path:
    """An untrained embedder with small everything."""
    torch.manual_seed(0)
    Embedder(PoseTextTowers(TINY)).save_pretrained(tmp_path / "tiny", "# tiny\n")
    monkeypatch.setattr("chatpose.retrieval.embedder.open_text_model", lambda name: FakeTextModel())
    monkeypatch.setattr(retrieval_methods, "open_text_model", FakeTextModel)
    monkeypatch.setattr(evaluate_retrieval, "_atlas", lambda: atlas.only(atlas.entries[18:26]))
    monkeypatch.setattr(sets.saying_pairs, "__defaults__", (60,))
    return tmp_path / "tiny"


def test_command(tiny, capsys):
    asked = ["evaluate", "retrieval", "--split", "validation", "--embedder", str(tiny)]
    assert main([*asked, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["suite"] for row in rows} == {"retrieval"}
    assert {row["split"] for row in rows} == {"validation"}
    assert all(row["held_out"] and row["gallery"] and row["queries"] for row in rows)
    methods = {row["method"] for row in rows if row["what"] == "entries known, descriptive voices"}
    assert methods == {EMBEDDER, SEARCH, MINILM, CHANCE}
    assert any(row["what"].startswith("alternate names") for row in rows)
    assert any(row["what"].startswith("sentences with a side") for row in rows)


def test_bad_options_are_one_line(tiny, prompts, tmp_path, capsys):
    for more, word in (
        (["--data", str(tmp_path / "nowhere")], "nowhere"),
        (["--split", "validation", "--prompts", str(prompts)], "testing only"),
        (["--prompts", str(tmp_path)], "prompts.jsonl"),
        (["--embedder", str(tmp_path / "nowhere")], "nowhere"),
    ):
        assert main(["evaluate", "retrieval", "--embedder", str(tiny), *more]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert word in line


def test_a_library_that_cannot_be_made_is_an_error(tmp_path, atlas, describer):
    with pytest.raises(ChatposeError):
        atlas_library(ROOT, atlas, FakeEmbedder(8), describer)
