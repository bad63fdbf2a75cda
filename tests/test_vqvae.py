"""The learned baseline: a `PoseCodec` that saves and loads, its codebook, its training and going on after a break."""

import json
import math
import os
import signal
from dataclasses import replace

import pytest
import torch
from conftest import random_rotations
from hypothesis import given
from hypothesis import strategies as st

from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle, is_rotation
from chatpose.cli.main import main
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import InvalidPoseError, InvalidTokensError, UnreadableFileError, UnwritableFileError
from chatpose.evaluation.tokenizer import figures
from chatpose.pose_tokenizer.codec import PoseCodec
from chatpose.pose_tokenizer.vqvae import PoseVQVAE, PoseVQVAEConfig, body_features
from chatpose.train.settings import read_settings
from chatpose.train.trainer import run
from chatpose.train.vqvae import VQVAETrainer, measured, said
from chatpose.train.vqvae_codebook import CodebookAverages
from chatpose.train.vqvae_settings import Budget, VQVAETraining, rate_share

SMALL = VQVAETraining(
    model=PoseVQVAEConfig(tokens=6, codes=32, code_dim=8, width=24, depth=1),
    batch=64,
    reset_every=5,
    precision="float32",
)
STEPS = Budget(steps=24)


@pytest.fixture(scope="module")
def few() -> torch.Tensor:
    return jittered_postures(400, torch.Generator().manual_seed(0)).without_heading().local_rotations


@pytest.fixture(scope="module")
def trained(few) -> PoseVQVAE:
    trainer = VQVAETrainer(replace(SMALL, learning_rate=5e-3), few)
    run(trainer, Budget(steps=300))
    return trainer.model.eval()


@pytest.fixture(scope="module")
def whole(few) -> str:
    """Fingerprint of an unbroken short run."""
    trainer = VQVAETrainer(SMALL, few)
    run(trainer, STEPS)
    return trainer.model.fingerprint


# --- as a codec ------------------------------------------------------------------------------------------------------


def test_it_is_a_codec_of_the_table(few, trained):
    codec: PoseCodec = trained
    row = figures(codec, Pose.from_rotations(few[:100]), "postures")
    assert (row.tokens, row.bits) == (6, 6 * 5)
    assert 0 < row.mpjpe_mm < 400


def test_tokens_are_whole_numbers_within_the_codebook(few, trained):
    tokens = trained.encode(Pose.from_rotations(few))
    assert tokens.shape == (400, 6)
    assert tokens.dtype == torch.int64
    assert 0 <= int(tokens.min()) <= int(tokens.max()) < 32


def test_headings_and_hands_do_not_count(few, trained):
    turned = few.clone()
    turned[:, 0] = about_axis("y", torch.linspace(-3, 3, len(few))) @ few[:, 0]
    turned[:, 22:] = random_rotations(len(few), 2)
    assert torch.equal(trained.encode(Pose.from_rotations(turned)), trained.encode(Pose.from_rotations(few)))


def test_decoded_poses_face_forward_with_straight_hands(trained):
    tokens = torch.randint(32, (200, 6))
    local = trained.decode(tokens).local_rotations
    assert is_rotation(local).all()
    assert heading_angle(local[:, 0]).abs().max() < 1e-5
    assert torch.equal(local[:, 22:], torch.eye(3).expand(200, 2, 3, 3))
    assert not local.requires_grad


def test_one_pose_is_coded_as_among_others(few, trained):
    together = trained.encode(Pose.from_rotations(few[:20]))
    alone = torch.cat([trained.encode(Pose.from_rotations(row[None])) for row in few[:20]])
    assert torch.equal(together, alone)


