"""Captions in the phrasebook's words claim only what holds, and never use a test wording."""

import pytest

from chatpose.corpus.basic_postures import basic_postures
from chatpose.errors import UnknownNameError
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.phrasebook import is_test_wording
from chatpose.posecodes.spoken import spoken_caption, training_wordings


@pytest.fixture(scope="module")
def found():
    return Describer().extract(basic_postures())


@pytest.mark.parametrize("style", ["short", "plain", "full"])
def test_every_clause_holds(found, style):
    column = {code: number for number, code in enumerate(found.codes)}
    captions = spoken_caption(found, style, range(len(found)))
    for pose, caption in enumerate(captions):
        assert caption.clauses
        assert all(found.holds[pose, column[code]] for code in caption.statements), caption.text


def test_no_test_wording_is_said(found):
    for caption in spoken_caption(found, "full", 3):
        assert not any(is_test_wording(clause.text) for clause in caption.clauses)


def test_seeds_choose_other_words_and_the_same_seed_the_same(found):
    first, again, other = (spoken_caption(found, "plain", seed) for seed in (1, 1, 2))
    assert [c.text for c in first] == [c.text for c in again]
    assert sum(a.text != b.text for a, b in zip(first, other, strict=True)) > 30


def test_training_wordings_tell_the_side():
    assert all("left" in text.lower() for text in training_wordings(("left knee: right angle",)))


def test_unknown_style(found):
    with pytest.raises(UnknownNameError):
        spoken_caption(found, "loud")
