"""Training of chatpose-nano: data, losses, reward, and that a tiny run learns, stops and goes on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_nano import HEADS, INNER, LAYERS, WIDTH, made_samples, pose_tokenizer

from chatpose.corpus.samples.claims import mirrored_claim
from chatpose.corpus.samples.samples import mirrored_codes
from chatpose.language.nano.rows import Places
from chatpose.language.nano.text_states import TextStates
from chatpose.language.nano.tokenizer import build_tokenizer
from chatpose.language.nano.words import claim_at
from chatpose.language.pose_lm import PoseLM
from chatpose.language.rows import level_vocabulary
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.nano import NanoRun
from chatpose.train.nano_data import NanoData, answer_inputs
from chatpose.train.nano_formats import whole_answers
from chatpose.train.nano_phase import Group, Phase
from chatpose.train.nano_reward import Measure, one_part_rewards
from chatpose.train.nano_settings import NanoTraining
from chatpose.train.nano_shipping import ship
from chatpose.train.nano_states import StateStore
from chatpose.train.nano_steps import pose_rows, whole_weights
from chatpose.train.vqvae_settings import Budget

TINY = NanoTraining(
    hidden_size=WIDTH, layers=LAYERS, heads=HEADS, inner=INNER, lora_rank=4, batch=16, pool=2, held_out=8,
    policy_share=0.3, base_rate=4e-3, dropout=0.0,
)  # fmt: skip
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> NanoData:
    places = Places.of(level_vocabulary(pose_tokenizer(), "coarse"))
    return NanoData(made_samples(), places, TINY, None, CPU, build_tokenizer(), TextStates())


# --- data ------------------------------------------------------------------------------------------------------------


def test_plans_begin_with_the_posture_and_are_what_the_samples_say(data):
    batch = data.batch(data.train_rows[:12], np.random.default_rng(0), flip=False)
    standing = [code.name for code in all_posecodes()].index("standing")
    for row, places, there in zip(batch.rows.tolist(), batch.plans.tolist(), batch.plan_mask.tolist(), strict=True):
        plan = [claim_at(place) for place, known in zip(places, there, strict=True) if known]
        assert plan == [standing, *data.samples.plan(row)]


def test_mirrored_rows_are_mirrored_everywhere(data):
    rows = data.train_rows[:40]
    batch = data.batch(rows, np.random.default_rng(1), context=1.0)
    plain = data.batch(rows, np.random.default_rng(1), flip=False, context=0.0)
    assert 0 < batch.flipped.sum() < 40
    for at in range(40):
        claims = [
            one for one, known in zip(plain.claims[at].tolist(), plain.plan_mask[at].tolist(), strict=True) if known
        ]
        mine = [
            one for one, known in zip(batch.claims[at].tolist(), batch.plan_mask[at].tolist(), strict=True) if known
        ]
        flipped = bool(batch.flipped[at])
        assert mine == ([mirrored_claim(one) for one in claims] if flipped else claims)
        codes = plain.codes[at].numpy()
        assert np.array_equal(batch.codes[at].numpy(), mirrored_codes(codes) if flipped else codes)
        words = int(plain.text.mask[at].sum())
        sign = -1 if flipped else 1
        assert torch.equal(batch.text.signs[at, :words], sign * plain.text.signs[at, :words])


def test_wordless_plans_hold_of_their_poses(data):
    rows = data.train_rows[:30]
    batch = data.wordless(rows, np.random.default_rng(2))
    holds = data.samples.holds(rows)
    assert batch.text is None
    for at in range(30):
        for claim, known in zip(batch.claims[at].tolist(), batch.plan_mask[at].tolist(), strict=True):
            turned = mirrored_claim(claim) if batch.flipped[at] and known else claim
            assert not known or holds[at, turned]


def test_answers_end_as_the_template_does(data):
    batch = data.batch(data.train_rows[:3], np.random.default_rng(0), flip=False)
    ids, known = whole_answers(batch, data.places, 3, poses=True)
    for row in range(3):
        told = ids[row][known[row]].tolist()
        assert told[:2] == [2, 4]
        assert told[-1] == 3
        assert len(told) == 2 + int(batch.plan_mask[row].sum()) + 1 + 15 + 1
    inputs, seen = answer_inputs(batch, data.places)
    assert inputs.shape == seen.shape == (3, 1 + batch.plans.shape[1] + 12)


def test_states_are_kept_and_made_once(tmp_path, data):
    texts = TextStates()
    runs = [(2187, 2192), (2157,), (3564, 2039, 2041)]
    first = StateStore(runs, tmp_path, texts)
    texts.fresh = None  # pyright: ignore[reportAttributeAccessIssue]  (nothing is to be made again)
    again = StateStore(runs[::-1], tmp_path, texts)
    for at, run in enumerate(runs):
        tokens = torch.arange(len(run) + 1)
        states = first.take(tokens + int(first.begins[at]))
        assert torch.equal(states, again.take(tokens + int(again.begins[2 - at])))
    exact = TextStates()([runs[2]])[0]
    torch.testing.assert_close(first.take(torch.arange(4) + int(first.begins[2])), exact, atol=0.04, rtol=0.02)


# --- reward ----------------------------------------------------------------------------------------------------------


def test_the_true_code_keeps_what_holds():
    """Exchanging a part for its own first code changes no more than the later stage does."""
    measure = Measure(pose_tokenizer())
    codes = torch.randint(0, 1024, (6, 12))
    whole = measure.rotations(codes)
    holds = measure.holds(whole)
    place = int(holds[0].nonzero()[0])
    claim = int((measure.column == place).nonzero()[0])
    claims = torch.tensor([[claim, ~claim]] * 6)
    told, judged = measure.told(holds, claims, torch.ones(6, 2, dtype=torch.bool))
    assert judged.all()
    assert bool((told[:, 0] != told[:, 1]).all())
    assert bool(told[0, 0])
    drawn = codes[:, ::2, None].repeat(1, 1, 2)
    rewards = one_part_rewards(measure, codes, drawn, claims, torch.ones(6, 2, dtype=torch.bool))
    assert rewards.shape == (6, 6, 2)
    assert torch.equal(rewards, torch.full_like(rewards, 0.5))


def test_only_the_exchanged_part_matters():
    measure = Measure(pose_tokenizer())
    codes = torch.randint(0, 1024, (4, 12))
    knee = [code.name for code in all_posecodes()].index("left knee: straight")
    rewards = one_part_rewards(
        measure,
        codes,
        torch.randint(0, 1024, (4, 6, 8)),
        torch.tensor([[knee]] * 4),
        torch.ones(4, 1, dtype=torch.bool),
    )
    others = rewards[:, [0, 1, 2, 3, 5]]
    assert torch.equal(others, others[:, :1, :1].expand_as(others))


# --- runs ------------------------------------------------------------------------------------------------------------


def run_of(work: Path, steps: int, **changes) -> NanoRun:
    import dataclasses

    settings = dataclasses.replace(TINY, **changes)
    return NanoRun(settings, made_samples(), pose_tokenizer(), work, CPU, Budget(steps=steps), every_s=0.0)


@pytest.mark.slow
def test_a_tiny_run_learns_ships_and_loads(tmp_path):
    run = run_of(tmp_path / "work", 260, base_share=0.7, context_share=0.0, wordless_share=0.1, base_rate=1e-2)
    base = run.work / "base"
    run.train_base(base)
    lm, figures = run.train_adapter(base)
    assert figures["val"]["plan recall"] > 0.1  # by chance: 0.001
    size = ship(run, lm, tmp_path / "out", figures)
    assert size < 3_000_000
    again = PoseLM.from_pretrained(
        tmp_path / "out" / "base", tmp_path / "out" / "adapter", device="cpu", pose_tokenizer=pose_tokenizer()
    )
    assert again.fingerprint == lm.fingerprint or torch.equal(pose_rows(again.model), pose_rows(lm.model))
    assert "tokenizer.json" not in {path.name for path in (tmp_path / "out" / "adapter").iterdir()}


def test_added_up_weights_are_the_same_function(tmp_path):
    run = run_of(tmp_path / "work", 2)
    model, tokenizer = run.base()
    from chatpose.language.nano.base_files import save_base

    save_base(tmp_path / "base", model, tokenizer, "A test's.")
    lm = run.adapter_lm(tmp_path / "base")
    torch.manual_seed(0)
    for one in lm.model.parameters():
        if one.requires_grad and len(one) < 10_000:
            one.data.add_(0.1 * torch.randn_like(one))
    ids = lm.renderer.render(conversation(), generate=True).input_ids[None]
    with torch.no_grad():
        plain = lm.model(input_ids=ids).logits
        with whole_weights(lm.model) as refresh:
            refresh()
            torch.testing.assert_close(lm.model(input_ids=ids).logits, plain, atol=1e-4, rtol=1e-4)
        assert torch.equal(lm.model(input_ids=ids).logits, plain)


def conversation():
    from chatpose.corpus.instructions.messages import Conversation, Message

    return Conversation((Message.say("user", "left knee straight"),))


def test_a_phase_goes_on_where_it_stopped(tmp_path):
    def phase() -> tuple[Phase, torch.nn.Parameter]:
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(5))
        return Phase("x", [Group({"weight": weight}, 0.1)], 0.1, 0.0, 1.0), weight

    def step_of(weight):
        return lambda number, share: ((weight - number).square().sum(), {"loss": 0.0}, 4)

    whole, target = phase()
    whole.run(step_of(target), Budget(steps=40))
    first, weight = phase()
    first.run(lambda n, s: step_of(weight)(n, s / 2), Budget(steps=20), work=tmp_path)
    again, resumed = phase()
    assert again.resume(tmp_path)
    assert again.progress.step == 20
    assert again.progress.seen == 80
    assert torch.equal(resumed, weight)
    again.run(step_of(resumed), Budget(steps=40), work=tmp_path)
    assert again.progress.step == 40
    torch.testing.assert_close(resumed, target, atol=0.5, rtol=0.2)


def test_a_new_phase_has_nothing_to_go_on_from(tmp_path):
    weight = torch.nn.Parameter(torch.zeros(2))
    assert not Phase("y", [Group({"weight": weight}, 0.1)], 0.1, 0.0, 1.0).resume(tmp_path)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="base_share"):
        NanoTraining(base_share=1.0)
    with pytest.raises(ValueError, match="policy_draws"):
        NanoTraining(policy_draws=1)
