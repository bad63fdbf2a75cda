"""Training of the pose tokenizer: the same bytes twice, going on after a break, k-means, the mixture, the figures."""

import json
import math

import pytest
import torch
from conftest import random_rotations

from chatpose.body.pose import Pose
from chatpose.body.rotations import heading_angle
from chatpose.cli.main import main
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import UnreadableFileError
from chatpose.evaluation.tokenizer import (
    RoundedAxisAngle,
    TokenizerCodec,
    aligned_error,
    facing_alike,
    figures,
    noisy,
    perplexities,
)
from chatpose.pose_tokenizer.config import Stages
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.train.kmeans import kmeans, nearest
from chatpose.train.tokenizer import TokenizerTraining, train_on
from chatpose.train.tokenizer_data import (
    MixtureCounts,
    TrainingPoses,
    exchanged_limbs,
    packed_rotations,
    training_poses,
    with_noise,
)

SMALL = TokenizerTraining(
    codes=16, stages=Stages(2, 3, 2, 2), levels={"coarse": Stages(1, 1, 1, 1), "fine": Stages(2, 3, 2, 2)}, rounds=3
)


@pytest.fixture(scope="module")
def few() -> TrainingPoses:
    rotations = jittered_postures(400, torch.Generator().manual_seed(0)).without_heading().local_rotations
    return TrainingPoses(rotations, {"postures": 400})


@pytest.fixture(scope="module")
def trained(few) -> PoseTokenizer:
    return train_on(SMALL, few)[0]


# --- training --------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(few, trained):
    assert train_on(SMALL, few)[0].fingerprint == trained.fingerprint


def test_a_broken_run_goes_on_where_it_was(few, trained, tmp_path, caplog):
    train_on(SMALL, few, work=tmp_path)
    (tmp_path / "leg.json").unlink()
    with caplog.at_level("INFO"):
        again, _ = train_on(SMALL, few, work=tmp_path)
    assert again.fingerprint == trained.fingerprint
    told = [record.getMessage() for record in caplog.records]
    assert sum("from " in line for line in told) == 3
    assert any("leg: stage 1 of 2" in line and "rows/s" in line for line in told)


def test_what_was_kept_of_other_settings_or_poses_is_not_used(few, tmp_path, caplog):
    train_on(SMALL, few, work=tmp_path)
    other = TrainingPoses(few.rotations[:200], few.counts)
    with caplog.at_level("INFO"):
        train_on(SMALL, other, work=tmp_path)
    assert not any("from " in record.getMessage() for record in caplog.records)


def test_trained_codes_are_nearer_than_the_mean_pose(few, trained):
    row = figures(TokenizerCodec(trained, "fine"), Pose.from_rotations(few.rotations), "postures")
    coarse = figures(TokenizerCodec(trained, "coarse"), Pose.from_rotations(few.rotations), "postures")
    assert row.mpjpe_mm < coarse.mpjpe_mm < 150
    assert row.pa_mpjpe_mm <= row.mpjpe_mm
    assert set(row.directions_deg) == {"gaze", "palm", "sole"}


