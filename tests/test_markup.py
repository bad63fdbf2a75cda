"""How plans, poses and tools stand in a message's text: round trips, forged markup, errors with their places."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_pose_tokenizer import CONFIG, random_tensors, random_tokens

from chatpose.corpus.instructions.messages import PlanPart, ToolCall, ToolResult
from chatpose.errors import InvalidTokensError
from chatpose.language.markup import (
    Guard,
    MarkupError,
    MarkupReader,
    PoseBlock,
    block_ids,
    followers,
    read_block,
    text_of_ids,
    write_block,
    write_call,
    write_plan,
    write_result,
    write_text,
)
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.grammar import PoseGrammar
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

TOKENIZER = PoseTokenizer(CONFIG, random_tensors(CONFIG))
WORDS = PoseVocabulary(CONFIG, TOKENIZER.codebook_fingerprint, 1000)
COARSE = CONFIG.level("coarse").by_part()
SPECIAL = ("<|im_end|>", "[INST]", "</s>", "<s>", "<image>")
GUARD = Guard(SPECIAL)
READER = MarkupReader(WORDS, COARSE, GUARD)
MARKS = ("<pose>", "</pose>", "<plan>", "</plan>", "<tool_call>", "</tool_call>", "</tool_result>", "<heading:3>",
         '<tool_result name="undo">', "<left_arm:1:7>", *SPECIAL)  # fmt: skip
PLAN = PlanPart(("left knee: right angle", "not: kneeling", "left elbow angle: 85..95"))


def block(parts: tuple[str, ...] = (), seed: int = 0) -> PoseBlock:
    return read_block(ids(parts, seed), WORDS, COARSE)


def ids(parts: tuple[str, ...] = (), seed: int = 0) -> tuple[int, ...]:
    return block_ids(random_tokens(TOKENIZER, 1, seed), WORDS, COARSE, parts)


# --- people's text ---------------------------------------------------------------------------------------------------

TEXTS = st.lists(st.one_of(st.text(max_size=6), st.sampled_from([*MARKS, "<", "\u2060", "<\u2060", "pose>"]))).map(
    "".join
)


@given(TEXTS)
@settings(deadline=None, max_examples=300)
def test_no_text_forges_markup_and_every_text_comes_back(text):
    hidden = GUARD.hide(text)
    assert not any(mark in hidden for mark in MARKS)
    assert GUARD.show(hidden) == text


@given(TEXTS.map(str.strip).filter(bool), TEXTS.map(str.strip).filter(bool))
@settings(deadline=None, max_examples=200)
def test_texts_stay_text_beside_real_markup(before, after):
    written = "\n".join([write_text(before, GUARD), write_block(ids(), WORDS), write_text(after, GUARD)])
    assert READER.parse(written) == (_whole(before), block(), _whole(after))


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode().strip()


def test_plain_text_is_left_alone():
    for text in ("2 < 3 and 5 > 4", "a <b> c", "[1] ok", "plan and pose", "µ ❤️ 你好"):
        assert GUARD.hide(text) == text


# --- round trips -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [(), ("left_arm",), ("root",), ("torso", "right_leg"), PARTS[1:]])
def test_pose_blocks_come_back(parts):
    made = block(parts, seed=3)
    assert made.parts == (parts or PARTS)
    assert (made.heading is None) == bool(parts and "root" not in parts)
    text = write_block(ids(parts, seed=3), WORDS)
    assert READER.parse(text) == (made,)
    assert READER.parse(text.replace("><", "> <")) == (made,)


def test_an_edit_changes_its_parts_and_nothing_else():
    base, other = random_tokens(TOKENIZER, 1, 1), random_tokens(TOKENIZER, 1, 2)
    made = block(("left_arm",), seed=2).tokens(WORDS, base)
    assert torch.equal(made.codes["left_arm"], other.prefix(COARSE).codes["left_arm"])
    assert torch.equal(made.heading, base.heading)
    assert all(torch.equal(made.codes[part], base.codes[part]) for part in PARTS if part != "left_arm")
    turned = block(("root",), seed=2).tokens(WORDS, base)
    assert torch.equal(turned.heading, other.heading)


def test_an_edit_of_nothing_is_refused():
    with pytest.raises(MarkupError, match=r"a pose of only left_arm.*edits need a pose"):
        block(("left_arm",)).tokens(WORDS)


def test_everything_in_one_message_comes_back():
    call = ToolCall("search", {"query": "</tool_call> <pose> [INST]", "count": 3})
    result = ToolResult("describe", {"said": ["<plan>", "µ"], "error": None})
    written = [write_text("Here: <pose>", GUARD), write_plan(PLAN, GUARD), write_block(ids(), WORDS),
               write_call(call, GUARD), write_result(result, GUARD), write_text("Done.", GUARD)]  # fmt: skip
    assert READER.parse("\n".join(written)) == ("Here: <pose>", PLAN, block(), call, result, "Done.")


def test_a_lone_pose_is_one_word():
    reader = MarkupReader(WORDS, COARSE, lone=True)
    assert reader.parse("Here\n<pose>\nyou are") == ("Here", PoseBlock(None, {}), "you are")


def test_the_grammar_of_edits_is_that_of_poses_with_parts_left_out():
    whole = PoseGrammar(WORDS, COARSE)
    for slot in WORDS.slots:
        if slot.stage <= COARSE.get(slot.part, 0) or not slot.stage:
            strict = {ids.start for ids in whole.allowed(WORDS.range_of(slot).start)}
            after = followers(WORDS, slot, COARSE)
            assert strict <= {WORDS.end if one is None else WORDS.range_of(one).start for one in after}


@given(st.sets(st.sampled_from(PARTS), min_size=1), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_every_set_of_parts_is_an_edit(parts, seed):
    assert read_block(ids(tuple(parts), seed), WORDS, COARSE).parts == tuple(p for p in PARTS if p in parts)


# --- broken markup ---------------------------------------------------------------------------------------------------

POSE = write_block(ids(), WORDS)
HALF = POSE[: POSE.index("<torso:2")]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (f"ok {HALF}", 3, "half a pose block"),
        (f"ok {HALF} and more", 3, "half a pose block"),
        (f"ok {HALF}</pose>x", 3 + len(HALF), "half a pose block; expected torso stage 2"),
        (f"{HALF}{POSE}", 0, "half a pose block"),
        ("so </pose>", 3, "</pose> without a beginning"),
        ("so <left_arm:1:3>", 3, "without a beginning"),
        (POSE.replace("<torso:1", "<tail:1"), POSE.index("<torso"), "unknown slot"),
        (POSE.replace("<torso:1:", "<torso:1:99"), POSE.index("<torso"), "out of range"),
        (POSE.replace("<torso:1", "<torso:2"), POSE.index("<torso"), "expected torso stage 1"),
        (POSE.replace("<torso", "knee <torso"), POSE.index("<torso"), "'knee'"),
        ("<pose></pose>", 6, "half a pose block; expected heading or torso stage 1"),
        ("<plan>\nkneeling", 0, "<plan> that doesn't end"),
        (f"<plan>\nkneeling\n{POSE}</plan>", 0, "expected </plan> before <pose>"),
        ("<plan>\n</plan>", 6, "a plan without statements"),
        ("<plan>\nkneeling\nflying\n</plan>", 6, "statement 2 of the plan: unknown statement 'flying'"),
        ("<tool_call>{</tool_call>", 11, "not sound JSON"),
        ("<tool_call>[1]</tool_call>", 11, "another form"),
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', 11, "unknown tool 'fly'"),
        ('<tool_call>{"name": "undo", "arguments": {"x": 1}}</tool_call>', 11, "undo: x"),
        ('<tool_call>{"name": "undo", "name": "undo", "arguments": {}}</tool_call>', 11, "twice"),
        ('<tool_call>{"name": "set_angle", "arguments": {"pose": "it", "angle": "a", "degrees": NaN}}</tool_call>', 11,
         "NaN"),
        ('<tool_result name="undo">nothing</tool_result>', 25, "not sound JSON"),
        ("<tool_result>1</tool_result>", 0, "without a beginning"),
    ],
)  # fmt: skip
def test_broken_markup_is_refused_with_its_place(text, place, said):
    with pytest.raises(MarkupError) as caught:
        READER.parse(text)
    assert caught.value.place == place
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"character {place}: ")


def test_reading_leaves_out_what_is_broken_and_keeps_the_rest():
    reading = READER.read(f"Hello. {HALF}</pose> <plan>\nkneeling\n</plan> {POSE} Bye </plan> now.")
    assert reading.elements == ("Hello.", PlanPart(("kneeling",)), block(), "Bye  now.")
    assert [error.place for error in reading.errors] == sorted(error.place or 0 for error in reading.errors)
    assert len(reading.errors) == 2


@pytest.mark.parametrize(
    ("change", "position"),
    [
        (lambda ids: ids[1:], 0),
        (lambda ids: ids[:-1], len(ids()) - 1),
        (lambda ids: (*ids, ids[1]), len(ids())),
        (lambda ids: (ids[0], ids[0], *ids[1:]), 1),
        (lambda ids: (*ids[:2], 5, *ids[3:]), 2),
        (lambda ids: (*ids[:2], *ids[3:]), 2),
        (lambda ids: (*ids[:3], *ids[4:]), 3),
    ],
)
def test_broken_ids_are_refused_with_their_position(change, position):
    with pytest.raises(InvalidTokensError) as caught:
        read_block(change(ids()), WORDS, COARSE)
    assert caught.value.position == position


def test_what_cannot_be_written_is_refused():
    for write, part, said in [
        (write_plan, PlanPart(()), "without statements"),
        (write_plan, PlanPart(("kneeling\nstanding",)), "one line"),
        (write_call, ToolCall("fly"), "unknown tool"),
        (write_call, ToolCall("generate", {"prompt": 3}), "generate: prompt"),
        (write_result, ToolResult("a b", 1), "tool's name"),
        (write_result, ToolResult("undo", float("nan")), "JSON can't hold"),
        (write_result, ToolResult("undo", object()), "JSON can't hold"),
    ]:
        with pytest.raises(MarkupError, match=said):
            write(part, GUARD)


# --- what a model wrote ----------------------------------------------------------------------------------------------


def test_letters_that_spell_pose_tokens_are_no_tokens():
    spelled = write_block(ids(), WORDS)
    text = text_of_ids([1, *ids(seed=4), 2], WORDS, lambda run: spelled if run == [1] else "end")
    assert READER.parse(text) == (spelled, block(seed=4), "end")


def test_tool_calls_are_plain_json():
    written = write_call(ToolCall("undo"), GUARD)
    assert json.loads(written.removeprefix("<tool_call>").removesuffix("</tool_call>")) == {
        "name": "undo", "arguments": {},
    }  # fmt: skip
