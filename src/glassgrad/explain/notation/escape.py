"""Escaping: any text made safe inside LaTeX (math letters, typewriter) and inside MathML."""

_LATEX_TEXT = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{character: "\\" + character for character in "_{}#$%&"},
}
_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def latex_text(text: str) -> str:
    r"""Text for inside `\texttt{…}` or `\text{…}`: escaped, control characters as spaces."""
    return "".join(_LATEX_TEXT.get(character, character) if character >= " " else " " for character in text)


def latex_word(name: str) -> str:
    r"""A name upright as one word: `\mathrm{loss}`; in typewriter if it is not letters and digits."""
    if name.replace("_", "a").replace(".", "a").isalnum():
        return rf"\mathrm{{{latex_text(name)}}}"
    return rf"\texttt{{{latex_text(name)}}}"


def xml(text: str) -> str:
    r"""Text for inside an XML element or attribute; characters that XML forbids become spaces."""
    return "".join(_XML.get(character, character) if _is_xml_character(character) else " " for character in text)


def _is_xml_character(character: str) -> bool:
    """Whether XML 1.0 allows the character (section 2.2 of the recommendation)."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
    )
