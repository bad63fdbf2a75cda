import dataclasses
import math

import pytest
import torch
from conftest import random_rotations

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.cli.main import main
from chatpose.errors import ChatposeError, MissingFileError, UnwritableFileError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.features import Sightings, seen_from
from chatpose.perception.landmarks import NAMES
from chatpose.perception.lifter import Lifter, LifterConfig, joint_positions
from chatpose.perception.virtual_views import draw_views
from chatpose.train.landmark_bank import LandmarkBank
from chatpose.train.landmark_noise import BankNoise, DrawnNoise, LandmarkErrors
from chatpose.train.lifter_card import lifter_card
from chatpose.train.lifter_figures import aligned, lifter_figures
from chatpose.train.lifter_samples import (
    LifterSamples,
    MeasuredPeople,
    PosePools,
    mean_offsets,
    mirrored_rotations,
    virtual_people,
    with_guessed_focal,
)
from chatpose.train.measured_people import read_measured
from chatpose.train.perception import LifterTrainer, LifterTraining
from chatpose.train.tokenizer_data import TrainingPoses
from chatpose.train.trainer import run
from chatpose.train.vqvae_settings import Budget

QUIET = DrawnNoise(image=0.0, depth_m=0.0, depth_kept=1.0, swapped=0.0)
SETTINGS = LifterTraining(
    model=LifterConfig(width=64, depth=1, components=3, narrow=16),
    standard=128,
    batch=48,
    precision="float32",
    learning_rate=3e-3,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def poses(count: int = 60, seed: int = 0) -> TrainingPoses:
    rotations = random_rotations(count, 24, max_angle_rad=0.6, seed=seed)
    return TrainingPoses(rotations, {"real": count // 2, "atlas": count - count // 2})


def people(count: int = 40, noise: DrawnNoise = QUIET, seed: int = 1) -> MeasuredPeople:
    return virtual_people(poses(count, seed).rotations, noise, generator(seed))


@pytest.fixture(scope="module")
def samples() -> LifterSamples:
    return LifterSamples(PosePools(poses(), {"real": 0.5, "atlas": 0.5}), DrawnNoise(), pairs=people())


# --- landmarks and their errors --------------------------------------------------------------------------------------


def test_without_errors_the_exact_landmarks_are_seen():
    seen = people(noise=QUIET).seen
    true = people(noise=QUIET).true
    torch.testing.assert_close(seen.tangents, true.tangents, atol=1e-4, rtol=1e-4)
    assert (seen.inside == true.inside).float().mean() > 0.99


def test_errors_that_were_measured_give_what_was_seen_back():
    one = people(noise=DrawnNoise(swapped=0.5))
    back = LandmarkErrors.measured(one.seen, one.true).put_on(one.true)
    near = (one.true.points_view.norm(dim=-1) < 5) & (one.seen.tangents.norm(dim=-1) < 3)
    assert near.float().mean() > 0.9
    torch.testing.assert_close(back.tangents[near], one.seen.tangents[near], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(back.world_m, one.seen.world_m, atol=1e-4, rtol=0)
    torch.testing.assert_close(back.visibility, one.seen.visibility, atol=1e-4, rtol=0)


def test_a_mirrored_error_is_the_error_of_the_mirrored_photo():
    one = people(noise=DrawnNoise())
    errors = LandmarkErrors.measured(one.seen, one.true)
    mirrored = LandmarkErrors.measured(one.seen.mirrored(), one.true.mirrored())
    for name in ("image", "world", "visibility"):
        torch.testing.assert_close(getattr(errors.mirrored(), name), getattr(mirrored, name), atol=1e-4, rtol=1e-3)


def test_a_bank_puts_the_errors_of_who_stands_alike():
    """Asked for its own people, one neighbour and no mixing, it gives their own errors."""
    one = people(noise=DrawnNoise())
    errors = LandmarkErrors.measured(one.seen, one.true)
    bank = BankNoise(one.true, errors, nearest=1, blended=0.0, mixed=0.0, jitter=0.0)
    assert len(bank) == 2 * len(one)
    drawn = bank.draw(one.true, generator())
    torch.testing.assert_close(drawn.image, errors.image)
    torch.testing.assert_close(drawn.world, errors.world)
    other = bank.draw(one.true.mirrored(), generator())
    torch.testing.assert_close(other.world, errors.mirrored().world)


def test_mixed_errors_come_part_by_part():
    one = people(noise=DrawnNoise())
    errors = LandmarkErrors.measured(one.seen, one.true)
    drawn = BankNoise(one.true, errors, nearest=5, blended=0.0, mixed=1.0, jitter=0.0).draw(one.true, generator())
    head, leg = NAMES.index("nose"), NAMES.index("left_knee")
    known = torch.cat([errors.world, errors.mirrored().world])

    def source(point: int) -> torch.Tensor:
        return torch.cdist(drawn.world[:, point], known[:, point]).argmin(-1)

    assert torch.equal(source(head), source(NAMES.index("left_ear")))
    assert torch.equal(source(leg), source(NAMES.index("left_foot_index")))
    assert (source(head) != source(leg)).any()


def test_drawn_errors_are_about_as_large_as_asked():
    true = people(200).true
    errors = DrawnNoise(image=0.05, swapped=0.0).draw(true, generator())
    inside = true.inside > 0
    assert 0.03 < errors.image[inside].std() < 0.1
    assert errors.image[~inside].std() > 1.5 * errors.image[inside].std()


def test_people_of_a_bank_are_those_that_were_put_in(tmp_path):
    """A bank of exact landmarks, a third of them not found: no errors, and joints that go with the rotations."""
    views = draw_views(Pose.from_rotations(poses(12).rotations), BodyLandmarks(BodyModel.open()), generator())
    joints_in = torch.rand(12, 3, 24, generator=generator()) < 0.5
    found = torch.arange(12) % 3 > 0
    points = views.points_photo
    middle = points[:, [23, 24]].mean(1, keepdim=True)
    bank = LandmarkBank(
        found=found,
        people=torch.ones(12),
        image_px=views.points_px,
        world_m=points - middle,
        visibility=torch.full((12, 33), 0.9),
        presence=torch.full((12, 33), 0.99),
        sharpness=torch.full((12, 33), 0.6),
        score=torch.ones(12),
        crop_px=torch.zeros(12, 4, 2),
        photo_size=views.size_px,
        focal_px=views.focal_px,
        pitch_rad=views.pitch_rad,
        roll_rad=views.roll_rad,
        rotations=views.pose.local_rotations,
        betas=views.pose.betas,
        transl=views.pose.transl,
        joints_photo=views.joints_photo,
        points_photo=points,
        joints_sight=joints_in,
        points_sight=torch.stack([views.points_inside, ~views.points_inside, ~views.points_inside], dim=1),
        clean=torch.ones(12, dtype=torch.bool),
        crop=views.crop,
        kind=torch.zeros(12),
        number=torch.arange(12),
    )
    (tmp_path / "train").mkdir()
    bank.write(tmp_path / "train" / "part-00000.safetensors")
    one = read_measured(tmp_path, "train")
    assert len(one) == 8
    errors = LandmarkErrors.measured(one.seen, one.true)
    near = (views.points_photo[found][..., 2] < -0.3).all(-1)
    assert near.float().mean() > 0.6
    assert errors.image[near].abs().max() < 1e-3
    assert torch.equal(one.shown, joints_in[found, 0] & ~joints_in[found, 1])
    bodies = BodyModel.open().joints(Pose.from_rotations(one.rotations, betas=views.pose.betas[found]))
    torch.testing.assert_close(bodies - bodies[:, :1], one.joints, atol=1e-4, rtol=0)
    with pytest.raises(MissingFileError):
        read_measured(tmp_path, "validation")


# --- batches ---------------------------------------------------------------------------------------------------------


def test_targets_project_to_what_is_seen():
    """Rotations, joints and view frame belong together: with the mean shape the joints lie under the landmarks."""
    rotations = poses(30).rotations
    quiet = LifterSamples(PosePools(poses(), {"real": 1.0}), QUIET, noise_deg=0.0, guessed_share=0.0)
    batch = quiet.draw(200, generator())
    torch.testing.assert_close(joint_positions(batch.rotations, quiet.offsets), batch.joints, atol=1e-5, rtol=0)
    assert len(rotations) == 30
    points = batch.row.values[:, : 33 * 2].unflatten(-1, (33, 2))
    from chatpose.body.skeleton import SMPL

    ends = [(NAMES.index(name), SMPL.index(name)) for name in ("left_wrist", "right_wrist", "left_ankle", "nose")[:3]]
    for point, joint in ends:
        flat = points[:, point] - points[:, [23, 24]].mean(1)
        truth = batch.joints[:, joint, :2] - batch.joints[:, [1, 2], :2].mean(1)
        assert torch.nn.functional.cosine_similarity(flat, truth, dim=-1).median() > 0.97


def test_a_guessed_focal_length_moves_points_and_edges_alike():
    seen = people().seen
    unknown = torch.zeros(len(seen), dtype=torch.bool)
    unknown[::2] = True
    guessed = with_guessed_focal(seen, unknown)
    ratio = seen.tangents[:, :1] / seen.half_view[:, None]
    torch.testing.assert_close(guessed.tangents[:, :1] / guessed.half_view[:, None], ratio, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(guessed.tangents[1::2], seen.tangents[1::2])
    widest = guessed.half_view.amax(-1)[::2]
    torch.testing.assert_close(widest, torch.full_like(widest, math.tan(math.radians(25))))


def test_pools_draw_by_share_and_leave_unnamed_kinds_out():
    rotations = torch.eye(3).repeat(30, 24, 1, 1)
    rotations[10:20, 4] = random_rotations(max_angle_rad=0.0) + torch.diag(torch.tensor([0.0, 1.0, 0.0]))
    made = TrainingPoses(rotations, {"real": 10, "odd": 10, "atlas": 10})
    drawn = PosePools(made, {"real": 0.7, "atlas": 0.3}).draw(50, generator(), 0.0)
    torch.testing.assert_close(drawn, torch.eye(3).repeat(50, 24, 1, 1), atol=1e-5, rtol=0)


def test_mirroring_poses_twice_changes_nothing():
    rotations = random_rotations(3, 24)
    torch.testing.assert_close(mirrored_rotations(mirrored_rotations(rotations)), rotations)


def test_the_same_seed_draws_the_same_batch(samples):
    first, second = samples.draw(32, generator(3)), samples.draw(32, generator(3))
    assert torch.equal(first.row.values, second.row.values)
    assert torch.equal(first.rotations, second.rotations)


# --- training --------------------------------------------------------------------------------------------------------


def test_the_loss_falls(samples):
    trainer = LifterTrainer(SETTINGS, samples)
    told = [float(trainer.advance(0.2)["first_m"]) for _ in range(25)]
    assert sum(told[-5:]) < 0.8 * sum(told[:5])


def test_a_resumed_run_is_the_uninterrupted_one(samples, tmp_path):
    whole = LifterTrainer(SETTINGS, samples, "data")
    run(whole, Budget(steps=6))
    broken = LifterTrainer(SETTINGS, samples, "data")
    for step in range(3):
        broken.advance(step / 6)
    broken.save(tmp_path)
    again = LifterTrainer(SETTINGS, samples, "data")
    assert again.resume(tmp_path)
    run(again, Budget(steps=6), work=tmp_path)
    assert again.step == whole.step == 6
    assert again.averaged().fingerprint == whole.averaged().fingerprint
    for name, value in whole.state().items():
        assert torch.equal(value, again.state()[name]), name


def test_a_checkpoint_of_other_data_or_a_damaged_one_is_refused(samples, tmp_path):
    LifterTrainer(SETTINGS, samples, "data").save(tmp_path)
    with pytest.raises(UnwritableFileError):
        LifterTrainer(SETTINGS, samples, "other").resume(tmp_path)
    with pytest.raises(UnwritableFileError):
        LifterTrainer(dataclasses.replace(SETTINGS, clip=2.0), samples, "data").resume(tmp_path)
    (tmp_path / LifterTrainer.CHECKPOINT).write_bytes(b"nothing")
    with pytest.raises(ChatposeError):
        LifterTrainer(SETTINGS, samples, "data").resume(tmp_path)


def test_what_is_trained_is_saved_with_a_card_and_loaded_strictly(samples, tmp_path):
    trainer = LifterTrainer(SETTINGS, samples)
    facts = run(trainer, Budget(steps=2)) | {"poses": {"real": 30}, "pairs": 40, "device": "cpu"}
    model = trainer.averaged()
    figures = {"virtual views": lifter_figures(model, people(), samples.offsets)}
    model.save_pretrained(tmp_path / "lifter", lifter_card(model, SETTINGS, Budget(steps=2), facts, figures))
    assert Lifter.from_pretrained(tmp_path / "lifter").fingerprint == model.fingerprint
    card = (tmp_path / "lifter" / "README.md").read_text()
    assert "| virtual views | 40 |" in card
    assert "--steps 2" in card


# --- figures ---------------------------------------------------------------------------------------------------------


def test_alignment_takes_a_similarity_out_and_leaves_hidden_points_out():
    points = torch.randn(4, 24, 3, generator=generator())
    turn = random_rotations(4, max_angle_rad=2.0)
    moved = 1.3 * points @ turn.mT + torch.tensor([0.1, 2.0, -1.0])
    weights = torch.ones(4, 24)
    torch.testing.assert_close(aligned(moved, points, weights), torch.zeros(4), atol=1e-4, rtol=0)
    moved[:, 5] += 10
    weights[:, 5] = 0
    torch.testing.assert_close(aligned(moved, points, weights), torch.zeros(4), atol=1e-3, rtol=0)


def test_a_perfect_answer_has_no_error_but_the_shape(samples):
    """The truth itself, told by a stand-in for the network."""
    one = people(noise=QUIET)
    turn = one.true.photo_from_view

    class Knows(Lifter):
        def forward(self, values):
            mixture = super().forward(values)
            from chatpose.body.kinematics import forward_kinematics

            world = forward_kinematics(one.rotations, samples.offsets).rotations
            view = turn.mT[:, None] @ world
            return mixture._replace(rotations=view[:, None].expand_as(mixture.rotations))

    torch.manual_seed(0)
    figures = lifter_figures(Knows(SETTINGS.model).eval(), one, samples.offsets, guessed=False)
    assert figures.mpjpe < 60  # bodies of other sizes
    assert figures.limbs_deg < 3
    assert figures.by_joint["pelvis"] < 1e-3
    assert figures.people == 40


def test_mean_offsets_start_at_the_pelvis():
    offsets = mean_offsets(BodyModel.open())
    assert offsets.shape == (24, 3)
    assert offsets[0].abs().max() == 0


def test_true_views_of_a_mirrored_photo_are_mirrored():
    true = people().true
    back = true.mirrored().mirrored()
    torch.testing.assert_close(back.points_view, true.points_view)
    torch.testing.assert_close(back.photo_from_view, true.photo_from_view)
    seen = seen_from(true.photo_from_view, true.tangents)
    other = seen_from(true.mirrored().photo_from_view, true.mirrored().tangents)
    torch.testing.assert_close(
        other.norm(dim=-1).sort(-1).values, seen.norm(dim=-1).sort(-1).values, atol=1e-3, rtol=1e-3
    )


def test_sightings_keep_their_rows():
    seen = people().seen
    assert isinstance(seen[:3], Sightings)
    assert len(seen[torch.tensor([0, 5])]) == 2


# --- command ---------------------------------------------------------------------------------------------------------

TINY = """
model: {width: 16, depth: 1, components: 2, narrow: 8}
mixture: {real: 60, mixed: 10, postures: 10, limits: 10, atlas: 6}
standard: 64
batch: 16
precision: float32
"""


def test_the_command_trains_saves_and_goes_on(shared_data, tmp_path, capsys):
    (tmp_path / "tiny.yaml").write_text(TINY)
    data = ["train", "perception", "--data", str(shared_data), "--config", str(tmp_path / "tiny.yaml")]
    assert main([*data, "--out", str(tmp_path / "lifter"), "--work", str(tmp_path / "work"), "--steps", "2"]) == 0
    assert "2 steps" in capsys.readouterr().out
    model = Lifter.from_pretrained(tmp_path / "lifter")
    assert model.config.width == 16
    assert "virtual views" in (tmp_path / "lifter" / "README.md").read_text()
    more = ["--out", str(tmp_path / "longer"), "--start", str(tmp_path / "lifter"), "--steps", "1"]
    assert main([*data, *more]) == 0
    assert "--start lifter" in (tmp_path / "longer" / "README.md").read_text()
    assert main([*data, "--steps", "1"]) == 2
