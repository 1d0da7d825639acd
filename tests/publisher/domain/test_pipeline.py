"""Keywords, clusters, ideas, tasks and images move as the pipeline says."""

from decimal import Decimal
from typing import Any

import pytest

from chassis.refusal import StateConflict
from services.publisher.domain.cluster import Cluster, ClusterStatus
from services.publisher.domain.content_form import ContentStructure
from services.publisher.domain.idea import Idea, IdeaStatus
from services.publisher.domain.image import ImageStatus, pending_count
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.domain.task import Task, TaskStatus
from tests.publisher.domain.builders import NOW, OWNED, image

PICTURE: dict[str, Any] = {
    "media_type": "image/png",
    "width": 1200,
    "height": 630,
    "url": "/images/abc",
    "model_name": "offline-image",
    "now": NOW,
}


def row(**more: Any) -> KeywordRow:
    return KeywordRow(**{"line": 2, "keyword": "Worm Bin", "normalised": "worm bin", **more})


def keyword(**more: Any) -> Keyword:
    given = row(**more)
    return Keyword.imported(given, id="k", account_id="account-1", site_id="site-1", sector_id=None, now=NOW)


def cluster() -> Cluster:
    return Cluster(id="c", name="Worm bins", **OWNED)


def idea(status: IdeaStatus = IdeaStatus.NEW) -> Idea:
    return Idea(
        id="i",
        title="Build a worm bin",
        cluster_id="c",
        content_structure=ContentStructure.GUIDE,
        target_keywords=("worm bin",),
        estimated_word_count=900,
        status=status,
        **OWNED,
    )


def task(status: TaskStatus = TaskStatus.QUEUED) -> Task:
    return Task(id="t", title="Build a worm bin", status=status, **OWNED)


def test_an_imported_keyword_holds_what_the_row_knows() -> None:
    given = keyword(volume=5400, difficulty=34, cpc=Decimal("0.49"), currency="USD", intent=Intent.COMMERCIAL)

    assert (given.keyword, given.normalised, given.status) == ("Worm Bin", "worm bin", KeywordStatus.NEW)
    assert (given.volume, given.difficulty, given.cpc, given.currency) == (5400, 34, Decimal("0.49"), "USD")


def test_a_later_import_brings_news_and_leaves_the_rest() -> None:
    given = keyword(volume=5400, difficulty=34, intent=Intent.COMMERCIAL)

    newer = given.refreshed(row(volume=6600, country="us"), now=NOW)

    assert (newer.volume, newer.difficulty, newer.intent, newer.country) == (
        6600,
        34,
        Intent.COMMERCIAL,
        "us",
    )


def test_the_same_import_again_changes_nothing() -> None:
    given = keyword(volume=5400, cpc=Decimal("0.49"), currency="USD")

    assert given.refreshed(row(volume=5400, cpc=Decimal("0.49"), currency="USD"), now=NOW) is given


def test_impressions_never_replace_a_volume_and_a_volume_replaces_impressions() -> None:
    impressions = row(volume=12, volume_is_impressions=True)

    kept = keyword(volume=5400).refreshed(impressions, now=NOW)
    replaced = keyword(volume=12, volume_is_impressions=True).refreshed(row(volume=5400), now=NOW)

    assert (kept.volume, kept.volume_is_impressions) == (5400, False)
    assert (replaced.volume, replaced.volume_is_impressions) == (5400, False)


def test_a_keyword_is_mapped_by_its_cluster_and_again_quietly() -> None:
    mapped = keyword().map_to("c", now=NOW)

    assert (mapped.status, mapped.cluster_id) == (KeywordStatus.MAPPED, "c")
    assert mapped.map_to("c", now=NOW) is mapped
    assert mapped.unmap(now=NOW).status is KeywordStatus.NEW


def test_a_mapped_keyword_is_not_put_into_a_second_cluster() -> None:
    with pytest.raises(StateConflict, match="is mapped and cannot be put into another cluster") as refused:
        keyword().map_to("c", now=NOW).map_to("d", now=NOW)

    assert refused.value.metadata == {"kind": "keyword", "state": "mapped", "cluster_id": "c"}


