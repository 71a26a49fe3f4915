"""Turns a description in whatever markup into safe HTML and plain text of the same content."""

import html
import re
from collections import Counter
from urllib.parse import urljoin

import nh3

from normalizer.domain.text import each_evenly_spaced, lines, storable
from normalizer.domain.tidy_markup import is_tidy

_BLOCKS = [
    "address", "article", "aside", "blockquote", "br", "center", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
    "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
]  # fmt: skip
_INLINE = [
    "a", "b", "code", "em", "i", "s", "small", "strong", "sub", "sup", "td", "th", "u",
]  # fmt: skip
#: Gone with all that is in them.
_EMPTIED = [
    "embed", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
    "title",
]  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags={*_BLOCKS, *_INLINE},
    attributes={"a": {"href"}, "*": set()},  # by default `lang` and `title` pass everywhere
    clean_content_tags={*_EMPTIED},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)
# What the cleaner leaves has no attributes but those of links, and these in double quotes.
_INLINE_TAG = re.compile(rf'</?(?:{"|".join(_INLINE)})(?: [a-z]+="[^"]*")*>')
_CELL = re.compile(r"</t[dh]>")
_BLOCK_TAG = re.compile(r"<[^<>]*>")
_RELATIVE_HREF = re.compile(r' href="(?!https?://|mailto:)([^"]*)"')
_OTHER = [
    "body", "button", "font", "form", "head", "html", "iframe", "img", "input", "label", "script", "span",
    "style", "svg",
]  # fmt: skip
_RAW_TAG = re.compile(rf"</?(?:{'|'.join([*_BLOCKS, *_INLINE, *_OTHER])})\b[^<>]*>", re.IGNORECASE)
_RAW_BLOCK = re.compile(rf"<(?:{'|'.join(_BLOCKS)})\b", re.IGNORECASE)
_WEB = re.compile(r"https?://[^/\s]", re.IGNORECASE)
_NESTING = re.compile(r"<(/?)(?!(?:br|hr|img|input|p|li|t[dhr]|d[dt])\b)([a-z][^\s/>]*)", re.IGNORECASE)
#: What tools that turn HTML into Markdown write before signs: "C\\+\\+", "€3\\.000 \\- €4\\.000".
_MARKDOWN_ESCAPE = re.compile(r"\\([-!#&()*+.<>\[\]_`{|}~])")
#: HTML parsers take time quadratic in nesting; no posting needs this much.
_FEW_TAGS, _DEEPEST = 1000, 250
#: Greenhouse escapes its HTML once, careless exports twice.
_MOST_ESCAPES = 2


def describe(markup: str | None, text: str | None, base_url: str | None) -> tuple[str, str]:
    """Safe HTML and plain text of a description given as HTML, as text, or as either under the other's name.

    Relative links are resolved against `base_url` (http or https) and dropped without one.
    """
    source = _unescaped(markup or text or "")
    if "<" in source and _RAW_TAG.search(source):
        if _too_deep(source):
            return describe(None, _RAW_TAG.sub("\n", source).replace("<", " "), base_url)
        safe = clean_html(source, base_url)
        plain = text_of(safe)
        return (safe, plain) if plain else ("", "")
    if "\\" in source:
        source = _MARKDOWN_ESCAPE.sub(r"\1", source)
    kept = lines(html.unescape(source) if "&" in source else source)
    plain = "\n".join(kept)
    return ("<p>" + "</p><p>".join(html.escape(plain, quote=False).split("\n")) + "</p>" if kept else ""), plain


def clean_html(markup: str, base_url: str | None) -> str:
    """HTML of known harmless tags; `href` is the only attribute kept and always an absolute http, https or mailto."""
    if "\n" in markup and _structured_by_lines(markup):
        markup = markup.replace("\n", "<br>")
    safe = storable(markup)
    if not is_tidy(safe):  # to parse it is half of what a posting costs
        safe = _CLEANER.clean(safe)
    if 'href="' in safe:
        # After the cleaner, which takes `//host`, `/path` and `jav ascript:` for harmless relative addresses.
        safe = _RELATIVE_HREF.sub(lambda found: _absolute(found[1], base_url), safe)
    return safe.strip()


def text_of(safe: str) -> str:
    """Plain text of HTML from `clean_html`: a line for each block or list item, cells apart by spaces."""
    flat = _INLINE_TAG.sub("", _CELL.sub(" ", safe.replace("&nbsp;", " ")))
    text = "\n".join(each_evenly_spaced(_BLOCK_TAG.split(flat), flat))
    # The cleaner escapes no others.
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def _structured_by_lines(markup: str) -> bool:
    """Text with tags sprinkled in: no block at all, or fewer than there are empty lines."""
    if "\n\n" not in markup:
        return not _RAW_BLOCK.search(markup)
    return markup.count("\n\n") > len(_RAW_BLOCK.findall(markup))


def _too_deep(markup: str) -> bool:
    if markup.count("<") <= _FEW_TAGS:
        return False
    opened: Counter[str] = Counter()
    depth = 0
    for tag in _NESTING.finditer(markup):
        name = tag[2].lower()
        if not tag[1]:
            opened[name] += 1
            depth += 1
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
        if depth > _DEEPEST:
            return True
    return False


def _unescaped(source: str) -> str:
    for _ in range(_MOST_ESCAPES):
        if "&" not in source or ("<" in source and _RAW_TAG.search(source)):
            break
        opened = html.unescape(source)
        if not _RAW_TAG.search(opened) and "&lt;" not in opened:
            break
        source = opened
    return source


def _absolute(escaped: str, base_url: str | None) -> str:
    """The attribute with the address made absolute, or nothing."""
    if base_url is None:
        return ""
    try:
        address = urljoin(base_url, html.unescape(escaped).strip())
    except ValueError:  # such as an unclosed [ in the host
        return ""
    return f' href="{html.escape(address)}"' if _WEB.match(address) else ""
