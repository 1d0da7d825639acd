"""PipelineService over gRPC, first half: clusters, ideas, tasks; and the planner's lists."""

import asyncio

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.ids import new_id
from chassis.testing.callers import OTHER_ACCOUNT_ID, person, service
from tests.publisher.servicers.calls import Calls, idea_draft
from tests.publisher.servicers.outcome import refusal

WORDS = "keyword,volume\nworm farm,10\nworm bin,30\nleaf mould,\n"


async def test_new_keywords_get_clusters_that_are_made_by_name(calls: Calls) -> None:
    site, ids = await _words(calls)

    saved = await calls.save_clusters(
        site.id, {"Worms": [ids["worm farm"], ids["worm bin"]], "Leaves": [ids["leaf mould"]]}
    )

    worms, leaves = saved.clusters
    mapped = await calls.keywords(site.id, cluster_id=worms.id)
    assert saved.keywords_mapped == 3
    assert (worms.name, worms.keywords_count, worms.volume) == ("Worms", 2, 40)
    assert (leaves.keywords_count, leaves.volume) == (1, 0)
    assert worms.status == publisher.Cluster.STATUS_NEW
    assert [one.keyword for one in mapped] == ["worm bin", "worm farm"]
    assert {one.status for one in mapped} == {publisher.Keyword.STATUS_MAPPED}


async def test_keywords_join_the_cluster_that_has_the_name_in_any_case(calls: Calls) -> None:
    site, ids = await _words(calls)
    first = await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]})

    second = await calls.save_clusters(site.id, {"  WORMS ": [ids["worm bin"]]})

    assert [one.id for one in second.clusters] == [one.id for one in first.clusters]
    assert (second.clusters[0].name, second.clusters[0].keywords_count) == ("Worms", 2)


async def test_a_keyword_that_was_mapped_meanwhile_stays_where_it_is(calls: Calls) -> None:
    site, ids = await _words(calls)
    first = await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]})

    second = await calls.save_clusters(
        site.id, {"Others": [ids["worm farm"]], "Bins": [ids["worm farm"], ids["worm bin"]]}
    )

    moved = await calls.keywords(site.id, ids=[ids["worm farm"]])
    assert moved[0].cluster_id == first.clusters[0].id
    assert [one.name for one in second.clusters] == ["Bins"]
    assert second.keywords_mapped == 1


async def test_saving_clusters_again_under_the_request_id_answers_the_first_answer(calls: Calls) -> None:
    site, ids = await _words(calls)
    first = await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]}, request_id="once")

    again = await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]}, request_id="once")

    assert again == first


async def test_a_request_id_does_not_serve_for_other_clusters(calls: Calls) -> None:
    site, ids = await _words(calls)
    await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]}, request_id="once")

    with pytest.raises(RemoteRefusal) as refused:
        await calls.save_clusters(site.id, {"Bins": [ids["worm bin"]]}, request_id="once")

    assert refused.value.reason == "REQUEST_ID_REUSED"


async def test_keywords_of_another_site_sector_or_account_are_not_found(calls: Calls) -> None:
    site, _ = await _words(calls)
    elsewhere, others = await _words(calls)
    stranger = await calls.site(caller=person(account_id=OTHER_ACCOUNT_ID))
    sector = (
        await calls.sites().CreateSector(publisher.CreateSectorRequest(site_id=elsewhere.id, name="Soil"))
    ).sector

    reasons = [
        await refusal(calls.save_clusters(site.id, {"Worms": [others["worm farm"]]})),
        await refusal(
            calls.save_clusters(elsewhere.id, {"Worms": [others["worm farm"]]}, sector_id=sector.id)
        ),
        await refusal(calls.save_clusters(stranger.id, {"Worms": [others["worm farm"]]})),
        await refusal(calls.save_clusters(site.id, {"Worms": [new_id()]})),
    ]

    assert reasons == ["NOT_FOUND"] * 4
    assert {one.status for one in await calls.keywords(elsewhere.id)} == {publisher.Keyword.STATUS_NEW}


async def test_ids_count_in_any_case_and_each_once(calls: Calls) -> None:
    site, ids = await _words(calls)
    word = ids["worm farm"]
    saved = await calls.save_clusters(site.id, {"Worms": [word.upper(), word]})
    (idea,) = await calls.ideas(saved.clusters[0].id, "One")

    tasks = await _queue(calls, idea.id.upper(), idea.id)

    assert (saved.keywords_mapped, saved.clusters[0].keywords_count) == (1, 1)
    assert [task.idea_id for task in tasks] == [idea.id]


