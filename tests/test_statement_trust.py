"""Trust in statements about people in photos: it grows with the margin, with agreement and with confidence."""

import dataclasses

import numpy as np
import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import stack_poses
from chatpose.errors import UnreadableFileError
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.statement_trust import (
    FEATURE_NAMES,
    StatementTrust,
    code_families,
    fit_statement_trust,
    statement_features,
)
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def trust() -> StatementTrust:
    """Fitted on made-up statements: right ones have wide margins, agreeing hypotheses and sure joints."""
    generator = torch.Generator().manual_seed(3)
    features = torch.rand(6000, len(FEATURE_NAMES), generator=generator) * 3
    codes = torch.randint(len(all_posecodes()), (6000,), generator=generator)
    odds = 1.5 * features[:, 0] + 2.0 * features[:, 1] + features[:, 2] - 6.0
    holds = torch.rand(6000, generator=generator) < torch.sigmoid(odds)
    return fit_statement_trust(features, codes, holds)


def person(names: tuple[str, ...], confidence: float = 0.9) -> PhotoPerson:
    atlas = Atlas.load()
    poses = stack_poses([atlas.pose(atlas.find(name).id) for name in names])
    blank = np.zeros(len(NAMES))
    seen = Landmarks(np.zeros((33, 2)), np.zeros((33, 3)), blank, blank, 1.0, np.zeros((4, 2)), (100, 100))
    weights = torch.full((len(names),), 1 / len(names))
    sure = torch.full((len(names), 24), confidence)
    return PhotoPerson(
        seen, PhotoCamera.guessed(100, 100), poses, weights, sure, torch.ones(24, dtype=torch.bool), torch.zeros(3)
    )


def test_chances_follow_what_is_known(trust: StatementTrust) -> None:
    dull, clear = torch.tensor([[0.1, 0.2, 0.2, 0.2, 0.0]]), torch.tensor([[2.8, 2.8, 2.8, 1.5, 1.5]])
    code = torch.tensor([0])
    assert float(trust.chance(dull, code)) < 0.2
    assert float(trust.chance(clear, code)) > 0.95


def test_chances_are_calibrated(trust: StatementTrust) -> None:
    generator = torch.Generator().manual_seed(4)
    features = torch.rand(8000, len(FEATURE_NAMES), generator=generator) * 3
    codes = torch.randint(len(all_posecodes()), (8000,), generator=generator)
    odds = 1.5 * features[:, 0] + 2.0 * features[:, 1] + features[:, 2] - 6.0
    assert float((trust.chance(features, codes) - torch.sigmoid(odds)).abs().mean()) < 0.05


def test_where_hypotheses_disagree_less_is_sure(trust: StatementTrust, describer: Describer) -> None:
    agreeing, torn = person(("tree pose", "tree pose", "tree pose")), person(("tree pose", "downward dog", "lotus"))
    holds = describer.extract(agreeing.pose).holds[0]
    one, other = (statement_features(describer.extract(one.poses), one)[holds, 1] for one in (agreeing, torn))
    assert bool((one > 0.999).all())
    assert bool((other < 0.9).any())


def test_unsure_joints_make_unsure_statements(trust: StatementTrust, describer: Describer) -> None:
    clear, blurred = person(("tree pose",) * 3, 0.97), person(("tree pose",) * 3, 0.1)
    holds = describer.extract(clear.pose).holds[0]
    sure, unsure = (trust.sure(one, describer)[holds] for one in (clear, blurred))
    assert int(sure.sum()) > int(unsure.sum())


def test_a_mirrored_person_is_as_sure(trust: StatementTrust, describer: Describer) -> None:
    one = person(("tree pose", "warrior two", "tree pose"))
    other = dataclasses.replace(one, poses=one.poses.mirror())
    codes = all_posecodes()
    place = {code: number for number, code in enumerate(codes)}
    swapped = torch.tensor([place[Statement(code).mirrored().code] for code in codes])
    held = describer.extract(one.pose).holds[0] & describer.extract(other.pose).holds[0][swapped]
    mine = trust.chance(statement_features(describer.extract(one.poses), one))
    theirs = trust.chance(statement_features(describer.extract(other.poses), other))[swapped]
    torch.testing.assert_close(mine[held], theirs[held], atol=5e-3, rtol=0)


def test_the_shipped_one_loads_and_knows_every_posecode(describer: Describer) -> None:
    shipped = StatementTrust.load()
    sure = shipped.sure(person(("tree pose",) * 3, 0.98), describer)
    assert sure.shape == (len(all_posecodes()),)
    assert len(code_families()) == len(all_posecodes())
    assert int(sure.sum()) > 0


def test_settings_of_other_posecodes_are_refused(trust: StatementTrust, tmp_path) -> None:
    trust.save_pretrained(tmp_path / "trust", "# card")
    config = tmp_path / "trust" / "config.json"
    config.write_text(config.read_text().replace('"agreement"', '"agreeing"'))
    with pytest.raises(UnreadableFileError):
        StatementTrust.from_pretrained(tmp_path / "trust")