def test_a_disabled_keyword_is_not_clustered_until_it_is_enabled() -> None:
    disabled = keyword().set_disabled(True, now=NOW)

    with pytest.raises(StateConflict, match="disabled"):
        disabled.map_to("c", now=NOW)
    assert disabled.set_disabled(False, now=NOW).map_to("c", now=NOW).cluster_id == "c"


def test_a_cluster_is_mapped_when_it_has_ideas() -> None:
    mapped = cluster().gained_ideas(now=NOW)

    assert mapped.status is ClusterStatus.MAPPED
    assert mapped.gained_ideas(now=NOW) is mapped
    assert mapped.lost_ideas(now=NOW).status is ClusterStatus.NEW


def test_a_cluster_takes_over_a_recount() -> None:
    counted = cluster().count(keywords_count=7, volume=12_000, now=NOW)

    assert (counted.keywords_count, counted.volume) == (7, 12_000)


def test_an_idea_goes_from_new_to_queued_to_completed() -> None:
    completed = idea().queue(now=NOW).complete(now=NOW)

    assert completed.status is IdeaStatus.COMPLETED
    assert completed.complete(now=NOW) is completed


@pytest.mark.parametrize("status", [IdeaStatus.QUEUED, IdeaStatus.COMPLETED])
def test_an_idea_becomes_one_task_only(status: IdeaStatus) -> None:
    with pytest.raises(StateConflict, match=f"This idea is {status} and cannot be made a task"):
        idea(status).queue(now=NOW)


def test_an_idea_without_a_task_is_not_completed() -> None:
    with pytest.raises(StateConflict):
        idea().complete(now=NOW)


def test_a_task_takes_over_its_idea() -> None:
    made = Task.of(idea(), id="t", now=NOW)

    assert (made.title, made.idea_id, made.cluster_id, made.word_count) == ("Build a worm bin", "i", "c", 900)
    assert (made.content_structure, made.target_keywords) == (ContentStructure.GUIDE, ("worm bin",))


def test_a_task_goes_from_queued_to_completed() -> None:
    started = task().start(now=NOW)

    assert started.status is TaskStatus.IN_PROGRESS
    assert started.start(now=NOW) is started
    completed = started.complete(content_id="content-1", now=NOW)
    assert (completed.status, completed.content_id) == (TaskStatus.COMPLETED, "content-1")


def test_a_failed_task_says_why_and_can_be_tried_again() -> None:
    failed = task(TaskStatus.IN_PROGRESS).fail("The model refused.", now=NOW)

    assert (failed.status, failed.error) == (TaskStatus.FAILED, "The model refused.")
    assert (failed.requeue(now=NOW).status, failed.requeue(now=NOW).error) == (TaskStatus.QUEUED, "")


def test_a_failure_after_the_content_does_not_undo_it() -> None:
    completed = task(TaskStatus.COMPLETED)

    assert completed.fail("Late.", now=NOW) is completed


def test_a_completed_task_is_not_done_again() -> None:
    with pytest.raises(StateConflict, match="completed"):
        task(TaskStatus.COMPLETED).start(now=NOW)
    with pytest.raises(StateConflict, match="completed"):
        task(TaskStatus.COMPLETED).complete(content_id="content-2", now=NOW)


@pytest.mark.parametrize("status", [TaskStatus.QUEUED, TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED])
def test_only_a_failed_task_is_tried_again(status: TaskStatus) -> None:
    with pytest.raises(StateConflict, match="Only failed tasks can"):
        task(status).requeue(now=NOW)


def test_an_image_is_generated_once_and_the_same_bytes_again_are_quiet() -> None:
    made = image(ImageStatus.PENDING).generated(content_hash="abc", **PICTURE)

    assert (made.status, made.width, made.media_type) == (ImageStatus.GENERATED, 1200, "image/png")
    assert made.generated(content_hash="abc", **PICTURE) is made
    with pytest.raises(StateConflict):
        made.generated(content_hash="def", **PICTURE)


def test_a_failed_image_can_be_made_after_all_and_a_late_failure_undoes_nothing() -> None:
    failed = image(ImageStatus.PENDING).fail("Refused.", now=NOW)
    made = image(ImageStatus.GENERATED)

    assert failed.generated(content_hash="abc", **PICTURE).status is ImageStatus.GENERATED
    assert made.fail("Late.", now=NOW) is made


def test_only_images_neither_made_nor_failed_are_pending() -> None:
    assert pending_count([image(status) for status in ImageStatus]) == 1
