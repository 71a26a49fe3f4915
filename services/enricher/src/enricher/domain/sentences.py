"""Cuts a stretch of lower-case text at the ends of sentences, list items and lines."""

import re

#: What one byte says: the last byte of a mark that may end a sentence (. ! ? ; • · and a line break) becomes a line
#: break, so that one search finds all of them.
_AS_BREAK = bytes(ord("\n") if b in b"\n.!?;\xa2\xb7" else 0 for b in range(256))
_DOT, _PLAIN = ord("."), b"\n!?;"
_DOTS = ("•".encode(), "·".encode())
_BLANK = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
#: A point behind these ends no sentence; most points are told from theirs by the two letters before.
_SHORT = ("ca.", "min.", "max.", "mind.", "exp.", "e.g.", "z.b.", "bspw.", "bzw.", "u.s.", "u.k.")
_SHORT_ENDS = frozenset(word[-3:-1].encode() for word in _SHORT)
_SHORT_WORD = re.compile(rf"\b(?:{'|'.join(map(re.escape, _SHORT))})\Z")
_OPENS, _LETTERS = frozenset((b" ", b"(")), re.compile(r"(?:(?<!\w)[zudip]|[zudip]\. [a-z])\.\Z")
#: Several blanks stand where a source dropped a line break.
_BLANKS = re.compile(r" {2}|\xa0 ")


def last_sentence(words: bytes) -> str:
    """What stands behind the last end in a stretch."""
    breaks = words.translate(_AS_BREAK)
    at = breaks.rfind(b"\n")
    while at >= 0 and not _is_end(words, at):
        at = breaks.rfind(b"\n", 0, at)
    said = words[at + 1 :].decode(errors="ignore")
    # They are rare, and to look for them with the expression costs more than all else here.
    return _BLANKS.split(said)[-1] if "  " in said or "\xa0 " in said else said


def first_sentence(words: bytes) -> str:
    """What stands before the first end in a stretch, without the blanks that it begins with."""
    breaks = words.translate(_AS_BREAK)
    at = breaks.find(b"\n")
    while at >= 0 and not _is_end(words, at):
        at = breaks.find(b"\n", at + 1)
    said = (words if at < 0 else words[:at]).decode(errors="ignore").lstrip(" \xa0")
    return _BLANKS.split(said, maxsplit=1)[0] if "  " in said or "\xa0 " in said else said


def _is_end(words: bytes, at: int) -> bool:
    """Whether the byte is the last of a mark that ends a sentence here."""
    mark = words[at]
    if mark != _DOT:
        return mark in _PLAIN or words.endswith(_DOTS, 0, at + 1)
    if at + 1 < len(words) and words[at + 1] not in _BLANK:
        letter = words[at + 1 : at + 5].decode(errors="ignore")[:1]
        if letter and not letter.isspace():
            return False
    # "z. B.", "d. h.", "u. a.": a single letter behind a blank, or behind such a letter.
    if words[at - 2 : at - 1] in _OPENS and _LETTERS.search(words[: at + 1].decode(errors="ignore")):
        return False
    return not (words[at - 2 : at] in _SHORT_ENDS and _SHORT_WORD.search(words[: at + 1].decode(errors="ignore")))
