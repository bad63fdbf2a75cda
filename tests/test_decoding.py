"""Constrained decoding: blocks are always whole, kept parts stay, rows don't disturb each other; with `generate`."""

import pytest
import torch
from test_pose_tokenizer import CONFIG, random_tensors, random_tokens

from chatpose.errors import InvalidTokensError
from chatpose.language.decoding import DecodingError, Keep, PoseConstraint, Sampling, SeededDraw
from chatpose.language.markup import block_ids, read_block
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.grammar import PoseGrammar
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary, Slot

TEXT, PAD, EOS, PHOTO = 40, 0, 1, 2
TOKENIZER = PoseTokenizer(CONFIG, random_tensors(CONFIG))
WORDS = PoseVocabulary(CONFIG, TOKENIZER.codebook_fingerprint, TEXT)
SIZE = TEXT + len(WORDS) + 24  # some rows of padding behind
COARSE = CONFIG.level("coarse").by_part()
BLOCK = 3 + CONFIG.level("coarse").tokens
BASE = random_tokens(TOKENIZER, 1, seed=5)


@pytest.fixture(scope="module")
def model():
    import transformers

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=SIZE, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.3, pad_token_id=PAD, bos_token_id=3,
        eos_token_id=EOS,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


def prompts(*rows: list[int]) -> dict[str, torch.Tensor]:
    """Left-padded."""
    size = max(map(len, rows))
    return {
        "input_ids": torch.tensor([[PAD] * (size - len(row)) + row for row in rows]),
        "attention_mask": torch.tensor([[0] * (size - len(row)) + [1] * len(row) for row in rows]),
    }


def answers(model, rows, sampling: Sampling, **options) -> list[list[int]]:
    inputs = prompts(*rows)
    length = inputs["input_ids"].shape[1]
    constraint = PoseConstraint(
        WORDS, "coarse", prompt_length=length, max_new_tokens=sampling.max_new_tokens, known=SIZE - 24, **options
    )  # fmt: skip
    made = model.generate(
        **inputs, logits_processor=[constraint, *sampling.processors(length)], pad_token_id=PAD, eos_token_id=EOS,
        **sampling.options(),
    )  # fmt: skip
    return [row[: row.index(EOS)] if EOS in row else row for row in made[:, length:].tolist()]


def blocks(row: list[int]) -> list[list[int]]:
    """The pose blocks of an answer; whatever isn't between their marks has to be text."""
    found, rest = [], row
    while WORDS.begin in rest:
        start = rest.index(WORDS.begin)
        assert all(number < TEXT for number in rest[:start])
        assert WORDS.end in rest, "half a block"
        stop = rest.index(WORDS.end) + 1
        found.append(rest[start:stop])
        rest = rest[stop:]
    assert all(number < TEXT for number in rest)
    return found


ROWS = [[5, 6, 7], [9], [11, 12, 13, 14, 15, 16], [17, 18]]


# --- blocks are whole ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 60])
@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_blocks_are_whole_whenever_the_budget_ends(model, budget, temperature):
    grammar = PoseGrammar(WORDS, COARSE)
    sampling = Sampling(temperature, 1.0, budget)
    for row in answers(model, ROWS, sampling, poses=min(budget // BLOCK, 2), ends=[EOS]):
        found = blocks(row)
        assert all(grammar.accepts(block) for block in found)
        assert len(found) >= min(budget // BLOCK, 2)
        assert len(row) <= budget


def test_a_model_that_wants_nothing_but_poses_never_starts_one_in_vain():
    constraint = PoseConstraint(WORDS, "coarse", prompt_length=2, max_new_tokens=BLOCK)
    scores = torch.zeros(1, SIZE)
    room = constraint(torch.tensor([[5, 6]]), scores)
    assert room[0, WORDS.begin] == 0
    assert constraint(torch.tensor([[5, 6, 7]]), scores)[0, WORDS.begin] == -torch.inf


def test_every_step_allows_exactly_what_the_grammar_allows():
    constraint = PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=400)
    grammar = PoseGrammar(WORDS, COARSE)
    row = list(block_ids(BASE, WORDS, COARSE))
    for count in range(1, len(row)):
        left = constraint(torch.tensor([[5, *row[:count]]]), torch.zeros(1, SIZE))[0].isfinite()
        assert torch.equal(left, grammar.mask([row[count - 1]], SIZE)[0])
    outside = constraint(torch.tensor([[5, *row]]), torch.zeros(1, SIZE))[0].isfinite()
    assert outside.nonzero()[:, 0].tolist() == [*range(TEXT + 1), *range(TEXT + len(WORDS), SIZE)]


def test_finer_levels_are_whole_too():
    constraint = PoseConstraint(WORDS, "fine", prompt_length=1, max_new_tokens=400)
    row = [WORDS.begin]
    while row[-1] != WORDS.end:
        left = constraint(torch.tensor([[5, *row]]), torch.randn(1, SIZE))
        row.append(int(left.argmax()))
    assert PoseGrammar(WORDS, CONFIG.level("fine")).accepts(row)


def test_scores_are_left_as_they_are():
    constraint = PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=400, banned=[PHOTO])
    scores = torch.randn(3, SIZE)
    before = scores.clone()
    ids = torch.tensor([[5], [WORDS.begin], [WORDS.end]])
    left = constraint(ids, scores)
    assert torch.equal(scores, before)
    assert torch.equal(left[left.isfinite()], scores[left.isfinite()])
    assert (left[:, PHOTO] == -torch.inf).all()


def test_an_answer_that_would_end_without_its_pose_goes_on_with_it():
    constraint = PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=60, poses=1, ends=[EOS])
    scores = torch.zeros(2, SIZE)
    scores[:, EOS] = 9.0
    done = [*block_ids(BASE, WORDS, COARSE)]
    ids = torch.tensor([[5] * (len(done) + 1), [5, *done]])
    left = constraint(ids, scores)
    assert left[0].argmax() == WORDS.begin
    assert left[0, EOS] == -torch.inf
    assert left[1].argmax() == EOS


