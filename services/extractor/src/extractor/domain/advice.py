"""What somebody can do about a page that failed."""

from sources.errors import SourceError

_AWAY = "it may be back at the next run; if not, see `posthorn source show {source}`"
_ELSE = "look at what came: `posthorn bronze ls --source {source}`, `posthorn bronze cat`"
_PARAMS = "check the parameters of the source in the campaign"
_MOVED = "its address may have changed: look whether there is a newer version, and report it if not"
_ADVICE = {
    "timeout": _AWAY,
    "connection_failed": _AWAY,
    "robots_unavailable": _AWAY,
    "rate_limited": "run again later; if it lasts, lower {SOURCE}_REQUESTS_PER_MINUTE",
    "quota_exhausted": "run again then, ask for fewer pages (max_pages), or set {SOURCE}_QUOTAS to those of your plan",
    "http_400": _PARAMS,
    "http_404": "there is no such board or page: check its name in the campaign, or give the employer's careers page "
    "to `posthorn source add`",
    "http_410": "it is gone for good: take it out of the campaign",
    "http_422": _PARAMS,
    "robots_disallowed": "ask its operator for leave, or read these postings from another source",
    "redirect_invalid": _MOVED,
    "too_many_redirects": _MOVED,
    "response_too_large": "ask for less, or raise {SOURCE}_MAX_RESPONSE_BYTES",
    "page_is_html": f"mostly a bot check, a log-in or a moved page; {_ELSE}",
    "page_is_error": _ELSE,
    "page_is_not_json": f"mostly an answer that was cut off; run again, and if it lasts, {_ELSE}",
    "page_has_no_items": "its format has changed: repair its adapter, then `posthorn replay --source {source}`",
}


def advised(source: str, error: SourceError) -> str:
    """The error with what to do about it, where its own words do not say that."""
    words = _AWAY if error.reason.startswith("http_5") else _ADVICE.get(error.reason, "")
    return f"{error}; {words.format(source=source, SOURCE=source.upper())}" if words else str(error)
