"""An initiative: record what happened to it, and ask what was the case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from ledger.model.errors import (
    BadInput,
    Refused,
    RetryMismatch,
    UnknownInitiative,
    UnknownMember,
    UnknownMetric,
    VersionConflict,
    shown,
)
from ledger.model.state import InitiativeState
from ledger.model.when import day, instant
from ledger.recording.batch import (
    Terms,
    entries_of,
    given_ids,
    ids_of_batch,
    instant_of_batch,
    same_content,
    written,
)
from ledger.recording.rules import violations

if TYPE_CHECKING:
    from ledger.model.events import Event
    from ledger.model.measures import Measure
    from ledger.model.records import KnownAt, Record
    from ledger.queries.changes import Changes
    from ledger.queries.history import HistoryEntry
    from ledger.queries.points import PointLike
    from ledger.queries.why import Why
    from ledger.stores.protocol import Append, EventStore

COUNT_MAX: Final = 2**63 - 1  # what a store can number


def require_count(value: object, what: str) -> int:
    """Give back a position or a version: an int from 0, which is before all; else raise `BadInput`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise BadInput(f"{what}={shown(value)} is no whole number from 0: positions and versions count from 1")
    return value


@frozen
class Initiative:
    """One initiative of a ledger. Made by `Ledger.initiative`; it need not have records yet."""

    id: str
    _store: EventStore = field(repr=False)
    _clock: Callable[[], datetime] = field(repr=False)
    _entropy: Callable[[int], bytes] = field(repr=False)

    def record(
        self,
        *events: Event,
        source: str = "",
        by: str = "",
        note: str = "",
        ids: Sequence[str] | None = None,
        recorded_at: datetime | str | None = None,
        expected_version: int | None = None,
    ) -> tuple[Record, ...]:
        """Write a batch of events down, whole or not at all, and give their records.

        `source`, `by` and `note` are kept with each record. `recorded_at` is for importing a history that
        has its own instants: later than the newest record, and not after the clock. With
        `expected_version` the batch is refused if the initiative is not at that version.

        A retry is safe with `ids`, one UUID an event: if all are recorded already with the same content, the
        old records are returned and nothing is written.

        Raises `Refused` with every violation of the rules, `RetryMismatch`, `VersionConflict`, `BadInput`
        for unusable arguments, and `StoreError` where the store fails.
        """
        terms = Terms(source, by, note)
        if expected_version is not None:
            require_count(expected_version, "expected_version")
        chosen = None if ids is None else given_ids(ids, len(events))
        if not events:
            return ()
        with self._store.writing(self.id) as append:
            if chosen is not None and (old := self._retried(append, events, chosen, terms)):
                return old
            head = append.head
            if expected_version is not None and expected_version != head.version:
                raise VersionConflict(self.id, expected_version, head.version)
            entries = entries_of(events, head)
            if refused := violations(entries, append):
                raise Refused(refused)
            moment = instant_of_batch(self._clock(), head.recorded_at, recorded_at)
            new_ids = chosen or ids_of_batch(len(events), moment, self._entropy)
            records, rows = written(
                entries, initiative=self.id, head=head, ids=new_ids, recorded_at=moment, terms=terms
            )
            append.append(entries, rows)
        return tuple(records)

    def at(self, at: date | str, known_at: KnownAt = None) -> InitiativeState:
        """Give the state at the end of a day, as known at a moment (inclusive), or now.

        `known_at` is an aware instant, its RFC 3339 text, or a position of the ledger, which is rounded down
        to a whole batch. Raises `BadWhen` for a day that is not exact and for a naive instant, and
        `UnknownInitiative` where nothing was ever recorded.
        """
        asked = day(at)
        version, registers = self._store.registers(self.id, asked, known_at)
        if version == 0:
            self._require_records()
        return InitiativeState(self.id, asked, version, registers)

    def today(self, known_at: KnownAt = None) -> InitiativeState:
        """Give the state at the end of today, by the ledger's clock, in UTC."""
        return self.at(instant(self._clock()).date(), known_at)

    def compare(self, a: PointLike, b: PointLike) -> Changes:
        """Say what differs between two points: each a day, or a pair of a day and a moment of knowledge.

        Two days tell what changed in the world, two moments for one day what was learned since.
        """
        from ledger.queries.changes import compare  # noqa: PLC0415 - many programs never ask
        from ledger.queries.points import point_of  # noqa: PLC0415 - many programs never ask

        before, after = point_of(a), point_of(b)
        with self._store.reading():
            return compare(self.at(before.day, before.known_at), self.at(after.day, after.known_at))

    def why(self, measure: Measure, a: PointLike, b: PointLike) -> Why:
        """Say why a measure changed from one point to another: by which members, and which of their records.

        Raises `UnknownMetric` where its metric is not known at both points, and `BadInput` for a `Share`.
        """
        from ledger.queries.points import point_of  # noqa: PLC0415 - many programs never ask
        from ledger.queries.why import why  # noqa: PLC0415 - many programs never ask

        before, after = point_of(a), point_of(b)
        with self._store.reading():
            return why(
                measure,
                self.at(before.day, before.known_at),
                self.at(before.day, after.known_at),
                self.at(after.day, after.known_at),
            )

    def history(self, member: str | None = None, *, metric: str | None = None) -> tuple[HistoryEntry, ...]:
        """Give every record on a member, on a metric, or on that member's values of that metric.

        They come in order of effect, the retracted ones marked and not left out. Raises `UnknownMember` and
        `UnknownMetric`.
        """
        from ledger.queries.history import history, require_subject  # noqa: PLC0415 - many programs never ask

        require_subject(member, metric)
        with self._store.reading():
            entries = history(self._store.records_on(self.id, member, metric), member=member, metric=metric)
            if not entries:
                self._require_names(member, metric)
        return entries

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Stream the records of this initiative, in order; those past the position `after` only.

        Raises `UnknownInitiative` where nothing was ever recorded.
        """
        past = require_count(after, "after")
        self._require_records()
        return self._store.records(self.id, after=past)

    def _require_records(self) -> None:
        known = self._store.initiatives()
        if self.id not in known:
            raise UnknownInitiative(self.id, known)

    def _require_names(self, member: str | None, metric: str | None) -> None:
        self._require_records()
        if member is not None and member not in (known := self._store.names(self.id, "member")):
            raise UnknownMember(member, known)
        if metric is not None and metric not in (known := self._store.names(self.id, "metric")):
            raise UnknownMetric(metric, known)

    def _retried(self, append: Append, events: Sequence[Event], ids: list[str], terms: Terms) -> tuple[Record, ...]:
        found = append.found(ids)
        if not found:
            return ()
        if len(found) < len(ids):
            raise RetryMismatch(
                f"{len(found)} of these {len(ids)} ids are recorded already, the others are not: "
                "retry a batch whole, as it was, or give new events new ids"
            )
        for event, id in zip(events, ids, strict=True):
            if not same_content(found[id], self.id, event, terms):
                raise RetryMismatch(
                    f"id {id} is recorded already (position {found[id].position}) with other content: "
                    "give a new event a new id, and correct a wrong one"
                )
        return tuple(found[id] for id in ids)
