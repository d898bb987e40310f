"""Three themes. Colours only help: words, marks and brackets say the same without them."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    "steno-dark",
    primary="#7aa2c8",
    secondary="#b4a0d0",
    accent="#e0b060",
    success="#7fb77e",
    warning="#e0b060",
    error="#e07878",
    foreground="#dcdcdc",
    background="#16181c",
    surface="#1c1f24",
    panel="#262a31",
    dark=True,
    variables={"burst-even": "#2b3644", "burst-odd": "#3a3148"},
)
LIGHT = Theme(
    "steno-light",
    primary="#1f5f99",
    secondary="#6a4a94",
    accent="#8a5a00",
    success="#2a6a2a",
    warning="#8a5a00",
    error="#a02020",
    foreground="#1a1a1a",
    background="#fafafa",
    surface="#f2f2f2",
    panel="#e4e4e4",
    dark=False,
    variables={"burst-even": "#d8e6f4", "burst-odd": "#e8dcf4"},
)
CONTRAST = Theme(
    "steno-contrast",
    primary="#00ffff",
    secondary="#ffff00",
    accent="#ffff00",
    success="#00ff00",
    warning="#ffff00",
    error="#ff6060",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    text_alpha=1.0,
    variables={"burst-even": "#003a5c", "burst-odd": "#5c003a"},
)
THEMES = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST}
