"""Errors in the words of the command line.

The library tells what to do in the words of a call: `end_inclusive=True`. Who types commands has options for the same.
Each advice that a command can bring about, and that names what only a caller has, stands here with its other words;
`tests/test_cli_wording.py` brings each of them about.
"""

from __future__ import annotations

import re
from typing import Final

ADVICE: Final = (
    # which column is which, and how the sheet is written
    (r"Say which column is which, as in (\w+)='([^']+)'", r"Say which column is which, as in -c \1=\2"),
    (r"^delimiter=('[^']*') is not", r"\1 is not"),
    (r"as in delimiter=';'", r'as in --delimiter ";"'),
    (r"say (\w+)='([^']+)', or \1=None to leave it out", r"say -c \1=\2, or -c \1= to leave it out"),
    (r"^columns\[('[^']*')\]: ", r"--amounts \1: "),
    (r"\b(\w+)=None\b", r"-c \1="),
    (r"or open it as text in its own encoding, such as cp1252", r"or say what it is in, as in --encoding cp1252"),
    (r"as in attributes=\['country'\]", "as in --attribute country, or --no-attributes"),
    (r"\(end inclusive\)", "(--end-inclusive)"),
    (r"\(unknown start\)", "(--unknown-start)"),
    (r"say what it means \(its label\)", "say what it means (--label)"),
    # what is recorded
    (r"needs a day of its own \(at=\.\.\.\)", "needs a day of its own, `at`, in a line of JSON or a sheet"),
    (r"make one with str\(uuid\.uuid4\(\)\)", "make one with uuidgen"),
    (r"pass it through unicodedata\.normalize\('NFC', \.\.\.\)", "pass it through uconv -x any-nfc"),
    (r"or record all anew, by import_records\(anew=True\)", "or record all anew, by import records --anew"),
    (r"or give None to take it away", "or give null to take it away"),
    (r"must be True or False, not", "must be true or false, not"),
    # what is asked
    (r"count: overlap parts, or overlap whole", "count: --overlap parts, or --overlap whole"),
    (r"so it has no total: ask for the value of one member", "so it has no total: ask for --value with --member"),
    (r"name it, as in at='2023-01-20'", "name it, in a column `at`"),
    (r"say from when to when to draw \(start, end\)", "say from when to when to draw (--from, --to)"),
    # the file
    (r"choose another path, or say replace=True", "choose another path, or say --replace"),
    (r",? or open it with read_only=True to read it", ""),
    (r"; try again, or open it with a longer timeout", "; try again"),
)  # fmt: skip
"""What the library says, as a regular expression, and what is said instead."""


def in_words_of_the_command(text: str) -> str:
    """Give the text of an error, with each advice in words of options.

    >>> in_words_of_the_command("if an end is the last day inside, say so of all of them (end inclusive)")
    'if an end is the last day inside, say so of all of them (--end-inclusive)'
    """
    for said, instead in ADVICE:
        text = re.sub(said, instead, text)
    return text
