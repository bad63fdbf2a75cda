"""Colours and type of the page: quiet stone greys, one accent, the system's own fonts (no web font is asked for)."""

from typing import Any

SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")

# From lightest to darkest, as gradio's scales go from 50 to 950.
_ACCENT = (
    "#fdf5f0",
    "#fae7dc",
    "#f3ccb8",
    "#e8a988",
    "#d98860",
    "#c56d43",
    "#a95633",
    "#87432a",
    "#6b3826",
    "#583023",
    "#2f1810",
)
_STONE = (
    "#fafaf9",
    "#f4f3f1",
    "#e7e5e2",
    "#d5d2cd",
    "#a5a19b",
    "#77736d",
    "#57534e",
    "#3e3b38",
    "#282624",
    "#1b1a19",
    "#121110",
)


def page_theme() -> Any:
    """The gradio theme; what it can't say is in ui/theme.css."""
    from gradio.themes import Base
    from gradio.themes.utils import colors, fonts, sizes

    shades = ("c50", "c100", "c200", "c300", "c400", "c500", "c600", "c700", "c800", "c900", "c950")
    accent = colors.Color(**dict(zip(shades, _ACCENT, strict=True)), name="clay")
    stone = colors.Color(**dict(zip(shades, _STONE, strict=True)), name="stone")
    theme = Base(
        primary_hue=accent,
        secondary_hue=stone,
        neutral_hue=stone,
        radius_size=sizes.radius_md,
        font=[fonts.Font(name) for name in SANS],
        font_mono=[fonts.Font(name) for name in MONO],
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_border_width="1px",
        button_secondary_border_color="*neutral_200",
        button_secondary_border_color_dark="*neutral_800",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
    )
