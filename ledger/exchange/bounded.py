"""Lines of a file, none of them read further than a limit: a line without an end would fill the memory.

And what is said of bytes that are no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import TextIOBase
from typing import Final

from ledger.model.errors import BadInput, shown

OTHER_ENCODING: Final = "open it as text in its own encoding, such as cp1252"
"""The other thing to do about a file that is not in UTF-8."""


def each_of(lines: Iterable[str], most: int, file: str = "") -> Iterator[str]:
    r"""Give the lines, of an open text file or of anything else; raises `BadInput` for one longer than `most`.

    >>> from io import StringIO
    >>> list(each_of(StringIO("ab\ncd"), most=3))
    ['ab\n', 'cd']
    """
    read = iter(lambda: lines.readline(most + 1), "") if isinstance(lines, TextIOBase) else lines
    for number, line in enumerate(read, 1):
        if isinstance(line, str) and len(line) > most:  # what is no text others refuse
            place = f"{file}, line {number}" if file else f"line {number}"
            raise BadInput(f"{place}: it is longer than {most:,} characters: check where the lines of the file end")
        yield line


def undecodable(error: UnicodeError, encoding: str | None = None) -> str:
    r"""Say which byte of a file is no text in the encoding that it was read in.

    >>> try:
    ...     b"Le\xf3n".decode()
    ... except UnicodeError as error:
    ...     undecodable(error)
    'byte 0xf3 is no UTF-8'
    """
    if not isinstance(error, UnicodeDecodeError):
        return f"it is no text: {shown(str(error), 200)}"
    return f"byte {error.object[error.start]:#04x} is no {(encoding or error.encoding).upper()}"
