"""The card of a trained baseline."""

from typing import Any

from chatpose.train.vqvae_settings import Budget, VQVAETraining


def vqvae_card(settings: VQVAETraining, budget: Budget, facts: dict[str, Any]) -> str:
    """Text of `README.md` beside a trained baseline."""
    asked = f"--minutes {budget.minutes:g}" if budget.minutes is not None else f"--steps {budget.steps}"
    model, found = settings.model, facts.get("validation")
    counts = "\n".join(f"| {kind} | {count} |" for kind, count in facts["poses"].items())
    figures = (
        f"On the validation subjects {found['mm']:.2f} mm of 23 joints, {found['degrees']:.2f} degrees of 22 "
        f"rotations; perplexity {found['perplexity']:.2f} of the codes. "
        if found
        else ""
    )
    return f"""# Learned whole-body baseline

A vector-quantised autoencoder of 1-D convolutions: {model.tokens} tokens of {model.codes} codes, width {model.width},
depth {model.depth}, codes of {model.code_dim} numbers. A baseline for `chatpose evaluate tokenizer --baseline FOLDER`;
nothing in chatpose uses it otherwise.

- Made by `chatpose train vqvae {asked}`, seed {settings.seed}: {facts["steps"]} steps of {settings.batch} poses in
  {facts["seconds"]} s on {facts["device"]}.
- {figures}The test subjects weren't read.
- Trained on the training subjects of the CMU motion-capture database (mocap.cs.cmu.edu, free for all uses), hand-made
  postures, poses uniform in the joint limits, variations of the Pose Atlas' training entries (CC-BY-4.0).
- Licence: CC-BY-4.0.

| poses | count |
| --- | --- |
{counts}
"""
