"""Statistics that reading does not recount: every change of a pipeline table leaves how much it added."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE = """
CREATE TABLE site_tally (
    id bigint GENERATED ALWAYS AS IDENTITY,
    site_id uuid NOT NULL,
    noun text NOT NULL,
    state text NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL,
    folded boolean NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX site_tally_site ON site_tally (site_id, day);
CREATE INDEX site_tally_unfolded ON site_tally (site_id) WHERE NOT folded;
"""

# One row a statement and state, only ever added: no two transactions wait for each other here.
FUNCTION = """
CREATE FUNCTION tally_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO site_tally (site_id, noun, state, day, count, folded)
        SELECT site_id, '{table}', state, (created_at AT TIME ZONE 'UTC')::date, count(*), false
        FROM new_rows, unnest(ARRAY[{states}]) AS state
        GROUP BY 1, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO site_tally (site_id, noun, state, day, count, folded)
        SELECT site_id, '{table}', state, (created_at AT TIME ZONE 'UTC')::date, -count(*), false
        FROM old_rows, unnest(ARRAY[{states}]) AS state
        GROUP BY 1, 3, 4;
    ELSE
        INSERT INTO site_tally (site_id, noun, state, day, count, folded)
        SELECT site_id, '{table}', state, (created_at AT TIME ZONE 'UTC')::date, sum(number), false
        FROM (
            SELECT site_id, created_at, state, 1 AS number
            FROM new_rows, unnest(ARRAY[{states}]) AS state
            UNION ALL
            SELECT site_id, created_at, state, -1 FROM old_rows, unnest(ARRAY[{states}]) AS state
        ) change
        GROUP BY 1, 3, 4 HAVING sum(number) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_tally_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tally_{table}();
CREATE TRIGGER {table}_tally_update AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION tally_{table}();
CREATE TRIGGER {table}_tally_delete AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION tally_{table}();
"""

BEGIN = """
INSERT INTO site_tally (site_id, noun, state, day, count, folded)
SELECT site_id, '{table}', state, (created_at AT TIME ZONE 'UTC')::date, count(*), true
FROM {table}, unnest(ARRAY[{states}]) AS state
GROUP BY 1, 3, 4;
"""

STATES = "'total', status"
TABLES = {
    "keyword": STATES,
    "cluster": STATES,
    "idea": STATES,
    "task": STATES,
    "content": f"{STATES}, site_status",
    "image": STATES,
}


def upgrade() -> None:
    op.execute(TABLE)
    for table, states in TABLES.items():
        op.execute(FUNCTION.format(table=table, states=states))
        op.execute(BEGIN.format(table=table, states=states))
