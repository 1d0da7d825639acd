"""The tables of accounts: their people, the sessions of those, and their keys."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

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
    word("email"),
    word("name"),
    word("role"),
    Column("password_hash", Text, nullable=True),
    instant("created_at"),
    CheckConstraint("role IN ('viewer', 'editor', 'owner')", name="user_role"),
    UniqueConstraint("account_id", "email", name="user_account_email"),
    Index("user_email", "email", unique=True, postgresql_where=text("password_hash IS NOT NULL")),
)
"""A user without a password is invited; the address still belongs to whoever joins with it first."""

invitation = Table(
    "invitation",
    metadata,
    id_column("user_id", ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("secret_hash", Text, nullable=False, unique=True),
    instant("expires_at"),
)

session = Table(
    "session",
    metadata,
    id_column("id", primary_key=True),
    id_column("user_id", ForeignKey("user.id", ondelete="CASCADE")),
    instant("created_at"),
    instant("expires_at"),
    instant("ended_at", nullable=True),
    Index("session_of_user", "user_id"),
    Index("session_expiry", "expires_at"),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    id_column("session_id", ForeignKey("session.id", ondelete="CASCADE")),
    instant("expires_at"),
    instant("rotated_at", nullable=True),
    Index("refresh_token_session", "session_id"),
    Index("refresh_token_expiry", "expires_at"),
)
"""All of a session's tokens are one family; at most one of them has not been rotated."""

sign_in_count = Table(
    "sign_in_count",
    metadata,
    Column("key", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    instant("window_ends_at"),
    CheckConstraint("attempts >= 0", name="sign_in_count_attempts"),
    Index("sign_in_count_window", "window_ends_at"),
)
"""Attempts to sign in, by hashed keys: this address, this person, this person from this address."""

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
    instant("last_used_at", nullable=True),
    CheckConstraint("scope IN ('read', 'write', 'admin')", name="api_key_scope"),
    Index("api_key_account", "account_id", "id"),
)
"""A key without an account is an operator's."""
