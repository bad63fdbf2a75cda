"""Confidence: the regressions find what was put in, joints out of sight aren't spoken of."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fit_people import people, root_errors
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.pose import concatenate_poses
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError, UnreadableFileError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.calibration import FEATURE_NAMES, JointCalibration, fit_calibration
from chatpose.perception.confidence import LANDMARKS_OF, joint_features, landmark_means, trusted, visible_joints
from chatpose.perception.fit import Fitter
from chatpose.perception.fit_evidence import Evidence
from chatpose.perception.landmarks import NAMES
from chatpose.perception.person import CLOSE_M
from chatpose.perception.reliability import reliability, spearman

WIDTH = len(FEATURE_NAMES)


def made_up(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Features, and errors that hang on two of them."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, 24, WIDTH, generator=generator)
    logs = -2.5 + 0.5 * features[..., 0] + 0.3 * features[..., 3] + 0.3 * torch.randn(count, 24, generator=generator)
    return features, logs.exp()


@pytest.fixture(scope="module")
def calibration() -> JointCalibration:
    return fit_calibration(*made_up(600))


def test_calibrated_on_what_it_hasnt_seen(calibration: JointCalibration) -> None:
    features, errors = made_up(500, seed=1)
    trust = calibration.trust(features)
    close = (errors <= CLOSE_M).double()[:, 1:].numpy()
    chances = reliability(trust.chance[:, 1:].numpy(), close)
    assert chances.gap < 0.03
    lengths = reliability(trust.error_m[:, 1:].numpy(), errors[:, 1:].numpy())
    np.testing.assert_allclose(lengths.expected, lengths.actual, rtol=0.15)
    assert spearman(1 - trust.chance[:, 1:].numpy(), errors[:, 1:].numpy()) > 0.75


def test_both_sides_are_judged_alike(calibration: JointCalibration) -> None:
    features, _ = made_up(4, seed=2)
    trust = calibration.trust(features)
    mirrored = calibration.trust(features[:, list(SMPL.mirror_index)])
    torch.testing.assert_close(mirrored.chance, trust.chance[:, list(SMPL.mirror_index)])


def test_saved_and_loaded(calibration: JointCalibration, tmp_path: Path) -> None:
    calibration.save_pretrained(tmp_path / "joints", "made up")
    loaded = JointCalibration.from_pretrained(tmp_path / "joints")
    features, _ = made_up(3, seed=3)
    assert torch.equal(loaded.trust(features).chance, calibration.trust(features).chance)
    config = tmp_path / "joints" / "config.json"
    config.write_text(config.read_text().replace('"blurred"', '"sharp"'))
    with pytest.raises(UnreadableFileError):
        JointCalibration.from_pretrained(tmp_path / "joints")


def test_everything_right_or_wrong_is_no_failure() -> None:
    features, _ = made_up(50)
    sure = fit_calibration(features, torch.full((50, 24), 0.01)).trust(features)
    assert sure.chance.min() > 0.95
    assert fit_calibration(features, torch.full((50, 24), 0.5)).trust(features).chance.max() < 0.05
    constant = fit_calibration(torch.zeros(50, 24, WIDTH), made_up(50)[1])
    assert torch.isfinite(constant.trust(features).chance).all()


def test_bad_numbers_are_refused(calibration: JointCalibration) -> None:
    features, errors = made_up(5)
    for bad in ((features[:1], errors[:1]), (features, errors[:3]), (features * float("nan"), errors)):
        with pytest.raises(InvalidPoseError):
            fit_calibration(*bad)
    with pytest.raises(InvalidPoseError):
        calibration.trust(features[..., :3])


def test_untrained_goes_by_the_spread() -> None:
    features = torch.zeros(3, 24, WIDTH)
    features[..., 0] = torch.tensor([0.03, 0.11, 0.4]).log()[:, None]
    trust = JointCalibration.untrained().trust(features)
    assert (trust.chance[0] > 0.95).all()
    assert (trust.chance[1] - 0.5).abs().max() < 0.1
    assert (trust.chance[2] < 0.05).all()
    torch.testing.assert_close(trust.error_m[1], torch.full((24,), 0.1), rtol=0.05, atol=0)


def test_features_of_fits_tell_errors() -> None:
    """Even without training, the spread after a fit orders the joints' errors."""
    fitter = Fitter()
    crowd = people(BodyLandmarks(fitter.body), 16, crop="legs out", noise_m=0.02)
    count = 3
    evidence = Evidence.of(crowd.landmarks, crowd.cameras, fitter.config).repeated(count)
    starts = [crowd.perturbed(14, seed) for seed in range(count)]
    together = concatenate_poses(starts)[torch.arange(16 * count).reshape(count, 16).T.flatten()]
    spread = torch.full((16 * count, 24), np.radians(8))
    fitted = fitter.fit_all(evidence, together, spread)
    visibility, sharpness, inside = (
        torch.tensor(np.stack([getattr(one, name) for one in crowd.landmarks])).float()
        for name in ("visibility", "sharpness", "inside")
    )
    weights = torch.full((16, count), 1 / count)
    features = joint_features(fitted, spread, weights, visibility, sharpness, inside, fitter.body)
    assert features.shape == (48, 24, WIDTH)
    assert torch.isfinite(features).all()
    errors = root_errors(fitter.body.joints(fitted.poses), crowd.views.joints_level.repeat_interleave(count, 0))
    trust = trusted(JointCalibration.untrained(), features)
    assert spearman(1 - trust.chance[:, 1:].numpy(), errors[:, 1:].numpy()) > 0.5
    alone = fitter.fit(crowd.landmarks[0], crowd.cameras[0], together[:count], spread[:count])
    own = joint_features(alone, spread[:count], weights[0], visibility[0], sharpness[0], inside[0], fitter.body)
    torch.testing.assert_close(own, features[:count], atol=0.2, rtol=0)


