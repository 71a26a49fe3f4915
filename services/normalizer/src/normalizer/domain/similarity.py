"""How much two texts say the same: shared shingles of letters."""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from normalizer.domain.dedupe_rules import DedupeRules

_ASCII = bytes(range(128))
_NO_LETTER = bytes(code for code in _ASCII if not chr(code).isalnum())
_LOWER = bytes(range(256)).lower()
#: The one letter whose small form depends on where it stands.
_SIGMA = "Σ"
_CUT = ("…", "...", "[...]", "[…]")
#: Letters of a shingle: about three words. Letters, not words, because boards lose the spaces between paragraphs.
LETTERS = 16
#: Of a longer text (letters) only the shingles count that begin with one of these: the same in every text (Broder 1997,
#: sampling by content), and enough of them. Other scripts than the Latin one give all.
_LONG = 1200
_SAMPLE = re.compile(f"(?=([ae\u0370-\U0010ffff].{{{LETTERS - 1}}}))")
#: Letters by which a text is found.
_RUN = 24
#: Characters at the end of a body in which a mark of a cut may stand.
_TAIL = 100
#: Characters of a body that are compared: more is no posting.
_MOST = 50_000


@dataclass(frozen=True)
class Text:
    """The body of a posting, prepared for comparison: its letters and digits, its number of words.

    `excerpt`: it is cut off, or too short to prove anything; `cut`: it is known to be cut off.
    """

    letters: str
    words: int
    excerpt: bool
    cut: bool = False

    @cached_property
    def digest(self) -> bytes:
        """The same for texts of the same letters (128 bits)."""
        return hashlib.blake2b(self.letters.encode(errors="replace"), digest_size=16).digest()

    @cached_property
    def sketch(self) -> str:
        """Letters that nearly the same texts share nearly always: of what follows each `er` the last by the alphabet.

        Sampling by content (Broder 1997). Texts in a script without it are the same or they are not.
        """
        runs = self.letters.split("er")[1:-1]
        last = max(runs, default="")
        if len(last) < LETTERS:
            last = max((run for run in runs if len(run) >= LETTERS), default="")
        return last[:_RUN] or self.digest.hex()

    @cached_property
    def shingles(self) -> frozenset[str]:
        """All runs of `LETTERS` letters; a shorter text is one shingle."""
        letters = self.letters
        return frozenset([letters[i : i + LETTERS] for i in range(max(1, len(letters) - LETTERS + 1))])

    @cached_property
    def sample(self) -> frozenset[str]:
        """The shingles that stand for a long text."""
        return frozenset(_SAMPLE.findall(self.letters))

    def much_shorter(self, other: "Text") -> bool:
        """Whether one of the two has less than half the letters of the other: a source may cut without a sign."""
        shorter, longer = sorted((len(self.letters), len(other.letters)))
        return 2 * shorter < longer


def text_of(body: str, rules: DedupeRules, *, cut: bool = False) -> Text:
    """The text of a body; `cut`: its source is known to cut it off. The last word of a cut text may be half a word."""
    stripped = body[:_MOST].rstrip()
    end = _cut_mark(stripped, rules)
    if cut or end is not None or (len(stripped) <= rules.excerpt_length and stripped.endswith(_CUT)):
        whole = " ".join(stripped[:end].split()[:-1])
        return Text(_letters(whole), _words(whole), excerpt=True, cut=True)
    return Text(_letters(stripped), _words(stripped), excerpt=len(stripped) < rules.long_text)


def _words(text: str) -> int:
    """As far as spaces and line ends tell."""
    return text.count(" ") + text.count("\n") + 1 if text else 0


def _letters(text: str) -> str:
    """In lower case; as bytes, since a pattern would go through every text that holds one dash."""
    if _SIGMA in text:
        text = text.lower()
    encoded = text.encode(errors="surrogatepass")
    letters = encoded.translate(_LOWER, _NO_LETTER).decode(errors="surrogatepass")
    if not letters.isascii():
        for character in set(encoded.translate(None, _ASCII).decode(errors="surrogatepass")):
            lower = "".join(filter(str.isalnum, character.lower()))
            if lower != character:
                letters = letters.replace(character, lower)
    return letters


def _cut_mark(body: str, rules: DedupeRules) -> int | None:
    """Where words such as `click apply for full job details` stand near the end."""
    tail = body[-_TAIL:].lower()
    starts = [start for mark in rules.cut_marks if (start := tail.rfind(mark)) >= 0]
    return max(0, len(body) - _TAIL) + min(starts) if starts else None


def jaccard(one: Text, other: Text) -> float:
    """Shared shingles among all, 0 to 1 (Broder 1997, resemblance)."""
    if one.digest == other.digest:
        return 1.0
    if (part := _inside(one, other)) is not None:
        return part
    these, those = _comparable(one, other)
    shared = len(these & those)
    return shared / (len(these) + len(those) - shared)


def containment(one: Text, other: Text) -> float:
    """Share of the shingles of the text with fewer ones that the other text has too, 0 to 1 (Broder 1997)."""
    if _inside(one, other) is not None:
        return 1.0
    these, those = _comparable(one, other)
    return len(these & those) / min(len(these), len(those))


def _inside(one: Text, other: Text) -> float | None:
    """How much of the longer text the shorter one is, where it stands in it as it is; else None."""
    shorter, longer = sorted((one.letters, other.letters), key=len)
    if len(shorter) < LETTERS or shorter not in longer:
        return None
    return (len(shorter) - LETTERS + 1) / (len(longer) - LETTERS + 1)


def _comparable(one: Text, other: Text) -> tuple[frozenset[str], frozenset[str]]:
    if min(len(one.letters), len(other.letters)) >= _LONG and one.sample and other.sample:
        return one.sample, other.sample
    return one.shingles, other.shingles
