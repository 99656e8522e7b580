"""The frame of a page: one file, no script that runs, no network. Floor 7."""

from collections.abc import Iterable

from glassgrad.explain.notation.escape import xml
from glassgrad.pages.style import STYLE


def document(title: str, body: Iterable[str], *, style: str = "", after: str = "") -> str:
    """The whole file. `style` adds to the style sheet; `after` stands behind the text, unseen."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
        'content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{xml(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body).replace(" %", "\N{NO-BREAK SPACE}%")
        + f"\n</main>\n{after}</body>\n</html>\n"
    )
