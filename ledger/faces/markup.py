"""Markup: how a document is written from a template, and how text from a ledger becomes text in it.

Every value that a template prints is escaped on its way out, whatever it is and wherever it stands: names are
other people's words, and none of them may become a link, a tag or a table of its own. What may hold the address of a
page, a report or a source, goes through the filter `linked`: it makes a link of each, and of nothing else.

Some readers of Markdown, such as GitHub, make links of bare addresses too. Those of pages are broken up for them. An
e-mail address in a name cannot be kept from all of them: it leads where it reads, and nowhere else.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ledger.model.errors import BadInput, MissingExtra, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template

FORMATS: Final = {"markdown": "md", "html": "html"}
"""The formats of a document, and how their templates' names end."""

_INVISIBLE_BUT_TEXT: Final = "\u200c\u200d\u200e\u200f\u061c"  # joiners, and marks of direction: Persian, Hebrew, emoji
_MARKUP: Final = r"[\\`*_{}\[\]<>|&~^$#]|(?<=/)/|(?<=[Ww]{3})\."  # the last two begin the addresses of pages
_ANYWHERE: Final = re.compile(_MARKUP)
_ANYWHERE_IN_NAMES: Final = re.compile(rf"{_MARKUP}|(?<=\S)@(?=\S)|(?<=\S)\.(?=[^\W\d_])")  # as in a.org and x@a
_AT_THE_START: Final = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([-+](?!\d)|[=:]))")

_ADDRESS: Final = re.compile(
    r"\bhttps?://(?![^\s/?#]*@)"  # nobody's name before the host, which would read as one
    r"[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::[0-9]+)?(?![-.:]*\w)"
    r"(?:[/?#][-A-Za-z0-9._~:/?#@!$&'()*+,;=%]*+(?!\w)|(?![/?#]))"  # whole, or not at all
)
_AFTER_AN_ADDRESS: Final = ".,:;!?'*)"


def require_format(format: object) -> str:
    """Give back the name of a format: `markdown` or `html`; else raise `BadInput`."""
    if not isinstance(format, str) or format not in FORMATS:
        raise BadInput(f"format={shown(format)} is none of {', '.join(FORMATS)}: choose one of them")
    return format


def rendered(template: str, format: str, content: object) -> str:
    """Write a document: `content` is what its template calls `page`. Raises `MissingExtra` where jinja2 is missing."""
    return _compiled(template, format).render(page=content)


@cache
def _compiled(template: str, format: str) -> Template:
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only documents need it
        from markupsafe import Markup  # noqa: PLC0415 - it comes with jinja2
    except ImportError as error:
        raise MissingExtra("a document", "jinja2", "documents") from error
    environment = Environment(
        autoescape=True,
        finalize=_finalize[format],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["linked"] = lambda text: Markup(linked(text, format))  # noqa: S704 - it was escaped
    source = files("ledger.faces") / "templates" / f"{template}.{FORMATS[format]}.jinja"
    return environment.from_string(source.read_text("utf-8"))


def marked_safe(text: str) -> Any:
    """Mark markup, style, script or data of our own, so that it is not escaped. Raises `MissingExtra`."""
    try:
        import jinja2  # noqa: F401, PLC0415 - what is marked is for its documents
        from markupsafe import Markup  # noqa: PLC0415 - it comes with jinja2
    except ImportError as error:
        raise MissingExtra("a document", "jinja2", "documents") from error
    return Markup(text)  # noqa: S704 - it is our own


def plain(text: str) -> str:
    r"""Bring a text onto one line, and show a replacement character for each that would be invisible or act.

    >>> plain("two\n lines"), plain("\x1b[0m\u202eback")
    ('two lines', '\ufffd[0m\ufffdback')
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c in _INVISIBLE_BUT_TEXT else "\ufffd" for c in line)


def markdown(text: str) -> str:
    r"""Escape a text for Markdown: as it is, wherever it stands, on one line.

    >>> print(markdown("a|b *x* <i> [x](y) snake_case #1"))
    a\|b \*x\* \<i\> \[x\](y) snake\_case \#1
    >>> print(markdown("https://a.example, www.a.example or x@a.example: no. 2, of 2.7"))
    https:/\/a\.example, www\.a\.example or x\@a\.example: no. 2, of 2.7
    >>> [markdown(text) for text in ("1. one", "- two", "-2", "2023-01-20")]
    ['1\\. one', '\\- two', '-2', '2023-01-20']
    """
    return _escaped(plain(text), _ANYWHERE_IN_NAMES)


def _escaped(line: str, anywhere: re.Pattern[str] = _ANYWHERE) -> str:
    escaped = anywhere.sub(r"\\\g<0>", line)
    return _AT_THE_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", escaped)


def linked(text: str, format: str) -> str:
    r"""Escape a text for a format, on one line, and make a link of each address of a page in it.

    >>> print(linked("Minutes_1 (https://a.example/x_1).", "markdown"))
    Minutes\_1 (<https://a.example/x_1>).
    >>> linked("javascript:x <http://a.example>", "html")
    'javascript:x &lt;<a href="http://a.example">http://a.example</a>&gt;'
    """
    escaped, link = _WITH_LINKS[format]
    line, end, written = plain(text), 0, []
    for found in _ADDRESS.finditer(line):
        address = _without_what_follows(found[0])
        written += [escaped(line[end : found.start()]), link(address)]
        end = found.start() + len(address)
    return "".join([*written, escaped(line[end:])])


def is_address(text: str) -> bool:
    """Is a text the address of a page, all of it?

    >>> is_address("https://a.example/x?y=1"), is_address("javascript:alert(1)"), is_address("see https://a.example")
    (True, False, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def _html_link(address: str) -> str:
    return f'<a href="{escape(address)}">{escape(address)}</a>'


_WITH_LINKS: Final[dict[str, tuple[Callable[[str], str], Callable[[str], str]]]] = {
    "markdown": (_escaped, "<{}>".format),
    "html": (escape, _html_link),
}


def _without_what_follows(address: str) -> str:
    while address[-1] in _AFTER_AN_ADDRESS and not (address[-1] == ")" and address.count("(") >= address.count(")")):
        address = address[:-1]
    return address


def _for_markdown(value: object) -> object:
    from markupsafe import Markup  # noqa: PLC0415 - it comes with jinja2

    # what is marked as markup already is not escaped again; all else is marked here
    return value if isinstance(value, Markup) else Markup(markdown(str(value)))  # noqa: S704 - it was escaped


def _for_html(value: object) -> object:
    return plain(str(value)) if not hasattr(value, "__html__") else value  # then escaped by jinja2


_finalize: Final[dict[str, Callable[[object], object]]] = {"markdown": _for_markdown, "html": _for_html}
