"""Markup that the cleaner would leave as it is is known before it is parsed, and nothing else is taken for it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.domain.markup import _CLEANER as CLEANER
from normalizer.domain.text import storable
from normalizer.domain.tidy_markup import is_tidy

TIDY = (
    "<h3>What you do</h3>\n<p>Build <strong>R&amp;D</strong><br>things.</p>\n<ul><li>SQL</li>\n<li>Go</li></ul>",
    "<div><p>One <em>and <b>two</b></em>&nbsp;</p><ol><li><p>a</p><ul><li>b</li></ul></li></ol></div>",
    "no tags at all, 3 &lt; 4",
    "",
)
TAGS = [
    "p", "h1", "h6", "ul", "ol", "li", "div", "b", "strong", "em", "i", "u", "s", "small", "sub", "sup", "code", "br",
    "hr", "a", "span", "table", "td", "pre", "blockquote", "script",
]  # fmt: skip
words = st.sampled_from(["x", " ", "\n", "a b", "&amp;", "&lt;", "&nbsp;", "é", "\t", "<br>", "\u2003", "&amp;lt;"])
stray = st.sampled_from(
    ["<", ">", "&", "&#60;", "\xa0", "\r", "<!--", "-->", "<P>", "<p >", "<br/>", "<p class=x>", "</", "]]>", "&amp"]
)
tags = st.sampled_from([*(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS)])


def nested(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Well nested as far as tags go; not all of it is as a parser would have it."""
    several = st.lists(inside, max_size=3).map("".join)
    closed = st.builds(lambda tag, text: f"<{tag}>{text}</{tag}>", st.sampled_from(TAGS[:17]), several)
    entries = st.lists(several.map(lambda text: f"<li>{text}</li>"), max_size=3)
    return (
        closed
        | several
        | st.builds(lambda tag, each: f"<{tag}>{''.join(each)}</{tag}>", st.sampled_from(["ul", "ol"]), entries)
    )


documents = st.recursive(words, nested, max_leaves=25)
damaged = st.builds(
    lambda text, sign, at: text[: at % (len(text) + 1)] + sign + text[at % (len(text) + 1) :],
    documents,
    stray | tags,
    st.integers(0, 500),
)
soup = st.lists(words | stray | tags, max_size=12).map("".join)


@pytest.mark.parametrize("markup", TIDY)
def test_paragraphs_headings_lists_and_marked_words_are_tidy(markup: str) -> None:
    assert is_tidy(markup)
    assert CLEANER.clean(markup) == markup


@settings(max_examples=1000, deadline=None)
@given(documents | damaged | soup | st.text())
def test_what_is_tidy_is_what_the_cleaner_leaves_as_it_is(markup: str) -> None:
    written = storable(markup)
    assert not is_tidy(written) or CLEANER.clean(written) == written


@pytest.mark.parametrize(
    "markup",
    [
        "<p onclick=x>a</p>", "<a href='https://a.example'>a</a>", "<p>a", "<p>a<p>b</p></p>", "<b>a<p>b</p></b>",
        "<ul>a</ul>", "<li>a</li>", "<p><ul></ul></p>", "<b><i>a</b></i>", "<!-- a -->", "a < b", "a & b", "&eacute;",
        "<script>a</script>", "<svg></svg>", "<P>a</P>", "<br/>", "<p\n>a</p>", "a\r\nb", "a\xa0b", "<", "<p>a</p",
    ],
)  # fmt: skip
def test_all_else_is_left_to_the_cleaner(markup: str) -> None:
    assert not is_tidy(markup)


@pytest.mark.parametrize(
    "markup",
    ["<p>" * 100_000, "<p>a</p>" * 100_000 + "<", "<ul><li>" * 50_000, "<b>a" * 100_000, "a &amp; " * 100_000 + "&"],
)
def test_no_markup_makes_it_slow(markup: str) -> None:
    started = time.process_time()
    assert not is_tidy(markup)
    assert time.process_time() - started < 1
