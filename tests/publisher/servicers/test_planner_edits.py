"""Clusters and ideas by hand over gRPC: made, edited, changed together or not at all, and refused with the way out."""

from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal

CLUSTERS = publisher.ChangeClustersRequest
IDEAS = publisher.ChangeIdeasRequest
KEYWORDS = publisher.ChangeKeywordsRequest
NAME = publisher.ClusterText
TEXT = publisher.IdeaText


async def new_cluster(calls: Calls, site_id: str, name: str = "Worms", **words: Any) -> publisher.Cluster:
    request = publisher.CreateClusterRequest(site_id=site_id, text=NAME(name=name), **words)
    return (await calls.planner().CreateCluster(request)).cluster


async def clusters(calls: Calls, site_id: str) -> list[publisher.Cluster]:
    request = publisher.ListClustersRequest(site_id=site_id, sort="name")
    return list((await calls.planner().ListClusters(request)).clusters)


async def ideas(calls: Calls, site_id: str) -> list[publisher.Idea]:
    request = publisher.ListIdeasRequest(site_id=site_id, sort="title")
    return list((await calls.planner().ListIdeas(request)).ideas)


async def test_a_cluster_asked_for_twice_is_made_once_and_its_name_is_taken(calls: Calls) -> None:
    site = await calls.site()
    request_id = new_id()

    first = await new_cluster(calls, site.id, "  Worm   farms ", request_id=request_id)
    second = await new_cluster(calls, site.id, "  Worm   farms ", request_id=request_id)
    taken = publisher.CreateClusterRequest(site_id=site.id, text=NAME(name="WORM FARMS"))

    assert first == second
    assert (first.name, first.keywords_count, first.status) == ("Worm farms", 0, publisher.Cluster.STATUS_NEW)
    assert await refusal(calls.planner().CreateCluster(taken)) == "ALREADY_EXISTS"
    assert (await calls.stats(site.id)).clusters == 1


async def test_a_cluster_gets_another_name_once_and_never_over_somebody_elses(calls: Calls) -> None:
    site = await calls.site()
    cluster, other = await new_cluster(calls, site.id), await new_cluster(calls, site.id, "Leaves")

    def put(name: str, etag: str = "") -> publisher.PutClusterRequest:
        return publisher.PutClusterRequest(cluster_id=cluster.id, text=NAME(name=name), etag=etag)

    renamed = (await calls.planner().PutCluster(put("Worm farms", cluster.etag))).cluster
    again = (await calls.planner().PutCluster(put("Worm farms", cluster.etag))).cluster

    assert (renamed.name, again) == ("Worm farms", renamed)
    assert renamed.etag != cluster.etag
    assert await refusal(calls.planner().PutCluster(put("Beetles", cluster.etag))) == "STALE_ETAG"
    assert await refusal(calls.planner().PutCluster(put(other.name.upper()))) == "ALREADY_EXISTS"
    assert [one.name for one in await clusters(calls, site.id)] == ["Leaves", "Worm farms"]


async def test_the_keywords_of_a_deleted_cluster_are_new_again(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)

    answer = await calls.planner().ChangeClusters(
        CLUSTERS(site_id=site.id, ids=[cluster.id], action=CLUSTERS.ACTION_DELETE)
    )

    (keyword,) = await calls.keywords(site.id)
    stats = await calls.stats(site.id)
    assert answer.changed == 1
    assert (keyword.status, keyword.cluster_id) == (publisher.Keyword.STATUS_NEW, "")
    assert (stats.clusters, stats.keywords.mapped) == (0, 0)


async def test_no_cluster_is_deleted_where_one_of_them_has_ideas(calls: Calls) -> None:
    site = await calls.site()
    free, used = await new_cluster(calls, site.id), await calls.cluster(site.id)
    await calls.ideas(used.id, "One")

    with pytest.raises(RemoteRefusal) as refused:
        await calls.planner().ChangeClusters(
            CLUSTERS(site_id=site.id, ids=[free.id, used.id], action=CLUSTERS.ACTION_DELETE)
        )

    assert refused.value.reason == "STATE_CONFLICT"
    assert "Delete its ideas first" in refused.value.message
    assert refused.value.metadata["id"] == used.id
    assert len(await clusters(calls, site.id)) == 2
    assert [keyword.status for keyword in await calls.keywords(site.id)] == [publisher.Keyword.STATUS_MAPPED]


