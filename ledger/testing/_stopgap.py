from itertools import groupby
from ledger.recording.batch import Terms, entries_of, written
from ledger.recording.corrections import rank_of


def write_records(store, records):
    for _, batch in groupby(records, key=lambda r: r.recorded_at):
        several = list(batch)
        with store.writing(several[0].initiative) as append:
            ranks, replaces = {}, {}
            for i, one in enumerate(several):
                if one.replaces is not None:
                    replaces[i] = one.replaces
                    old = append.record(one.replaces)
                    if old is not None:
                        ranks[i] = rank_of(old, append)
            entries = entries_of([one.event for one in several], append.head, ranks)
            _, rows = written(entries, initiative=several[0].initiative, head=append.head, ids=[o.id for o in several],
                recorded_at=several[0].recorded_at, terms=Terms(several[0].source, several[0].by, several[0].note), replaces=replaces)
            append.append(entries, rows)
