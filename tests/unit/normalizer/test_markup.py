"""Descriptions become safe HTML and plain text that say the same."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.domain.markup import clean_html, describe, text_of

BASE = "https://jobs.example.com/list/1"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<div>One<div>Two</div>Three</div>", "One\nTwo\nThree"),
        ("<ul><li>One</li><li>Two</li></ul>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<h2>Head</h2>text", "Head\ntext"),
        ("<b>one</b> <i>line</i> <a href='/x'>of</a> text", "one line of text"),
        ("<b>bold\nsecond line", "bold\nsecond line"),
        ("<p>soft\n   wrap</p>", "soft wrap"),
        ("<p>One</p>\n\n<p>soft\nwrap</p>\n\n", "One\nsoft wrap"),
        ("One\n\nTwo\nThree\n\n<p>added by the board</p>", "One\nTwo\nThree\nadded by the board"),
        ("<p>R&amp;D &lt;3 &nbsp;&eacute; &#8211; x</p>", "R&D <3 é – x"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>kept</p><script>alert(1)</script><style>p{}</style>", "kept"),
        ("<section>One</section><section>Two</section>", "One\nTwo"),
        ("&lt;p&gt;Once escaped &amp;amp; done&lt;/p&gt;", "Once escaped & done"),
        ("&amp;lt;p&amp;gt;Twice escaped&amp;lt;/p&amp;gt;", "Twice escaped"),
        ("<p></p><br>", ""),
        ("<p>a\x00b\x08c\ud800d</p>", "abcd"),
    ],
)
def test_html_as_text(markup: str, text: str) -> None:
    assert describe(markup, None, BASE)[1] == text


def test_plain_text_keeps_its_lines_and_becomes_paragraphs() -> None:
    markup, text = describe(None, "Pay < 100k &\r\n\r\n  - C++  \tdeveloper\n", BASE)
    assert text == "Pay < 100k &\n- C++ developer"
    assert markup == "<p>Pay &lt; 100k &amp;</p><p>- C++ developer</p>"


def test_html_under_the_name_of_text_is_seen_and_the_other_way_round() -> None:
    assert describe(None, "<ul><li>One</li></ul>", None) == ("<ul><li>One</li></ul>", "One")
    assert describe("no tags\nat all", None, None) == ("<p>no tags</p><p>at all</p>", "no tags\nat all")


def test_nothing_gives_nothing() -> None:
    assert describe(None, None, BASE) == describe("", " \n", BASE) == ("", "")


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://x.example/a?b=1&amp;c=2", "https://x.example/a?b=1&amp;c=2"),
        ("mailto:jobs@example.com", "mailto:jobs@example.com"),
        ("/apply", "https://jobs.example.com/apply"),
        ("../2?a=%22", "https://jobs.example.com/2?a=%22"),
        ("//other.example/x", "https://other.example/x"),
        ("HTTPS://UPPER.example/", "https://UPPER.example/"),
        ("javascript:alert(1)", None),
        ("jav\tascript:alert(1)", None),
        ("&#106;avascript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[broken", None),
        ("//[broken", None),
        ("https:///", None),
    ],
)
def test_links_are_absolute_and_of_known_schemes_or_gone(href: str, expected: str | None) -> None:
    safe = clean_html(f'<p><a href="{href}" onclick="x()" style="x">t</a></p>', BASE)
    assert re.findall(r'href="([^"]*)"', safe) == ([expected] if expected else [])
    assert "onclick" not in safe
    assert "style" not in safe


def test_a_spaced_out_script_address_only_leads_to_the_board_itself() -> None:
    safe = clean_html('<p><a href="jav   ascript:alert(1)">t</a></p>', BASE)
    assert 'href="https://jobs.example.com/list/jav' in safe or "href" not in safe


def test_many_tags_that_are_closed_are_no_nesting() -> None:
    safe, text = describe("<div><b>x</b></div>" * 2000, None, BASE)
    assert text == "\n".join(["x"] * 2000)
    assert safe.count("<b>") == 2000


def test_without_an_address_of_the_posting_relative_links_are_dropped() -> None:
    assert "href" not in clean_html('<p><a href="/admin/delete">t</a></p>', None)


#: Vectors of sanitiser advisories: foreign content, raw text, namespaces, broken attributes.
HOSTILE = [
    "<svg><style><img src=x onerror=alert(1)></style></svg><p>x</p>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>x</p></noscript>",
    "<form action=//evil.example><input name=password><button formaction=javascript:alert(1)>x</button></form><p>x</p>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><p>x</p>",
    '<p><a href="x" title="><script>alert(1)</script>">x</a></p>',
    "<img src=x onerror=alert(1)><p onmouseover=alert(1)>x",
    "<textarea><p title='</textarea><img src onerror=alert(1)>'>x</p>",
    "<template><p>x</p><script>alert(1)</script></template>",
    "<base href=javascript:alert(1)//><p><a href=x>x</a></p>",
    "<p style='background:url(javascript:alert(1))'>x</p><link rel=stylesheet href=//evil.example>",
    "<object data=javascript:alert(1)></object><embed src=x><p>x</p>",
    "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
]
_TAG = re.compile(r"<[^>]*>")
_HARMLESS = re.compile(
    r'</?[a-z][a-z0-9]*>|<a(?: href="(?:https?://|mailto:)[^"<>]*")? rel="noopener noreferrer nofollow">'
)


@pytest.mark.parametrize("markup", HOSTILE)
def test_hostile_markup_comes_out_as_harmless_tags_only(markup: str) -> None:
    safe = clean_html(markup, BASE)
    assert all(_HARMLESS.fullmatch(tag) for tag in _TAG.findall(safe)), safe
    names = set(re.findall(r"</?([a-z0-9]+)", safe))
    assert not names & {"script", "style", "svg", "math", "form", "input", "iframe", "img", "object", "base", "link"}


markup_soup = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<a href='", "'>", '"', "<", ">", "&", "&lt;", "script", "<!--", "-->", "<svg>",
         "<style>", "</style>", "<br/>", "<li>", "\x00", "\n", " onclick=x", "javascript:", "<td>", "]]>", "text", "é"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(markup_soup)
def test_whatever_comes_in_is_harmless_stable_and_says_what_its_text_says(markup: str) -> None:
    safe, text = describe(markup, None, BASE)
    assert all(_HARMLESS.fullmatch(tag) for tag in _TAG.findall(safe)), safe
    assert text_of(safe) == text
    assert "\x00" not in safe + text


@given(st.text())
def test_plain_text_can_be_had_back_from_its_html(text: str) -> None:
    safe, plain = describe(None, text, None)
    assert text_of(safe) == plain


_DEEP = [
    "<div>" * 50_000, "<ul><li>x" * 25_000, "<b></i>" * 30_000, "</b><div>" * 25_000, "&lt;" * 60_000,
    "<" * 200_000, "".join(f"<p><b id={n}>" for n in range(15_000)), "<table><tr><td>" * 15_000,
]  # fmt: skip


@pytest.mark.parametrize("markup", _DEEP, ids=lambda markup: markup[:12])
def test_no_nesting_makes_it_slow(markup: str) -> None:
    started = time.process_time()
    describe(markup + "x", None, BASE)
    assert time.process_time() - started < 3


def test_signs_escaped_for_markdown_are_read_as_they_were() -> None:
    _, plain = describe(None, "C\\+\\+ and C\\#\nSalaris: €3\\.000 \\- €4\\.500\nC:\\Users stays", None)
    assert plain == "C++ and C#\nSalaris: €3.000 - €4.500\nC:\\Users stays"
