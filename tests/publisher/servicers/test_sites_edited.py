"""SiteService over gRPC: sites and sectors that get other words, and sectors that go."""

from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal


async def test_a_site_gets_another_name_and_language_and_keeps_its_slug(calls: Calls) -> None:
    site = await calls.site("Garden", description="Growing food")

    put = await _put(calls, site, name="  Orto ", description="Coltivare", language="it")

    assert (site.language, site.slug) == ("en", "garden")
    assert (put.name, put.description, put.language, put.slug) == ("Orto", "Coltivare", "it", "garden")
    assert put.etag != site.etag
    assert (await calls.sites().GetSite(publisher.GetSiteRequest(site_id=site.id))).site == put


async def test_a_new_site_may_say_its_language(calls: Calls) -> None:
    assert (await calls.site("Orto", language="pt-BR")).language == "pt-BR"


async def test_who_read_a_site_before_somebody_saved_it_does_not_overwrite_it(calls: Calls) -> None:
    site = await calls.site("Garden")
    saved = await _put(calls, site, name="Orchard")

    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, site, name="Meadow")

    assert refused.value.reason == "STALE_ETAG"
    # The same again is a quiet success, however old its etag.
    assert await _put(calls, site, name="Orchard") == saved


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"name": ""}, "text.name"),
        ({"name": "x" * 121}, "text.name"),
        ({"description": "x" * 1001}, "text.description"),
        ({"language": "english please"}, "text.language"),
        ({"language": "x"}, "text.language"),
    ],
)
async def test_words_that_cannot_be_are_refused_by_their_field(
    calls: Calls, words: dict[str, Any], field: str
) -> None:
    site = await calls.site("Garden")

    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, site, **{"name": "Orchard", **words})

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]


async def test_a_sector_gets_another_name_unless_the_site_has_it(calls: Calls) -> None:
    site = await calls.site()
    soil, _ = await _sector(calls, site.id, "Soil"), await _sector(calls, site.id, "Air")

    renamed = await _rename(calls, soil, "Ground")

    assert (renamed.name, renamed.id) == ("Ground", soil.id)
    assert renamed.etag != soil.etag
    assert await refusal(_rename(calls, soil, "Earth")) == "STALE_ETAG"
    assert await refusal(_rename(calls, renamed, "AIR")) == "ALREADY_EXISTS"
    assert (await _rename(calls, renamed, "GROUND")).name == "GROUND"


async def test_a_sector_goes_once_nothing_is_in_it(calls: Calls) -> None:
    site = await calls.site()
    empty, used = await _sector(calls, site.id, "Empty"), await _sector(calls, site.id, "Used")
    await calls.import_csv(site.id, "keyword\ncompost\n", sector_id=used.id)

    await _delete(calls, empty)
    with pytest.raises(RemoteRefusal) as refused:
        await _delete(calls, used)

    assert refused.value.reason == "STATE_CONFLICT"
    assert refused.value.metadata["holds"] == "keywords"
    assert await refusal(_delete(calls, empty)) == "NOT_FOUND"
    listed = await calls.sites().ListSectors(publisher.ListSectorsRequest(site_id=site.id))
    assert [sector.name for sector in listed.sectors] == ["Used"]


async def test_a_viewer_and_a_stranger_change_nothing(calls: Calls) -> None:
    site = await calls.site()
    sector = await _sector(calls, site.id, "Soil")
    name = publisher.SiteText(name="Mine")
    requests = (
        publisher.PutSiteRequest(site_id=site.id, text=name),
        publisher.PutSectorRequest(sector_id=sector.id, text=publisher.SectorText(name="Mine")),
    )
    gone = publisher.DeleteSectorRequest(sector_id=sector.id)

    for caller, reason in (
        (person(Role.VIEWER), "PERMISSION_DENIED"),
        (person(account_id=OTHER_ACCOUNT_ID), "NOT_FOUND"),
    ):
        stub = calls.sites(caller)
        assert await refusal(stub.PutSite(requests[0])) == reason
        assert await refusal(stub.PutSector(requests[1])) == reason
        assert await refusal(stub.DeleteSector(gone)) == reason


async def _put(calls: Calls, site: publisher.Site, **words: Any) -> publisher.Site:
    request = publisher.PutSiteRequest(site_id=site.id, text=publisher.SiteText(**words), etag=site.etag)
    return (await calls.sites().PutSite(request)).site


async def _sector(calls: Calls, site_id: str, name: str) -> publisher.Sector:
    request = publisher.CreateSectorRequest(site_id=site_id, name=name)
    return (await calls.sites().CreateSector(request)).sector


async def _rename(calls: Calls, sector: publisher.Sector, name: str) -> publisher.Sector:
    text = publisher.SectorText(name=name)
    request = publisher.PutSectorRequest(sector_id=sector.id, text=text, etag=sector.etag)
    return (await calls.sites().PutSector(request)).sector


async def _delete(calls: Calls, sector: publisher.Sector) -> None:
    await calls.sites().DeleteSector(publisher.DeleteSectorRequest(sector_id=sector.id))
