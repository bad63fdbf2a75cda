"""Shared fixtures: seeds, where the given data lies, small poses."""

import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The given data beside the checkout (or in $CHATPOSE_SHARED); tests that need it skip elsewhere, never in CI."""
    folder = Path(os.environ.get("CHATPOSE_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the given data in {folder}")
        pytest.skip(f"no given data in {folder}")
    return folder


@pytest.fixture(scope="session")
def pose_models() -> Path:
    """The folder of the two models for photos, fetched if need be; skips where that fails, never in CI."""
    from chatpose.errors import ChatposeError
    from chatpose.perception.model_files import fetch

    try:
        return fetch()
    except ChatposeError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to fetch the pose models: {error}")
        pytest.skip(str(error))


def random_rotations(*batch: int, max_angle_rad: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Rotations of bounded angle, (*batch, 3, 3), float32."""
    from chatpose.body.rotations import axis_angle_to_matrix

    generator = torch.Generator().manual_seed(seed)
    axis = torch.nn.functional.normalize(torch.randn(*batch, 3, generator=generator), dim=-1)
    return axis_angle_to_matrix(axis * torch.rand(*batch, 1, generator=generator) * max_angle_rad)
