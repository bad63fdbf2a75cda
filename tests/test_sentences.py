"""Sentences for training: the shipped ones are about training entries and unlike each other; bad lines are named."""

import collections
import re

import pytest

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.sentences import MAX_CHARS, Sentence, by_entry, read_sentences
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.train.retrieval_texts import plain_words


@pytest.fixture(scope="module")
def shipped():
    return read_sentences()


def test_shipped_sentences_are_about_training_entries(shipped):
    atlas = Atlas.load()
    training = {entry.id for entry in atlas.training()}
    found = by_entry(shipped)
    assert found.keys() <= training
    assert sum(map(len, found.values())) == len(shipped)


def test_no_sentence_is_there_twice(shipped):
    counts = collections.Counter(plain_words(one.text) for one in shipped if one.voice != "query")
    assert not [text for text, count in counts.items() if count > 1]


def test_sides_are_the_bodys(shipped):
    """Nothing is told from the camera's side."""
    wrong = re.compile(
        r"\b(viewer|camera|picture|frame|screen|page)'s (left|right)|(left|right) of the (picture|frame|image)"
    )
    assert not [one for one in shipped if wrong.search(one.text.lower())]


def test_read_in_order(tmp_path):
    (tmp_path / "b.tsv").write_text("crow\tquery\tarm balance bird\n", encoding="utf-8")
    (tmp_path / "a.tsv").write_text("plank\tcoach\tHold it.\nplank\tcasual\tÄh, auch gut\n", encoding="utf-8")
    found = read_sentences(tmp_path)
    assert [one.entry for one in found] == ["plank", "plank", "crow"]
    assert by_entry(found)["plank"] == (
        Sentence("plank", "coach", "Hold it."),
        Sentence("plank", "casual", "Äh, auch gut"),
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("plank\tcoach", "2 columns"),
        ("plank\tcoach\ta\tb", "4 columns"),
        ("", "1 columns"),
        ("plank\tpirate\tArr.", "voice 'pirate'"),
        ("plank\tcoach\t", "''"),
        ("plank\tcoach\t blank before", "' blank"),
        (f"plank\tcoach\t{'x' * (MAX_CHARS + 1)}", "xxx"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, told):
    (tmp_path / "part.tsv").write_text(f"plank\tcoach\tFine.\n{line}\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=f"part.tsv:2: .*{told}"):
        read_sentences(tmp_path)


def test_no_folder_and_no_text(tmp_path):
    with pytest.raises(MissingFileError):
        read_sentences(tmp_path)
    (tmp_path / "part.tsv").write_bytes(b"plank\tcoach\t\xff\xfe\n")
    with pytest.raises(UnreadableFileError, match="UTF-8"):
        read_sentences(tmp_path)
