"""Training of the embedder: what it is trained on and what not, batches, states, going on after a break."""

import json
from dataclasses import replace

import pytest
import torch
from text_model_fake import FakeTextModel

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.sentences import Sentence
from chatpose.cli.main import main
from chatpose.errors import UnreadableFileError, UnwritableFileError
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.phrasebook import exchange_words, is_test_wording, shipped_phrasebook
from chatpose.retrieval.embedder import Embedder, EmbedderConfig
from chatpose.train import retrieval_run
from chatpose.train.retrieval import RetrievalTrainer, _contrast
from chatpose.train.retrieval_batches import Batches, _broken
from chatpose.train.retrieval_data import RetrievalMixture, measured, retrieval_data
from chatpose.train.retrieval_figures import Gallery, Validation, recalls, summary
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.retrieval_states import StateCache
from chatpose.train.retrieval_texts import (
    KINDS,
    CaptionCounts,
    NameSearch,
    clauses,
    is_validation_entry,
    validation_descriptions,
)
from chatpose.train.trainer import run
from chatpose.train.vqvae_settings import Budget

MIXTURE = RetrievalMixture(
    real=60, variations=3, mixed=20, postures=20, phrases=80, spoken=CaptionCounts(20, 10, 4),
    captions=CaptionCounts(20, 10, 4),
)  # fmt: skip
SMALL = RetrievalTraining(
    model=EmbedderConfig(
        text_model="fake", states_width=16, text_width=16, text_heads=2, text_queries=2, middle_width=8, limb_width=8,
        pose_width=16, pose_blocks=1,
    ),
    mixture=MIXTURE, pose_steps=2, pose_batch=32, batch=24, hard=12, searched=64, gallery=20, learning_rate=3e-3,
    precision="float32",
)  # fmt: skip


def few_entries() -> Atlas:
    """Some training entries, some held out, some for testing."""
    whole = Atlas.load()
    training = whole.training().entries
    unseen = [entry for entry in training if is_validation_entry(entry)][:4]
    return whole.only([*training[:30], *unseen, *whole.testing().entries[:6]])


@pytest.fixture(scope="module")
def data(shared_data):
    atlas = few_entries()
    kept = [
        Sentence(entry.id, one.voice, f" {one.text}!".upper()) for entry in atlas for one in entry.test_descriptions()
    ]
    first = atlas.training().entries[0]
    more = [Sentence(first.id, "casual", "As nobody ever said it."), Sentence("no-such-entry", "casual", "Not this.")]
    return retrieval_data(shared_data, MIXTURE, 0, atlas, [*kept, *more])


@pytest.fixture(scope="module")
def cache(data):
    cache = StateCache(None, "fake")
    held = [form for one in (*data.known, *data.unseen) for form in (one.text, exchange_words(one.text))]
    cache.fill([*data.texts.sentences, *held], FakeTextModel())
    return cache


# --- texts and poses -------------------------------------------------------------------------------------------------


def test_nothing_held_out_is_trained_on(data):
    sentences = set(data.texts.sentences)
    atlas = few_entries()
    assert len(data.known) >= 25
    assert data.unseen
    assert "As nobody ever said it." in sentences
    assert "Not this." not in sentences
    assert not any(sentence.endswith("!") and sentence.isupper() and sentence[0] == " " for sentence in sentences)
    for one in (*data.known, *data.unseen):
        assert one.text not in sentences
    for entry in atlas:
        for description in entry.descriptions if entry.id in atlas.test_ids else entry.test_descriptions():
            assert description.text not in sentences
    phrases = (data.texts.kind == KINDS.index("phrases")).nonzero()[:, 0].tolist()
    written = [data.texts.sentences[data.texts.sentence[text]] for text in phrases]
    assert not any(is_test_wording(text) for text in written if text in _wordings())
    names = NameSearch([*atlas.testing(), *(data.atlas.entries[one.entry] for one in data.unseen)])
    kinds = (data.texts.kind <= KINDS.index("phrases")).nonzero()[:, 0]
    assert not any(names.found_in(data.texts.sentences[data.texts.sentence[text]]) for text in kinds.tolist())
    assert not set(data.pool.entry.tolist()) & {one.entry for one in data.unseen}


def _wordings() -> set[str]:
    return {saying.text for saying in shipped_phrasebook().sayings}


def test_without_holding_out_all_training_sentences_are_there(shared_data):
    whole = retrieval_data(shared_data, replace(MIXTURE, hold_out=False), 0, few_entries(), ())
    assert not whole.known
    assert not whole.unseen
    sentences = set(whole.texts.sentences)
    names = NameSearch(few_entries().testing())
    for entry in few_entries().training():
        for one in entry.training_descriptions():
            assert one.text in sentences or names.found_in(one.text)


