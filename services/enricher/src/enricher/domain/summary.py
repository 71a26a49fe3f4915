"""A short summary: the first two sentences of the body that fit."""

#: Longest summary in characters; schema-wise free text, cut at a word.
LONGEST = 280


def summarize(body: str) -> str:
    """The beginning of the body on one line: up to two sentences, at most `LONGEST` characters, "…" where cut."""
    start = " ".join(body[: LONGEST * 2].split())
    first = start.find(". ")
    second = start.find(". ", first + 1) if first >= 0 else -1
    end = second if second >= 0 else first
    if 0 < end < LONGEST:
        return start[: end + 1]
    if len(start) <= LONGEST:
        return start
    return start[:LONGEST].rsplit(" ", 1)[0] + "…"
