"""`python -m chatpose.perception.fetch`: gets the two pose models for photos, once."""

import sys

from chatpose.errors import ChatposeError
from chatpose.perception.model_files import fetch


def main() -> int:
    """The command; 0, or 2 with one line on stderr."""
    try:
        folder = fetch()
    except ChatposeError as error:
        sys.stderr.write(f"chatpose: {error}\n")
        return 2
    sys.stdout.write(f"The pose models lie in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
