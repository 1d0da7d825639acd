"""A reservation is captured in parts, ends once, and adds up when it has."""

import pytest

from services.billing.domain.reservation import LATE_CAPTURE_GRACE, ReservationEnded, Status
from tests.billing.domain.builders import NOW, a_reservation, later


def test_parts_add_up_when_it_has_ended() -> None:
    ended = a_reservation(amount=10).capture(3).capture(4).end(Status.RELEASED)

    assert (ended.captured, ended.released, ended.left) == (7, 3, 0)


@pytest.mark.parametrize("status", [Status.CAPTURED, Status.RELEASED, Status.EXPIRED])
def test_it_ends_once(status: Status) -> None:
    with pytest.raises(AssertionError, match="ends once"):
        a_reservation().end(status).end(Status.RELEASED)


def test_more_than_it_holds_cannot_be_taken_of_it() -> None:
    with pytest.raises(AssertionError):
        a_reservation(amount=10).capture(11)


def test_it_is_due_from_its_last_instant_on_while_it_is_active() -> None:
    reservation = a_reservation()

    assert not reservation.is_due(now=NOW)
    assert reservation.is_due(now=reservation.expires_at)
    assert not reservation.end(Status.RELEASED).is_due(now=reservation.expires_at)


@pytest.mark.parametrize("status", [Status.CAPTURED, Status.RELEASED])
def test_after_its_end_nothing_is_charged_to_it(status: Status) -> None:
    with pytest.raises(ReservationEnded) as refused:
        a_reservation(id="the hold").end(status).check_chargeable(now=NOW)

    assert refused.value.metadata == {"reservation_id": "the hold", "state": status.value}


def test_after_its_expiry_work_is_charged_for_a_day() -> None:
    expired = a_reservation(expires_at=NOW).end(Status.EXPIRED)

    expired.check_chargeable(now=later(hours=23))
    with pytest.raises(ReservationEnded):
        expired.check_chargeable(now=NOW + LATE_CAPTURE_GRACE)
