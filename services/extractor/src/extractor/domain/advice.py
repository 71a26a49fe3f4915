"""What somebody can do about a page that failed."""

_AWAY = "it may be back at the next run; if not, see `posthorn source show {source}`"
_OTHER = "look at what came: `posthorn bronze ls --source {source}`, `posthorn bronze cat`"
_ADVICE = {
    "timeout": _AWAY,
    "connection_failed": _AWAY,
    "rate_limited": "run again later; if it lasts, lower {SOURCE}_REQUESTS_PER_MINUTE",
    "http_404": "check the parameters of the source in the campaign",
    "page_is_html": _OTHER,
    "page_is_error": _OTHER,
    "page_is_not_json": _OTHER,
    "page_has_no_items": "its format has changed: repair its adapter, then `posthorn replay --source {source}`",
}


def advice(source: str, reason: str) -> str:
    """A sentence for the reasons whose own words do not say it, else ""."""
    words = _AWAY if reason.startswith("http_5") else _ADVICE.get(reason, "")
    return words.format(source=source, SOURCE=source.upper())