def test_more_poses_than_the_budget_holds_are_refused():
    with pytest.raises(DecodingError, match=f"at least {2 * BLOCK} tokens"):
        PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=2 * BLOCK - 1, poses=2)
    assert not PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=BLOCK - 1).has_room


def test_a_lone_pose_is_one_token(model):
    inputs = prompts(*ROWS)
    length = inputs["input_ids"].shape[1]
    constraint = PoseConstraint(
        WORDS, "coarse", prompt_length=length, max_new_tokens=8, poses=2, ends=[EOS], lone=True
    )  # fmt: skip
    sampling = Sampling(1.0, 1.0, 8)
    made = model.generate(**inputs, logits_processor=[constraint, *sampling.processors(length)], **sampling.options())
    for row in made[:, length:].tolist():
        assert row.count(WORDS.begin) >= 2
        assert all(number <= TEXT or number >= TEXT + len(WORDS) for number in row)


# --- edits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, 2.0])
@pytest.mark.parametrize("parts", [(), ("root",), ("torso", "left_leg"), PARTS[:5], PARTS])
def test_kept_parts_keep_their_tokens(model, temperature, parts):
    keep = [Keep(BASE, parts), None, Keep(random_tokens(TOKENIZER, 1, seed=6), parts), None]
    rows = answers(model, ROWS, Sampling(temperature, 1.0, 40), keep=keep, poses=1, ends=[EOS])
    for row, kept in zip(rows, keep, strict=True):
        for block in blocks(row):
            made = WORDS.from_ids(block, COARSE)
            for part in kept.parts if kept else ():
                assert torch.equal(made.codes[part], kept.tokens.prefix(COARSE).codes[part])
            if kept and "root" in kept.parts:
                assert torch.equal(made.heading, kept.tokens.heading)


def test_parts_that_are_not_kept_are_free():
    constraint = PoseConstraint(WORDS, "coarse", prompt_length=1, max_new_tokens=40, keep=[Keep(BASE, ("torso",))])
    free = constraint(torch.tensor([[5, WORDS.range_of(WORDS.slots[0])[3]]]), torch.zeros(1, SIZE))[0].isfinite()
    assert free.nonzero()[:, 0].tolist() == list(WORDS.range_of(Slot("root", 1)))
    only = constraint(torch.tensor([[5, WORDS.range_of(Slot("root", 1))[3]]]), torch.zeros(1, SIZE))[0].isfinite()
    assert only.nonzero()[:, 0].tolist() == [WORDS.range_of(Slot("torso", 1))[int(BASE.codes["torso"][0, 0])]]


@pytest.mark.parametrize("parts", [("root",), ("torso", "left_leg"), PARTS[:5]])
def test_unwritten_parts_are_left_out(model, parts):
    keep = [Keep(BASE, parts, written=False)]
    for row in answers(model, ROWS, Sampling(1.5, 1.0, 30), keep=keep, poses=1, ends=[EOS]):
        for block in blocks(row):
            assert read_block(block, WORDS, COARSE).parts == keep[0].changed


def test_an_edit_of_a_plan_tells_just_its_parts(model):
    keep = Keep.of_plan(BASE, ("left elbow angle: 90..", "kneeling"))
    assert keep.changed == ("root", "torso", "left_arm", "left_leg", "right_leg")
    (row,) = answers(model, ROWS[:1], Sampling(1.5, 1.0, 40), keep=[keep], poses=1, ends=[EOS])
    assert {read_block(block, WORDS, COARSE).parts for block in blocks(row)} == {keep.changed}
    with pytest.raises(DecodingError, match="every part"):
        Keep.of_plan(BASE, ())


def test_edits_may_tell_any_parts_and_other_rows_may_not(model):
    seen = set()
    for seed in range(6):
        sampling = Sampling(1.0, 1.0, 40, seed)
        rows = answers(model, ROWS, sampling, edits=[True, False, True, False], poses=1, ends=[EOS])
        for number, row in enumerate(rows):
            for block in blocks(row):
                told = read_block(block, WORDS, COARSE)
                assert told.whole or number % 2 == 0
                seen.add(told.parts)
    assert len(seen) > 3


