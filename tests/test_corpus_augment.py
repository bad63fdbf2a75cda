"""Augmentation: what is changed, what stays, and that nothing inhuman comes out."""

import pytest
import torch
from conftest import random_rotations

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.corpus.augment import LIMBS, Augmenter
from chatpose.corpus.basic_postures import basic_posture, basic_postures
from chatpose.corpus.random_poses import jittered_postures


@pytest.fixture(scope="module")
def augmenter() -> Augmenter:
    return Augmenter(BodyModel.open())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_limbs_hold_all_joints_but_the_trunks():
    trunk = {"pelvis", "spine1", "spine2", "spine3", "neck", "head"}
    members = [joint for joints in LIMBS.values() for joint in joints]
    assert sorted(members) == sorted(set(SMPL.joint_names) - trunk)


def test_mirroring_takes_a_share(augmenter):
    pose = jittered_postures(400, generator())
    mixed, flipped = augmenter.mirrored(pose, generator(1), 0.3)
    assert 80 < int(flipped.sum()) < 160
    assert torch.equal(mixed.body_pose[~flipped], pose.body_pose[~flipped])
    assert torch.equal(mixed.body_pose[flipped], pose.mirror().body_pose[flipped])


def test_exchanged_limbs_are_the_donors_and_the_rest_is_untouched(augmenter):
    pose = jittered_postures(200, generator())
    donors = jittered_postures(100, generator(2))
    found = augmenter.exchanged(pose, generator(1), donors)
    assert float(found.changed.float().mean()) > 0.9
    assert torch.equal(found.changed, found.donor >= 0)
    assert torch.equal(found.pose.global_orient, pose.global_orient)
    count = found.limbs.sum(-1)
    assert bool(((count >= 1) & (count <= 3))[found.changed].all())
    assert not found.limbs[~found.changed].any()
    joint_of = {joint: limb for limb, joints in enumerate(LIMBS.values()) for joint in joints}
    for joint in range(1, 24):
        limb = joint_of.get(SMPL.joint_names[joint])
        own, new = pose.body_pose[:, joint - 1], found.pose.body_pose[:, joint - 1]
        theirs = donors.body_pose[found.donor.clamp_min(0), joint - 1]
        taken = torch.zeros(len(pose), dtype=torch.bool) if limb is None else found.limbs[:, limb]
        assert torch.equal(new, torch.where(taken[:, None, None], theirs, own))
    assert torch.equal(found.limbs.any(0), torch.ones(4, dtype=torch.bool))


def test_the_same_seed_gives_the_same(augmenter):
    pose = jittered_postures(50, generator())
    first, second = (augmenter.exchanged(pose, generator(3)).pose for _ in range(2))
    assert torch.equal(first.body_pose, second.body_pose)
    assert not torch.equal(first.body_pose, augmenter.exchanged(pose, generator(4)).pose.body_pose)


def test_noise_is_as_wide_as_asked(augmenter):
    pose = jittered_postures(300, generator(), jitter_deg=2)
    found = augmenter.noised(pose, generator(1), 3.0)
    assert float(found.changed.float().mean()) > 0.9
    apart = torch.rad2deg(geodesic_distance(pose.local_rotations, found.pose.local_rotations))[found.changed]
    assert float(apart.square().mean().sqrt()) == pytest.approx(3.0 * 3**0.5, rel=0.15)
    found.pose.validated()


def test_what_comes_out_is_human_or_no_worse_than_before(augmenter):
    pose = jittered_postures(150, generator())
    for found, parents in (
        (augmenter.exchanged(pose, generator(1)), None),
        (augmenter.noised(pose, generator(1), 6.0), [pose]),
    ):
        rows = found.changed
        others = [pose[rows], pose[found.donor.clamp_min(0)[rows]]] if parents is None else [pose[rows]]
        assert bool(augmenter.is_human(found.pose[rows], *others).all())


def test_inhuman_poses_are_told(augmenter):
    fine = basic_posture("standing")
    backwards = basic_posture("standing", knee_flexion=-60)
    through = basic_posture("standing", shoulder_flexion=40, shoulder_abduction=-55, elbow_flexion=20)
    batch = Pose.from_rotations(torch.stack([p.local_rotations for p in (fine, backwards, through)]))
    assert augmenter.is_human(batch).tolist() == [True, False, False]
    assert augmenter.is_human(batch, batch).all()  # no worse than itself


def test_hopeless_poses_stay_as_they_are(augmenter):
    pose = basic_postures()[:3]
    wild = Pose.from_rotations(random_rotations(40, 24, max_angle_rad=3.1))
    found = augmenter.exchanged(pose, generator(), wild.replace(betas=wild.betas + 1))
    assert torch.equal(found.pose.body_pose[~found.changed], pose.body_pose[~found.changed])
    assert torch.equal(found.pose.betas, pose.betas)
    nobody = augmenter.exchanged(pose, generator(), wild[:0])
    assert not nobody.changed.any()
    assert len(augmenter.exchanged(pose[:0], generator()).pose) == 0
    assert len(augmenter.noised(pose[:0], generator()).pose) == 0
