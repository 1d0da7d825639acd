"""What every item of the content pipeline has, and the sentence a wrong move gets."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from chassis.refusal import StateConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineItem:
    """Ids are UUIDv7 strings, instants are UTC; `sector_id` is None for what belongs to the whole site."""

    id: str
    account_id: str
    site_id: str
    sector_id: str | None = None
    created_at: datetime
    updated_at: datetime


def etag_of(*parts: object) -> str:
    """What an editor read: it changes with these parts alone, so that a move of state never makes an edit stale."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def wrong_move(kind: str, *, state: str, cannot: str, way_out: str, **more: str) -> StateConflict:
    """The refusal of a move: "This content is published and cannot be scheduled. It is on the site already."

    `state` is the state's wire name; every variable part is in the metadata too.
    """
    return StateConflict(
        f"This {kind} is {state.replace('_', ' ')} and cannot be {cannot}. {way_out}",
        metadata={"kind": kind, "state": state, **more},
    )
