"""The first tables of publisher: sites, the content pipeline from keywords to images, and deliveries."""

from alembic import op

from chassis.migrations import create_chassis_tables

revision = "0001"
down_revision = None

SITES = """
CREATE TABLE site (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    language text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug)
);
CREATE INDEX site_account ON site (account_id, name, id);

CREATE TABLE sector (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (site_id) REFERENCES site (id)
);
CREATE UNIQUE INDEX sector_name ON sector (site_id, lower(name));
CREATE INDEX sector_site ON sector (site_id, name, id);

CREATE TABLE publishing_settings (
    site_id uuid NOT NULL,
    account_id uuid NOT NULL,
    time_zone text NOT NULL,
    auto_approve_content boolean NOT NULL,
    auto_schedule boolean NOT NULL,
    mode text NOT NULL,
    schedule_interval jsonb NOT NULL,
    publish_days text[] NOT NULL,
    publish_time_slots text[] NOT NULL,
    daily_limit integer,
    weekly_limit integer,
    monthly_limit integer,
    catch_up text NOT NULL,
    quality_gates jsonb NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (site_id),
    CONSTRAINT publishing_settings_mode CHECK (mode IN ('slots', 'interval', 'immediate')),
    CONSTRAINT publishing_settings_catch_up CHECK (catch_up IN ('publish_now', 'next_slot', 'hold')),
    FOREIGN KEY (site_id) REFERENCES site (id)
);

CREATE TABLE site_credits (
    site_id uuid NOT NULL,
    account_id uuid NOT NULL,
    day date NOT NULL,
    credits_used bigint NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (site_id, account_id, day),
    CONSTRAINT site_credits_never_below_zero CHECK (credits_used >= 0)
);
"""

PLANNER = """
CREATE TABLE cluster (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    name text NOT NULL,
    name_normalised text NOT NULL,
    description text NOT NULL,
    keywords_count integer NOT NULL,
    volume bigint NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cluster_name UNIQUE NULLS NOT DISTINCT (site_id, sector_id, name_normalised),
    CONSTRAINT cluster_status CHECK (status IN ('new', 'mapped')),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id)
);
CREATE INDEX cluster_new ON cluster (site_id, id) WHERE status = 'new';
CREATE INDEX cluster_site ON cluster (site_id, volume DESC, id);

CREATE TABLE keyword (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    keyword text NOT NULL,
    normalised text NOT NULL,
    volume bigint,
    volume_is_impressions boolean NOT NULL,
    difficulty integer,
    cpc numeric,
    currency text,
    intent text,
    country text,
    cluster_id uuid,
    status text NOT NULL,
    disabled boolean NOT NULL,
    volume_rank bigint GENERATED ALWAYS AS (COALESCE(volume, '-1'::bigint)) STORED NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT keyword_status CHECK (status IN ('new', 'mapped')),
    CONSTRAINT keyword_is_mapped_to_its_cluster CHECK ((cluster_id IS NOT NULL) = (status = 'mapped')),
    CONSTRAINT keyword_once UNIQUE NULLS NOT DISTINCT (site_id, sector_id, normalised),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id),
    FOREIGN KEY (cluster_id) REFERENCES cluster (id)
);
CREATE INDEX keyword_cluster ON keyword (cluster_id, volume_rank DESC, id);
CREATE INDEX keyword_new ON keyword (site_id, id) WHERE status = 'new' AND NOT disabled;
CREATE INDEX keyword_sector ON keyword (sector_id, volume_rank DESC, id);
CREATE INDEX keyword_site ON keyword (site_id, volume_rank DESC, id);

CREATE TABLE idea (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    cluster_id uuid,
    title text NOT NULL,
    description text NOT NULL,
    content_type text NOT NULL,
    content_structure text NOT NULL,
    target_keywords text[] NOT NULL,
    estimated_word_count integer NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT idea_status CHECK (status IN ('new', 'queued', 'completed')),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id),
    FOREIGN KEY (cluster_id) REFERENCES cluster (id)
);
CREATE INDEX idea_cluster ON idea (cluster_id, id);
CREATE INDEX idea_new ON idea (site_id, id) WHERE status = 'new';
CREATE INDEX idea_site ON idea (site_id, id);
"""

