"""A service's schema in tests: emptied between two tests, and compared with what `store/tables.py` declares."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    TableClause,
    delete,
    exists,
    inspect,
    literal,
    select,
    table,
    text,
    union_all,
)

_VERSION_TABLE: Final = "alembic_version"

_COLUMNS: Final = """
    SELECT table_name || '.' || column_name || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' DEFAULT ' || column_default, '')
        || CASE WHEN a.attidentity <> '' THEN ' IDENTITY' ELSE '' END
        || coalesce(' GENERATED ' || generation_expression, '')
    FROM information_schema.columns
    JOIN pg_attribute a ON a.attname = column_name
        AND a.attrelid = format('%I.%I', table_schema, table_name)::regclass
    WHERE table_schema = :schema AND table_name <> :version_table
"""
_CONSTRAINTS: Final = """
    SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE connamespace = CAST(:schema AS regnamespace) AND contype <> 'n'
        AND conrelid <> coalesce(to_regclass(:schema || '.' || :version_table), 0)
"""
_INDEXES: Final = """
    SELECT indexdef FROM pg_indexes WHERE schemaname = :schema AND tablename <> :version_table
"""

_SIZES: Final = text(
    "SELECT name, pg_relation_size(name::regclass) FROM unnest(CAST(:names AS text[])) AS name"
)
_LARGE_BYTES: Final = 1_000_000
_NUMBERS: Final = text("""
    SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value, start_value) AS number,
        last_value IS NOT NULL AS used
    FROM pg_sequences WHERE schemaname = :schema
""")
_RESTART: Final = text("SELECT setval(CAST(:name AS regclass), :number, :used)")


def assert_schema_matches(metadata: MetaData, *, schema: str, owner: Engine) -> None:
    """Asserts that the migrated schema is exactly what the metadata declares: columns, types, defaults, constraints
    and indexes. `owner` may create schemas; the declared tables are made in one of their own and dropped again."""
    declared = f"{schema}_declared"
    with owner.connect().execution_options(
        schema_translate_map=dict.fromkeys({table.schema for table in metadata.tables.values()}, declared)
    ) as connection:
        connection.execute(text(f'DROP SCHEMA IF EXISTS "{declared}" CASCADE'))
        connection.execute(text(f'CREATE SCHEMA "{declared}"'))
        connection.execute(text(f'SET LOCAL search_path = "{declared}"'))
        metadata.create_all(connection)
        # A function of the schema is the same one for the declared tables.
        wanted = frozenset(line.replace(f"{schema}.", "") for line in _described(connection, declared))
        found = _described(connection, schema)
        connection.rollback()
    only_declared, only_migrated = sorted(wanted - found), sorted(found - wanted)
    differences = [f"only in store/tables.py: {line}" for line in only_declared]
    differences += [f"only in the migrations: {line}" for line in only_migrated]
    assert not differences, "\n".join([f"The tables of {schema} differ:", *differences])


class CleanSchema:
    """Brings a schema back to what its migrations left: empty tables, and the rows they wrote themselves.

    Make it once, right after the migrations. `owner` must be allowed to truncate and to make a schema.
    """

    def __init__(self, owner: Engine, *, schema: str) -> None:
        self._owner = owner
        with owner.begin() as connection:
            names = [
                name for name in inspect(connection).get_table_names(schema=schema) if name != _VERSION_TABLE
            ]
            self._tables = [table(name, schema=schema) for name in sorted(names)]
            self._seeds = {each: f"seed_of_{each.name}" for each in self._filled(connection)}
            quote = connection.dialect.identifier_preparer
            for each, seed in self._seeds.items():
                name, kept = quote.format_table(each), f"{quote.quote(schema)}_kept.{quote.quote(seed)}"
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quote.quote(schema)}_kept"))
                connection.execute(text(f"CREATE TABLE IF NOT EXISTS {kept} AS TABLE {name}"))
            self._numbers = [dict(row) for row in connection.execute(_NUMBERS, {"schema": schema}).mappings()]
            self._restore = [
                text(
                    f"INSERT INTO {quote.format_table(each)} OVERRIDING SYSTEM VALUE"
                    f" TABLE {quote.quote(schema)}_kept.{quote.quote(seed)}"
                )
                for each, seed in self._seeds.items()
            ]

    def empty(self) -> None:
        """Costs next to nothing when nothing was written."""
        with self._owner.begin() as connection:
            filled = sorted({*self._filled(connection), *self._seeds}, key=lambda each: each.name)
            if not filled:
                return
            # Triggers and foreign keys would ask for an order among the tables.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            # TRUNCATE makes new files for a table and each of its indexes; that only pays for many rows.
            if large := self._large(connection, filled):
                connection.execute(text(f"TRUNCATE {', '.join(large)} CASCADE"))
            for each in filled:
                connection.execute(delete(each))
            for statement in self._restore:
                connection.execute(statement)
            for numbers in self._numbers:
                connection.execute(_RESTART, numbers)

    def _large(self, connection: Connection, tables: Iterable[TableClause]) -> list[str]:
        quote = connection.dialect.identifier_preparer
        names = [quote.format_table(each) for each in tables]
        sizes = connection.execute(_SIZES, {"names": names}).all()
        return [name for name, size in sizes if size > _LARGE_BYTES]

    def _filled(self, connection: Connection) -> list[TableClause]:
        if not self._tables:
            return []
        asked = [
            select(literal(index)).where(exists(select(literal(1)).select_from(each)))
            for index, each in enumerate(self._tables)
        ]
        return [self._tables[index] for index in connection.execute(union_all(*asked)).scalars()]


def _described(connection: Connection, schema: str) -> frozenset[str]:
    connection.execute(text(f'SET LOCAL search_path = "{schema}"'))
    parameters = {"schema": schema, "version_table": _VERSION_TABLE}
    return frozenset(
        line.replace(f"{schema}.", "")
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
        for line in connection.execute(text(query), parameters).scalars()
    )
