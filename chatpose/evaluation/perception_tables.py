"""Figures of perception for people: tables in text, the calibration as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from chatpose.body.render.text import drawable, embedded_font
from chatpose.evaluation.perception import Figures
from chatpose.perception.person import CLOSE_M
from chatpose.perception.reliability import Reliability
from chatpose.safefiles import atomic_write

# What is to be reached, clean and occluded; None where nothing is asked.
TARGETS: dict[str, tuple[str, tuple[float | None, float | None]]] = {
    "mpjpe_mm": ("at most", (75, 95)),
    "pa_mpjpe_mm": ("at most", (50, 65)),
    "limbs_deg": ("at most", (11, 15)),
    "best_mm": ("at most", (60, None)),
    "right": ("at least", (0.92, 0.88)),
    "said": ("at least", (5, None)),
    "spearman": ("at least", (0.5, 0.6)),
}

_COLUMNS: tuple[tuple[str, str, str, float], ...] = (
    ("lost %", "not_found", "7.1f", 100),
    ("MPJPE", "mpjpe_mm", "7.1f", 1),
    ("+-", "mpjpe_error_mm", "5.1f", 1),
    ("PA", "pa_mpjpe_mm", "6.1f", 1),
    ("best5", "best_mm", "7.1f", 1),
    ("limbs", "limbs_deg", "7.1f", 1),
    ("others", "bones_deg", "7.1f", 1),
    ("12 j", "shared_mm", "7.1f", 1),
    ("PA", "shared_pa_mm", "6.1f", 1),
    ("right %", "right", "8.1f", 100),
    ("said", "said", "6.1f", 1),
    ("rank", "spearman", "6.2f", 1),
    ("gap", "gap", "6.2f", 1),
)


def describe_rows(rows: Sequence[Figures]) -> list[str]:
    """The table."""
    head = f"{'method':<12}{'kind':<10}{'poses':<16}{'n':>5}"
    lines = [head + "".join(f"{title:>{_width(form)}}" for title, _, form, _ in _COLUMNS)]
    for row in rows:
        cells = [_cell(getattr(row, name) * factor, form) for _, name, form, factor in _COLUMNS]
        lines.append(f"{row.method:<12}{row.kind:<10}{row.source:<16}{row.scenes:>5}" + "".join(cells))
    return lines


def describe_views(row: Figures) -> list[str]:
    """How a row falls with where the camera stands."""
    cells = [
        f"{name}: {view['mpjpe_mm']:.0f} mm, {view['limbs_deg']:.1f}° ({view['people']:.0f})"
        for name, view in row.views.items()
    ]
    return [f"{row.method}, {row.kind}, by view: {'; '.join(cells)}"]


def describe_statements(row: Figures) -> list[str]:
    """How right statements are, by how clearly they hold of the guess, and by kind."""
    groups = {"margin": row.right_by_margin, "kind": row.right_by_family}
    return [
        f"{row.method}, {row.kind}, statements right by {what}: "
        + "; ".join(f"{name}: {100 * one['right']:.0f} % of {one['statements']:.0f}" for name, one in parts.items())
        for what, parts in groups.items()
        if parts
    ]


def describe_targets(rows: Sequence[Figures], method: str) -> list[str]:
    """What of the targets a method reaches."""
    lines = []
    for name, (word, wanted) in TARGETS.items():
        for kind, limit in zip(("clean", "occluded"), wanted, strict=True):
            row = next((one for one in rows if (one.method, one.kind, one.source) == (method, kind, "all")), None)
            if row is None or limit is None:
                continue
            value = getattr(row, name)
            reached = value <= limit if word == "at most" else value >= limit
            lines.append(f"{'reached' if reached else 'MISSED':<9}{kind:<10}{name:<14}{value:8.2f}  {word} {limit:g}")
    return lines


def _width(form: str) -> str:
    return form.split(".")[0]


def _cell(value: float, form: str) -> str:
    return f"{'-':>{_width(form)}}" if value != value else f"{value:{form}}"


_PANEL, _MARGIN, _GAP = 360, 64, 40
_PAPER, _INK, _FAINT = (255, 255, 255), (52, 58, 66), (205, 210, 216)
_COLORS = ((31, 111, 180), (214, 96, 32), (60, 140, 80), (140, 80, 160))


def save_plot(file: Path, panels: Mapping[str, Mapping[str, Reliability]]) -> None:
    """Expected against actual chance that a joint lies close, as a picture.

    Args:
        file: PNG.
        panels: by title, the curves by name.

    Raises:
        UnwritableFileError: not there.
    """
    width = _MARGIN + len(panels) * (_PANEL + _GAP) + 10
    picture = Image.new("RGB", (width, _PANEL + 2 * _MARGIN), _PAPER)
    draw = ImageDraw.Draw(picture)
    for at, (title, curves) in enumerate(panels.items()):
        _draw_panel(draw, _MARGIN + at * (_PANEL + _GAP), title, curves)
    font = embedded_font(14)
    label = drawable(f"confidence: expected chance that a joint lies within {100 * CLOSE_M:.0f} cm")
    draw.text(((width - font.getlength(label)) / 2, _PANEL + _MARGIN + 32), label, fill=_INK, font=font)
    with atomic_write(file) as temporary:
        picture.save(temporary, "PNG")


def _draw_panel(draw: ImageDraw.ImageDraw, left: int, title: str, curves: Mapping[str, Reliability]) -> None:
    top, font = _MARGIN, embedded_font(13)

    def at(expected: float, actual: float) -> tuple[float, float]:
        return left + expected * _PANEL, top + (1 - actual) * _PANEL

    for tick in range(0, 11, 2):
        share = tick / 10
        draw.line([at(share, 0), at(share, 1)], fill=_FAINT)
        draw.line([at(0, share), at(1, share)], fill=_FAINT)
        draw.text((at(share, 0)[0] - 8, top + _PANEL + 6), f"{share:.1f}", fill=_INK, font=font)
        draw.text((left - 26, at(0, share)[1] - 8), f"{share:.1f}", fill=_INK, font=font)
    draw.rectangle((left, top, left + _PANEL, top + _PANEL), outline=_INK)
    draw.line([at(0, 0), at(1, 1)], fill=_INK)
    draw.text((left, top - 28), drawable(f"{title}: actual share against expected chance"), fill=_INK, font=font)
    for number, (name, curve) in enumerate(curves.items()):
        color = _COLORS[number % len(_COLORS)]
        points = [at(float(x), float(y)) for x, y in zip(curve.expected, curve.actual, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=color, width=3)
        for x, y in points:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=color)
        words = drawable(f"{name}: {curve.counts.sum()} joints, mean gap {curve.gap:.3f}")
        draw.text((left + 10, top + 8 + 18 * number), words, fill=color, font=font)