def test_validation_is_a_share_and_stable():
    entries = Atlas.load().training().entries
    held = [entry for entry in entries if is_validation_entry(entry)]
    assert 0.05 < len(held) / len(entries) < 0.14
    for entry in entries[:50]:
        told = validation_descriptions(entry)
        assert set(told) <= set(entry.training_descriptions())
        assert told == validation_descriptions(entry)


def test_own_poses_meet_the_claims(data):
    describer = Describer()
    for text in range(0, len(data.texts), 7):
        row = int(data.texts.own[text][0])
        must, must_not = data.texts.claims[text]
        if data.texts.kind[text] == KINDS.index("clips"):
            continue
        points, gaps = describer.measure(data.pool.poses[row : row + 1])
        statements = [parse_code(data, column) for column in (*must.tolist(), *must_not.tolist())]
        found = [one.holds for one in check(statements, points, gaps)[0]]
        assert found == [True] * len(must) + [False] * len(must_not)


def parse_code(data, column):
    return Statement(data.pool.codes[column])


def test_mirrored_poses_hold_the_twins(data):
    describer = Describer()
    rows = torch.arange(0, len(data.pool), 9)
    holds, _ = measured(describer, data.pool.poses[rows].mirror(), data.pool.codes)
    same = holds == data.pool.holds[rows][:, data.pool.twins]
    assert same.float().mean() > 0.9995  # a value may lie on a threshold


def test_exchanged_sentences(data):
    texts = data.texts
    for text in range(len(texts)):
        plain, other = texts.sentences[texts.sentence[text]], texts.sentences[texts.exchanged[text]]
        assert exchange_words(plain) == other


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Stand tall and breathe.", []),
        ("Kneel on one knee, back straight and tall; hold a ring up to her, smiling.",
         ["Kneel on one knee, back straight and tall", "hold a ring up to her, smiling."]),
        ("Up, down.", []),
    ],
)  # fmt: skip
def test_clauses(text, parts):
    assert clauses(text) == parts


# --- batches ---------------------------------------------------------------------------------------------------------


def test_right_answers_of_a_batch(data, cache):
    batches = Batches(SMALL, data, cache)
    batch = batches.draw(torch.Generator().manual_seed(1))
    own = torch.arange(SMALL.batch)
    assert batch.right[own, own].all()
    assert batch.right.shape == (SMALL.batch, len(batch.rows))
    assert len(batch.rows) > SMALL.batch + 10
    free = batch.straight == batch.exchanged
    assert free.any()
    assert (~free).any()
    assert torch.equal(batch.right[free], batch.right_mirrored[free])
    claimed = (batch.wanted + batch.denied).sum(1) > 0
    met = _broken(batch.wanted, batch.denied, data.pool.holds[batch.rows]) < 0.5
    assert (batch.right | ~met)[claimed].all()
    assert not (batch.right & ~met)[claimed & ~free].float().mean() > 0.1  # variations of the own entry may miss some


def test_hard_poses_break_a_claim_and_few(data, cache):
    batches = Batches(SMALL, data, cache)
    wanted, denied = data.texts.claim_tables(range(12), len(data.pool.codes))
    rows = batches._hard(wanted, denied, torch.Generator().manual_seed(0))
    broken = _broken(wanted, denied, data.pool.holds[rows])
    assert (broken.diagonal() >= 1).all()
    everyone = _broken(wanted, denied, data.pool.holds).mean()
    assert broken.diagonal().mean() < everyone


def test_broken_counts_claims():
    wanted, denied = torch.tensor([[1.0, 1, 0, 0]]), torch.tensor([[0.0, 0, 1, 0]])
    holds = torch.tensor([[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 1]]).bool()
    assert _broken(wanted, denied, holds).tolist() == [[0, 1, 3]]


def test_contrast_passes_over_other_right_answers():
    scores = torch.tensor([[2.0, 9.0, 1.0], [0.0, 3.0, 0.0]])
    right = torch.tensor([[True, True, False], [False, True, False]])
    wanted = torch.stack([torch.tensor([2.0, 1.0]).logsumexp(0) - 2, torch.tensor([3.0, 0, 0]).logsumexp(0) - 3])
    assert torch.allclose(_contrast(scores, right), wanted)


# --- states ----------------------------------------------------------------------------------------------------------


def test_states_are_kept_and_not_read_again(tmp_path):
    model, texts = FakeTextModel(), ["left arm up", "kneel", "a b c d e f g"]
    StateCache(tmp_path, "fake").fill(texts[:2], model)
    cache = StateCache(tmp_path, "fake")
    assert texts[0] in cache
    assert texts[2] not in cache
    model.read.clear()
    cache.fill(texts, model)
    assert model.read == texts[2:]
    found, wanted = cache.states(texts), model(texts)
    assert torch.equal(found.mask, wanted.mask)
    assert (found.states - wanted.states).abs().max() < 0.02
    assert "kneel" not in StateCache(tmp_path, "another")


