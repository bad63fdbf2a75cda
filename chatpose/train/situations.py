"""`python -m chatpose.train.situations`: sentence vectors of data/situations; seconds."""

import argparse
from pathlib import Path

from chatpose.language.verified.request_situations import Situations
from chatpose.resources import asset
from chatpose.retrieval.text_models import open_text_model


def main() -> None:
    """Writes the vectors beside the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="with situations.tsv (default: the one that ships)")
    folder = parser.parse_args().folder or asset("data", "situations")
    Situations.build(folder, open_text_model())


if __name__ == "__main__":
    main()
