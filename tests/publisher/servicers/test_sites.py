"""SiteService over gRPC: sites, sectors, publishing settings."""

from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.servicers.calls import Calls

SETTINGS = publisher.PublishingSettings
UNKNOWN_ID = "0199ffff-0000-7000-8000-000000000001"


async def test_a_new_site_has_a_slug_of_its_name_and_the_usual_settings(calls: Calls) -> None:
    site = await calls.site("Café Orto", time_zone="Europe/Rome", description="Growing food")

    settings = await _settings(calls, site.id)
    assert (site.name, site.slug, site.time_zone) == ("Café Orto", "cafe-orto", "Europe/Rome")
    assert settings.time_zone == "Europe/Rome"
    assert (settings.mode, settings.catch_up) == (SETTINGS.MODE_SLOTS, SETTINGS.CATCH_UP_PUBLISH_NOW)
    assert list(settings.publish_time_slots) == ["09:00", "14:00", "18:00"]
    assert (settings.daily_limit, settings.weekly_limit, settings.monthly_limit) == (3, 15, 50)
    assert not settings.auto_approve_content


async def test_a_site_without_a_slug_gets_the_first_free_one_of_its_name(calls: Calls) -> None:
    await calls.site("Garden")

    second = await calls.site("Garden")
    third = await calls.site("Garden", caller=person(account_id=OTHER_ACCOUNT_ID))

    assert (second.slug, third.slug) == ("garden-2", "garden-3")


async def test_a_given_slug_is_unique_on_the_platform(calls: Calls) -> None:
    await calls.site("Garden", slug="garden", caller=person(account_id=OTHER_ACCOUNT_ID))

    with pytest.raises(RemoteRefusal) as refused:
        await calls.site("My garden", slug="garden")

    assert refused.value.reason == "ALREADY_EXISTS"
    assert refused.value.metadata["value"] == "garden"


async def test_making_a_site_again_under_its_request_id_answers_the_first_one(calls: Calls) -> None:
    first = await calls.site("Garden", request_id="once")

    again = await calls.site("Garden", request_id="once")

    assert again == first


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": "x" * 81}, "slug"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"description": "x" * 1001}, "description"),
    ],
)
async def test_a_site_that_cannot_be_is_refused_by_its_field(
    calls: Calls, words: dict[str, Any], field: str
) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.site(**{"name": "Garden", **words})

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]


async def test_a_viewer_makes_no_site(calls: Calls) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.site(caller=person(Role.VIEWER))

    assert refused.value.reason == "PERMISSION_DENIED"


async def test_sites_are_listed_by_name_and_of_one_account_only(calls: Calls) -> None:
    await calls.site("Beta")
    await calls.site("Alpha")
    await calls.site("Others", caller=person(account_id=OTHER_ACCOUNT_ID))

    first = await calls.sites().ListSites(publisher.ListSitesRequest(page_size=1))
    second = await calls.sites().ListSites(
        publisher.ListSitesRequest(page_size=1, page_token=first.next_page_token)
    )

    assert [site.name for site in (*first.sites, *second.sites)] == ["Alpha", "Beta"]
    assert second.next_page_token == ""


async def test_sectors_have_names_of_their_own_within_a_site(calls: Calls) -> None:
    site, other = await calls.site("One"), await calls.site("Two")
    await _sector(calls, site.id, "Soil")
    await _sector(calls, site.id, "Air")
    await _sector(calls, other.id, "Soil")

    with pytest.raises(RemoteRefusal) as refused:
        await _sector(calls, site.id, "SOIL")

    listed = await calls.sites().ListSectors(publisher.ListSectorsRequest(site_id=site.id))
    assert refused.value.reason == "ALREADY_EXISTS"
    assert [sector.name for sector in listed.sectors] == ["Air", "Soil"]


async def test_settings_are_replaced_whole_and_get_another_etag(calls: Calls) -> None:
    site = await calls.site()
    before = await _settings(calls, site.id)
    wanted = publisher.PublishingSettings(
        time_zone="America/New_York",
        auto_approve_content=True,
        auto_schedule=True,
        mode=SETTINGS.MODE_INTERVAL,
        schedule_interval=publisher.ScheduleInterval(every=6, unit=publisher.ScheduleInterval.UNIT_HOURS),
        catch_up=SETTINGS.CATCH_UP_HOLD,
        quality_gates=publisher.QualityGates(minimum_word_count=500, require_meta=True),
        daily_limit=2,
    )

    after = await _put(calls, site.id, wanted, etag=before.etag)

    assert after == await _settings(calls, site.id)
    assert after.etag != before.etag
    after.ClearField("etag")
    after.ClearField("site_id")
    assert after == wanted


