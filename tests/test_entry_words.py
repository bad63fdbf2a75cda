"""Sentences about entries: what is near is lifted, little is, and nothing kept for testing is in them."""

import numpy as np
import pytest
import torch
from text_model_fake import FakeTextModel

from chatpose.atlas.compiled import Atlas
from chatpose.errors import ChatposeError
from chatpose.retrieval.entry_words import EntryLift, EntryWords, sentence_vectors
from chatpose.train.entry_words import KEPT, build, centres, entry_texts
from chatpose.train.retrieval_texts import is_validation_entry, plain_words, validation_descriptions

TEXTS = {
    f"entry-{place}": [f"words {place} {n} {'abcdefghij'[place % 10] * 3}" for n in range(12)] for place in range(20)
}


@pytest.fixture(scope="module")
def words():
    return build(TEXTS, FakeTextModel(), dimension=12)


def test_an_own_sentence_lifts_its_entry_most(words):
    lift = EntryLift(words, FakeTextModel)
    own = [key for key, several in TEXTS.items() if next(iter(lift.of(several[3])), "") == key]
    assert len(own) >= 0.8 * len(TEXTS)


def test_little_is_lifted(words):
    lifts = words.lifts(sentence_vectors(FakeTextModel(), ["something else altogether"]))
    assert lifts.shape == (1, len(TEXTS))
    assert (lifts >= 0).all()
    assert int((lifts > 0).sum()) <= 2


def test_an_entry_keeps_some_vectors_and_its_place(words):
    owner = words.tensors()["owner"]
    assert torch.bincount(owner.long()).tolist() == [KEPT] * len(TEXTS)


def test_centres_are_unit_and_stand_for_groups():
    generator = torch.Generator().manual_seed(0)
    groups = torch.nn.functional.normalize(torch.randn(4, 16, generator=generator), dim=-1)
    points = groups.repeat_interleave(10, 0) + 0.05 * torch.randn(40, 16, generator=generator)
    found = centres(torch.nn.functional.normalize(points, dim=-1), 4)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(4))
    assert ((groups @ found.T).amax(1) > 0.95).all()
    assert len(centres(found, 9)) == 4


def test_saved_and_loaded(words, tmp_path):
    words.save_pretrained(tmp_path / "words", "A card.")
    again = EntryWords.from_pretrained(tmp_path / "words")
    sentences = sentence_vectors(FakeTextModel(), ["arms up", "on one leg"])
    torch.testing.assert_close(again.lifts(sentences), words.lifts(sentences))
    config = tmp_path / "words" / "config.json"
    config.write_text(config.read_text().replace('"count": 160', '"count": 161'))
    with pytest.raises(ChatposeError):
        EntryWords.from_pretrained(tmp_path / "words")


def test_what_is_kept_for_testing_is_left_out():
    atlas = Atlas.load()
    texts = entry_texts(atlas)
    assert not set(texts) & atlas.test_ids
    said = {plain_words(text) for several in texts.values() for text in several}
    for entry in atlas.training():
        assert not said & {plain_words(one.text) for one in entry.test_descriptions()}
    held = entry_texts(atlas, hold_out=True)
    assert not any(is_validation_entry(entry) for entry in atlas.training() if entry.id in held)
    for entry in atlas.training():
        told = {one.text for one in validation_descriptions(entry)} - set(entry.names)
        assert not told & set(held.get(entry.id, ()))


def test_the_shipped_ones_are_about_training_entries():
    words = EntryWords.load()
    assert {entry.id for entry in Atlas.load().training()} >= set(words.config.entries)
    assert np.isfinite(words.tensors()["vectors"].float().numpy()).all()
