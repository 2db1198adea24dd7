"""An initiative: record what happened to it, and ask what was the case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, overload

from attrs import field, frozen

from ledger.model.errors import BadInput, UnknownInitiative, UnknownMember, UnknownMetric, UnknownReport, shown
from ledger.model.events import RecordRetracted
from ledger.model.fields import require_count
from ledger.model.records import known_at_of
from ledger.model.state import InitiativeState
from ledger.model.when import day, instant
from ledger.recording.batch import Draft, Terms
from ledger.writing import write

if TYPE_CHECKING:
    import os

    import altair

    from ledger.exchange.sheet_records import SheetRecorded
    from ledger.exchange.tables import Table
    from ledger.model.events import Claim, Event
    from ledger.model.figures import Figure, Figures
    from ledger.model.measures import ByLike, Measure
    from ledger.model.records import KnownAt, Record
    from ledger.queries.changes import Changes
    from ledger.queries.conflicts import Conflicts
    from ledger.queries.findings import Findings
    from ledger.queries.history import HistoryEntries
    from ledger.queries.points import PointLike
    from ledger.queries.timeline import Timeline
    from ledger.queries.why import Why
    from ledger.recording.proposal import History
    from ledger.stores.protocol import Before, EventStore

NAMED: Final = ("member", "metric", "report", "attribute")
"""What has names, or ids, that can be listed."""


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
        draft = Draft(events, Terms(source, by, note))
        return self._write(lambda _: draft, len(events), ids, recorded_at, expected_version)

    def record_sheet(
        self,
        sheet: Table[Event],
        /,
        *,
        rejects: str | os.PathLike[str] | None = None,
        source: str = "",
        by: str = "",
        note: str = "",
        recorded_at: datetime | str | None = None,
    ) -> SheetRecorded:
        r"""Record what `ledger.exchange` has read of a CSV file, once only, and say what became of its rows.

        Without `rejects` all of it is recorded or nothing, and `RefusedRows` names every row that is wrong. With
        `rejects`, the path of a file that is not there yet, what is right is recorded, and every other row is written
        to that file with its reason: those that were set aside when the sheet was read (with `lenient=True`), and
        those that the rules refuse. A row goes aside whole; where that makes others wrong, they go too. The file has
        the columns of the sheet, so it can be mended and read again; see `Table.write_rejects`. It is written before
        the ledger is, and only if there are such rows. Where nothing is recorded in the end, it is removed; only a
        process that is killed in between leaves it, whole. So whoever cannot tell how a call has ended repeats it: a
        file that holds the same rows as would be written is taken for that file.

        What was recorded from the same `source` is not recorded again, nor what was retracted of it since: give a file
        the same one each time. A spell is passed over whoever recorded it; that another source gives the same amount
        is recorded, as what it says. The other arguments are as for `record`.

        Raises `RefusedRows`, `BadInput` where something else is at the path and for what is no sheet of events,
        and what `record` raises.

        >>> import ledger, io
        >>> from ledger.exchange import spells
        >>> with ledger.open(":memory:") as book:
        ...     club = book.initiative("club")
        ...     text = "member,name,start,end\nada,,2019,\n"
        ...     first = club.record_sheet(spells(io.StringIO(text)), source="club.csv")
        ...     again = club.record_sheet(spells(io.StringIO(text + "ben,,2020,\n")), source="club.csv")
        ...     len(first.records), len(again.records), again.already == first.records
        (1, 1, True)
        """
        from ledger.exchange.sheet_records import record_sheet  # noqa: PLC0415 - a door to a higher floor

        def write_sheet(draft_of: Callable[[Before], Draft], count: int) -> tuple[Record, ...]:
            return self._write(draft_of, count, None, recorded_at, None, ahead=False)

        return record_sheet(self.id, sheet, Terms(source, by, note), rejects, write_sheet)

    def retract(
        self,
        record: Record | str,
        /,
        *,
        reason: str = "",
        source: str = "",
        by: str = "",
        note: str = "",
        ids: Sequence[str] | None = None,
        recorded_at: datetime | str | None = None,
        expected_version: int | None = None,
    ) -> Record:
        """Take back a record that was wrong, and give the record that says so.

        `record` is the record or its id. What it said is gone from then on, and stays visible for a
        `known_at` before. A retraction is final: to bring the fact back, record it anew. The other arguments
        are as for `record`, `ids` with one UUID.

        Raises `UnknownRecord`; `Refused` for a record that is a retraction, is retracted already, or on which
        others rest, which are named; and what `record` raises.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     (joined,) = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     book.initiative("club").retract(joined, reason="a namesake").event.reason
        'a namesake'
        """
        from ledger.recording.corrections import existing, id_of  # noqa: PLC0415 - most programs never retract

        retraction = RecordRetracted(id_of(record), reason)
        terms = Terms(source, by, note)

        def draft(history: History) -> Draft:
            existing(history, retraction.record)
            return Draft((retraction,), terms)

        return self._write(draft, 1, ids, recorded_at, expected_version)[0]

    def correct(
        self,
        record: Record | str,
        /,
        event: Event | None = None,
        *,
        reason: str = "",
        source: str | None = None,
        by: str = "",
        note: str = "",
        ids: Sequence[str] | None = None,
        recorded_at: datetime | str | None = None,
        expected_version: int | None = None,
        **changes: Any,
    ) -> tuple[Record, Record]:
        """Replace a record that was wrong by what is right: give the retraction, and the replacement.

        `record` is the record or its id. `changes` are the fields of its event that were wrong, each with its
        right value, which replaces the whole of the old one, of `attributes` and `claims` too. What they cannot say
        (an event's own `reason`, another kind of event) is said by a whole `event` instead.

        Both records are written together, or neither, and the history after them is held against the rules.
        The replacement stands where the wrong record stood among the facts of a day. `reason` says why that
        was wrong. `source=None` keeps its source; where only that was wrong, give the right one alone. `by` and
        `note` are of whoever corrects. The other arguments are as for `record`, `ids` with two UUIDs.

        Raises `UnknownRecord`; `BadInput` for changes that cannot be made or that change nothing; `Refused` for
        a record that is a retraction or is retracted already, and where the history after would be wrong, naming
        the records that rest on it; and what `record` raises.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     (joined,) = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
        ...     _, right = book.initiative("club").correct(joined, effective="2020-09-01", reason="found the minutes")
        ...     right.event.effective, right.replaces == joined.id
        (When('2020-09-01'), True)
        """
        from ledger.recording.corrections import correction, id_of, require_correction  # noqa: PLC0415

        require_correction(event, changes, source)
        retraction = RecordRetracted(id_of(record), reason)

        def draft(history: History) -> Draft:
            return correction(history, retraction, event, changes, source=source, by=by, note=note)

        retracted, replacement = self._write(draft, 2, ids, recorded_at, expected_version)
        return retracted, replacement

    def at(self, at: date | str, known_at: KnownAt = None) -> InitiativeState:
        """Give the state at the end of a day, as known at a moment (inclusive), or now.

        `known_at` is an aware instant, its RFC 3339 text, or a position of the ledger, which is rounded down
        to a whole batch. Raises `BadWhen` for a day that is not exact and for a naive instant, and
        `UnknownInitiative` where nothing was ever recorded.
        """
        from ledger.queries.log import state_of  # noqa: PLC0415 - programs that only record do without

        state = state_of(self._store, self.id, day(at), known_at)
        if state.version == 0:
            self._require_records()
        return state

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

    def history(
        self, member: str | None = None, *, metric: str | None = None, report: str | None = None
    ) -> HistoryEntries:
        """Give every record on a member, on a metric, on that member's values of that metric, or on a report.

        They come in order of effect, the retracted ones marked and not left out. A report is named alone, else
        `BadInput` is raised. Raises `UnknownInitiative`, `UnknownMember`, `UnknownMetric` and `UnknownReport`.
        """
        from ledger.queries.history import history, require_subject  # noqa: PLC0415 - many programs never ask

        require_subject(member, metric, report)
        with self._store.reading():
            records = self._store.records_on(self.id, member, metric, report)
            entries = history(records, member=member, metric=metric, report=report)
            if not entries:
                self._require_names(member, metric, report)
        return entries

    def conflicts(self, known_at: KnownAt = None) -> Conflicts:
        """Say where sources disagree: amounts for one register and one day, or window, that cannot all be right.

        So do claims of different reports of one measure and one day, unless they name different definitions. They
        come by day, as known at a moment (inclusive), or now; what was retracted or corrected is in none of them.
        Amounts for different windows, such as 2024 and 2024-06-30, are not compared; nor is a value that was recorded
        with what a report claims of it, which `audit` does.

        It reads all values of all metrics. Raises `BadInput`, and `UnknownInitiative` where nothing was ever recorded.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     club = book.initiative("club")
        ...     _ = club.record(ledger.MetricDefined("jobs"), ledger.MetricUpdated("jobs", "2024", "34"), source="a")
        ...     _ = club.record(ledger.MetricUpdated("jobs", "2024", "35"), source="b")
        ...     print(*club.conflicts())
        Value jobs, 2024-01-01..2024-12-31: 34 (a) or 35 (b)
        """
        from ledger.queries.conflicts import conflicts  # noqa: PLC0415 - many programs never ask

        with self._store.reading():
            self._require_records()
            metrics, reports = (self._store.names(self.id, subject) for subject in ("metric", "report"))
            return conflicts(self.id, self._store, metrics=metrics, reports=reports, known_at=known_at)

    def audit(
        self, report: str | None = None, known_at: KnownAt = None, *, claims: Iterable[Claim] | None = None
    ) -> Findings:
        """Hold every published claim against the replay of its day, and say what was found of each.

        The claims of all reports known at a moment (inclusive), or now, in order of record; or of the `report` of that
        id alone. A claim is compared as known when its report was recorded, and as known at `known_at`. Values that
        are stated for the initiative as a whole are held against the members' totals too: those that reports claim,
        and without `report` all that are recorded.

        With `claims` those are audited without being recorded: each needs a day (`at`).

        Raises `UnknownReport`, `UnknownInitiative` and, for what is wrong with `claims`, `BadInput`, `NotAdditive`,
        `UnknownMetric`, `UnknownMember` and `UnknownAttribute`, which say which claim it is, by its place from
        0 and its text.

        >>> import ledger
        >>> with ledger.open(":memory:") as book:
        ...     club = book.initiative("club")
        ...     _ = club.record(ledger.MemberJoined("ada", "2020-01-01"), ledger.MemberJoined("bob", "2021-05-01"))
        ...     print(*club.audit(claims=[ledger.Claim(ledger.Members(), "1", at="2021-06-01")]))
        contradicted: Members: 1 claimed for 2021-06-01, and there were 2: ada, bob. It would hold on 2021-04-30.
        """
        from ledger.queries.audit import Audit, given_claims, require_names  # noqa: PLC0415 - many programs never ask

        given = None if claims is None else given_claims(claims, report)
        audit = Audit(self.id, self._store, known_at_of(known_at))
        with self._store.reading():
            self._require_records()
            if given is not None:
                subjects = ("metric", "member", "attribute")
                require_names(given, {subject: self._store.names(self.id, subject) for subject in subjects})
                return audit.of_claims(given)
            found = audit.of_reports(self._store.names(self.id, "report"), report)
            return found if report is not None else found + audit.of_values(self._store.names(self.id, "metric"))

    @overload
    def timeline(self, measure: Measure, *, by: None = None) -> Timeline[Figure]: ...
    @overload
    def timeline(self, measure: Measure, *, by: ByLike) -> Timeline[Figures]: ...
    @overload
    def timeline(self, measure: Measure, *, by: ByLike | None) -> Timeline[Any]: ...
    def timeline(self, measure: Measure, *, by: ByLike | None = None) -> Timeline[Any]:
        """Give the fast index of one measure: its figure at any date, as known at any moment, in microseconds.

        It reads the ledger once, some microseconds an event, and keeps up with it from then on, whoever records.
        With `by` it gives a figure for each value of that attribute, or for each group of its values, None standing
        for those without one.

        Raises `UnknownInitiative` where nothing was ever recorded, and `BadInput` for what cannot be asked.
        """
        from ledger.queries.timeline import Timeline  # noqa: PLC0415 - not everybody needs one

        self._require_records()
        return Timeline(self.id, self._store, measure, by)

    def summary(
        self,
        at: date | str,
        known_at: KnownAt = None,
        *,
        since: PointLike | None = None,
        by: ByLike | None = None,
        measures: Iterable[Measure] | None = None,
        format: str = "markdown",
    ) -> str:
        """Write a short document on a day, to be pasted into a report: figures, members, changes, claims, sources.

        `at` and `known_at` are as for `at`. `since` adds what changed from that point, before `at` or not, and
        what was learned since, with the bridge of each count, and of each total with a value at either end; a day
        alone is looked at as known at `known_at`, a pair as it says. `by` groups the members by an attribute, or by
        groups of its values: those who have none stand together, also where nobody ever had one.
        `measures` are the figures to show; else these are the members, and each metric's total and
        initiative-wide value, where there are such. `format` is `markdown` or `html`: a fragment, without a
        script. All that comes from the ledger is escaped, and the same ledger gives the same text; only addresses of
        pages in reports and sources become links.

        What was claimed is told with what `audit` finds of it: the claims of reports certainly published by then,
        and the values of the initiative as a whole that hold then, against the members' totals.

        A total that cannot be formed is told with its reason. Raises `MissingExtra` where jinja2 is not
        installed, `BadInput` for another format, for what is no measure and for a `by` that cannot be an attribute,
        `UnknownMetric` for a measure of a metric not known, and what `at` raises.
        """
        from ledger.faces.summary import summary  # noqa: PLC0415 - many programs never ask

        with self._store.reading():
            return summary(self, at, known_at, since=since, by=by, measures=measures, format=format)

    def chart(
        self,
        measure: Measure,
        *,
        by: ByLike | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        known_at: KnownAt = None,
        reports: bool = True,
        width: int = 640,
        height: int = 320,
    ) -> altair.LayerChart:
        """Draw a measure over time, as an altair chart: shown by a notebook, saved by `ledger.faces.charts.save_chart`.

        It is drawn from `start` to `end`, inclusive; else around all days on which anything changes. A figure holds
        until the next change, so lines go in steps. What is uncertain is a shaded band between its bounds; where
        there is no bound, or values are missing, it fades away to the edge; where nothing is known there is no line.
        Whoever points at a step is told its days, its amount, who has come to count, who counts no longer and who
        may. With `by` there is a line for each group.

        `reports` marks each claim of just this measure, by a report or for the initiative as a whole, by what `audit`
        finds of it, as known at `known_at`. There are none with `by`.

        Of many thousand steps those are drawn that can be seen. Where there are so many steps and members that to read
        who counts on each would take seconds, no names are told. All that comes from the ledger is text.

        Raises `MissingExtra` without altair, `BadInput` for what cannot be asked or drawn, and what figures raise.
        """
        from ledger.faces.charts import chart  # noqa: PLC0415 - many programs never ask

        with self._store.reading():
            look: dict[str, Any] = {"reports": reports, "width": width, "height": height}
            return chart(self, measure, by=by, start=start, end=end, known_at=known_at, **look)

    def page(
        self, *, metrics: Iterable[str] | None = None, by: str | Iterable[str] | None = None, title: str | None = None
    ) -> str:
        """Write a time machine: one HTML file with a slider for the day, and one for the moment of knowledge.

        It shows the members by a group that the reader chooses, the figures with their bounds and coverage, a chart of
        each, and the claims of reports with what is found of them. It needs no network. A link to it can say what to
        show: `page.html#at=2022-12-31&known_at=2023-06-01T12:00:00Z`.

        `metrics` are those to show, and `by` the attributes to group by, at first by the first of them; else these
        are all, at first without groups. `title` stands in place of the initiative's name. All that comes from the
        ledger is text; only addresses of reports become links.

        All answers stand in the file, of 5 MB at most, in some 20 seconds: of 1,000 members and 20,000 events in 381
        batches 349 moments can be chosen. Of more changes, or many claims of many members, there are fewer, and the
        page says so. What others record meanwhile, in other threads too, waits for nothing, and is not on the page.

        Raises `MissingExtra` where jinja2 is not installed, `UnknownMetric`, `UnknownAttribute`, `UnknownInitiative`
        for what was never recorded, and `BadInput`.
        """
        from ledger.faces.page import page  # noqa: PLC0415 - many programs never ask

        return page(self, self._store.head(), instant(self._clock()), metrics, by, title)

    def attributes(self) -> tuple[str, ...]:
        """Name all attributes that members were ever given, in order; raises `UnknownInitiative` without any record."""
        return self.names("attribute")

    def names(self, subject: str) -> tuple[str, ...]:
        """Name all that records ever said something of, in order: each `member`, `metric`, `report` or `attribute`.

        Raises `BadInput` for another subject, and `UnknownInitiative` where nothing was ever recorded.
        """
        if subject not in NAMED:
            raise BadInput(f"{shown(subject)} is nothing that has names: give one of {', '.join(NAMED)}")
        self._require_records()
        return tuple(self._store.names(self.id, subject))

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Stream the records of this initiative, in order; those past the position `after` only.

        Raises `UnknownInitiative` where nothing was ever recorded.
        """
        past = require_count(after, "after")
        self._require_records()
        return self._store.records(self.id, after=past)

    def _require_records(self) -> None:
        if next(self._store.records(self.id), None) is None:
            raise UnknownInitiative(self.id, self._store.initiatives())

    def _require_names(self, member: str | None, metric: str | None, report: str | None) -> None:
        self._require_records()
        for subject, name, unknown in (("member", member, UnknownMember), ("metric", metric, UnknownMetric)):
            if name is not None and name not in (known := self._store.names(self.id, subject)):
                raise unknown(name, known)
        if report is not None:  # one that is known has a history
            raise UnknownReport(report, self._store.names(self.id, "report"))

    def _write(
        self,
        draft_of: Callable[[Before], Draft],
        count: int,
        ids: Sequence[str] | None,
        recorded_at: datetime | str | None,
        expected_version: int | None,
        *,
        ahead: bool = True,
    ) -> tuple[Record, ...]:
        terms: dict[str, Any] = {"ids": ids, "recorded_at": recorded_at, "expected_version": expected_version}
        return write(
            self._store, self.id, draft_of, count, clock=self._clock, entropy=self._entropy, ahead=ahead, **terms
        )
