"""A short summary: the first two sentences of the body that fit."""

#: Longest summary in characters; schema-wise free text, cut at a word.
LONGEST = 280


def summarize(body: str) -> str:
    """The beginning of the body on one line: up to two sentences, at most `LONGEST` characters, "…" where cut."""
    start = _on_one_line(body[: LONGEST * 2])
    first = start.find(". ")
    second = start.find(". ", first + 1) if first >= 0 else -1
    end = second if second >= 0 else first
    if 0 < end < LONGEST:
        return start[: end + 1]
    if len(start) <= LONGEST:
        return start
    return start[:LONGEST].rsplit(" ", 1)[0] + "…"


def _on_one_line(text: str) -> str:
    """The text with one blank for all white space; of white space only the blank is printable."""
    line = text.replace("\n\n", " ").replace("\n", " ")
    # Splitting makes a string of each word, which costs four times as much and is seldom needed.
    return line.strip(" ") if line.isprintable() and "  " not in line else " ".join(text.split())
