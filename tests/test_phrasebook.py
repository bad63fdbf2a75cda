"""The phrasebook: complete, true to the grammar, split once and for all."""

import pytest

from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import measures_by_name, parse
from chatpose.posecodes.phrasebook import (
    exchange_words,
    is_test_wording,
    read_phrasebook,
    shipped_phrasebook,
)
from chatpose.posecodes.posecode import exchange_sides
from chatpose.yaml_source import SourceError


@pytest.fixture(scope="module")
def book():
    return shipped_phrasebook()


def test_every_statement_has_thirty_wordings(book):
    counts = {code.name: len(book.wordings(code.name)) for code in all_posecodes()}
    assert {name: count for name, count in counts.items() if count < 30} == {}


def test_about_a_fifth_is_for_testing_and_every_statement_has_some(book):
    flags = [saying.for_test for saying in book.sayings]
    assert 0.17 < sum(flags) / len(flags) < 0.23
    for code in all_posecodes():
        held_out = [saying.for_test for saying in book.wordings(code.name)]
        assert any(held_out), code.name
        assert not all(held_out), code.name


def test_a_wording_and_its_mirror_image_are_of_one_split(book):
    assert all(saying.for_test == saying.mirrored().for_test for saying in book.sayings)
    assert all(saying.for_test == saying.mirrored().for_test for saying in book.numbers)


def test_the_right_side_is_the_left_one_with_the_words_exchanged(book):
    left, right = book.wordings("left knee: right angle"), book.wordings("right knee: right angle")
    assert [exchange_words(saying.text) for saying in left] == [saying.text for saying in right]
    assert all(saying.means == ("right knee: right angle",) for saying in right)


def test_patterns_are_filled_with_what_people_call_the_part(book):
    texts = [saying.text for saying in book.wordings("right hand: level beside left knee")]
    assert len(texts) >= 30
    assert all("right" in text for text in texts)
    assert not any("{" in text for text in texts)


def test_mirroring_twice_gives_the_same(book):
    for saying in book.sayings[::7]:
        assert saying.mirrored().mirrored() == saying
    for number in book.numbers[::3]:
        twice = number.mirrored().mirrored()
        assert (twice.text, twice.measure) == (number.text, number.measure)
        assert twice.value(30) == pytest.approx(number.value(30))


def test_numbers_speak_of_measures_that_are_there(book):
    assert len(book.numbers) > 200
    assert {number.measure for number in book.numbers} <= set(measures_by_name())
    flexed = next(n for n in book.numbers if n.measure == "left knee angle" and n.factor < 0)
    assert flexed.value(30) == 150


def test_all_meanings_parse_and_print_back(book):
    for means in book.by_meaning:
        for line in means:
            if "{part}" not in line:
                assert str(parse(line)) == line


def test_parts_know_both_sides(book):
    assert any("right" in words for words in book.calls("right knee"))
    assert book.calls("head")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Left knee at a right angle", "Right knee at a right angle"),
        ("both knees at right angles", "both knees at right angles"),
        ("upright, his left leg left behind", "upright, his right leg right behind"),
        ("the RIGHT one", "the Left one"),
    ],
)
def test_words_are_exchanged_and_right_angles_stay(before, after):
    assert exchange_words(before) == after


def test_the_split_depends_on_the_words_alone():
    assert is_test_wording("Left  Hand on the hip") == is_test_wording("right hand on the hip")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- means: ['left knee: bendy']\n  wordings: [a]\n", r"1: \[1\].means\[1\]: unknown 'bendy'"),
        ("- means: ['standing', 'not: standing']\n  wordings: [a]\n", "can't hold together"),
        ("- means: [standing]\n  wordings: [a, A]\n", "'A' twice|'a' twice"),
        ("- means: [standing]\n", "expected means, wordings"),
        ("- means: ['left hand: level beside {part}']\n  wordings: [no slot]\n", "{part} once"),
        ("- means: ['left hand: hugging {part}']\n  wordings: ['{part}']\n", "ends in a part"),
        ("- measure: left knee angle\n  reads: sin(n)\n  wordings: ['{n}']\n", 'expected "n"'),
        ("- measure: left knee anger\n  reads: n\n  wordings: ['{n}']\n", "unknown measure"),
        ("- measure: left knee angle\n  reads: n\n  wordings: ['{n} to {n}']\n", "{n} once"),
        ("- means: [standing]\n  wordings: [up]\n- means: [kneeling]\n  wordings: [up]\n", "elsewhere"),
    ],
)
def test_a_malformed_item_is_refused_with_its_place(tmp_path, text, told):
    path = tmp_path / "some.yaml"
    path.write_text(text)
    with pytest.raises(SourceError, match=told):
        read_phrasebook([path])


def test_statements_of_a_side_nearly_always_name_it(book):
    """A wording of one statement without a side ("wrists crossed") could be of either: a few are natural."""
    sided = [
        saying
        for saying in book.sayings
        if len(saying.means) == 1 and exchange_sides(saying.means[0]) != saying.means[0]
    ]
    silent = [saying for saying in sided if exchange_words(saying.text) == saying.text]
    assert len(silent) < 0.01 * len(sided)