async def test_a_limit_that_is_left_out_is_no_limit(calls: Calls) -> None:
    site = await calls.site()
    settings = await _settings(calls, site.id)
    for name in ("daily_limit", "weekly_limit", "monthly_limit"):
        settings.ClearField(name)

    after = await _put(calls, site.id, settings)

    assert not after.HasField("daily_limit")
    assert not after.HasField("monthly_limit")


async def test_the_time_zone_of_a_site_is_that_of_its_settings(calls: Calls) -> None:
    site = await calls.site(time_zone="Europe/Rome")

    await calls.put_settings(site.id, time_zone="Asia/Tokyo")

    again = await calls.sites().GetSite(publisher.GetSiteRequest(site_id=site.id))
    assert again.site.time_zone == "Asia/Tokyo"


async def test_settings_that_somebody_else_changed_since_are_not_overwritten(calls: Calls) -> None:
    site = await calls.site()
    read = await _settings(calls, site.id)
    await calls.put_settings(site.id, auto_schedule=True)
    read.auto_approve_content = True

    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, site.id, read, etag=read.etag)

    assert refused.value.reason == "STALE_ETAG"
    assert not (await _settings(calls, site.id)).auto_approve_content


async def test_putting_the_same_settings_twice_is_a_quiet_success(calls: Calls) -> None:
    site = await calls.site()
    read = await _settings(calls, site.id)
    wanted = publisher.PublishingSettings()
    wanted.CopyFrom(read)
    wanted.auto_schedule = True
    first = await _put(calls, site.id, wanted, etag=read.etag)

    second = await _put(calls, site.id, wanted, etag=read.etag)

    assert second == first


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"daily_limit": 0}, "settings.daily_limit"),
        ({"weekly_limit": -1}, "settings.weekly_limit"),
        ({"monthly_limit": 10_001}, "settings.monthly_limit"),
        ({"publish_days": ["someday"]}, "settings.publish_days[0]"),
        ({"publish_time_slots": ["25:00"]}, "settings.publish_time_slots[0]"),
        ({"publish_time_slots": ["09:00", "09:00"]}, "publish_time_slots"),
        ({"mode": SETTINGS.MODE_SLOTS, "publish_days": []}, "publish_days"),
        ({"time_zone": "Europe"}, "settings.time_zone"),
        ({"schedule_interval": {"every": 0}}, "settings.schedule_interval.every"),
        ({"schedule_interval": {"every": 367}}, "schedule_interval"),
    ],
)
async def test_settings_that_cannot_be_are_refused_by_their_field(
    calls: Calls, changes: dict[str, Any], field: str
) -> None:
    site = await calls.site()
    usual = {"publish_days": ["monday"], "publish_time_slots": ["09:00"]}
    settings = publisher.PublishingSettings(**{**usual, **changes})

    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, site.id, settings)

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]


async def test_an_unknown_site_is_not_found(calls: Calls) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.sites().GetSite(publisher.GetSiteRequest(site_id=UNKNOWN_ID))

    assert refused.value.reason == "NOT_FOUND"


async def _settings(calls: Calls, site_id: str) -> publisher.PublishingSettings:
    request = publisher.GetPublishingSettingsRequest(site_id=site_id)
    return (await calls.sites().GetPublishingSettings(request)).settings


async def _put(
    calls: Calls, site_id: str, settings: publisher.PublishingSettings, *, etag: str = ""
) -> publisher.PublishingSettings:
    request = publisher.PutPublishingSettingsRequest(site_id=site_id, settings=settings, etag=etag)
    return (await calls.sites().PutPublishingSettings(request)).settings


async def _sector(calls: Calls, site_id: str, name: str) -> publisher.Sector:
    request = publisher.CreateSectorRequest(site_id=site_id, name=name)
    return (await calls.sites().CreateSector(request)).sector