def test_a_damaged_piece_is_refused(tmp_path):
    StateCache(tmp_path, "fake").fill(["kneel"], FakeTextModel())
    (piece,) = tmp_path.glob("*.safetensors")
    piece.write_bytes(piece.read_bytes()[:40])
    with pytest.raises(UnreadableFileError, match="damaged"):
        StateCache(tmp_path, "fake")


# --- training --------------------------------------------------------------------------------------------------------


def test_training_learns(data, cache):
    trainer = RetrievalTrainer(SMALL, data, cache)
    alone = [trainer.advance(0.1) for _ in range(SMALL.pose_steps)]
    assert all("pose" not in losses for losses in alone)
    first = [float(trainer.advance(0.3)["loss"].detach()) for _ in range(4)]
    last = [float(trainer.advance(0.3)["loss"].detach()) for _ in range(46)][-4:]
    assert sum(last) < 0.93 * sum(first)


def test_a_broken_run_goes_on_exactly(data, cache, tmp_path):
    whole = RetrievalTrainer(SMALL, data, cache)
    run(whole, Budget(steps=6))
    broken = RetrievalTrainer(SMALL, data, cache)
    for step in range(3):
        broken.advance(step / 6)
    broken.save(tmp_path)
    resumed = RetrievalTrainer(SMALL, data, cache)
    assert resumed.resume(tmp_path)
    assert resumed.step == 3
    run(resumed, Budget(steps=6), work=tmp_path)
    for name, tensor in whole.averaged().tensors().items():
        assert torch.equal(tensor, resumed.averaged().tensors()[name]), name


def test_checkpoints_of_other_settings_are_refused(data, cache, tmp_path):
    trainer = RetrievalTrainer(SMALL, data, cache)
    trainer.advance(0.0)
    trainer.save(tmp_path)
    with pytest.raises(UnwritableFileError, match="other settings"):
        RetrievalTrainer(replace(SMALL, aux=0.1), data, cache).resume(tmp_path)
    path = tmp_path / RetrievalTrainer.CHECKPOINT
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreadableFileError, match="damaged"):
        trainer.resume(tmp_path)


def test_unknown_kinds_of_texts_are_refused():
    with pytest.raises(ValueError, match="poems"):
        RetrievalTraining(shares={"poems": 1.0})


# --- figures ---------------------------------------------------------------------------------------------------------


def test_recalls_count_right_answers_among_the_first():
    scores = torch.tensor([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    right = torch.tensor([[False, True, False], [True, False, False]])
    assert recalls(scores, right, (1, 2)) == {1: 50.0, 2: 100.0}


def test_an_entrys_own_pose_is_always_right(data):
    gallery = Gallery.of(data.atlas, Describer())
    places = torch.arange(len(data.atlas))
    assert gallery.right(places, torch.zeros(len(places), dtype=torch.bool)).diagonal().all()
    assert gallery.truth.float().mean() < 0.3


def test_validation_measures_everything_that_was_held_out(data, cache):
    trainer = RetrievalTrainer(SMALL, data, cache)
    validation = Validation(data, cache)
    figures = validation.figures(trainer.averaged())
    assert {"known descriptive R@1", "unseen descriptive R@10", "known descriptive sides"} <= set(figures)
    assert all(0 <= value <= 100 for value in figures.values())
    assert "known " in summary(figures)


def test_command(shared_data, tmp_path, monkeypatch, capsys):
    few_entries().save(tmp_path / "atlas")
    settings = {
        "model": {"text_model": "fake", "states_width": 16, "text_width": 16, "text_heads": 2, "middle_width": 8,
                  "limb_width": 8, "pose_width": 16, "pose_blocks": 1},
        "mixture": {"real": 30, "variations": 2, "mixed": 10, "postures": 10, "phrases": 30,
                    "spoken": {"short": 6, "plain": 4, "full": 2}, "captions": {"short": 6, "plain": 4, "full": 2},
                    "hold_out": False},
        "pose_steps": 1, "batch": 12, "hard": 4, "searched": 16, "gallery": 8, "precision": "float32",
    }  # fmt: skip
    (tmp_path / "settings.yaml").write_text(json.dumps(settings))
    monkeypatch.setattr(retrieval_run, "open_text_model", lambda name: FakeTextModel(name=name))
    asked = ["train", "retrieval", "--data", str(shared_data), "--config", str(tmp_path / "settings.yaml"),
             "--atlas", str(tmp_path / "atlas"), "--out", str(tmp_path / "made"), "--work", str(tmp_path / "work"),
             "--steps", "2"]  # fmt: skip
    assert main(asked) == 0
    assert "2 steps" in capsys.readouterr().out
    made = Embedder.from_pretrained(tmp_path / "made", text_model=FakeTextModel())
    assert made.embed_texts(["kneel"]).shape == (1, 256)
    assert "hold a test entry's name" in (tmp_path / "made" / "1_PoseText" / "README.md").read_text()
    assert main(asked) == 0  # goes on, and has nothing left to do
