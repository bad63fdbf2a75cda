"""chatpose-nano as a language model: words, sides, prompts, and that to the outside it is a causal model."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_nano import pose_tokenizer, tiny_config, write_tiny_base

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation, Message, PlanPart, PosePart
from chatpose.language.adapter import rows_in_place
from chatpose.language.config import PoseLMConfig
from chatpose.language.decoding import Keep, Sampling
from chatpose.language.nano.base_files import TENSORS_NAME
from chatpose.language.nano.modeling import NanoForCausalLM, side_words
from chatpose.language.nano.prompt import EARLIER, MAX_TEXT, REQUEST, read_prompt
from chatpose.language.nano.rows import Places, table_of
from chatpose.language.nano.sampling import Draw, write_plans, write_poses
from chatpose.language.nano.tokenizer import build_tokenizer
from chatpose.language.nano.words import BEGIN_PLAN, END_PLAN, claim_at, claim_place, own_words
from chatpose.language.pose_lm import PoseLM
from chatpose.language.rows import level_vocabulary
from chatpose.posecodes.definitions import all_posecodes

GREEDY = Sampling(temperature=0.0, max_new_tokens=40)


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory) -> Path:
    return write_tiny_base(tmp_path_factory.mktemp("nano") / "base")


@pytest.fixture(scope="module")
def lm(base_folder) -> PoseLM:
    made = PoseLM.from_pretrained(
        base_folder, config=PoseLMConfig(lora_rank=4, lora_alpha=4, lora_dropout=0.0), device="cpu",
        pose_tokenizer=pose_tokenizer(),
    )  # fmt: skip
    torch.manual_seed(3)
    with torch.no_grad():  # an adapter that says something, plans and poses first of all
        for one in made.model.parameters():
            if one.requires_grad and one.shape[0] < 10_000:
                one.add_(0.2 * torch.randn_like(one))
    return made


def say(text: str, *poses: Pose) -> Conversation:
    return Conversation((Message.say("user", *poses, text),))


# --- words -----------------------------------------------------------------------------------------------------------


def test_every_statement_is_one_token_and_comes_back(tokenizer):
    lines = [code.name for code in all_posecodes()]
    for line in (*lines[::37], *(f"not: {one}" for one in lines[5::53])):
        text = f"{BEGIN_PLAN}\n{line}{END_PLAN}"
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert len(ids) == 3
        assert tokenizer.decode(ids[1:2]).strip() == line


def test_statements_in_what_people_write_stay_words(tokenizer):
    ids = tokenizer("standing, left knee: straight", add_special_tokens=False)["input_ids"]
    assert max(ids) < tiny_config().word_rows


@given(st.integers(-525, 524))
def test_places_of_statements(claim):
    assert claim_at(claim_place(claim)) == claim
    line = own_words()[claim_place(claim)].strip()
    assert line.startswith("not: ") == (claim < 0)


def test_ids_of_the_words_are_as_the_settings_say(tokenizer):
    config = tiny_config()
    assert len(tokenizer) == config.first_pose
    assert [tokenizer.convert_tokens_to_ids(word) for word in own_words()[:6]] == config.marks
    assert config.eos_token_id == tokenizer.eos_token_id


# --- sides -----------------------------------------------------------------------------------------------------------


def read_sides(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return side_words().read(ids)


def test_mirrored_words_have_the_same_words_and_other_signs(tokenizer):
    here = read_sides(tokenizer, "left hand on the hip, the right one overhead")
    there = read_sides(tokenizer, "right hand on the hip, the left one overhead")
    assert here[0] == there[0]
    assert np.array_equal(here[1], -there[1])
    assert here[1][:, 0].tolist().count(1) == 1
    assert here[1][:, 0].tolist().count(-1) == 1


@pytest.mark.parametrize(
    "text", ["knees at right angles", "the elbow at a right angle", "hands right above the head", "sit upright"]
)
def test_what_is_no_side(tokenizer, text):
    assert not read_sides(tokenizer, text)[1].any()


@pytest.mark.parametrize("text", ["the right above the head", "right arm up", "raise your right"])
def test_right_as_a_side(tokenizer, text):
    assert read_sides(tokenizer, text)[1][:, 0].min() == -1


# --- prompts ---------------------------------------------------------------------------------------------------------


def test_a_prompt_is_sorted(lm):
    pose = Pose.identity()
    history = Conversation(
        (
            Message.say("user", "Sit down."),
            Message("assistant", (PlanPart(("sitting on the floor",)), PosePart(pose))),
            Message.say("user", "warrior two", pose, "but look left"),
        )
    )
    shown = lm.renderer.render(history, generate=True)
    inner = lm.model.get_base_model()
    prompt = inner.prompts([shown.input_ids[:-1].tolist()])[0]
    assert [run.segment for run in prompt.runs] == [REQUEST, 1, EARLIER]
    assert prompt.segments == [1] * 13 + [EARLIER] * 14  # heading and codes; then a statement and another pose
    assert [len(run.words) for run in prompt.runs][:2] == [3, 2]


def test_prompts_are_limited():
    config = tiny_config()
    ids = [config.marks[1], *([2000] * 5000), config.marks[3]]
    prompt = read_prompt(ids, config.prompt_ids, side_words())
    assert sum(len(run.words) for run in prompt.runs) == MAX_TEXT


# --- the model -------------------------------------------------------------------------------------------------------


def test_the_file_holds_only_our_own(base_folder):
    from safetensors import safe_open

    with safe_open(base_folder / TENSORS_NAME, framework="pt") as file:
        names = set(file.keys())
        assert not any("embed_tokens" in name or "lm_head" in name or "text_states" in name for name in names)
        assert file.get_slice("own_rows").get_shape() == [len(own_words()), 32]
    assert json.loads((base_folder / "config.json").read_text())["model_type"] == "chatpose-nano"


def test_importing_chatpose_language_leaves_transformers_alone():
    import subprocess
    import sys

    code = "import sys, chatpose.language, chatpose.language.nano; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_again_gives_the_same_scores(base_folder, lm):
    again = PoseLM.from_pretrained(base_folder, device="cpu", pose_tokenizer=pose_tokenizer())
    plain = lm.model.get_base_model()
    other = again.model.get_base_model()
    assert torch.equal(plain.own_rows, other.own_rows)
    first = again.vocabulary.first_id
    ours, theirs = table_of(plain), table_of(other)
    assert first == tiny_config().first_pose
    assert torch.equal(ours[: len(own_words())], theirs[: len(own_words())])


def test_left_padding_changes_nothing(lm):
    short, long = say("Kneel."), say("Stand on the left leg with both arms out to the sides, looking up at the sky.")
    together = lm.replies([short, long], sampling=GREEDY)
    alone = [lm.reply(one, sampling=GREEDY) for one in (short, long)]
    assert [one.raw_text for one in together] == [one.raw_text for one in alone]


def test_cached_steps_are_the_whole(lm):
    model = lm.model.get_base_model()
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids
    first = lm.vocabulary.first_id
    answer = torch.tensor([30526, claim_place(3) + 30522, 30527, first, first + 2, first + 300, first + 1400])
    ids = torch.cat([shown, answer])[None]
    whole = model(ids, use_cache=False).logits
    out = model(ids[:, : len(shown)])
    steps = [out.logits[:, -1]]
    for at in range(len(shown), ids.shape[1]):
        out = model(ids[:, at : at + 1], past_key_values=out.past_key_values)
        steps.append(out.logits[:, -1])
    torch.testing.assert_close(torch.stack(steps, 1), whole[:, len(shown) - 1 :], atol=1e-4, rtol=1e-4)


def test_a_later_token_changes_no_earlier_score(lm):
    model = lm.model.get_base_model()
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids
    tail = torch.tensor([30526, claim_place(3) + 30522, claim_place(9) + 30522])
    other = torch.tensor([30526, claim_place(3) + 30522, claim_place(80) + 30522])
    one, two = (model(torch.cat([shown, end])[None]).logits[:, :-1] for end in (tail, other))
    assert torch.equal(one, two)


def test_answers_hold_whole_poses_and_no_word_pieces(lm):
    conversation = say("Raise the left arm.")
    reply = lm.reply(conversation, sampling=Sampling(max_new_tokens=60, seed=2))
    assert not [note for note in reply.notes if "half a pose" in note]
    with torch.no_grad():
        logits = lm.model(input_ids=lm.renderer.render(conversation, generate=True).input_ids[None]).logits[0, -1]
    words = tiny_config().word_rows
    assert float(logits[:words].max()) < float(logits[words : len(lm.tokenizer)].min())


def test_kept_parts_stay(lm):
    pose = Pose.identity()
    (tokens,) = lm.renderer.tokens_of([pose])
    conversation = say("lower the left arm", pose)
    reply = lm.reply(
        conversation, sampling=Sampling(max_new_tokens=20), keep=Keep(tokens, ("root", "torso", "left_leg"))
    )
    for made in reply.tokens:
        assert torch.equal(made.codes["left_leg"], tokens.codes["left_leg"])


def test_labels_are_learned_from(lm):
    model = lm.model.get_base_model()
    shown = lm.renderer.render(
        Conversation((Message.say("user", "Kneel."), Message("assistant", (PlanPart(("kneeling",)),))))
    )
    out = model(shown.input_ids[None], labels=shown.labels[None])
    assert out.loss.isfinite()
    assert out.logits.shape[:2] == (1, len(shown))
    start = int((shown.input_ids == tiny_config().marks[2]).nonzero()[-1])
    said = torch.nn.functional.cross_entropy(out.logits[0, start:-1], shown.input_ids[start + 1 :])
    torch.testing.assert_close(out.loss, said)


# --- sampling --------------------------------------------------------------------------------------------------------


def test_fast_sampling_scores_as_the_model_does(lm):
    """The codes that `write_poses` takes greedily are those that the whole model finds likeliest, slot by slot."""
    model, places = lm.model.get_base_model(), Places.of(lm.vocabulary)
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids
    with torch.no_grad(), rows_in_place(lm.model):
        read = model.read(model.prompts([shown[:-1].tolist()]))
        plan = write_plans(model.model, table_of(model), read, Draw(temperature=0.0))[0]
        codes = write_poses(model.model, table_of(model), places, read, [plan], Draw(temperature=0.0))[0]
        shift = model.config.word_rows
        told = [30526, *(claim_place(one) + shift for one in plan), 30527, lm.vocabulary.begin, places.heading + shift]
        told += [start + int(code) + shift for start, code in zip(places.starts, codes, strict=True)]
        logits = model(torch.cat([shown, torch.tensor(told)])[None]).logits[0]
    first = len(shown) + len(plan) + 3
    for slot, start in enumerate(places.starts):
        scores = logits[first + slot, start + shift : start + shift + places.codes]
        assert int(scores.argmax()) == int(codes[slot])


def test_the_same_seed_draws_the_same(lm):
    model, places = lm.model.get_base_model(), Places.of(lm.vocabulary)
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids
    with torch.no_grad(), rows_in_place(lm.model):
        read = model.read(model.prompts([shown[:-1].tolist()]))
        drawn = [
            write_poses(model.model, table_of(model), places, read, [(0, 3)], Draw(seed=seed), count=3)
            for seed in (1, 1, 2)
        ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert drawn[0].shape == (3, 12)
    assert int(drawn[0].max()) < places.codes


def test_plans_say_nothing_twice(lm):
    model = lm.model.get_base_model()
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids
    with torch.no_grad(), rows_in_place(lm.model):
        read = model.read(model.prompts([shown[:-1].tolist()])).repeated(8)
        plans = write_plans(model.model, table_of(model), read, Draw(temperature=3.0, top_p=1.0))
    for plan in plans:
        assert plan
        assert len(set(plan)) == len(plan)
        assert not {~one for one in plan} & set(plan)


def test_places_follow_the_vocabulary():
    words = level_vocabulary(pose_tokenizer(), "coarse", tiny_config().first_pose)
    places = Places.of(words)
    assert words.word(places.starts[3] + 7 + tiny_config().word_rows) == "<torso:2:7>"
    assert words.word(places.heading + tiny_config().word_rows) == "<heading:0>"


def test_merged_model_is_the_same(lm):
    shown = lm.renderer.render(say("left arm up"), generate=True).input_ids[None]
    with torch.no_grad():
        merged = lm.merged()
        torch.testing.assert_close(merged(shown).logits, lm.model(input_ids=shown).logits, atol=1e-4, rtol=1e-4)
    assert isinstance(merged, NanoForCausalLM)