def test_bad_keeps_are_refused():
    with pytest.raises(DecodingError, match="tail"):
        Keep(BASE, ("tail",))
    with pytest.raises(DecodingError, match="one"):
        Keep(random_tokens(TOKENIZER, 2), ("torso",))
    with pytest.raises(DecodingError, match="every part"):
        Keep(BASE, PARTS, written=False)
    with pytest.raises(InvalidTokensError, match="stages"):
        PoseConstraint(
            WORDS, "fine", prompt_length=1, max_new_tokens=99, keep=[Keep(BASE.prefix(COARSE), ("torso",))]
        )  # fmt: skip
    other = PoseVocabulary(CONFIG, "0" * 64, TEXT)
    with pytest.raises(InvalidTokensError, match="codebook"):
        PoseConstraint(other, "coarse", prompt_length=1, max_new_tokens=99, keep=[Keep(BASE, ("torso",))])


# --- batches and drawing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_batched_rows_equal_single_ones(model, temperature):
    keep = [Keep(BASE, ("root", "left_arm")), None, None, Keep(BASE, ("torso",), written=False)]
    options = {"poses": 1, "ends": [EOS]}
    sampling = Sampling(temperature, 0.9, 48, seed=3)
    together = answers(model, ROWS, sampling, keep=keep, edits=[False, True, False, False], **options)
    for number, row in enumerate(ROWS):
        edits = [number == 1]
        assert answers(model, [row], sampling, keep=[keep[number]], edits=edits, **options) == [together[number]]


def test_several_answers_to_each_question(model):
    keep = [Keep(BASE, ("root", "left_arm")), None, None, Keep(BASE, ("torso",), written=False)]
    sampling = Sampling(1.0, 0.95, 40, seed=1, count=3)
    rows = answers(model, ROWS, sampling, keep=keep, poses=1, ends=[EOS])
    assert len(rows) == 12
    for number in range(4):
        mine = rows[3 * number : 3 * number + 3]
        assert len({tuple(blocks(row)[0]) for row in mine}) == 3
        parts = {read_block(blocks(row)[0], WORDS, COARSE).parts for row in mine}
        assert parts == ({keep[3].changed} if number == 3 else {PARTS})


def test_seeds_give_different_poses_and_the_same_seed_the_same(model):
    def pose(seed: int) -> tuple[int, ...]:
        torch.manual_seed(seed * 7)  # the global state doesn't matter
        (row,) = answers(model, ROWS[:1], Sampling(1.0, 1.0, 40, seed), poses=1, ends=[EOS])
        return tuple(blocks(row)[0])

    poses = [pose(seed) for seed in range(8)]
    assert len(set(poses)) == 8
    assert [pose(seed) for seed in range(3)] == poses[:3]


def test_draws_follow_the_softmax():
    scores = torch.tensor([[0.0, 1.0, 2.0, -torch.inf]]).expand(1, 4)
    draw = SeededDraw(0.8, 1.0, seed=0, prompt_length=0)
    counts = torch.zeros(4)
    for step in range(4000):
        counts[int(draw(torch.zeros(1, step, dtype=torch.long), scores).argmax())] += 1
    expected = (scores[0] / 0.8).softmax(-1)
    # Four standard errors of a share of 4,000 draws.
    assert (counts / 4000 - expected).abs().max() < 4 * 0.5 / 4000**0.5
    assert counts[3] == 0


def test_top_p_leaves_the_likeliest():
    scores = torch.tensor([[0.05, 0.5, 0.3, 0.15]]).log()
    for top_p, left in [(0.4, {1}), (0.7, {1, 2}), (0.81, {1, 2, 3}), (1.0, {0, 1, 2, 3})]:
        draw = SeededDraw(1.0, top_p, seed=0, prompt_length=0)
        seen = {int(draw(torch.zeros(1, step, dtype=torch.long), scores).argmax()) for step in range(200)}
        assert seen == left


def test_top_p_of_a_flat_distribution_looks_at_the_whole_vocabulary():
    size, share = 5000, 0.6
    scores = torch.linspace(0, 0.5, size)[None]
    order = scores[0].softmax(-1).sort(descending=True)
    likely = set(order.indices[order.values.cumsum(-1) - order.values < share].tolist())
    draw = SeededDraw(1.0, share, seed=0, prompt_length=0)
    seen = {int(draw(torch.zeros(1, step, dtype=torch.long), scores).argmax()) for step in range(300)}
    assert len(likely) > 2500
    assert seen <= likely


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"top_p": 2}, {"max_new_tokens": 0},
     {"count": 0}, {"temperature": 0, "count": 2}],
)  # fmt: skip
def test_bad_sampling_is_refused(options):
    with pytest.raises(DecodingError):
        Sampling(**options)
