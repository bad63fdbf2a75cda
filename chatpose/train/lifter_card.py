"""The card of a trained lifter."""

from collections.abc import Mapping
from typing import Any

from chatpose.perception.lifter import Lifter
from chatpose.train.lifter_figures import LifterFigures
from chatpose.train.perception import LifterTraining
from chatpose.train.vqvae_settings import Budget


def lifter_card(
    model: Lifter,
    settings: LifterTraining,
    budget: Budget,
    facts: Mapping[str, Any],
    figures: Mapping[str, LifterFigures],
) -> str:
    """Text of `README.md`.

    Args:
        model: the lifter.
        settings: of its training.
        budget: what was asked for.
        facts: steps, seconds, device; poses by kind; measured pairs that were trained on; what it began with.
        figures: by the name of what they were measured on.
    """
    config = model.config
    size = sum(tensor.numel() * 2 for tensor in model.tensors().values()) / 1e6
    asked = f"--minutes {budget.minutes:g}" if budget.minutes is not None else f"--steps {budget.steps}"
    counts = ", ".join(f"{count:,} {kind}" for kind, count in facts["poses"].items())
    shares = ", ".join(f"{share:.0%} {kind}" for kind, share in settings.shares.items())
    worst = _by_joint(figures)
    begun = f" --start {facts['start']}" if facts.get("start") else ""
    return f"""# Lifter: from the landmarks of a person in a photo to poses

`chatpose.perception.lifter.Lifter.load().hypotheses(Sightings.of(people, cameras))` gives {config.components} poses of
SMPL's 24 joints with weights and spreads, and the camera's pitch and roll. Looks at BlazePose's 33 points and the
focal length, never at the photo.

- Network: {config.inputs} numbers in, {config.depth} residual blocks of width {config.width}, a mixture of
  {config.components} poses; {size:.2f} MB, float16.
- Trained without photos: poses through random cameras and shapes, with errors that BlazePose made on
  {facts["pairs"]:,} rendered people; {settings.pair_share:.0%} of each batch are those people themselves. The focal
  length was guessed for {settings.guessed_share:.0%} of all.
- Poses: {counts}; drawn as {shares}. Half of them with noise on every joint of up to {settings.noise_deg:g}°.
- From the training subjects of the CMU motion-capture database (mocap.cs.cmu.edu, created with funding from NSF
  EIA-0196217; free for all uses), hand-made postures, poses uniform in the joint limits, variations of the Pose
  Atlas' training entries (CC-BY-4.0), renders of the open body (CC0).
- Settings were chosen on validation subjects; neither test subjects nor the atlas' test entries were read.
- Licence: CC-BY-4.0.
- Made by `chatpose train perception --data FOLDER --bank FOLDER --out FOLDER {asked}{begun}`, seed {settings.seed}:
  {facts["steps"]:,} steps of {settings.batch} people in {facts["seconds"]} s on {facts["device"]}.

## Figures
Before any fit to the photo, with the focal length guessed. Millimetres and degrees. MPJPE: joints in the photo, pelvis
on pelvis, photo axes; the prediction has the mean shape, the truth its own. "12 joints" are those that BlazePose has
too, middle of the hips on middle of the hips, against BlazePose's own world points.

| measured on | people | MPJPE | PA | best of 5 | limbs | all joints | 12 joints, PA | BlazePose, PA | pitch |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(_row(name, one) for name, one in figures.items())}

By joint{worst}

## Limits
It has seen one body with many shapes and poses of adults; what BlazePose makes up (limbs behind others or outside the
photo) comes out as a guess with wide spreads. Depth rests on what is usual: without a fit, a bent knee seen head-on is
uncertain by its whole depth.
"""


def _row(name: str, one: LifterFigures) -> str:
    cells = (
        name,
        f"{one.people:,}",
        *(f"{value:.1f}" for value in (one.mpjpe, one.pa_mpjpe, one.best, one.limbs_deg, one.mpjpe_all)),
        f"{one.shared:.1f}, {one.shared_pa:.1f}",
        f"{one.blazepose:.1f}, {one.blazepose_pa:.1f}",
        f"{one.pitch_deg:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _by_joint(figures: Mapping[str, LifterFigures]) -> str:
    """Of the last set, both sides as one."""
    if not figures:
        return ": not measured."
    name, last = list(figures.items())[-1]
    found = {joint: value for joint, value in last.by_joint.items() if not joint.startswith("right_")}
    listed = (f"{joint.removeprefix('left_')} {value:.0f}" for joint, value in found.items() if joint != "pelvis")
    return f" ({name}): {', '.join(listed)}."