@pytest.mark.parametrize("shape", [(3, 5), (3, 7), (6,)])
def test_another_number_of_tokens_is_refused(trained, shape):
    with pytest.raises(InvalidTokensError, match="6"):
        trained.decode(torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("wrong", [-1, 32])
def test_ids_out_of_range_are_refused_with_their_position(trained, wrong):
    tokens = torch.zeros(3, 6, dtype=torch.long)
    tokens[1, 4] = wrong
    with pytest.raises(InvalidTokensError, match="of pose 1") as caught:
        trained.decode(tokens)
    assert caught.value.position == 4


def test_poses_that_are_not_are_refused(few, trained):
    bad = few[:3].clone()
    bad[1, 4, 0, 0] = math.nan
    with pytest.raises(InvalidPoseError):
        trained.encode(Pose.from_rotations(bad))


def test_nearest_codes_are_nearest(trained):
    latents = torch.randn(5, 6, 8) * trained.codebook.std()
    by_hand = torch.cdist(latents.double().flatten(0, 1), trained.codebook.double()).argmin(-1)
    assert torch.equal(trained.nearest(latents).flatten(), by_hand)


# --- saving ----------------------------------------------------------------------------------------------------------


def test_a_saved_model_gives_the_same_tokens_and_poses(few, trained, tmp_path):
    trained.save_pretrained(tmp_path / "model", "# A card\n")
    loaded = PoseVQVAE.from_pretrained(tmp_path / "model")
    assert loaded.fingerprint == trained.fingerprint
    tokens = trained.encode(Pose.from_rotations(few))
    assert torch.equal(loaded.encode(Pose.from_rotations(few)), tokens)
    assert torch.equal(loaded.decode(tokens).local_rotations, trained.decode(tokens).local_rotations)


@pytest.mark.parametrize("change", [{"tokens": 7}, {"codes": 64}, {"depth": 2}])
def test_settings_that_do_not_fit_the_tensors_are_refused(trained, tmp_path, change):
    trained.save_pretrained(tmp_path / "model", "# A card\n")
    path = tmp_path / "model" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UnreadableFileError, match="fit its config"):
        PoseVQVAE.from_pretrained(tmp_path / "model")


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="tokens must be"):
        PoseVQVAEConfig(tokens=0)


# --- the codebook ----------------------------------------------------------------------------------------------------


def test_codes_move_to_the_means_of_what_chooses_them():
    codebook = torch.tensor([[0.0, 0.0], [5.0, 5.0]])
    book = CodebookAverages(replace(SMALL, code_decay=0.5), codebook)
    latents = torch.tensor([[1.0, 0.0], [3.0, 0.0], [9.0, 9.0]])
    for _ in range(40):
        book.follow(latents, torch.tensor([0, 0, 1]))
    assert torch.allclose(codebook, torch.tensor([[2.0, 0.0], [9.0, 9.0]]), atol=1e-4)


def test_a_code_that_nothing_chooses_stays_and_then_is_put_on_a_latent():
    codebook = torch.tensor([[0.0, 0.0], [50.0, 50.0]])
    book = CodebookAverages(replace(SMALL, code_decay=0.5, dead_below=0.01), codebook)
    latents, generator = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.Generator().manual_seed(0)
    book.follow(latents, torch.tensor([0, 0]))
    assert book.reset_dead(latents, generator) == 0
    for _ in range(10):
        book.follow(latents, torch.tensor([0, 0]))
    assert torch.allclose(codebook[1], torch.tensor([50.0, 50.0]))
    assert book.reset_dead(latents, generator) == 1
    assert codebook[1].tolist() in latents.tolist()


def test_the_gradient_passes_straight_through_the_codebook(few):
    trainer = VQVAETrainer(SMALL, few)
    trainer.advance(0.5)
    made = trainer.model(body_features(few[:8]))
    through = torch.autograd.grad(made.rotations.square().sum() + made.rotations.sum(), made.latents)[0]
    codes = made.codes.detach().requires_grad_()
    decoded = trainer.model.rotations(codes)
    direct = torch.autograd.grad(decoded.square().sum() + decoded.sum(), codes)[0]
    assert direct.abs().max() > 0
    assert torch.allclose(through, direct, rtol=1e-4, atol=1e-6)


# --- training --------------------------------------------------------------------------------------------------------


def test_training_gets_nearer_than_the_mean_pose(few, trained):
    mean = VQVAETrainer(SMALL, few).model
    for last in mean.decoder.end.parameters():
        torch.nn.init.zeros_(last)
    row = measured(trained, few)
    assert row["mm"] < 0.5 * measured(mean, few)["mm"]
    assert row["perplexity"] > 0.3


