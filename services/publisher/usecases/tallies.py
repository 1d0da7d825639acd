"""Putting together what the statistics are summed from, so that reading them stays as fast as on the first day."""

from datetime import datetime, timedelta
from typing import Final

from services.publisher.store.transaction import PublisherTransaction

ROWS_MIN: Final = 200
"""A site with fewer loose rows is read in no time."""
SITES_MAX: Final = 100
DAYS_KEPT: Final = 100
"""Longer than the longest period that people ask for, which is 90 days."""


def fold_tallies(tx: PublisherTransaction, *, now: datetime) -> int:
    """Put the tallies together of up to 100 sites that have many loose ones; returns how many sites there were."""
    oldest_day = (now - timedelta(days=DAYS_KEPT)).date()
    sites = tx.stats.unfolded(rows_min=ROWS_MIN, limit=SITES_MAX)
    for site_id in sites:
        tx.stats.fold(site_id, oldest_day=oldest_day)
    return len(sites)
