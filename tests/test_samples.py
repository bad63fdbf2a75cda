"""Samples: saved and loaded, mirrored, refused when damaged; clauses and sentences; claims as numbers."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatpose.corpus.instructions.parts import PARTS
from chatpose.corpus.samples.claims import claim_line, claim_of_line, claims_of, mirrored_claim
from chatpose.corpus.samples.clauses import after, for_both, form_of, with_owner, without_adverb
from chatpose.corpus.samples.holders import Holders
from chatpose.corpus.samples.postures import OTHER, POSTURES, STANDING, posture_columns, postures_of
from chatpose.corpus.samples.samples import (
    TOKEN_PARTS,
    SampleContext,
    SampleHead,
    Samples,
    lists_of,
    mirrored_codes,
)
from chatpose.corpus.samples.sayings import SayingBook
from chatpose.corpus.samples.sentences import compose
from chatpose.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.phrasebook import is_test_wording

COUNT = len(all_posecodes())


def claim(line: str) -> int:
    found = claim_of_line(line)
    assert found is not None
    return found


@pytest.fixture
def samples() -> Samples:
    texts = ["left hand on the hip", "tree pose, but no left arm up"]
    block = "".join(texts).encode()
    plan_ends, plan = lists_of([(claim("left hand: on hip"),), (claim("not: left arm: raised level"),), ()])
    holds = np.zeros((2, COUNT), bool)
    holds[0, claim("left hand: on hip")] = True
    arrays = {
        "text_ends": np.array([0, len(texts[0]), len(block)]),
        "text_block": np.frombuffer(block, np.uint8),
        "pose_codes": np.arange(24, dtype=np.int16).reshape(2, 12),
        "pose_holds": np.packbits(holds, axis=1),
        "pose_posture": np.array([STANDING, 3], np.uint8),
        "text": np.array([0, 1, 1], np.int32),
        "pose": np.array([0, 1, 0], np.int32),
        "plan_ends": plan_ends,
        "plan": plan,
        "context": np.array([[-1, -1], [0, -1], [0, -1]], np.int16),
        "entry": np.array([-1, 0, 0], np.int16),
        "kind": np.array([0, 3, 3], np.uint8),
        "split": np.array([0, 0, 3], np.uint8),
        "context_codes": np.arange(12, dtype=np.int16)[None] + 100,
        "context_posture": np.array([3], np.uint8),
    }
    context = SampleContext("tree", ("tree pose", "vrksasana"), (claim("standing on the left leg"),))
    head = SampleHead(tuple(code.name for code in all_posecodes()), POSTURES, (context,), "abc", {"seed": 0})
    return Samples(head, arrays)


class TestSamples:
    def test_comes_back_as_saved(self, samples: Samples, tmp_path: Path) -> None:
        samples.save(tmp_path / "made")
        again = Samples.load(tmp_path / "made")
        assert again.head == samples.head
        assert again.texts == samples.texts
        for row in range(3):
            one, other = again[row], samples[row]
            assert (one.text, one.plan, one.posture, one.context, one.kind, one.split) == (
                other.text, other.plan, other.posture, other.context, other.kind, other.split
            )  # fmt: skip
            assert np.array_equal(one.codes, other.codes)

    def test_same_samples_give_the_same_bytes(self, samples: Samples, tmp_path: Path) -> None:
        for name in ("a", "b"):
            samples.save(tmp_path / name)
        for file in (tmp_path / "a").iterdir():
            assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()

    def test_a_row_has_its_own_text_plan_and_codes(self, samples: Samples) -> None:
        row = samples[2]
        assert row.text == "tree pose, but no left arm up"
        assert row.plan == ()
        assert row.split == "val_entry"
        assert row.codes.tolist() == list(range(12))
        assert row.context_codes.tolist() == [list(range(100, 112))]
        assert samples.holds(np.array([0, 1]))[:, claim("left hand: on hip")].tolist() == [True, False]
        assert samples.rows("train").tolist() == [0, 1]

    def test_mirrored_row_exchanges_words_statements_and_codes(self, samples: Samples) -> None:
        row = samples.mirrored(1)
        assert row.text == "tree pose, but no right arm up"
        assert [claim_line(one) for one in row.plan] == ["not: right arm: raised level"]
        assert row.codes.tolist() == [13, 12, 15, 14, 18, 19, 16, 17, 22, 23, 20, 21]
        assert row.context_codes[0, 4:8].tolist() == [106, 107, 104, 105]

    def test_is_not_written_over(self, samples: Samples, tmp_path: Path) -> None:
        with pytest.raises(UnwritableFileError):
            samples.save(tmp_path)

    def test_missing_and_damaged_folders_are_refused(self, samples: Samples, tmp_path: Path) -> None:
        with pytest.raises(MissingFileError):
            Samples.load(tmp_path)
        samples.save(tmp_path / "a")
        np.save(tmp_path / "a" / "pose.npy", np.array([0, 1, 5], np.int32))
        with pytest.raises(UnreadableFileError, match="fit together"):
            Samples.load(tmp_path / "a")
        (tmp_path / "a" / "plan.npy").unlink()
        with pytest.raises(UnreadableFileError):
            Samples.load(tmp_path / "a")

    def test_samples_of_other_posecodes_are_refused(self, samples: Samples) -> None:
        head = SampleHead(samples.head.codes[1:], POSTURES, samples.contexts, "abc")
        with pytest.raises(UnreadableFileError, match="other posecodes"):
            Samples(head, samples.arrays)

    def test_parts_are_those_of_the_tokens(self) -> None:
        assert TOKEN_PARTS == PARTS

    @given(st.lists(st.integers(0, 1023), min_size=12, max_size=12))
    def test_mirrored_twice_is_the_same(self, codes: list[int]) -> None:
        once = mirrored_codes(np.array(codes, np.int16))
        assert mirrored_codes(once).tolist() == codes


class TestClaims:
    @given(st.integers(-COUNT, COUNT - 1))
    def test_numbers_and_lines_are_the_same_and_mirror_twice_to_themselves(self, number: int) -> None:
        assert claim_of_line(claim_line(number)) == number
        assert mirrored_claim(mirrored_claim(number)) == number
        assert claim_line(mirrored_claim(number)) == str(parse(claim_line(number)).mirrored())

    def test_a_range_says_what_holds_all_over_it(self) -> None:
        found = claims_of([parse("left knee angle: 165..180"), parse("not: kneeling")])
        assert [claim_line(one) for one in found] == ["left knee: straight", "not: kneeling"]
        assert claims_of([parse("left knee angle: 130..150")]) == ()


class TestPostures:
    def test_the_first_that_holds_counts(self) -> None:
        holds = np.zeros((3, COUNT), bool)
        holds[0, claim("standing")] = True
        holds[1, [claim("standing"), claim("bending forward")]] = True
        assert [POSTURES[place] for place in postures_of(holds)] == ["standing", "bending forward", "other"]

    def test_a_mirror_image_has_the_same_posture(self) -> None:
        for columns in posture_columns()[:OTHER]:
            assert {mirrored_claim(column) for column in columns} == set(columns)


class TestHolders:
    def test_finds_what_holds_fails_and_is_at_rest(self) -> None:
        state = np.array([[1, -1], [1, 1], [0, -1], [1, -1]], np.int8)
        posture = np.array([14, 14, 14, 3], np.uint8)
        unusual = np.array([0b00100, 0b00100, 0, 0], np.uint8)
        found = Holders(state, posture, unusual, np.ones(4, bool))
        assert found.rows((0,), 14).tolist() == [0, 1]
        assert found.rows((0, ~1), 14).tolist() == [0]
        assert found.rows((0,), 14, usual=(2,)).tolist() == []
        assert found.rows((), 5).tolist() == []
        assert found.rows_told_by((), 14, 0, 0).tolist() == [2]
        assert found.rows_told_by((), 14, 0b00100, 0).tolist() == [0, 1, 2]

    @given(st.integers(0, 2**31))
    def test_same_as_comparing_column_by_column(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        state = draw.integers(-1, 2, (37, 5)).astype(np.int8)
        posture = draw.integers(0, 2, 37).astype(np.uint8)
        may = draw.random(37) < 0.8
        found = Holders(state, posture, draw.integers(0, 32, 37).astype(np.uint8), may)
        wanted = (state[:, 1] == 1) & (state[:, 3] == -1) & (posture == 1) & may
        assert found.rows((1, ~3), 1).tolist() == np.flatnonzero(wanted).tolist()


class TestClauses:
    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("bring the left hand up", "order"),
            ("don't bend the knees", "order"),
            ("her left knee is bent", "sentence"),
            ("she looks away", "sentence"),
            ("with the elbows out", "with"),
            ("left hand on the hip", "noun"),
            ("hands behind the back", "noun"),
            ("leaning far forward", "fragment"),
        ],
    )
    def test_forms(self, text: str, form: str) -> None:
        assert form_of(text) == form

    @pytest.mark.parametrize(
        ("text", "each", "both"),
        [
            ("left hand held near the head", False, "both hands held near the head"),
            ("left foot on the ground", True, "each foot on the ground"),
            ("bring the left hand near the head", False, "bring both hands near the head"),
            ("left hand near the right knee", False, None),
            ("left arm stays down", False, "each arm stays down"),
            ("leaning left", False, None),
        ],
    )
    def test_both_sides_at_once(self, text: str, each: bool, both: str | None) -> None:
        assert for_both(text, each=each) == both

    def test_the_second_of_two_sides_leaves_the_noun_out(self) -> None:
        assert after("left hand on the hip", "the right hand overhead") == "the right overhead"
        assert after("left hand on the hip", "left hand open") is None
        assert after("left hand on the hip", "right knee bent") is None

    def test_owners_are_made_one_and_the_adverb_goes(self) -> None:
        assert with_owner("her left hand by your right knee", "the") == "the left hand by the right knee"
        assert with_owner("left elbow at a right angle", "his") == "left elbow at a right angle"
        assert without_adverb("hands right above the head") == "hands just above the head"
        assert without_adverb("the left hand and the right above it") == "the left hand and the right above it"


class TestSentences:
    def test_is_the_same_for_the_same_seed_and_says_all(self) -> None:
        clauses = ("kneeling", "left hand on the hip", "look up")
        texts = {compose(Random(seed), clauses) for seed in range(40)}
        assert texts == {compose(Random(seed), clauses) for seed in range(40)}
        assert len(texts) > 30
        assert sum("hip" in text for text in texts) > 0.9 * len(texts)

    @given(st.integers(0, 2**31))
    def test_is_tidy(self, seed: int) -> None:
        text = compose(Random(seed), ("left hand on the hip", "she looks up.", "bend the right knee"))
        assert "  " not in text
        assert ",," not in text
        assert text.strip() == text
        assert "{" not in text


class TestSayingBook:
    def test_each_book_has_its_own_part(self) -> None:
        ours, tests = SayingBook(), SayingBook(for_test=True)
        number = claim("left knee: right angle")
        assert ours.single(number)
        assert not set(ours.single(number)) & set(tests.single(number))
        assert not any(is_test_wording(text) for text in ours.single(number))
        together = [text for texts in ours.together.values() for text in texts]
        assert not any(is_test_wording(text) for text in together[:500] if "right" not in text)

    def test_sided_claims_are_said_with_a_side(self) -> None:
        book = SayingBook()
        for claims, texts in book.together.items():
            if tuple(sorted(map(mirrored_claim, claims))) != claims:
                assert all("left" in text.lower() or "right" in text.lower() for text in texts)
