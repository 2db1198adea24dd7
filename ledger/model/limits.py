"""How large things may be: every limit there is on what comes in, in one place.

    what                                              at most
    an id or a name                                   200 characters
    a line: an attribute's value, a title, a url      1,000 characters
    prose: a reason, a note, a source, a definition   100,000 characters
    attributes of one event                           100
    supporters, successors or claims of one event     1,000
    values in one filter, over all its attributes     1,000
    a date, an amount, a unit, as text                40, 200 and 60 characters
    digits of a number, as typed                      34, and 34 places on either side of the point
    exponent of a number, as computed                 10,000 either way
    a measure in words                                5,000,000 characters, 20,000 words
    an event, as JSON                                 4,000,000 bytes, and 20 objects and arrays deep
    events in one batch                               1,000,000
    a position, a version                             9,223,372,036,854,775,807
    a line of JSON Lines                              20,000,000 characters
    a line of a CSV file, and its columns             10,000,000 characters, 16,384 columns
    rows of a CSV file                                1,000,000
    a file of JSON objects that are read as rows      200,000,000 characters

Each is asked before anything is made of what was given, so that no input, however it was made, takes more than its
share of time or of memory. What is larger is refused by a `LedgerError` that says so. A line of a file is never read
further than its limit. What can be recorded can also be exported, and read again: the limits of files leave room for
the largest event, written in the longest way that JSON knows.
"""

from __future__ import annotations

from typing import Final

ID_MAX: Final = 200  # characters
LINE_MAX: Final = 1_000  # characters
PROSE_MAX: Final = 100_000  # characters

ATTRIBUTES_MAX: Final = 100  # attributes that one event may set
NAMES_MAX: Final = 1_000  # supporters, or successors, or claims of one event
VALUES_MAX: Final = 1_000  # values in one filter, and attributes, since each has a value

WHEN_MAX: Final = 40  # characters; the longest form, "[2021-01-01..2021-12-31]~", has 25
AMOUNT_MAX: Final = 200  # characters
UNIT_MAX: Final = 60  # characters
MEASURE_MAX: Final = 5_000_000  # characters; a share of two, each with a filter of the largest size, has fewer
WORDS_MAX: Final = 20_000  # in a measure in words; such a share has 8,000, and as many commas

DIGITS_MAX: Final = 34  # significant digits of a typed number, as in IEEE 754 decimal128
PLACES_MAX: Final = 34  # digits after the point, and before it
EXPONENT_MAX: Final = 10_000  # of a computed number: beyond, exact arithmetic would write out all its zeros

BODY_MAX: Final = 4_000_000  # bytes of an event in JSON: all events but reports keep to it by their other limits
DEPTH_MAX: Final = 20  # objects and arrays within each other; a line with a share in a claim has 8
BATCH_MAX: Final = 1_000_000  # events
COUNT_MAX: Final = 2**63 - 1  # what a store can number

RECORD_LINE_MAX: Final = 20_000_000  # characters
SHEET_LINE_MAX: Final = 10_000_000  # characters
OBJECTS_MAX: Final = 200_000_000  # characters
COLUMNS_MAX: Final = 16_384  # as many as Excel has
ROWS_MAX: Final = 1_000_000
