"""The table of clauses in docs/posecodes_clauses.md: `python -m chatpose.posecodes.clause_page --out docs/…`.

The page has prose above the table; the command replaces what stands between the two marks.
"""

import argparse
from pathlib import Path

from chatpose.posecodes import phrases
from chatpose.posecodes.lexicon import Entry, lexicon, pair_templates, side_spoken_of, unsided, wordings_of
from chatpose.safefiles import atomic_write

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def clause_tables() -> str:
    """One Markdown table a family: parts, predicate, complements of one, complements of both sides."""
    families: dict[str, dict[tuple[str, str, str], dict[str, None]]] = {}
    for entry in lexicon():
        if side_spoken_of(entry.code) != "right":
            rows = families.setdefault(entry.code.family, {})
            rows.setdefault((_pattern(entry), _alone(entry), _together(entry)), {})[_part(entry)] = None
    lines = []
    for family, rows in families.items():
        lines += ["", f"### {family}", "", "| part | predicate | one | both |", "| --- | --- | --- | --- |"]
        for (pattern, alone, together), parts in rows.items():
            lines.append(f"| {', '.join(parts)} | {pattern} | {alone} | {together} |")
    return "\n".join(lines[1:])


def _part(entry: Entry) -> str:
    """The subject, for relations with the other part."""
    return f"{entry.part} → {unsided(entry.code.object, entry.side)}" if entry.code.object else entry.part


def _pattern(entry: Entry) -> str:
    return f"{unsided(entry.code.relation, entry.side)} {{x}}" if entry.code.object else entry.pattern


def _alone(entry: Entry) -> str:
    return " / ".join(wordings_of(entry.code)).replace("|", "\\|")


def _together(entry: Entry) -> str:
    if not entry.together:
        return ""
    templates = pair_templates(entry.code)
    if templates == wordings_of(entry.code):
        return "same"
    if f"{entry.part} {entry.pattern}" in phrases.EACH:
        return " / ".join(template.replace("each:", "each: ") for template in templates)
    return "each: same"


def main() -> None:
    """Writes the tables into the page."""
    parser = argparse.ArgumentParser(description="Writes the table of clauses into the page.")
    parser.add_argument("--out", type=Path, default=Path("docs/posecodes_clauses.md"))
    path: Path = parser.parse_args().out
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    with atomic_write(path) as temporary:
        temporary.write_text(f"{before}{BEGIN}\n{clause_tables()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
