"""Events as lines of JSON, as people and programs write them that are to be recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json import JSONDecodeError, dumps, loads
from typing import TYPE_CHECKING, Final

from ledger.exchange.bounded import each_of, undecodable
from ledger.model.errors import BadInput, near_names, shown
from ledger.model.limits import RECORD_LINE_MAX
from ledger.recording.codec import NAMES, decode, each_name_once, require_shallow, schema_of

if TYPE_CHECKING:
    from ledger.model.events import Event

_TYPES: Final = tuple(NAMES.values())


def events_from_lines(lines: Iterable[str]) -> Iterator[Event]:
    r"""Read events from lines of JSON, as an open text file gives them; `Initiative.record` records them.

    Each line is one object: its `type`, such as `member-joined`, and beside it the fields of the event, as they are
    stored. Nothing else is taken: no unknown name and none twice, and amounts and dates are text. Blank lines are
    passed over.

    Raises `BadInput`, with the number of the line, as soon as that is reached.

    >>> list(events_from_lines(['{"type": "member-joined", "member": "ada", "effective": "2020"}\n']))[0].member
    'ada'
    """
    if isinstance(lines, str | bytes) or not isinstance(lines, Iterable):
        raise BadInput(f"{shown(lines)} is no file of lines: open it as text in UTF-8, or give a list of lines")
    number = 0
    try:
        for number, line in enumerate(each_of(lines, RECORD_LINE_MAX), 1):
            if not isinstance(line, str) or line.strip():
                yield _event(line, number)
    except UnicodeError as error:  # a file is decoded many lines at a time
        raise BadInput(f"line {number + 1} or below: {undecodable(error)}: open the file as text in UTF-8") from None


def _event(line: object, number: int) -> Event:
    try:
        return _read(line)
    except JSONDecodeError as error:
        raise BadInput(f"line {number}: {shown(line)} is no JSON: {error}") from None
    except BadInput as error:
        raise BadInput(f"line {number}: {error}") from None
    except ValueError as error:  # an integer of thousands of digits
        raise BadInput(f"line {number}: {error}; amounts are text, as in '12.5 Mt/year'") from None


def _read(line: object) -> Event:
    if not isinstance(line, str):
        raise BadInput(f"{shown(line)} is no text: open the file as text in UTF-8")
    require_shallow(line)
    found = loads(line.removeprefix("\ufeff"), object_pairs_hook=each_name_once)
    if not isinstance(found, dict):
        raise BadInput(f'{shown(line)} is no JSON object, such as {{"type": "member-joined", ...}}')
    if "type" not in found:
        raise BadInput(f"it has no 'type': give one of {', '.join(_TYPES)}")
    name = found.pop("type")
    if name not in _TYPES:
        near = near_names(name, _TYPES) if isinstance(name, str) else ()
        hint = f"did you mean {' or '.join(near)}?" if near else f"give one of {', '.join(_TYPES)}"
        raise BadInput(f"{shown(name)} is no type of event: {hint}")
    return decode(name, schema_of(name), dumps(found, ensure_ascii=False))
