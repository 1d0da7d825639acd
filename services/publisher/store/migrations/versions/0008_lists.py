"""Lists: an index for each order, and one of words and facets a table, so that a page costs the same however long the list is."""

from alembic import op

revision = "0008"
down_revision = "0007"

KEYWORD = """
ALTER TABLE keyword
    ADD COLUMN difficulty_rank integer NOT NULL GENERATED ALWAYS AS (COALESCE(difficulty, -1)) STORED,
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, keyword)) STORED;
DROP INDEX keyword_site, keyword_cluster, keyword_sector;
CREATE INDEX keyword_site ON keyword (site_id, volume_rank, id);
CREATE INDEX keyword_cluster ON keyword (cluster_id, volume_rank, id);
CREATE INDEX keyword_sector ON keyword (sector_id, volume_rank, id);
CREATE INDEX keyword_status ON keyword (site_id, status, volume_rank, id);
CREATE INDEX keyword_status_created ON keyword (site_id, status, created_at, id);
CREATE INDEX keyword_difficulty ON keyword (site_id, difficulty_rank, id);
CREATE INDEX keyword_text ON keyword (site_id, normalised, id);
CREATE INDEX keyword_created ON keyword (site_id, created_at, id);
"""
CLUSTER = """
ALTER TABLE cluster
    ADD COLUMN words tsvector NOT NULL
    GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, name || ' ' || description)) STORED;
DROP INDEX cluster_site;
CREATE INDEX cluster_site ON cluster (site_id, volume, id);
CREATE INDEX cluster_status ON cluster (site_id, status, volume, id);
CREATE INDEX cluster_keywords ON cluster (site_id, keywords_count, id);
CREATE INDEX cluster_text ON cluster (site_id, name_normalised, id);
CREATE INDEX cluster_created ON cluster (site_id, created_at, id);
"""
IDEA = """
ALTER TABLE idea
    ADD COLUMN words tsvector NOT NULL
    GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, title || ' ' || description)) STORED;
DROP INDEX idea_site, idea_cluster;
CREATE INDEX idea_site ON idea (site_id, created_at, id);
CREATE INDEX idea_cluster ON idea (cluster_id, created_at, id);
CREATE INDEX idea_status ON idea (site_id, status, created_at, id);
CREATE INDEX idea_title ON idea (site_id, title, id);
"""
TASK = """
ALTER TABLE task
    ADD COLUMN words tsvector NOT NULL
    GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, title || ' ' || brief)) STORED;
DROP INDEX task_site;
CREATE INDEX task_site ON task (site_id, created_at, id);
CREATE INDEX task_cluster ON task (cluster_id, created_at, id);
CREATE INDEX task_status ON task (site_id, status, created_at, id);
CREATE INDEX task_title ON task (site_id, title, id);
"""
CONTENT = """
ALTER TABLE content
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple'::regconfig, title || ' ' || primary_keyword || ' ' || excerpt)) STORED;
DROP INDEX content_site, content_run, content_title;
CREATE INDEX content_site ON content (site_id, created_at, id);
CREATE INDEX content_run ON content (run_id, created_at, id) WHERE run_id IS NOT NULL;
CREATE INDEX content_cluster ON content (cluster_id, created_at, id) WHERE cluster_id IS NOT NULL;
CREATE INDEX content_status ON content (site_id, status, created_at, id);
CREATE INDEX content_delivery ON content (site_id, site_status, created_at, id);
CREATE INDEX content_status_updated ON content (site_id, status, updated_at, id);
CREATE INDEX content_delivery_updated ON content (site_id, site_status, updated_at, id);
CREATE INDEX content_title ON content (site_id, title_normalised, id);
CREATE INDEX content_updated ON content (site_id, updated_at, id);
CREATE INDEX content_length ON content (site_id, word_count, id);
"""
IMAGE = """
ALTER TABLE image
    ADD COLUMN words tsvector NOT NULL
    GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, prompt || ' ' || alt_text)) STORED;
DROP INDEX image_site;
CREATE INDEX image_site ON image (site_id, created_at, id);
CREATE INDEX image_status ON image (site_id, status, created_at, id);
"""

# What a row has, each by a hash of the site and it: one is found without looking through all that the site has, or
# through what other sites have. Who asks compares the rows themselves too.
WITHIN = """
CREATE FUNCTION facets_within(site uuid, named text[], words tsvector) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT array_agg(hashtextextended(site::text || each, 0)) FROM unnest(named || tsvector_to_array(words)) AS each)
"""

# What waits to be sorted in is read by every search, so it is kept short.
FACETS = """
CREATE INDEX {table}_facets ON {table} USING gin (publisher.facets_within(site_id, ARRAY[{facets}], words))
    WITH (gin_pending_list_limit = 256)
"""
FACETS_OF = {
    "keyword": ("status", "sector_id::text", "intent", "country", "disabled::text"),
    "cluster": ("status", "sector_id::text"),
    "idea": ("status", "sector_id::text", "content_type", "content_structure"),
    "task": ("status", "sector_id::text", "content_type", "content_structure"),
    "content": ("status", "site_status", "sector_id::text", "content_type", "content_structure"),
    "image": ("status", "image_type"),
}


def upgrade() -> None:
    for statements in (WITHIN, KEYWORD, CLUSTER, IDEA, TASK, CONTENT, IMAGE):
        op.execute(statements)
    for table, facets in FACETS_OF.items():
        named = ", ".join(f"'{each.removesuffix('::text')}:' || {each}" for each in facets)
        op.execute(FACETS.format(table=table, facets=named))
