"""Ids, text form, grammar, embeddings and the Hugging Face tokenizer of pose tokens."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pose_tokenizer import CODES, CONFIG, random_tensors, random_tokens

from chatpose.errors import InvalidTokensError, UnreadableFileError
from chatpose.pose_tokenizer.config import PARTS, Stages
from chatpose.pose_tokenizer.embeddings import initial_embeddings
from chatpose.pose_tokenizer.grammar import PoseGrammar
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary, Slot

TOKENIZER = PoseTokenizer(CONFIG, random_tensors(CONFIG))
WORDS = PoseVocabulary(CONFIG, TOKENIZER.codebook_fingerprint, 1000)
COARSE = CONFIG.levels["coarse"]


def text_of(stages: Stages = CONFIG.stages, seed: int = 0) -> str:
    return WORDS.to_text(random_tokens(TOKENIZER, 1, seed).prefix(stages.by_part()))[0]


def words_of(stages: Stages = CONFIG.stages) -> list[str]:
    return text_of(stages).split()


def test_ids_are_one_range_and_every_word_has_one():
    words = list(WORDS.words())
    assert len(words) == len(WORDS) == len(set(words))
    assert [WORDS.id_of(word) for word in words] == list(range(1000, 1000 + len(WORDS)))
    assert words[:3] == ["<pose>", "</pose>", "<heading:0>"]
    assert "<left_arm:2:17>" in words


@given(st.integers(0, 50), st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)))
@settings(deadline=None, max_examples=40)
def test_texts_and_ids_come_back(seed, counts):
    tokens = random_tokens(TOKENIZER, 3, seed).prefix(Stages(*counts).by_part())
    for row, (text, ids) in enumerate(zip(WORDS.to_text(tokens), WORDS.to_ids(tokens), strict=True)):
        for back in (WORDS.from_text(text), WORDS.from_ids(ids, Stages(*counts))):
            assert torch.equal(back.heading, tokens.heading[row : row + 1])
            assert all(torch.equal(back.codes[part], tokens.codes[part][row : row + 1]) for part in PARTS)


def test_blanks_between_words_do_not_matter():
    text = text_of()
    for other in (text.replace(" ", ""), "\n".join(text.split()), f"  {text} "):
        assert WORDS.to_text(WORDS.from_text(other)) == [text]


def _swapped(words: list[str], one: int, other: int) -> list[str]:
    changed = list(words)
    changed[one], changed[other] = changed[other], changed[one]
    return changed


@pytest.mark.parametrize(
    ("change", "position", "said"),
    [
        (lambda w: [], 0, "<pose>"),
        (lambda w: w[1:], 0, "<pose>"),
        (lambda w: w[:1], 1, "heading"),
        (lambda w: w[:-1], 20, "too short"),
        (lambda w: w[:8], 8, "too short"),
        (lambda w: [*w[:8], "</pose>"], 8, "too short"),
        (lambda w: [*w, "<pose>"], 21, "too long"),
        (lambda w: [*w[:-1], "<right_leg:3:1>", "</pose>"], 20, "too long"),
        (lambda w: _swapped(w, 2, 3), 2, "out of order"),
        (lambda w: _swapped(w, 9, 12), 9, "out of order"),
        (lambda w: [*w[:5], *w[6:]], 5, "out of order"),
        (lambda w: [*w[:5], "<tail:1:3>", *w[6:]], 5, "unknown slot"),
        (lambda w: [*w[:5], "<torso:9:3>", *w[6:]], 5, "unknown slot"),
        (lambda w: [*w[:5], f"<torso:3:{CODES}>", *w[6:]], 5, "out of range"),
        (lambda w: [w[0], "<heading:256>", *w[2:]], 1, "out of range"),
        (lambda w: [*w[:5], "<torso:3:-1>", *w[6:]], 5, "a pose token"),
        (lambda w: [*w[:5], "hello", *w[6:]], 5, "a pose token"),
        (lambda w: [*w[:5], "<pose>", *w[6:]], 5, "<pose>"),
    ],
)
def test_bad_sequences_are_refused_naming_the_position(change, position, said):
    words = words_of()
    assert len(words) == 21
    with pytest.raises(InvalidTokensError, match=said) as caught:
        WORDS.from_text(" ".join(change(words)))
    assert caught.value.position == position


def test_another_number_of_stages_than_asked_for_is_refused():
    assert WORDS.from_text(text_of(COARSE), COARSE).stages == COARSE.by_part()
    with pytest.raises(InvalidTokensError, match=r"out of order|too"):
        WORDS.from_text(text_of(COARSE), CONFIG.stages)
    with pytest.raises(InvalidTokensError, match=r"out of order|too"):
        WORDS.from_text(text_of(CONFIG.stages), COARSE)


@pytest.mark.parametrize("bad", [999, -1, 1000 + 10**6])
def test_ids_out_of_the_range_are_refused(bad):
    ids = WORDS.to_ids(random_tokens(TOKENIZER, 1))[0].tolist()
    ids[6] = bad
    with pytest.raises(InvalidTokensError, match=f"id {bad}") as caught:
        WORDS.from_ids(ids)
    assert caught.value.position == 6


def test_tokens_of_another_fingerprint_are_refused():
    other = PoseTokenizer(CONFIG, random_tensors(CONFIG, 5))
    with pytest.raises(InvalidTokensError, match="codebook"):
        WORDS.to_ids(random_tokens(other))
    with pytest.raises(InvalidTokensError, match="codebook"):
        WORDS.from_text(text_of(), fingerprint=other.fingerprint)


def test_a_huge_text_is_refused_unread():
    with pytest.raises(InvalidTokensError, match="characters"):
        WORDS.from_text("<" * 10**6)


# --- grammar ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stages", [None, COARSE, CONFIG.stages, Stages(2, 1, 3, 2)])
def test_whatever_the_grammar_allows_can_be_read(stages):
    grammar = PoseGrammar(WORDS, stages)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        ids: list[int] = []
        while allowed := grammar.allowed(ids[-1] if ids else None):
            ranges = allowed[int(torch.randint(len(allowed), (1,), generator=generator))]
            ids.append(ranges[int(torch.randint(len(ranges), (1,), generator=generator))])
        tokens = WORDS.from_ids(ids, stages)
        assert grammar.accepts(ids)
        assert WORDS.to_ids(tokens)[0].tolist() == ids
        TOKENIZER.decode(tokens)
        assert not grammar.accepts(ids[:-1])
        assert not grammar.accepts([*ids, ids[-1]])
        assert not grammar.accepts([ids[0], *ids[2:]])


def test_the_grammar_of_one_part_lets_only_that_part_be_written():
    grammar = PoseGrammar(WORDS, CONFIG.stages, part="left_arm")
    ids = [WORDS.range_of(Slot("left_arm", stage))[3] for stage in (1, 2, 3)]
    assert grammar.accepts(ids)
    assert not grammar.accepts(ids[:2])
    assert PoseGrammar(WORDS, part="left_arm").accepts(ids[:2])
    assert not grammar.accepts([WORDS.range_of(Slot("right_arm", 1))[3]])


def test_masks_are_the_allowed_ids():
    grammar = PoseGrammar(WORDS, CONFIG.stages)
    mask = grammar.mask([None, WORDS.begin, WORDS.end], 1000 + len(WORDS) + 5)
    assert mask.sum(-1).tolist() == [1, 256, 0]
    assert bool(mask[0, WORDS.begin])


# --- embeddings ------------------------------------------------------------------------------------------------------


def test_near_rotations_get_near_rows():
    table = initial_embeddings(TOKENIZER, WORDS, 256)
    assert table.shape == (len(WORDS), 256)
    assert float(table.std()) == pytest.approx(0.02, rel=0.05)
    assert torch.equal(table, initial_embeddings(TOKENIZER, WORDS, 256))
    for slot in (Slot("left_arm", 1), Slot("torso", 3)):
        ids = WORDS.range_of(slot)
        rows = table[ids.start - 1000 : ids.stop - 1000]
        book = TOKENIZER.books[slot.part.rpartition("_")[2]]
        from chatpose.pose_tokenizer import quaternions as quat

        means = (
            quat.to_matrix(quat.exponential(book.first)).flatten(1) if slot.stage == 1 else book.steps[slot.stage - 2]
        )
        far, found = torch.pdist(means), torch.pdist(rows)
        assert float(torch.corrcoef(torch.stack([far, found]))[0, 1]) > 0.9


def test_both_sides_of_a_code_are_alike_but_for_the_side():
    table = initial_embeddings(TOKENIZER, WORDS, 128)

    def rows(part: str) -> torch.Tensor:
        ids = WORDS.range_of(Slot(part, 1))
        own = table[ids.start - 1000 : ids.stop - 1000]
        return own - own.mean(0)

    torch.testing.assert_close(rows("left_arm"), rows("right_arm"), atol=1e-5, rtol=0)


# --- Hugging Face ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text_tokenizer():
    pytest.importorskip("tokenizers")
    from chatpose.pose_tokenizer.text_tokenizer import TextTokenizer

    texts = ["Raise the left arm a little higher.", "The right knee is bent at 90 degrees."] * 5
    return TextTokenizer.build(texts, CONFIG, TOKENIZER.codebook_fingerprint, size=320)


def test_text_and_poses_live_in_one_vocabulary(text_tokenizer):
    words = text_tokenizer.vocabulary
    one, other = words.to_text(random_tokens(TOKENIZER, 2))
    text = f"From {one} to\n{other}: raise the left arm, 90° higher <b>, 日本!"
    ids = text_tokenizer.encode(text)
    spans = text_tokenizer.poses_in(ids)
    assert [words.to_text(words.from_ids(ids[start:end]))[0] for start, end in spans] == [one, other]
    closer = "".join(one.split()), "".join(other.split())
    assert text_tokenizer.decode(ids) == f"From{closer[0]} to{closer[1]}: raise the left arm, 90° higher <b>, 日本!"


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=100)
def test_any_text_comes_back(text_tokenizer, text):
    if "pose>" not in text:
        assert text_tokenizer.decode(text_tokenizer.encode(text)) == text


def test_poses_without_an_end_are_refused(text_tokenizer):
    words = text_tokenizer.vocabulary
    for ids in ([words.begin], [words.end], [words.begin, words.begin]):
        with pytest.raises(InvalidTokensError):
            text_tokenizer.poses_in(ids)


def test_a_saved_text_tokenizer_is_the_same_also_for_transformers(text_tokenizer, tmp_path):
    from chatpose.pose_tokenizer.text_tokenizer import TextTokenizer

    text_tokenizer.save(tmp_path, "card")
    again = TextTokenizer.load(CONFIG, TOKENIZER.codebook_fingerprint, tmp_path)
    text = f"Look at this: {text_of()}."
    assert again.encode(text) == text_tokenizer.encode(text)
    assert len(again) == len(text_tokenizer)
    transformers = pytest.importorskip("transformers")
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert theirs(text)["input_ids"] == again.encode(text)


def test_a_text_tokenizer_of_other_codebooks_is_refused(text_tokenizer, tmp_path):
    from chatpose.pose_tokenizer.text_tokenizer import TextTokenizer

    text_tokenizer.save(tmp_path, "card")
    with pytest.raises(InvalidTokensError, match="codebook"):
        TextTokenizer.load(CONFIG, "0" * 64, tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UnreadableFileError):
        TextTokenizer.load(CONFIG, TOKENIZER.codebook_fingerprint, tmp_path)


# --- what ships ------------------------------------------------------------------------------------------------------


def test_the_shipped_tokenizers_belong_together_and_know_the_levels():
    pytest.importorskip("tokenizers")
    from chatpose.pose_tokenizer.text_tokenizer import TextTokenizer

    shipped = PoseTokenizer.load()
    assert {name: level.tokens for name, level in shipped.config.levels.items()} == {
        "coarse": 12,
        "fine": 24,
        "finest": 32,
    }
    text = TextTokenizer.load(shipped.config, shipped.codebook_fingerprint)
    tokens = random_tokens(shipped, 2)
    words = text.vocabulary.to_text(tokens)
    ids = text.encode("from " + words[0] + " to " + words[1])
    assert [text.vocabulary.to_text(text.vocabulary.from_ids(ids[a:b]))[0] for a, b in text.poses_in(ids)] == words
