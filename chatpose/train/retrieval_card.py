"""The card of a trained embedder."""

from typing import Any

from chatpose.retrieval.embedder import PoseTextTowers
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.vqvae_settings import Budget


def retrieval_card(
    towers: PoseTextTowers,
    settings: RetrievalTraining,
    budget: Budget,
    facts: dict[str, Any],
    figures: dict[str, float],
) -> str:
    """Text of `README.md` beside the towers.

    Args:
        towers: trained.
        settings: of the run.
        budget: of the run.
        facts: counts, steps, seconds, device.
        figures: on what was held out; may be empty.
    """
    asked = f"--minutes {budget.minutes:g}" if budget.minutes is not None else f"--steps {budget.steps}"
    size = sum(one.numel() * one.element_size() for one in towers.tensors().values()) / 1e6
    texts = "\n".join(
        f"| {kind} | {count} | {settings.shares.get(kind, 0):.2f} |" for kind, count in facts["texts"].items()
    )
    return f"""# Joint embedding of poses and texts

Two towers into one space of 256 numbers, where nearness is the cosine; {size:.1f} MB beside the language model
{settings.model.text_model}, whose weights are frozen. Left and right are exact by construction: mirroring a pose and
exchanging the words does the same to their vectors.

- Use: `chatpose.retrieval.embedder.Embedder.from_pretrained()`; the text side also as
  `SentenceTransformer(folder, trust_remote_code=True)` with chatpose installed, of the folder above this one.
- Made by `chatpose train retrieval {asked}`, seed {settings.seed}: {facts["steps"]} steps of {settings.batch} texts in
  {facts["seconds"]} s on {facts["device"]}; {facts["sentences"]} sentences, {facts["poses"]} poses
  ({facts["of entries"]} variations of {facts["entries"]} entries, {facts["of recordings"]} of recordings).
- Trained on the training entries, sentences and wordings of the Pose Atlas (CC-BY-4.0), captions of its variations and
  of poses of the training subjects of the CMU motion-capture database (mocap.cs.cmu.edu, free for all uses), and that
  database's descriptions of recordings. Entries, sentences, wordings and subjects kept for testing weren't read, nor
  were texts that hold a test entry's name.
- Language model: all-MiniLM-L6-v2 by the sentence-transformers authors, Apache-2.0, not in this folder.
- Licence: CC-BY-4.0.

| texts | count | share of a batch |
| --- | --- | --- |
{texts}

{_figures(figures)}
"""


def _figures(figures: dict[str, float]) -> str:
    if not figures:
        return "Nothing was held out for choosing settings in this run; `chatpose evaluate retrieval` measures it."
    rows = "\n".join(f"| {name} | {value:.1f} |" for name, value in figures.items())
    return f"On what was held out for choosing settings, percent:\n\n| figure | value |\n| --- | --- |\n{rows}"