async def test_keywords_are_moved_between_clusters_and_both_are_recounted(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword,volume\na,10\nb,20\nc,40\n")
    ids = {one.keyword: one.id for one in await calls.keywords(site.id)}
    saved = await calls.save_clusters(site.id, {"From": [ids["a"], ids["b"]]})
    to = await new_cluster(calls, site.id, "To")
    moved = KEYWORDS(site_id=site.id, ids=[ids["b"], ids["c"]], action=KEYWORDS.ACTION_MOVE, cluster_id=to.id)

    first = await calls.planner().ChangeKeywords(moved)
    again = await calls.planner().ChangeKeywords(moved)

    counts = {one.name: (one.keywords_count, one.volume) for one in await clusters(calls, site.id)}
    assert (first.changed, again.changed) == (2, 0)
    assert counts == {"From": (1, 10), "To": (2, 60)}
    assert saved.clusters[0].name == "From"
    assert (await calls.stats(site.id)).keywords.mapped == 3


async def test_keywords_are_moved_to_a_cluster_of_their_site_alone(calls: Calls) -> None:
    site, other = await calls.site(), await calls.site("Other")
    await calls.import_csv(site.id, "keyword\na\n")
    (keyword,) = await calls.keywords(site.id)
    elsewhere = await new_cluster(calls, other.id)
    one: dict[str, Any] = {"site_id": site.id, "ids": [keyword.id]}

    refused = [
        await refusal(calls.planner().ChangeKeywords(KEYWORDS(**one, action=action, cluster_id=cluster_id)))
        for action, cluster_id in (
            (KEYWORDS.ACTION_MOVE, elsewhere.id),
            (KEYWORDS.ACTION_MOVE, new_id()),
            (KEYWORDS.ACTION_MOVE, ""),
            (KEYWORDS.ACTION_DISABLE, elsewhere.id),
        )
    ]

    assert refused == ["NOT_FOUND", "NOT_FOUND", "REQUEST_INVALID", "REQUEST_INVALID"]
    assert await calls.keywords(site.id) == [keyword]


async def test_a_keyword_stays_in_its_sector(calls: Calls) -> None:
    site = await calls.site()
    sector = await calls.sites().CreateSector(publisher.CreateSectorRequest(site_id=site.id, name="Soil"))
    await calls.import_csv(site.id, "keyword\na\n", sector_id=sector.sector.id)
    (keyword,) = await calls.keywords(site.id)
    outside = await new_cluster(calls, site.id)

    moved = KEYWORDS(site_id=site.id, ids=[keyword.id], action=KEYWORDS.ACTION_MOVE, cluster_id=outside.id)

    assert await refusal(calls.planner().ChangeKeywords(moved)) == "STATE_CONFLICT"
    assert await calls.keywords(site.id) == [keyword]


async def test_an_idea_is_made_edited_and_queued(calls: Calls) -> None:
    site = await calls.site()
    cluster = await new_cluster(calls, site.id)
    create = publisher.CreateIdeaRequest(
        request_id="one", site_id=site.id, cluster_id=cluster.id, text=TEXT(title="  Feeding  worms ")
    )

    made = (await calls.planner().CreateIdea(create)).idea
    same = (await calls.planner().CreateIdea(create)).idea
    edited = (
        await calls.planner().PutIdea(
            publisher.PutIdeaRequest(
                idea_id=made.id, text=TEXT(title="Feeding", content_structure="guide"), etag=made.etag
            )
        )
    ).idea
    queued = await calls.planner().ChangeIdeas(
        IDEAS(site_id=site.id, ids=[made.id], action=IDEAS.ACTION_QUEUE)
    )
    again = await calls.planner().ChangeIdeas(
        IDEAS(site_id=site.id, ids=[made.id], action=IDEAS.ACTION_QUEUE)
    )

    (task,) = (await calls.writer().ListTasks(publisher.ListTasksRequest(site_id=site.id))).tasks
    assert same == made
    assert (made.title, made.content_type, made.content_structure) == ("Feeding worms", "post", "article")
    assert (edited.title, edited.content_structure) == ("Feeding", "guide")
    assert (queued.changed, again.changed) == (1, 0)
    assert (task.idea_id, task.title) == (made.id, "Feeding")
    assert [one.status for one in await clusters(calls, site.id)] == [publisher.Cluster.STATUS_MAPPED]


async def test_an_idea_with_a_task_is_neither_edited_nor_deleted(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    put = publisher.PutIdeaRequest(idea_id=task.idea_id, text=TEXT(title="Other"))

    with pytest.raises(RemoteRefusal) as refused:
        await calls.planner().ChangeIdeas(
            IDEAS(site_id=site.id, ids=[task.idea_id], action=IDEAS.ACTION_DELETE)
        )

    assert await refusal(calls.planner().PutIdea(put)) == "STATE_CONFLICT"
    assert refused.value.reason == "STATE_CONFLICT"
    assert "Delete the task it has first" in refused.value.message
    assert len(await ideas(calls, site.id)) == 1


async def test_a_cluster_that_lost_its_last_idea_is_new_again(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    first, second = await calls.ideas(cluster.id, "One", "Two")
    states = []

    for idea in (first, second):
        await calls.planner().ChangeIdeas(IDEAS(site_id=site.id, ids=[idea.id], action=IDEAS.ACTION_DELETE))
        states.append((await clusters(calls, site.id))[0].status)

    assert states == [publisher.Cluster.STATUS_MAPPED, publisher.Cluster.STATUS_NEW]
    assert (await calls.stats(site.id)).ideas.total == 0


async def test_a_stale_idea_is_not_saved(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    (idea,) = await calls.ideas(cluster.id, "One")
    put = publisher.PutIdeaRequest(idea_id=idea.id, text=TEXT(title="Two"), etag=idea.etag)
    await calls.planner().PutIdea(put)

    put.text.title = "Three"

    assert await refusal(calls.planner().PutIdea(put)) == "STALE_ETAG"
    assert [one.title for one in await ideas(calls, site.id)] == ["Two"]


async def test_only_editors_of_the_account_change_anything(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    (idea,) = await calls.ideas(cluster.id, "One")
    viewer, stranger = person(role=Role.VIEWER), person(account_id=OTHER_ACCOUNT_ID)
    reasons = {}

    for name, caller in (("viewer", viewer), ("stranger", stranger)):
        planner = calls.planner(caller)
        reasons[name] = {
            await refusal(planner.CreateCluster(publisher.CreateClusterRequest(site_id=site.id, text=NAME(name="a")))),
            await refusal(planner.PutCluster(publisher.PutClusterRequest(cluster_id=cluster.id, text=NAME(name="a")))),
            await refusal(planner.ChangeClusters(CLUSTERS(site_id=site.id, ids=[cluster.id], action=CLUSTERS.ACTION_DELETE))),
            await refusal(planner.CreateIdea(
                publisher.CreateIdeaRequest(site_id=site.id, cluster_id=cluster.id, text=TEXT(title="a")))),
            await refusal(planner.PutIdea(publisher.PutIdeaRequest(idea_id=idea.id, text=TEXT(title="a")))),
            await refusal(planner.ChangeIdeas(IDEAS(site_id=site.id, ids=[idea.id], action=IDEAS.ACTION_DELETE))),
        }  # fmt: skip

    assert reasons == {"viewer": {"PERMISSION_DENIED"}, "stranger": {"NOT_FOUND"}}
    assert len(await ideas(calls, site.id)) == 1


async def test_nothing_of_another_site_is_changed_with_ours(calls: Calls) -> None:
    site, other = await calls.site(), await calls.site("Other")
    mine, theirs = await calls.cluster(site.id), await calls.cluster(other.id)
    (idea,) = await calls.ideas(theirs.id, "One")

    refused = [
        await refusal(
            calls.planner().ChangeClusters(
                CLUSTERS(site_id=site.id, ids=[mine.id, theirs.id], action=CLUSTERS.ACTION_DELETE)
            )
        ),
        await refusal(
            calls.planner().ChangeIdeas(IDEAS(site_id=site.id, ids=[idea.id], action=IDEAS.ACTION_DELETE))
        ),
        await refusal(
            calls.planner().CreateIdea(
                publisher.CreateIdeaRequest(site_id=site.id, cluster_id=theirs.id, text=TEXT(title="a"))
            )
        ),
    ]

    assert refused == ["NOT_FOUND"] * 3
    assert len(await clusters(calls, site.id)) == 1