def test_joints_out_of_the_photo_are_not_spoken_of() -> None:
    confidence, presence = torch.full((24,), 0.9), torch.full((33,), 0.95)
    inside = torch.tensor([not name.endswith(("knee", "ankle", "heel", "foot_index")) for name in NAMES])
    visible = visible_joints(confidence, presence, inside)
    hidden = {name for name, seen in zip(SMPL.joint_names, visible.tolist(), strict=True) if not seen}
    assert hidden == {f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "foot")}
    confidence[SMPL.index("head")] = 0.3
    assert not visible_joints(confidence, presence, inside)[SMPL.index("head")]
    presence[NAMES.index("left_wrist")] = 0.1
    assert not visible_joints(confidence, presence, inside)[SMPL.index("left_wrist")]
    assert visible_joints(confidence, presence, inside)[SMPL.index("right_wrist")]


def test_every_joint_has_landmarks() -> None:
    assert set(LANDMARKS_OF) == set(SMPL.joint_names)
    torch.testing.assert_close(landmark_means(torch.ones(33)), torch.ones(24))


def test_spearman() -> None:
    ranks = np.arange(20.0)
    assert spearman(ranks, np.exp(ranks)) == pytest.approx(1)
    assert spearman(ranks, -ranks) == pytest.approx(-1)
    assert spearman(ranks, np.ones(20)) == 0
    # Ties share their mean rank: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert spearman(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    for bad in (np.array([]), np.array([np.nan, 1.0])):
        with pytest.raises(ValueError, match=r"shapes|NaN"):
            spearman(bad, bad)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.integers(1, 12))
def test_reliability_loses_nothing(values: list[float], bins: int) -> None:
    expected = np.array(values)
    table = reliability(expected, expected, bins)
    assert table.counts.sum() == len(values)
    assert table.gap == pytest.approx(0, abs=1e-12)
    assert (np.diff(table.expected) >= -1e-12).all()
