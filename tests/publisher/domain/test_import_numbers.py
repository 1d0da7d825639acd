"""Numbers are read as the tool or the person meant them."""

from decimal import Decimal

import pytest

from services.publisher.domain.import_numbers import LineRefused, read_cpc, read_difficulty, read_volume


@pytest.mark.parametrize(
    ("cell", "volume"),
    [
        ("0", 0),
        ("1300", 1300),
        ("1,300", 1300),
        ("1.300", 1300),
        ("1 300", 1300),
        ("1\u00a0300", 1300),
        ("1\u202f300", 1300),
        ("1'300", 1300),
        ("1,300,000", 1300000),
        ("1300.0", 1300),
        ("1300,00", 1300),
        ("1.2K", 1200),
        ("1,5k", 1500),
        ("2M", 2_000_000),
        ("10 – 100", 10),
        ("1K – 10K", 1000),
        ("100-1K", 100),
        (">100", 100),
        ("0-10", 0),
        ("", None),
        ("  ", None),
        ("-", None),
        ("–", None),
        ("N/A", None),
    ],
)
def test_a_volume_is_read(cell: str, volume: int | None) -> None:
    assert read_volume(cell) == volume


@pytest.mark.parametrize(
    ("cell", "difficulty"),
    [("0", 0), ("100", 100), ("85.18", 85), ("85,5", 86), ("0.4", 0), ("45%", 45), ("45 %", 45), ("", None)],
)
def test_a_difficulty_is_read(cell: str, difficulty: int | None) -> None:
    assert read_difficulty(cell) == difficulty


@pytest.mark.parametrize("cell", ["100.4", "-0.1", "101", "999", "1e1", "Infinity", "NaN", "12abc"])
def test_a_difficulty_outside_0_to_100_is_refused(cell: str) -> None:
    with pytest.raises(LineRefused):
        read_difficulty(cell)


@pytest.mark.parametrize(
    ("cell", "cpc", "currency"),
    [
        ("1.20", "1.20", None),
        ("1,20", "1.20", None),
        ("0.125", "0.125", None),
        ("$1.20", "1.20", "USD"),
        ("1,20 €", "1.20", "EUR"),
        ("EUR 1,20", "1.20", "EUR"),
        ("1.234,56", "1234.56", None),
        ("1,234.56", "1234.56", None),
        ("0.00", "0.00", None),
    ],
)
def test_a_cost_per_click_is_read_with_the_currency_it_names(
    cell: str, cpc: str, currency: str | None
) -> None:
    assert read_cpc(cell) == (Decimal(cpc), currency)


@pytest.mark.parametrize("cell", ["", " ", "n/a", "--"])
def test_a_cost_per_click_can_be_unknown(cell: str) -> None:
    assert read_cpc(cell) == (None, None)


@pytest.mark.parametrize("cell", ["1.2.3,4,5", "1,2.3,4", "100000.01", "-1", "1e3", "9" * 5000, "٣,٥"])
def test_a_cost_per_click_that_is_none_is_refused(cell: str) -> None:
    with pytest.raises(LineRefused):
        read_cpc(cell)


def test_a_long_cell_is_shortened_in_the_message() -> None:
    with pytest.raises(LineRefused) as refused:
        read_volume("x" * 10_000)

    assert len(str(refused.value)) < 150
