"""Puts a posting's sections into the markup that boards really serve, from clean to broken."""

import html
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple


class Section(NamedTuple):
    """A heading (may be empty) with paragraphs, or with the entries of a list."""

    heading: str
    lines: tuple[str, ...]
    is_list: bool = False


class Markup(NamedTuple):
    """How a board writes: what opens the body, how a section looks, what stands between sections, what closes."""

    opening: str
    section: Callable[[Section], str]
    between: str
    closing: str
    is_html: bool = True


def _clean(section: Section) -> str:
    """Headings, paragraphs and lists as they should be."""
    heading = f"<h3>{_escaped(section.heading)}</h3>\n" if section.heading else ""
    lines = map(_escaped, section.lines)
    if section.is_list:
        return f"{heading}<ul>" + "\n".join(f"<li>{line}</li>" for line in lines) + "</ul>"
    return heading + "\n".join(f"<p>{line}</p>" for line in lines)


def _nested(section: Section) -> str:
    """Everything inside one list, as some editors leave it."""
    heading = f"<strong>{html.escape(section.heading)}</strong>" if section.heading else ""
    return f"<li>{heading}<ul><li>{'</li><li>'.join(map(html.escape, section.lines))}</li></ul></li>"


def _styled(section: Section) -> str:
    """Nothing but divs and spans with inline styles."""
    lead = "&bull;&nbsp;" if section.is_list else ""
    title = f'<div><b style="font-size: 18px;">{html.escape(section.heading)}</b></div><div><br></div>'
    span = '<div><span style="font-size: 14px; color: rgb(51, 51, 51);">'
    lines = "".join(f"{span}{lead}{html.escape(line)}</span></div>" for line in section.lines)
    return title + lines if section.heading else lines


def _broken(section: Section) -> str:
    """Unclosed tags, bare ampersands, non-breaking spaces, typographic entities."""
    tag = "<li>" if section.is_list else "<p>"
    lines = [tag + s.replace("'", "&#8217;").replace(" – ", "&nbsp;&ndash;&nbsp;") for s in section.lines]
    return "\n".join([f"<p><b>{section.heading}<br>", *lines] if section.heading else lines)


def _plain(section: Section) -> str:
    """Text with line breaks and dashes."""
    lines = [f"- {line}" if section.is_list else line for line in section.lines]
    return "\n".join([f"{section.heading}:", *lines] if section.heading else lines)


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


_CLEAN = Markup("", _clean, "\n", "")
MARKUPS = (
    _CLEAN,
    Markup("<ul>", _nested, "", "</ul>"),
    Markup("", _styled, "", ""),
    Markup(
        '<div class="posting"><script>window.dataLayer=[];track("view")</script><!-- ATS export v2 -->\n',
        _broken,
        "\n",
        "&nbsp;</div></font>",
    ),
    Markup("", _plain, "\n\n", "", is_html=False),
    _CLEAN,
    _CLEAN,
)


@lru_cache(maxsize=8192)
def _section(markup: Markup, section: Section) -> str:
    return markup.section(section)


def render(markup: Markup, sections: list[Section], fill: dict[str, str]) -> str:
    """The body with its placeholders filled in; sections are kept, since many postings share them."""
    body = markup.between.join(_section(markup, section) for section in sections)
    for name, value in fill.items():
        body = body.replace(f"{{{name}}}", _escaped(value) if markup.is_html else value)
    return f"{markup.opening}{body}{markup.closing}"
