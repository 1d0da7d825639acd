"""What people do at a WordPress with what was brought there is theirs: known here, and not undone."""

from dataclasses import replace

import pytest

from services.publisher.domain.cause import Cause
from services.publisher.domain.delivery import DeliveryRefused
from services.publisher.domain.seen import SeenState
from services.publisher.targets.wordpress.marks import post_slug
from services.publisher.usecases import editing
from tests.publisher.newsroom import EDITOR, published
from tests.wordpress.paper import Paper
from tests.wordpress.running import RunningWordPress


async def test_a_site_that_moved_to_another_address_keeps_its_posts(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    newsroom = paper.newsroom
    content = newsroom.publish(paper.approved(title="Moved"))
    await published(paper.scheduler())
    before = newsroom.read(content)
    moved = wordpress.url.replace("127.0.0.1", "localhost")
    account = wordpress.admin
    newsroom.connect(paper.site, url=moved, username=account.user, password=account.password)

    newsroom.run(
        editing.put_text,
        content_id=content.id,
        account_id=content.account_id,
        text=replace(content.text, excerpt="Moved as well."),
        etag="",
        actor=EDITOR,
    )
    newsroom.publish(content)
    await published(paper.scheduler())

    after = newsroom.read(content)
    assert (after.published_version, after.external_id) == (2, before.external_id)


async def test_taking_off_what_somebody_deleted_is_a_quiet_success(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved())
    placed = await target.publish(delivery)
    await wordpress.client().delete(f"posts/{placed.external_id}")

    await target.unpublish(delivery)


async def test_a_post_that_somebody_edited_is_not_overwritten(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Edited"))
    placed = await target.publish(delivery)
    raw = (await wordpress.client().get(f"posts/{placed.external_id}")).item["content"]["raw"]
    await wordpress.client().post(
        f"posts/{placed.external_id}", {"content": raw.replace("<h2>", "<p>By hand.</p><h2>", 1)}
    )
    changed = replace(delivery.content, text=replace(delivery.content.text, html="<p>Ours.</p>"))

    with pytest.raises(DeliveryRefused, match="Somebody edited the post") as refused:
        await target.publish(replace(delivery, content=changed))

    assert refused.value.cause is Cause.POST_EDITED
    assert "By hand." in await wordpress.page(placed.external_url)


async def test_a_post_that_somebody_edited_after_it_had_arrived_counts_as_arrived(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Arrived"))
    placed = await target.publish(delivery)
    raw = (await wordpress.client().get(f"posts/{placed.external_id}")).item["content"]["raw"]
    await wordpress.client().post(
        f"posts/{placed.external_id}", {"content": raw.replace("<h2>", "<p>By hand.</p><h2>", 1)}
    )

    assert await target.publish(paper.again(delivery)) == placed
    assert "By hand." in await wordpress.page(placed.external_url)


async def test_a_post_in_the_trash_is_not_made_again(paper: Paper, wordpress: RunningWordPress) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Trashed"))
    placed = await target.publish(delivery)
    await wordpress.trash(placed.external_id)

    with pytest.raises(DeliveryRefused, match="moved the post to the trash") as refused:
        await target.publish(paper.again(delivery))

    assert refused.value.cause is Cause.POST_TRASHED


async def test_a_deleted_post_is_made_again_only_when_somebody_asks(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Deleted"))
    placed = await target.publish(delivery)
    await wordpress.client().delete(f"posts/{placed.external_id}")

    with pytest.raises(DeliveryRefused, match="Publish the article again to make it anew"):
        await target.publish(paper.again(delivery))
    anew = await target.publish(delivery)

    assert anew.external_id != placed.external_id
    assert anew.external_url == placed.external_url


async def test_a_post_that_somebody_planned_for_later_is_shown_now(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Planned there"))
    placed = await target.publish(delivery)
    await wordpress.client().post(
        f"posts/{placed.external_id}", {"status": "future", "date_gmt": "2099-01-01T00:00:00Z"}
    )

    await target.publish(delivery)

    assert "Planned there" in await wordpress.page(placed.external_url)


async def test_the_state_at_wordpress_is_read_back(paper: Paper, wordpress: RunningWordPress) -> None:
    target, client = paper.target(), wordpress.client()
    deliveries = [paper.delivery(paper.approved(title=f"State {number}")) for number in range(4)]
    placed = [await target.publish(delivery) for delivery in deliveries]
    await client.post(f"posts/{placed[1].external_id}", {"status": "draft"})
    await wordpress.trash(placed[2].external_id)
    await client.delete(f"posts/{placed[3].external_id}")
    publications = [delivery.publication for delivery in deliveries]

    seen = await target.state_of(deliveries[0].access, publications)

    assert [seen[one.id].state for one in publications] == [
        SeenState.PUBLISHED,
        SeenState.HIDDEN,
        SeenState.HIDDEN,
        SeenState.GONE,
    ]
    assert seen[publications[0].id].external_url == placed[0].external_url
    assert [bool(seen[one.id].note) for one in publications] == [False, True, True, True]


async def test_an_edit_in_wordpress_is_told(paper: Paper, wordpress: RunningWordPress) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Edited there"))
    placed = await target.publish(delivery)
    await wordpress.client().post(f"posts/{placed.external_id}", {"content": "<p>By hand.</p>"})

    seen = await target.state_of(delivery.access, [delivery.publication])

    assert seen[delivery.publication.id].state is SeenState.PUBLISHED
    assert "Somebody edited the post" in seen[delivery.publication.id].note


async def test_a_draft_that_arrived_after_all_is_swept_when_the_state_is_read(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.again(paper.delivery(paper.approved(title="Late")))
    await target.publish(delivery)
    slug = post_slug(delivery.publication.marker)
    await wordpress.client().post("posts", {"title": "Late", "slug": slug, "status": "draft"})

    await target.state_of(delivery.access, [delivery.publication])

    assert [post["status"] for post in await wordpress.posts() if post["title"]["raw"] == "Late"] == [
        "publish"
    ]
