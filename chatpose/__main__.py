"""`python -m chatpose`."""

from chatpose.cli.main import main

raise SystemExit(main())
