"""The function by which the server gives a batch its place, in one short step of its own.

Whoever writes has judged the batch by what was known of its initiative, and written its rows as if the ledger ended
there. The function takes the ledger's lock, looks whether all registers that the judgement rests on, and those that the
batch writes to, are still as they were, and if so lets the batch follow upon all that others have written meanwhile:
with its positions and versions, its instant, its digests, and the head of the tree after it. So nobody holds the lock
while a program thinks, or a network carries.

What is computed here is defined in `recording.batch` and `recording.merkle`: tests hold one against the other, and
`verify` reads all of it anew. It gives nothing where the batch has to be written in its writer's turn: where it may
have to be judged anew, where it fills a tile of the tree, and where no instant is left for it.

Those who write without a pause keep two seats, where one computes while the other's batch goes to the disk; the others
wait in a line, and each for a moment before he asks for a seat. Without that, each batch would be another program's,
and for each the machine would go over from one to the other: eight would write less together than one alone.
"""

from __future__ import annotations

from typing import Final

from ledger.recording.batch import COLUMNS
from ledger.recording.merkle import WIDTH
from ledger.stores.postgres.locks import LEDGER, LINE, MOMENT, SEATS, number_of
from ledger.stores.postgres.places import CAUGHT_UP_MAX, POSITION_MAX

UNNUMBERED: Final = POSITION_MAX
"""What is added to the numbers from 1 that new registers of a batch have until the server gives them theirs."""

MANY: Final = 32
"""So many records at most: of larger batches too many fill a tile, and would be judged twice."""

NAME: Final = "append"

_ARGUMENTS: Final = (
    ("stream", "text"),
    ("judged", "bigint"),
    ("presumed", "bigint"),
    ("clock", "timestamptz"),
    ("rests_on", "bigint[]"),
    ("rests_on_too", "json"),
    ("given_records", "json"),
    ("around", "json"),
    ("given_registers", "json"),
    ("given_facts", "json"),
    ("given_retractions", "json"),
)
CALL: Final = f"SELECT * FROM {{}}.{NAME}({', '.join(f'%s::{kind}' for _, kind in _ARGUMENTS)})"
"""What calls it, in a schema: see `BODY` for what it takes."""

_FOUND: Final = {
    "position": "last + r.position - presumed",
    "version": "r.version + known - judged",
    "recorded_at": "moment",
    "digest": "digests[r.position - presumed]",
}
_RECORDS: Final = ", ".join(_FOUND.get(column, f'r."{column}"') for column in COLUMNS)

# the locks may be waited for as long as all of it may take
_LEFT: Final = """PERFORM set_config('lock_timeout', greatest(1,
            patience - round(extract(epoch FROM clock_timestamp() - began) * 1000))::text, true)"""

