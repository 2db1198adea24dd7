"""Lines of a file, none of them read further than a limit: a line without an end would fill the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import TextIOBase

from ledger.model.errors import BadInput


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
