"""Markup: how a document is written from a template, and how text from a ledger becomes text in it.

Every value that a template prints is escaped on its way out, whatever it is and wherever it stands: names are
other people's words, and none of them may become a link, a tag or a table of its own.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ledger.model.errors import BadInput, MissingExtra, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template

FORMATS: Final = {"markdown": "md", "html": "html"}
"""The formats of a document, and how their templates' names end."""

_INVISIBLE_BUT_TEXT: Final = "\u200c\u200d\u200e\u200f\u061c"  # joiners, and marks of direction: Persian, Hebrew, emoji
_ANYWHERE: Final = re.compile(r"([\\`*_{}\[\]<>|&~^$#])")
_AT_THE_START: Final = re.compile(r"^(?:(\d+)([.)])(?=\s|$)|([-+](?!\d)|[=:]))")


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
    source = files("ledger.faces") / "templates" / f"{template}.{FORMATS[format]}.jinja"
    return environment.from_string(source.read_text("utf-8"))


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
    >>> [markdown(text) for text in ("1. one", "- two", "-2", "2023-01-20")]
    ['1\\. one', '\\- two', '-2', '2023-01-20']
    """
    escaped = _ANYWHERE.sub(r"\\\1", plain(text))
    return _AT_THE_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", escaped)


def _for_markdown(value: object) -> object:
    from markupsafe import Markup  # noqa: PLC0415 - it comes with jinja2

    # what is marked as markup already is not escaped again; all else is marked here
    return value if isinstance(value, Markup) else Markup(markdown(str(value)))  # noqa: S704 - it was escaped


def _for_html(value: object) -> object:
    return plain(str(value)) if not hasattr(value, "__html__") else value  # then escaped by jinja2


_finalize: Final[dict[str, Callable[[object], object]]] = {"markdown": _for_markdown, "html": _for_html}
