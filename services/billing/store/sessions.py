"""Sessions and their refresh tokens; a secret is only ever met as its hash."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from services.billing.domain.session import RefreshToken, Session
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_TOKEN = [column for column in tables.refresh_token.c if column.name != "secret_hash"]


class Sessions:
    """Sessions in the schema `billing`. The session's row is the one lock of its family."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, session: Session) -> None:
        self._connection.execute(insert(tables.session).values(to_row(session)))

    def lock_of(self, secret_hash: str) -> tuple[Session, RefreshToken] | None:
        """The session that a token is of, locked, and the token as it is once the lock is held."""
        token = tables.refresh_token
        session_id = self._connection.execute(
            select(token.c.session_id).where(token.c.secret_hash == secret_hash)
        ).scalar_one_or_none()
        if session_id is None:
            return None
        locked = self._connection.execute(
            select(tables.session).where(tables.session.c.id == session_id).with_for_update()
        ).one_or_none()
        # Read again: whoever had the lock before may have rotated the token.
        row = self._connection.execute(
            select(*_TOKEN).where(token.c.secret_hash == secret_hash)
        ).one_or_none()
        if locked is None or row is None:
            return None
        return from_row(Session, locked), from_row(RefreshToken, row)

    def with_token(self, secret_hash: str) -> tuple[Session, RefreshToken] | None:
        """The session that a token is of, and the token, to be read and not changed."""
        token = tables.refresh_token
        row = self._connection.execute(
            select(*_TOKEN).where(token.c.secret_hash == secret_hash)
        ).one_or_none()
        if row is None:
            return None
        session = self._connection.execute(
            select(tables.session).where(tables.session.c.id == row.session_id)
        ).one_or_none()
        return None if session is None else (from_row(Session, session), from_row(RefreshToken, row))

    def save(self, session: Session) -> None:
        """Writes what can change of a session: when it expires, and when it was ended."""
        self._connection.execute(
            update(tables.session)
            .where(tables.session.c.id == session.id)
            .values(expires_at=session.expires_at, ended_at=session.ended_at)
        )

    def add_token(self, token: RefreshToken, *, secret_hash: str) -> None:
        self._connection.execute(
            insert(tables.refresh_token).values({**to_row(token), "secret_hash": secret_hash})
        )

    def mark_rotated(self, secret_hash: str, *, now: datetime) -> None:
        """The token has been exchanged; whoever brings it again is a thief, or was robbed."""
        self._connection.execute(
            update(tables.refresh_token)
            .where(tables.refresh_token.c.secret_hash == secret_hash)
            .values(rotated_at=now)
        )

    def end_all(self, user_id: str, *, now: datetime) -> None:
        """Ends every session of a person."""
        session = tables.session
        self._connection.execute(
            update(session)
            .where(session.c.user_id == user_id, session.c.ended_at.is_(None))
            .values(ended_at=now)
        )

    def forget_expired(self, *, now: datetime, rows_max: int) -> None:
        """Deletes tokens and sessions that nobody can use any more, at most so many of each."""
        for table, key in (
            (tables.refresh_token, tables.refresh_token.c.secret_hash),
            (tables.session, tables.session.c.id),
        ):
            old = (
                select(key).where(table.c.expires_at <= now).limit(rows_max).with_for_update(skip_locked=True)
            )
            self._connection.execute(delete(table).where(key.in_(old)))
