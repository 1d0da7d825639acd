"""The tables of accounts, their people and their keys."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text

from services.billing.store.columns import id_column, instant, metadata, word

account = Table(
    "account",
    metadata,
    id_column("id", primary_key=True),
    word("name"),
    Column("suspended", Boolean, nullable=False),
    instant("created_at"),
)

user = Table(
    "user",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    Column("email", Text, nullable=False, unique=True),
    word("name"),
    word("role"),
    word("password_hash"),
    instant("created_at"),
    CheckConstraint("role IN ('viewer', 'editor', 'owner')", name="user_role"),
    Index("user_account", "account_id"),
)

api_key = Table(
    "api_key",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id"), nullable=True),
    word("name"),
    word("prefix"),
    Column("secret_hash", Text, nullable=False, unique=True),
    word("scope"),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("revoked_at", nullable=True),
    CheckConstraint("scope IN ('read', 'write', 'admin')", name="api_key_scope"),
    Index("api_key_account", "account_id", "id"),
)
"""A key without an account is an operator's."""