async def test_thousands_of_clusters_are_saved_within_the_deadline(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\n" + "\n".join(f"word {number}" for number in range(6000)))
    ids = await calls.stage_inputs(site.id, 1, limit=6000)
    topics = {f"Topic {start}": ids[start : start + 3] for start in range(0, 6000, 3)}

    saved = await calls.save_clusters(site.id, topics)

    assert saved.keywords_mapped == 6000
    assert [one.name for one in saved.clusters] == list(topics)
    assert {one.keywords_count for one in saved.clusters} == {3}


async def test_only_services_save(calls: Calls) -> None:
    site, ids = await _words(calls)
    draft = publisher.ClusterDraft(name="Worms", keyword_ids=[ids["worm farm"]])
    request = publisher.SaveClustersRequest(request_id="one", site_id=site.id, clusters=[draft])

    assert await refusal(calls.pipeline(person()).SaveClusters(request)) == "PERMISSION_DENIED"


async def test_many_batches_at_once_make_each_cluster_once_and_map_each_keyword_once(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\n" + "\n".join(f"word {number}" for number in range(40)))
    ids = [keyword.id for keyword in await calls.keywords(site.id)]
    batches = [ids[start : start + 8] for start in range(0, 40, 4)]

    answers = await asyncio.gather(
        *(calls.save_clusters(site.id, {"Even": batch[::2], "Odd": batch[1::2]}) for batch in batches)
    )

    page = await calls.planner().ListClusters(publisher.ListClustersRequest(site_id=site.id))
    assert sorted(one.name for one in page.clusters) == ["Even", "Odd"]
    assert sum(one.keywords_count for one in page.clusters) == 40
    assert sum(answer.keywords_mapped for answer in answers) == 40


async def test_ideas_make_their_cluster_mapped(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)

    first, second = await calls.ideas(cluster.id, "First", "Second")

    found = await calls.planner().GetCluster(publisher.GetClusterRequest(cluster_id=cluster.id))
    listed = await calls.planner().ListIdeas(
        publisher.ListIdeasRequest(site_id=site.id, cluster_id=cluster.id)
    )
    assert found.cluster.status == publisher.Cluster.STATUS_MAPPED
    assert [idea.title for idea in listed.ideas] == ["Second", "First"]
    assert (first.status, first.content_structure, first.estimated_word_count) == (
        *(publisher.Idea.STATUS_NEW, "guide"),
        1200,
    )
    assert list(second.target_keywords) == ["composting", "compost heap"]


async def test_saving_ideas_again_under_the_request_id_makes_no_more(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    request = publisher.SaveIdeasRequest(
        request_id="once", cluster_id=cluster.id, ideas=[idea_draft("First")]
    )
    first = await calls.pipeline().SaveIdeas(request)

    again = await calls.pipeline().SaveIdeas(request)

    listed = await calls.planner().ListIdeas(publisher.ListIdeasRequest(site_id=site.id))
    assert again == first
    assert len(listed.ideas) == 1


async def test_each_idea_gets_one_task_however_often_it_is_queued(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    one, two = await calls.ideas(cluster.id, "One", "Two")
    first = await _queue(calls, one.id)

    both = await _queue(calls, two.id, one.id)

    idea = (await calls.planner().GetIdea(publisher.GetIdeaRequest(idea_id=one.id))).idea
    assert [task.title for task in both] == ["Two", "One"]
    assert both[1] == first[0]
    assert (both[0].idea_id, both[0].cluster_id, both[0].word_count) == (two.id, cluster.id, 1200)
    assert both[0].status == publisher.Task.STATUS_QUEUED
    assert idea.status == publisher.Idea.STATUS_QUEUED


async def test_ideas_queued_by_many_at_once_have_one_task_each(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    ideas = await calls.ideas(cluster.id, *(f"Idea {number}" for number in range(6)))
    ids = [idea.id for idea in ideas]

    answers = await asyncio.gather(*(_queue(calls, *ids[::step]) for step in (1, -1, 1, -1)))

    tasks = await calls.writer().ListTasks(publisher.ListTasksRequest(site_id=site.id))
    assert len(tasks.tasks) == 6
    assert {task.id for answer in answers for task in answer} == {task.id for task in tasks.tasks}


async def test_nothing_of_another_account_is_found(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id)
    (idea,) = await calls.ideas(cluster.id, "One")
    (keyword,) = await calls.keywords(site.id)
    other = service(account_id=OTHER_ACCOUNT_ID)
    planner, pipeline = calls.planner(person(account_id=OTHER_ACCOUNT_ID)), calls.pipeline(other)
    save = publisher.SaveIdeasRequest(request_id="a", cluster_id=cluster.id, ideas=[idea_draft("Two")])

    reasons = [
        await refusal(planner.GetKeyword(publisher.GetKeywordRequest(keyword_id=keyword.id))),
        await refusal(planner.GetCluster(publisher.GetClusterRequest(cluster_id=cluster.id))),
        await refusal(planner.GetIdea(publisher.GetIdeaRequest(idea_id=idea.id))),
        await refusal(planner.ListKeywords(publisher.ListKeywordsRequest(site_id=site.id))),
        await refusal(planner.ListClusters(publisher.ListClustersRequest(site_id=site.id))),
        await refusal(planner.ListIdeas(publisher.ListIdeasRequest(site_id=site.id))),
        await refusal(pipeline.SaveIdeas(save)),
        await refusal(pipeline.QueueIdeas(publisher.QueueIdeasRequest(request_id="b", idea_ids=[idea.id]))),
        await refusal(
            pipeline.ListStageInputs(publisher.ListStageInputsRequest(site_id=site.id, stage=1, limit=1))
        ),
    ]

    assert reasons == ["NOT_FOUND"] * len(reasons)


async def test_keywords_are_listed_most_searched_first_and_page_by_page(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword,volume\na,5\nb,\nc,5\nd,70\ne,0\nf,\n")

    pages = await _all_pages(calls, site.id, page_size=2)

    assert [[one.keyword for one in page] for page in pages] == [["d", "c"], ["a", "e"], ["f", "b"]]


async def test_keywords_are_listed_by_id_status_and_sector(calls: Calls) -> None:
    site, ids = await _words(calls)
    await calls.save_clusters(site.id, {"Worms": [ids["worm farm"]]})

    new = await calls.keywords(site.id, status=publisher.Keyword.STATUS_NEW)
    some = await calls.keywords(site.id, ids=[ids["leaf mould"], ids["worm farm"], new_id()])
    none = await calls.keywords(site.id, sector_id=new_id())

    assert [one.keyword for one in new] == ["worm bin", "leaf mould"]
    assert [one.keyword for one in some] == ["worm farm", "leaf mould"]
    assert none == []


async def test_a_page_token_of_another_list_is_refused(calls: Calls) -> None:
    site, _ = await _words(calls)
    first = await calls.planner().ListKeywords(publisher.ListKeywordsRequest(site_id=site.id, page_size=1))

    reason = await refusal(
        calls.planner().ListKeywords(
            publisher.ListKeywordsRequest(
                site_id=site.id, page_token=first.next_page_token, status=publisher.Keyword.STATUS_NEW
            )
        )
    )

    assert reason == "PAGE_TOKEN_INVALID"


async def test_clusters_are_listed_most_searched_first_by_status_and_id(calls: Calls) -> None:
    site, ids = await _words(calls)
    saved = await calls.save_clusters(
        site.id, {"Leaves": [ids["leaf mould"]], "Worms": [ids["worm farm"], ids["worm bin"]]}
    )
    leaves = saved.clusters[0]
    await calls.ideas(leaves.id, "On leaves")
    asked = publisher.ListClustersRequest(site_id=site.id)

    every = await calls.planner().ListClusters(asked)
    new = await calls.planner().ListClusters(
        publisher.ListClustersRequest(site_id=site.id, status=publisher.Cluster.STATUS_NEW)
    )
    one = await calls.planner().ListClusters(publisher.ListClustersRequest(site_id=site.id, ids=[leaves.id]))

    assert [cluster.name for cluster in every.clusters] == ["Worms", "Leaves"]
    assert [cluster.name for cluster in new.clusters] == ["Worms"]
    assert [cluster.name for cluster in one.clusters] == ["Leaves"]


async def _words(calls: Calls) -> tuple[publisher.Site, dict[str, str]]:
    site = await calls.site()
    await calls.import_csv(site.id, WORDS)
    return site, {keyword.keyword: keyword.id for keyword in await calls.keywords(site.id)}


async def _queue(calls: Calls, *idea_ids: str) -> list[publisher.Task]:
    request = publisher.QueueIdeasRequest(request_id=new_id(), idea_ids=idea_ids)
    return list((await calls.pipeline().QueueIdeas(request)).tasks)


async def _all_pages(calls: Calls, site_id: str, *, page_size: int) -> list[list[publisher.Keyword]]:
    pages = []
    request = publisher.ListKeywordsRequest(site_id=site_id, page_size=page_size)
    while True:
        answer = await calls.planner().ListKeywords(request)
        pages.append(list(answer.keywords))
        if not answer.next_page_token:
            return pages
        request.page_token = answer.next_page_token
