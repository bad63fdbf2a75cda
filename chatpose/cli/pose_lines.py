"""Lines about a pose that several commands print."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatpose.atlas.naming import Name
    from chatpose.posecodes.check import Check


def called(names: "Sequence[Name]") -> str:
    """What the pose is called, the surest name first."""
    return ", ".join(f"{name.name} ({name.score:.0%})" for name in names) or "no common name"


def check_rows(checks: "Sequence[Check]") -> Iterator[str]:
    """Statements in columns: what is claimed, what was measured, by how much it holds."""
    told = [check.as_json() for check in checks]
    first = max((len(row["statement"]) for row in told), default=0)
    second = max((len(row["measured"] or "") for row in told), default=0)
    for row in told:
        yield f"{row['statement']:<{first}}  {row['measured'] or '':<{second}}  holds by {row['margin']}"