def test_settings_are_read_from_yaml_and_wrong_ones_refused(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("codes: 64\nmixture: {noisy: 1}\nstages: {torso: 4}\nlevels: {}\n")
    settings = TokenizerTraining.read(path)
    assert (settings.codes, settings.mixture.noisy, settings.stages.torso) == (64, 1, 4)
    assert settings.mixture.postures == MixtureCounts().postures
    for bad in ("code: 64\n", "codes: many\n", "- 1\n", "a: [\n"):
        path.write_text(bad)
        with pytest.raises(UnreadableFileError):
            TokenizerTraining.read(path)


@pytest.mark.gpu
def test_a_gpu_trains_as_well(few, trained):
    codec = TokenizerCodec(train_on(SMALL, few, device="cuda")[0].to("cpu"), "fine")
    there = figures(codec, Pose.from_rotations(few.rotations), "postures").mpjpe_mm
    here = figures(TokenizerCodec(trained, "fine"), Pose.from_rotations(few.rotations), "postures").mpjpe_mm
    assert there == pytest.approx(here, rel=0.1)


# --- k-means ---------------------------------------------------------------------------------------------------------


def test_kmeans_finds_clusters():
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(8, 3, generator=generator) * 10
    rows = (centres[:, None] + torch.randn(8, 50, 3, generator=generator) * 0.1).flatten(0, 1)
    for power in (2.0, 1.0):
        far = nearest(rows, kmeans(rows, 16, 12, generator, power=power))[1]
        assert float(far.mean()) < 2.0


def test_kmeans_of_mirrored_codes_is_closed_under_mirroring():
    signs = torch.tensor([-1.0, 1.0])
    rows = torch.randn(500, 2)
    means = kmeans(rows, 10, 5, torch.Generator().manual_seed(0), lambda row: row * signs)
    assert torch.equal(means[1::2], means[::2] * signs)


def test_kmeans_of_fewer_rows_than_codes_still_gives_codes():
    means = kmeans(torch.randn(5, 2), 16, 3, torch.Generator().manual_seed(0))
    assert means.shape == (16, 2)
    assert bool(means.isfinite().all())


# --- the mixture -----------------------------------------------------------------------------------------------------


def test_the_mixture_is_reproducible_faces_forward_and_counts_itself(shared_data):
    counts = MixtureCounts(real=60, mixed=20, postures=30, limits=10, atlas=0)
    one, other = (training_poses(shared_data, counts, 3, None) for _ in range(2))
    assert torch.equal(one.rotations, other.rotations)
    assert len(one.rotations) == sum(one.counts.values())
    assert one.counts["real"] == 360
    tilted = one.rotations[:, 0, 1, 1] > -0.99
    assert float(heading_angle(one.rotations[:, 0])[tilted].abs().max()) < 1e-2


def test_noise_leaves_the_hands_alone():
    rotations = random_rotations(50, 24)
    shaken = with_noise(rotations, 5.0, torch.Generator().manual_seed(0))
    assert torch.equal(shaken[:, 22:], rotations[:, 22:])
    assert not torch.equal(shaken[:, :22], rotations[:, :22])


def test_exchanged_limbs_come_from_real_poses_whole():
    rotations = random_rotations(20, 24)
    mixed = exchanged_limbs(rotations, 30, torch.Generator().manual_seed(0))
    arm = [16, 18, 20, 22]
    found = (mixed[:, None, arm] == rotations[None][:, :, arm]).flatten(2).all(-1).any(-1)
    assert bool(found.all())


def test_no_test_subject_trains(shared_data):
    from chatpose.corpus.packed import PackedPoses

    packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
    assert len(packed_rotations(shared_data, "validation")) == len(packed.rows("validation"))


# --- figures ---------------------------------------------------------------------------------------------------------


def test_rounding_is_as_fine_as_its_levels():
    poses = Pose.from_rotations(random_rotations(64, 24))
    errors = [figures(RoundedAxisAngle(levels), poses, "random") for levels in (64, 256)]
    assert errors[1].mpjpe_mm < errors[0].mpjpe_mm / 3
    assert errors[1].bits == 66 * 8
    assert errors[1].degrees < math.degrees(math.tau / 256)


def test_a_perfect_codec_has_no_errors():
    poses = Pose.from_rotations(random_rotations(10, 24, seed=4))

    class Perfect:
        name, tokens, codes = "perfect", 1, 2

        def encode(self, pose: Pose) -> torch.Tensor:
            return torch.zeros(len(pose), 1, dtype=torch.long)

        def decode(self, tokens: torch.Tensor) -> Pose:
            return poses.without_heading()

    row = figures(Perfect(), poses, "random")
    assert row.mpjpe_mm < 1e-3
    assert row.degrees < 0.05
    assert max(row.directions_deg.values()) < 0.05


def test_similarity_is_taken_out():
    points = torch.randn(5, 24, 3)
    moved = 1.7 * points @ random_rotations(5, seed=2).transpose(-1, -2) + 3
    assert float(aligned_error(moved, points)) < 1e-5


def test_heading_is_left_out():
    rotations = random_rotations(5, 24)
    turned = Pose.from_rotations(rotations).without_heading().local_rotations
    torch.testing.assert_close(facing_alike(rotations, turned), turned, atol=1e-5, rtol=0)


def test_noise_of_the_figures_is_the_same_every_time():
    poses = Pose.from_rotations(random_rotations(5, 24))
    assert torch.equal(noisy(poses).local_rotations, noisy(poses).local_rotations)


def test_perplexity_of_even_use_is_all_codes():
    assert perplexities(torch.arange(32)[:, None], 32, ["a"])["a"] == pytest.approx(1)
    assert perplexities(torch.zeros(32, 1, dtype=torch.long), 32, ["a"])["a"] == pytest.approx(1 / 32)


def test_the_command_refuses_a_missing_folder(tmp_path, capsys):
    assert main(["train", "tokenizer", "--data", str(tmp_path / "none")]) == 2
    assert "no folder" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_writes_both_folders(shared_data, tmp_path, capsys):
    settings = tmp_path / "s.yaml"
    settings.write_text("codes: 32\nrounds: 2\nmixture: {real: 200, mixed: 50, postures: 50, limits: 50, atlas: 50}\n")
    out = tmp_path / "out"
    out.mkdir()
    command = ["train", "tokenizer", "--data", str(shared_data), "--config", str(settings), "--out", str(out)]
    assert main(command) == 0
    assert json.loads((out / "pose-parts" / "config.json").read_text())["codes"] == 32
    assert (out / "text" / "tokenizer.json").exists()
    capsys.readouterr()
