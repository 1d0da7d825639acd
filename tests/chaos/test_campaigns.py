"""The frame of the campaigns: what is found, and how a campaign's end becomes the command's."""

import importlib
import subprocess
import sys

import pytest

from tests.chaos.__main__ import CAMPAIGNS, there
from tests.chaos.campaign import Report


@pytest.mark.parametrize("name", sorted(there()))
def test_every_campaign_has_the_one_function(name: str) -> None:
    assert callable(importlib.import_module(there()[name]).campaign)


def test_only_campaigns_that_are_listed_are_found() -> None:
    assert set(there()) <= set(CAMPAIGNS)


def test_a_report_is_broken_by_one_promise_that_does_not_hold() -> None:
    report = Report()
    report.promise("Held", holds=True)
    assert report.broken == []

    report.promise("Not held", holds=False, found=3)

    assert [(promise.says, promise.found) for promise in report.broken] == [("Not held", "3")]


def test_a_campaign_that_is_not_there_is_refused_with_those_that_are() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "nonsense"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert f"There is no campaign nonsense. There are: {', '.join(there())}" in " ".join(ended.stdout.split())