def test_figures_while_training_are_those_of_the_table(few, trained):
    table = figures(trained, Pose.from_rotations(few), "postures")
    told = measured(trained, few)
    assert table.mpjpe_mm == pytest.approx(told["mm"], rel=0.05)
    assert table.degrees == pytest.approx(told["degrees"], rel=0.05)


def test_the_same_seed_gives_the_same_bytes(few, whole):
    again, other = VQVAETrainer(SMALL, few), VQVAETrainer(replace(SMALL, seed=1), few)
    run(again, STEPS)
    run(other, STEPS)
    assert again.model.fingerprint == whole
    assert other.model.fingerprint != whole


def test_building_a_trainer_leaves_the_random_numbers_alone(few):
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    VQVAETrainer(SMALL, few)
    assert torch.equal(torch.rand(1), wanted)


def test_bfloat16_is_for_training_only(few):
    trainer = VQVAETrainer(replace(SMALL, precision="bfloat16"), few)
    run(trainer, Budget(steps=3))
    features = body_features(few[:50])
    half, full = trainer.model.latents(features), trainer.model.eval().latents(features)
    assert half.dtype == full.dtype == torch.float32
    assert not torch.equal(half, full)
    trainer.model.half_while_training = False
    assert torch.equal(full, trainer.model.latents(features))


# --- going on --------------------------------------------------------------------------------------------------------


def test_a_broken_run_goes_on_exactly_where_it_stopped(few, whole, tmp_path):
    first = VQVAETrainer(SMALL, few)
    for _ in range(11):
        first.advance(STEPS.share(first.step, 0))
    first.seconds = 12.5
    first.save(tmp_path / "work")
    second = VQVAETrainer(SMALL, few)
    assert second.resume(tmp_path / "work")
    assert (second.step, second.seconds) == (11, 12.5)
    assert second.state().keys() == first.state().keys()
    run(second, STEPS)
    assert second.model.fingerprint == whole


def test_minutes_go_on_counting_after_a_break(few, tmp_path):
    trainer = VQVAETrainer(SMALL, few)
    trainer.advance(0)
    trainer.seconds = 3599.9
    trainer.save(tmp_path)
    again = VQVAETrainer(SMALL, few)
    again.resume(tmp_path)
    facts = run(again, Budget(minutes=60), work=tmp_path)
    assert 1 < facts["steps"] < 1000
    assert 3600 <= facts["seconds"] < 3660


