"""How many rows have a facet or a word, as far as PostgreSQL's statistics know."""

from alembic import op

revision = "0015"
down_revision = "0014"

# Only the owner of an index may see its statistics, so they are asked for in the owner's name. They are of what many
# rows have: what is not among them few have. `rows` is null where there are no statistics yet.
KNOWN = """
CREATE FUNCTION facets_known(of text, asked bigint[]) RETURNS TABLE (facet bigint, rows bigint, of_rows bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH known AS MATERIALIZED (
        SELECT most_common_elems::text::bigint[] AS facets, most_common_elem_freqs AS shares, reltuples
        FROM pg_stats JOIN pg_class ON pg_class.oid = ('publisher.' || of || '_facets')::regclass
        WHERE schemaname = 'publisher' AND tablename = of || '_facets'
    )
    SELECT each.facet, (coalesce(shares[array_position(facets, each.facet)], 0) * reltuples)::bigint, reltuples::bigint
    FROM unnest(asked) AS each (facet) LEFT JOIN known ON true
$$
"""


def upgrade() -> None:
    op.execute(KNOWN)
