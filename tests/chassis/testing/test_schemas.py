"""A schema is brought back to what its migrations left."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from chassis.testing import CleanSchema
from tests.kit.databases import SessionDatabase

SCHEMA = "seeded"


@pytest.fixture
def owner(database: SessionDatabase) -> Iterator[Engine]:
    engine = database.owner(SCHEMA)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA seeded"))
        connection.execute(
            text("CREATE TABLE kind (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)")
        )
        connection.execute(text("CREATE TABLE thing (id bigserial PRIMARY KEY, kind_id int REFERENCES kind)"))
        connection.execute(text("INSERT INTO kind (name) VALUES ('plant'), ('stone')"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA seeded, seeded_kept CASCADE"))


def kinds(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT name FROM kind ORDER BY id")).scalars())


def test_what_a_test_wrote_is_gone_and_what_the_migrations_wrote_is_back(owner: Engine) -> None:
    clean = CleanSchema(owner, schema=SCHEMA)
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO thing (kind_id) SELECT id FROM kind"))
        connection.execute(text("UPDATE kind SET name = 'changed' WHERE name = 'plant'"))
        connection.execute(text("INSERT INTO kind (name) VALUES ('new')"))

    clean.empty()

    with owner.connect() as connection:
        assert kinds(connection) == ["plant", "stone"]
        assert connection.execute(text("SELECT count(*) FROM thing")).scalar_one() == 0


def test_an_emptied_schema_can_be_written_to_again(owner: Engine) -> None:
    clean = CleanSchema(owner, schema=SCHEMA)

    clean.empty()
    clean.empty()

    with owner.begin() as connection:
        connection.execute(text("INSERT INTO thing (kind_id) SELECT id FROM kind"))
        connection.execute(text("INSERT INTO kind (name) VALUES ('new')"))
        assert connection.execute(text("SELECT min(id) FROM thing")).scalar_one() == 1
        assert kinds(connection) == ["plant", "stone", "new"]


def test_a_table_of_many_rows_is_emptied_too(owner: Engine) -> None:
    clean = CleanSchema(owner, schema=SCHEMA)
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO thing (kind_id) SELECT 1 FROM generate_series(1, 50000)"))

    clean.empty()

    with owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM thing")).scalar_one() == 0
        assert kinds(connection) == ["plant", "stone"]
