"""Members as they stand on a day: their registers, read as one value each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import asdict, frozen

from ledger.model.events import Attributes
from ledger.model.facts import ACTIVE, CLOSED, INITIATIVE_STATUS, SUSPENDED, Register, status_of
from ledger.model.quantity import Quantity
from ledger.model.registers import Candidates, Registers, text_of
from ledger.model.tables import Keyed, Row


@frozen
class Member(Row):
    """A member as it stands on a day.

    `name` is the one it has, also where the only question is since when; where it has none, or one of several, its id.
    `attributes` and `values` hold what is certain. What is not is in `uncertain`, as `attribute country`,
    `metric co2`, `name` or `part_of`, with everything that it can be, None standing for nothing. `statuses`
    are those it can have: active, suspended, gone, or none yet. The latest joining took place on a day
    from `joined_from` to `joined_by`, inclusive.
    """

    id: str
    name: str
    statuses: tuple[str, ...]
    attributes: Attributes
    values: tuple[tuple[str, Quantity], ...]
    uncertain: tuple[tuple[str, tuple[str | None, ...]], ...]
    part_of: str | None
    joined_from: date | None
    joined_by: date | None

    def value(self, metric: str) -> Quantity | None:
        """The value of a metric, as it was stated; None where there is none or it is not certain."""
        return dict(self.values).get(metric)

    def to_dict(self) -> dict[str, object]:
        """Give plain values, fit for JSON."""
        return {
            **asdict(self, recurse=False),
            "statuses": list(self.statuses),
            "attributes": dict(self.attributes),
            "values": {metric: str(amount) for metric, amount in self.values},
            "uncertain": {name: list(options) for name, options in self.uncertain},
            "joined_from": self.joined_from and self.joined_from.isoformat(),
            "joined_by": self.joined_by and self.joined_by.isoformat(),
        }


class Roll(Keyed[str, Member]):
    """Members of one standing, by id; `status` is their standing: certain, possible, suspended or former.

    It is a table with a row for each, with a column for each attribute that any of them has.
    """

    __slots__ = ("status",)

    def __init__(self, status: str, members: Mapping[str, Member]) -> None:
        super().__init__(members)
        self.status = status


def member_at(registers: Registers, id: str, own: Iterable[Register], at: date) -> Member:
    """Read a member's own registers on a day."""
    certain: dict[str, dict[str, str]] = {"attribute": {}, "metric": {}, "name": {}, "part_of": {}}
    names: list[str] = []
    uncertain: dict[str, tuple[str | None, ...]] = {}
    for register in sorted(own):
        if register.aspect in certain:
            options = contents(registers.of(register))
            if register.aspect == "name":
                names = [name for name in options if name is not None]
            if len(options) > 1:
                uncertain[f"{register.aspect} {register.name}".strip()] = options
            elif options[0] is not None:
                certain[register.aspect][register.name] = options[0]
    joinings = registers.of(Register("member", id, "joined")).candidates
    return Member(
        id=id,
        name=names[0] if len(names) == 1 else id,
        statuses=statuses(registers, id),
        attributes=Attributes.gathered(certain["attribute"]),
        values=tuple((metric, Quantity.parse(text)) for metric, text in certain["metric"].items()),
        uncertain=tuple(sorted(uncertain.items())),
        part_of=certain["part_of"].get(""),
        joined_from=min((joining.since for joining in joinings), default=None),
        joined_by=max((min(joining.until, at) for joining in joinings), default=None),
    )


def statuses(registers: Registers, id: str) -> tuple[str, ...]:
    """Give every status that a member can have, in the order in which they would come."""
    closings = {text_of(option) == CLOSED for option in registers.of(INITIATIVE_STATUS).options}
    words = [_STATUS.get(verb, "gone") for verb in contents(registers.of(status_of(id)))] if False in closings else []
    return tuple(dict.fromkeys([*words, *(["gone"] if True in closings else [])]))


def contents(found: Candidates) -> tuple[str | None, ...]:
    """Give the different texts that a register can hold, None standing for nothing."""
    return tuple(dict.fromkeys(text_of(option) for option in found.options))


_STATUS: Mapping[str | None, str] = {
    None: "none yet",
    SUSPENDED: "suspended",
    **dict.fromkeys(ACTIVE, "active"),
}