WRITER = """
CREATE TABLE task (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    idea_id uuid,
    cluster_id uuid,
    title text NOT NULL,
    brief text NOT NULL,
    content_type text NOT NULL,
    content_structure text NOT NULL,
    target_keywords text[] NOT NULL,
    word_count integer NOT NULL,
    status text NOT NULL,
    error text NOT NULL,
    content_id uuid,
    PRIMARY KEY (id),
    CONSTRAINT task_one_of_an_idea UNIQUE (idea_id),
    CONSTRAINT task_status CHECK (status IN ('queued', 'in_progress', 'completed', 'failed')),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id),
    FOREIGN KEY (idea_id) REFERENCES idea (id),
    FOREIGN KEY (cluster_id) REFERENCES cluster (id)
);
CREATE INDEX task_queued ON task (site_id, id) WHERE status = 'queued';
CREATE INDEX task_site ON task (site_id, id);

CREATE TABLE content (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    task_id uuid,
    cluster_id uuid,
    run_id uuid,
    slug text NOT NULL,
    title text NOT NULL,
    title_normalised text NOT NULL,
    html text NOT NULL,
    excerpt text NOT NULL,
    meta_title text NOT NULL,
    meta_description text NOT NULL,
    primary_keyword text NOT NULL,
    categories text[] NOT NULL,
    tags text[] NOT NULL,
    content_type text NOT NULL,
    content_structure text NOT NULL,
    model_name text NOT NULL,
    prompt_version text NOT NULL,
    images_wanted boolean NOT NULL,
    word_count integer NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    review_note text NOT NULL,
    site_status text NOT NULL,
    publish_error text NOT NULL,
    scheduled_publish_at timestamptz,
    published_at timestamptz,
    external_id text NOT NULL,
    external_url text NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT content_slug UNIQUE (site_id, slug),
    CONSTRAINT content_one_of_a_task UNIQUE (task_id),
    CONSTRAINT content_status CHECK (status IN ('draft', 'review', 'approved')),
    CONSTRAINT content_site_status CHECK (site_status IN ('not_published', 'scheduled', 'publishing', 'published', 'failed', 'unconfirmed')),
    CONSTRAINT content_scheduled_has_a_time CHECK (site_status <> 'scheduled' OR scheduled_publish_at IS NOT NULL),
    CONSTRAINT content_published_has_a_time CHECK (site_status <> 'published' OR published_at IS NOT NULL),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id),
    FOREIGN KEY (task_id) REFERENCES task (id),
    FOREIGN KEY (cluster_id) REFERENCES cluster (id)
);
CREATE INDEX content_draft ON content (site_id, id) WHERE status = 'draft';
CREATE INDEX content_due ON content (scheduled_publish_at, id) WHERE site_status = 'scheduled';
CREATE INDEX content_on_its_way ON content (updated_at, id) WHERE site_status IN ('publishing', 'unconfirmed');
CREATE INDEX content_planned ON content (site_id, scheduled_publish_at) WHERE scheduled_publish_at IS NOT NULL;
CREATE INDEX content_published ON content (site_id, published_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX content_run ON content (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX content_site ON content (site_id, id);
CREATE INDEX content_title ON content (site_id, title_normalised);
CREATE INDEX content_unscheduled ON content (site_id, id) WHERE status = 'approved' AND site_status IN ('not_published', 'failed');

CREATE TABLE content_version (
    content_id uuid NOT NULL,
    version integer NOT NULL,
    title text NOT NULL,
    html text NOT NULL,
    excerpt text NOT NULL,
    meta_title text NOT NULL,
    meta_description text NOT NULL,
    primary_keyword text NOT NULL,
    categories text[] NOT NULL,
    tags text[] NOT NULL,
    edited_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (content_id, version),
    FOREIGN KEY (content_id) REFERENCES content (id) ON DELETE CASCADE
);
"""

IMAGES = """
CREATE TABLE image_blob (
    sha256 text NOT NULL,
    media_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    size integer NOT NULL,
    data bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (sha256),
    CONSTRAINT image_blob_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT image_blob_size CHECK (size = octet_length(data))
);

CREATE TABLE image (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    content_id uuid NOT NULL,
    image_type text NOT NULL,
    position integer NOT NULL,
    prompt text NOT NULL,
    alt_text text NOT NULL,
    model_name text NOT NULL,
    url text NOT NULL,
    content_hash text,
    media_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    status text NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT image_place UNIQUE (content_id, position),
    CONSTRAINT image_type CHECK (image_type IN ('featured', 'in_article')),
    CONSTRAINT image_status CHECK (status IN ('pending', 'generated', 'failed')),
    CONSTRAINT image_generated_has_bytes CHECK ((content_hash IS NOT NULL) = (status = 'generated')),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (sector_id) REFERENCES sector (id),
    FOREIGN KEY (content_id) REFERENCES content (id) ON DELETE CASCADE,
    FOREIGN KEY (content_hash) REFERENCES image_blob (sha256)
);
CREATE INDEX image_content_hash ON image (content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX image_pending ON image (content_id) WHERE status = 'pending';
CREATE INDEX image_site ON image (site_id, id);
"""

DELIVERIES = """
CREATE TABLE publication (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    content_id uuid NOT NULL,
    target text NOT NULL,
    marker text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    content_version integer NOT NULL,
    external_id text NOT NULL,
    external_url text NOT NULL,
    error text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT publication_once UNIQUE (content_id, target),
    CONSTRAINT publication_target CHECK (target IN ('hosted', 'wordpress', 'webhook')),
    CONSTRAINT publication_state CHECK (state IN ('pending', 'delivering', 'published', 'failed', 'unconfirmed', 'retracted')),
    FOREIGN KEY (site_id) REFERENCES site (id),
    FOREIGN KEY (content_id) REFERENCES content (id),
    UNIQUE (marker)
);
CREATE INDEX publication_open ON publication (updated_at, id) WHERE state IN ('pending', 'delivering', 'unconfirmed');
CREATE INDEX publication_site ON publication (site_id, id);
"""

# Pictures are compressed already; stored plain, a part of one can be read without the rest.
STORAGE = "ALTER TABLE image_blob ALTER COLUMN data SET STORAGE EXTERNAL"

# The read-only role sees no stored answers and no pictures.
SECRETS = """
REVOKE SELECT ON idempotency, image_blob FROM igny8_readonly;
GRANT SELECT (account_id, scope, request_id, request_hash, created_at) ON idempotency TO igny8_readonly;
GRANT SELECT (sha256, media_type, width, height, size, created_at) ON image_blob TO igny8_readonly;
"""


def upgrade() -> None:
    create_chassis_tables(op)
    for statements in (SITES, PLANNER, WRITER, IMAGES, DELIVERIES, STORAGE, SECRETS):
        op.execute(statements)