def test_ctrl_c_ends_after_the_step_and_loses_nothing(few, whole, tmp_path, monkeypatch):
    trainer = VQVAETrainer(SMALL, few)
    advance = trainer.advance

    def interrupted(share):
        if trainer.step == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(share)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(trainer, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(trainer, STEPS, work=tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    again = VQVAETrainer(SMALL, few)
    again.resume(tmp_path)
    assert again.step == 8
    run(again, STEPS)
    assert again.model.fingerprint == whole


def test_a_finished_run_is_not_trained_again(few, tmp_path):
    trainer = VQVAETrainer(SMALL, few)
    run(trainer, STEPS, work=tmp_path)
    again = VQVAETrainer(SMALL, few)
    again.resume(tmp_path)
    assert run(again, STEPS)["steps"] == 24
    assert again.model.fingerprint == trainer.model.fingerprint


def test_no_checkpoint_is_a_new_run(few, tmp_path):
    assert not VQVAETrainer(SMALL, few).resume(tmp_path / "none")


@pytest.mark.parametrize("other", ["settings", "data"])
def test_a_checkpoint_of_another_run_is_refused(few, tmp_path, other):
    trainer = VQVAETrainer(SMALL, few)
    run(trainer, Budget(steps=1), work=tmp_path)
    asked = VQVAETrainer(replace(SMALL, batch=32), few) if other == "settings" else VQVAETrainer(SMALL, few[:300])
    with pytest.raises(UnwritableFileError, match="of other settings or data"):
        asked.resume(tmp_path)


def test_a_damaged_checkpoint_is_refused(few, tmp_path):
    trainer = VQVAETrainer(SMALL, few)
    run(trainer, Budget(steps=1), work=tmp_path)
    path = tmp_path / VQVAETrainer.CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match="damaged"):
        VQVAETrainer(SMALL, few).resume(tmp_path)


def test_progress_is_told_with_its_rate(few, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("chatpose.train.trainer.TOLD_EVERY_S", 0.0)
    with caplog.at_level("INFO"):
        trainer = VQVAETrainer(SMALL, few)
        model = trainer.model
        run(
            trainer,
            Budget(steps=2),
            measure=lambda: said(measured(model, few[:50])),
            work=tmp_path,
            checkpoint_every_s=0,
        )
    told = [record.getMessage() for record in caplog.records]
    assert any("50 %, step 1," in line and "poses/s" in line and "mm" in line for line in told)
    assert any(line.startswith("after 1 steps") for line in told)


# --- settings --------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0.001, 0.9))
def test_the_learning_rate_rises_then_falls(share, warmup):
    rate = rate_share(share, warmup)
    assert 0 <= rate <= 1
    later = rate_share(min(share + 0.01, 1), warmup)
    if share >= warmup:
        assert later <= rate + 1e-12
    elif share + 0.01 < warmup:
        assert later >= rate


def test_the_learning_rate_has_its_ends():
    assert rate_share(0.05, 0.05) == 1
    assert rate_share(1, 0.05) == pytest.approx(0)


@pytest.mark.parametrize("both", [{}, {"minutes": 1.0, "steps": 2}])
def test_a_budget_is_minutes_or_steps(both):
    with pytest.raises(ValueError, match="one of both"):
        Budget(**both)


def test_settings_are_read_from_yaml_and_wrong_ones_refused(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("batch: 8\nmodel: {width: 16}\n")
    settings = read_settings(VQVAETraining(), path)
    assert (settings.batch, settings.model.width, settings.model.codes) == (8, 16, 1024)
    for wrong in ("batches: 8", "model: {tokens: 0}", "precision: float16", "- 1", "a: ["):
        path.write_text(wrong)
        with pytest.raises(UnreadableFileError):
            read_settings(VQVAETraining(), path)


# --- the commands ----------------------------------------------------------------------------------------------------


def _refused(arguments, capsys) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_commands_refuse_what_makes_no_sense(tmp_path, capsys):
    data = ["--data", str(tmp_path)]
    assert "--out" in _refused(["train", "vqvae", *data, "--steps", "2"], capsys)
    assert "for the other components" in _refused(["train", "tokenizer", *data, "--steps", "2"], capsys)
    for wrong in (["--minutes", "0"], ["--minutes", "nan"], ["--steps", "0"], ["--steps", "2", "--minutes", "1"]):
        with pytest.raises(SystemExit):
            main(["train", "vqvae", *data, *wrong])


def test_the_command_trains_and_goes_on(shared_data, tmp_path, capsys):
    settings = tmp_path / "s.yaml"
    mixture = "mixture: {real: 200, mixed: 50, postures: 50, limits: 50, atlas: 0, noisy: 1}"
    settings.write_text(f"model: {{width: 16, depth: 1, codes: 64}}\nbatch: 16\n{mixture}\n")
    command = ["train", "vqvae", "--data", str(shared_data), "--config", str(settings), "--work", str(tmp_path / "w")]
    assert main([*command, "--out", str(tmp_path / "whole"), "--steps", "6"]) == 0
    assert "6 steps" in capsys.readouterr().out
    assert main([*command, "--out", str(tmp_path / "longer"), "--steps", "8"]) == 0
    assert "8 steps" in capsys.readouterr().out
    model = PoseVQVAE.from_pretrained(tmp_path / "longer")
    assert (model.tokens, model.codes) == (24, 64)
    card = (tmp_path / "longer" / "README.md").read_text()
    assert "validation subjects" in card
    assert "| postures | 100 |" in card


@pytest.mark.slow
def test_a_baseline_joins_the_table(few, trained, shared_data, tmp_path, capsys):
    trained.save_pretrained(tmp_path / "model", "# A card\n")
    command = ["evaluate", "tokenizer", "--data", str(shared_data), "--split", "validation", "--limit", "4", "--json"]
    assert main([*command, "--baseline", str(tmp_path / "model")]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [row for row in rows if row.get("codec") == trained.name]
    assert {row["poses"] for row in found} == {"validation", "validation, noisy", "atlas (seen)"}
    assert all(row["tokens"] == 6 for row in found)
