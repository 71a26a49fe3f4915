"""Texts made to hurt: what regular expressions, parsers and number readers are slow or wrong on."""

import random
from collections.abc import Iterator

#: Characters of a hostile text.
LENGTH = 100_000
_PIECES = (
    "<", ">", "</", "<p", "<p>", "</p>", "<a href=\"", "<a href=\"x\">", "<!--", "-->", "<![CDATA[", "<br/>",
    "<div><p>", "<td>", "<table>", "<svg>", "<b x=y ", "&", "&lt;", "&amp;", "&amp;lt;", "&#", "&#x0;", "&#1114112;",
    "&nbsp;", "&&", " ", "  ", "\t", "\n", "\r\n", "\n\n", "\x00", "\x0b", "\u00a0", "\u2028", "\u200b", "\ud800",
    "\ufeff", "\u202e", ".", ",", ",.", ". ", ";", ":", "/", "//", "|", "-", "–", " - ", " / ", " or ", " and ", "(",
    ")", "((", "[", "]", "{", "\"", "'", "’", "\\", "*", "+", "++", "#", "%", "_", "@", "a@", "a.", "a@a.", "http://",
    "https://a/", "www.", "$", "€", "£", "$1", "$ ", "1", "12", "1,", "1.", "1'", "1 ", "1,000", "1.000,", "100 000 ",
    "9" * 40, "1e9", "10k", "10k-", "$10k – ", "$100,000 - $120,000 per year ", "per hour ", "/hr", "up to ", "to ",
    "from ", "usd ", "salary ", "salary: ", "pay ", "bonus ", "compensation ", "remote", "not remote ", "remote, ",
    "hybrid/", "on-site ", "no ", "senior ", "sr. ", "senior/", "iii ", "c", "c++ ", "c# ", "r ", "go ", "go, ", ".net",
    "python", "python,", "java/", "a", "aa", "ab", "a b ", "a-", "a–", "A ", "é", "e\u0301", "\u0301", "ß", "İ", "ﷺ",
    "漢", "漢字", "か\u3099", "🙂", "Toronto, ", "Toronto, ON, ", "CA", "CA ", "M5V 2T6 ", "EC1A 1BB", "12345-6789 ",
    "Remote - ", "New York ", "de ", "full-time ", "intern ", "51-200 ", "10,000+", "2026-01-01", "null", "NaN", "[1, ",
    "{'a': ", "['x', ", "[[", "\\u0000",
)  # fmt: skip


def texts(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """`count` texts of `LENGTH` characters, each with how to make it: beginning, a repeated part, end."""
    chance = random.Random(seed)
    for number in range(count):
        if number % 2:
            start, unit, end = "", chance.choice(_PIECES), chance.choice(("", "!", "x", "\n", ">", "1"))
        else:
            unit = "".join(chance.choices(_PIECES, k=chance.choice((2, 2, 3, 5))))
            start, end = chance.choice(_PIECES), chance.choice(_PIECES)
        yield f"{start!r} + {unit!r} * n + {end!r}", start + unit * (LENGTH // len(unit)) + end
