"""Colours and type, as CSS for both themes.

Okabe and Ito's hues (2008), which people with every kind of colour vision tell apart, darkened or lightened until
text on them has a contrast of at least 4.5. Kinds also differ in their border, for readers without colours. No CSS
variables: drawing programs and converters read this too.
"""

from typing import Literal

from glassgrad.explain.drawing.lettering import LINE_SIZE, SMALL_SIZE, TITLE_SIZE

Theme = Literal["light", "dark", "auto"]

# Kind: (border, head) in the light and in the dark theme.
_LIGHT_KINDS = {
    "input": ("#0072b2", "#d9ebf7"),
    "parameter": ("#9a6700", "#fdeec4"),
    "value": ("#5a6872", "#e9edf0"),
    "operation": ("#007a5c", "#d6efe6"),
    "loss": ("#a3366f", "#f8dfec"),
    "constant": ("#7b848b", "#f3f4f5"),
}
_DARK_KINDS = {
    "input": ("#56b4e9", "#123d5c"),
    "parameter": ("#e6b23c", "#4a3706"),
    "value": ("#93a1ab", "#313a41"),
    "operation": ("#3cc79b", "#0d4434"),
    "loss": ("#ec8fbf", "#50203b"),
    "constant": ("#87929a", "#262c31"),
}
_LIGHT = {
    "paper": "#ffffff",
    "body": "#ffffff",
    "ink": "#1b2329",
    "shape": "#4a5b68",
    "gradient": "#b83e00",
    "faint": "#5b6870",
    "wire": "#74818b",
    "frame": "#f4f6f8",
    "frame_line": "#aab4bc",
    "lit": "#b83e00",
}
_DARK = {
    "paper": "#12161a",
    "body": "#1b2126",
    "ink": "#eceff2",
    "shape": "#a9bac6",
    "gradient": "#ffa066",
    "faint": "#9fadb8",
    "wire": "#7f8e99",
    "frame": "#181d22",
    "frame_line": "#46535d",
    "lit": "#ffa066",
}
_SANS = "'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif"
_MONO = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


def style_sheet(theme: Theme) -> str:
    """The rules for one theme; "auto" follows the reader's system. All are scoped to the drawing's class."""
    match theme:
        case "light":
            colours = _colours(_LIGHT, _LIGHT_KINDS, "gg-light")
        case "dark":
            colours = _colours(_DARK, _DARK_KINDS, "gg-dark")
        case "auto":
            dark = _colours(_DARK, _DARK_KINDS, "gg-auto")
            colours = _colours(_LIGHT, _LIGHT_KINDS, "gg-auto")
            colours += f"@media (prefers-color-scheme:dark){{\n{dark}}}\n"
    return _type() + colours


def _type() -> str:
    """Type and lines, the same in every theme."""
    return f""".gg-draw text{{font:{LINE_SIZE}px {_MONO};white-space:pre}}
.gg-draw .gg-title{{font:600 {TITLE_SIZE}px {_SANS};text-anchor:middle}}
.gg-draw .gg-heading{{font:600 16px {_SANS}}}
.gg-draw .gg-small,.gg-draw .gg-caption,.gg-draw .gg-label{{font:{SMALL_SIZE}px {_SANS}}}
.gg-draw .gg-caption{{font-weight:600}}
.gg-draw .gg-middle{{text-anchor:middle}}
.gg-draw .gg-label{{text-anchor:middle}}
.gg-draw .gg-label,.gg-draw .gg-caption{{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}
.gg-draw .gg-line{{fill:none;stroke-width:1.4px}}
.gg-draw .gg-edge{{fill:none;stroke-width:1.3px}}
.gg-draw .gg-rule{{stroke-width:1px}}
.gg-draw .gg-parameter .gg-line{{stroke-width:2.2px}}
.gg-draw .gg-loss .gg-line{{stroke-width:3px}}
.gg-draw .gg-constant .gg-line{{stroke-dasharray:4 3}}
.gg-draw .gg-frame rect{{stroke-width:1.2px}}
.gg-draw .gg-tag rect{{stroke-dasharray:2 2;stroke-width:1px}}
.gg-draw .gg-arrow:hover .gg-edge{{stroke-width:2.6px}}
"""


def _colours(tones: dict[str, str], kinds: dict[str, tuple[str, str]], scope: str) -> str:
    """The colour rules of one theme, for drawings of one class."""
    rules = [
        f"text{{fill:{tones['ink']}}}",
        f".gg-paper{{fill:{tones['paper']}}}",
        f".gg-body{{fill:{tones['body']}}}",
        f".gg-shape{{fill:{tones['shape']}}}",
        f".gg-note,.gg-small{{fill:{tones['faint']}}}",
        f".gg-caption{{fill:{tones['faint']};stroke:{tones['frame']}}}",
        f".gg-gradient{{fill:{tones['gradient']}}}",
        f".gg-label{{fill:{tones['faint']};stroke:{tones['paper']}}}",
        f".gg-edge{{stroke:{tones['wire']}}}",
        f".gg-head{{fill:{tones['wire']}}}",
        f".gg-arrow:hover .gg-edge{{stroke:{tones['lit']}}}",
        f".gg-arrow:hover .gg-head{{fill:{tones['lit']}}}",
        f".gg-frame rect{{fill:{tones['frame']};stroke:{tones['frame_line']}}}",
        f".gg-tag rect{{fill:{tones['paper']};stroke:{tones['wire']}}}",
    ]
    for kind, (line, tint) in kinds.items():
        rules.append(f".gg-{kind} .gg-line,.gg-{kind} .gg-rule{{stroke:{line}}}")
        rules.append(f".gg-{kind} .gg-tint{{fill:{tint}}}")
    return "".join(
        ",".join(f".{scope} {selector}" for selector in rule.partition("{")[0].split(","))
        + "{"
        + rule.partition("{")[2]
        + "\n"
        for rule in rules
    )