# each range has both its ends, or the server would take it for a third of the table, and read all of that
BODY: Final = f"""
-- stream: an initiative; judged: its version when the batch was judged; presumed: the position where it was, and which
-- stands before the batch in its rows; clock: the instant of the batch, if none is newer; rests_on: the registers
-- that must be as they were, or NULL: all of the initiative; rests_on_too: the keys of others, and of those that were
-- not there; around: for each record three texts, around its version and its instant in what its digest is of. It waits
-- as long as lock_timeout allows, all in all
DECLARE
    began timestamptz := clock_timestamp();
    patience bigint := extract(epoch FROM current_setting('lock_timeout')::interval) * 1000;
    waits boolean := false;
    newest timestamptz;
    written text;
    texts json;
    digests text[] := ARRAY[]::text[];
    size bigint;
    above bigint;
    edge bytea;
    top bytea;
BEGIN
    IF NOT pg_try_advisory_xact_lock({{seat_0}}) THEN
        waits := NOT pg_try_advisory_xact_lock({{seat_1}});
    END IF;
    IF waits THEN
        PERFORM pg_advisory_xact_lock({{line}});
        PERFORM pg_sleep({MOMENT});
        {_LEFT};
        -- either of them, so that nobody keeps his seat for good
        PERFORM pg_advisory_xact_lock(CASE extract(microseconds FROM clock_timestamp())::bigint % 2
            WHEN 0 THEN {{seat_0}} ELSE {{seat_1}} END);
    END IF;
    IF NOT pg_try_advisory_xact_lock({{ledger}}) THEN
        {_LEFT};
        PERFORM pg_advisory_xact_lock({{ledger}});
    END IF;

    SELECT r.position, r.recorded_at INTO last, newest FROM {{schema}}.records AS r ORDER BY r.position DESC LIMIT 1;
    SELECT max(r.version) INTO known FROM {{schema}}.records AS r WHERE r.initiative = stream;
    moment := greatest(clock, newest + interval '1 microsecond');
    others := ARRAY[]::bigint[];
    IF known <> judged THEN
        IF rests_on IS NULL OR last - presumed > {CAUGHT_UP_MAX} OR EXISTS (
            SELECT 1 FROM {{schema}}.retractions AS t WHERE t.position BETWEEN presumed + 1 AND last
                AND (SELECT r.initiative FROM {{schema}}.records AS r WHERE r.position = t.retracts) = stream
        ) THEN
            RETURN;
        END IF;
        others := ARRAY(SELECT f.register FROM {{schema}}.facts AS f WHERE f.position BETWEEN presumed + 1 AND last);
        IF others && (rests_on || ARRAY(
            SELECT (SELECT g.register FROM {{schema}}.registers AS g WHERE g.initiative = n.initiative
                AND g.subject = n.subject AND g.id = n.id AND g.aspect = n.aspect AND g.name = n.name)
            FROM json_populate_recordset(NULL::{{schema}}.registers, rests_on_too) AS n
        )) THEN
            RETURN;
        END IF;
    END IF;
    IF last / {WIDTH} <> (last + json_array_length(around)) / {WIDTH}
        OR moment >= '10000-01-01T00:00Z'::timestamptz THEN
        RETURN;
    END IF;
    SELECT coalesce(max(g.register), 0) INTO numbered FROM {{schema}}.registers AS g;

    written := to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    SELECT h.peaks INTO STRICT edge FROM {{schema}}.heads AS h WHERE h.size = last;
    size := last;
    FOR texts IN SELECT a.value FROM json_array_elements(around) AS a LOOP
        top := sha256(decode('00', 'hex')
            || convert_to('[' || size + 1 || (texts ->> 0) || known + size - last + 1 || (texts ->> 1)
                || written || (texts ->> 2), 'UTF8'));
        digests := digests || encode(top, 'hex');
        above := size;
        WHILE above % 2 = 1 LOOP
            top := sha256(decode('01', 'hex') || substr(edge, length(edge) - 31) || top);
            edge := substr(edge, 1, length(edge) - 32);
            above := above / 2;
        END LOOP;
        edge := edge || top;
        size := size + 1;
    END LOOP;
    top := substr(edge, length(edge) - 31);
    FOR place IN REVERSE length(edge) / 32 - 1 .. 1 LOOP
        top := sha256(decode('01', 'hex') || substr(edge, 32 * place - 31, 32) || top);
    END LOOP;

    INSERT INTO {{schema}}.records SELECT {_RECORDS}
        FROM json_populate_recordset(NULL::{{schema}}.records, given_records) AS r;
    IF given_registers IS NOT NULL THEN
        INSERT INTO {{schema}}.registers
            SELECT numbered + g.register - {UNNUMBERED}, g.initiative, g.subject, g.id, g.aspect, g.name
            FROM json_populate_recordset(NULL::{{schema}}.registers, given_registers) AS g;
    END IF;
    INSERT INTO {{schema}}.facts
        SELECT CASE WHEN f.register > {UNNUMBERED} THEN numbered + f.register - {UNNUMBERED} ELSE f.register END,
            f.latest, f.rank + known - judged, last + f.position - presumed, f.earliest, f.value, f.low, f.high, f.reach
        FROM json_populate_recordset(NULL::{{schema}}.facts, given_facts) AS f;
    IF given_retractions IS NOT NULL THEN
        INSERT INTO {{schema}}.retractions
            SELECT last + t.place, (SELECT r.position FROM {{schema}}.records AS r WHERE r.id = t.record)
            FROM json_to_recordset(given_retractions) AS t (place bigint, record text);
    END IF;
    INSERT INTO {{schema}}.heads VALUES (size, top, edge);
    RETURN NEXT;
END
"""
DEFINITION: Final = (
    f"CREATE FUNCTION {{schema}}.{NAME}({', '.join(f'{name} {kind}' for name, kind in _ARGUMENTS)})"
    " RETURNS TABLE (last bigint, known bigint, moment timestamptz, numbered bigint, others bigint[])"
    " LANGUAGE plpgsql AS $step${body}$step$"
)


def numbers(schema: str) -> dict[str, str]:
    """Give the locks that the function takes in a schema, by the names that its text has for them."""
    seats = {f"seat_{number}": number_of(lock, schema) for number, lock in enumerate(SEATS)}
    found = {"ledger": number_of(LEDGER, schema), "line": number_of(LINE, schema), **seats}
    return {name: str(number) for name, number in found.items()}
