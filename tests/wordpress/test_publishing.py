"""Articles at a real WordPress: published by the publisher at their time, updated, taken off."""

import html
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.testing import until
from services.publisher.domain.cause import Cause
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.delivery import AccessRefused, DeliveryRefused, TargetUnavailable
from services.publisher.domain.seen import SeenState
from services.publisher.usecases import editing
from tests.kit.tasks import cancelled_at_the_end
from tests.publisher.newsroom import EDITOR, Newsroom, published
from tests.wordpress.paper import Paper, picture
from tests.wordpress.running import RunningWordPress

ARTICLES = 20

NOTICES = """add_filter('rest_pre_serve_request', function ($served) {
    echo "<br />\\n<b>Notice</b>: Undefined [x] in <b>/wp-content/x.php</b> on line <b>3</b><br />\\n";
    return $served;
});"""
FIREWALL = "if ($_SERVER['REQUEST_METHOD'] === 'POST') { http_response_code(403); die('<h1>Blocked</h1>'); }"
SIGN_IN = """if (str_contains($_SERVER['REQUEST_URI'], 'wp-json') || isset($_GET['rest_route'])) {
    header('Location: /wp-login.php', true, 302); exit;
}"""
"""Plugins of every day."""


async def test_twenty_articles_go_from_the_calendar_to_their_readers(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    newsroom = paper.newsroom
    contents = [
        newsroom.schedule(
            paper.approved(
                title=f"Twenty {number}",
                pictures=2,
                categories=("Garden & Home", f"Plot {number % 3}"),
                tags=("compost", f"week {number % 5}"),
            ),
            at=newsroom.clock.now() + timedelta(seconds=number),
        )
        for number in range(ARTICLES)
    ]
    newsroom.clock.advance(seconds=ARTICLES)

    async with cancelled_at_the_end(paper.scheduler().run()):
        await until(
            lambda: {newsroom.read(each).site_status for each in contents} == {SiteStatus.PUBLISHED},
            timeout_seconds=100,
        )

    posts = {post["slug"]: post for post in await wordpress.posts()}
    media = {item["id"]: item for item in await wordpress.media()}
    terms = {
        term["id"]: html.unescape(term["name"])
        for kind in ("categories", "tags")
        for term in await wordpress.all(kind)
    }
    for number, content in enumerate(contents):
        post = posts[content.slug]
        shown = newsroom.read(content)
        assert (post["status"], post["link"], str(post["id"])) == (
            "publish",
            shown.external_url,
            shown.external_id,
        )
        assert [terms[term] for term in post["categories"]] == ["Garden & Home", f"Plot {number % 3}"]
        assert [terms[term] for term in post["tags"]] == ["compost", f"week {number % 5}"]
        assert media[post["featured_media"]]["alt_text"] == 'Leaves "0" [gallery]'
        page = await wordpress.page(post["link"])
        assert f"<title>Twenty {number} " in page
        assert page.count("Compost feeds the soil.") == 100
    assert sum(post["title"]["raw"].startswith("Twenty ") for post in posts.values()) == ARTICLES
    assert list(terms.values()).count("Garden & Home") == 1
    assert list(terms.values()).count("compost") == 1


async def test_an_article_is_edited_published_again_and_taken_off(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    newsroom, scheduler = paper.newsroom, paper.scheduler()
    content = newsroom.publish(paper.approved(title="As it was", pictures=1))
    await published(scheduler)
    newsroom.run(
        editing.put_text,
        content_id=content.id,
        account_id=content.account_id,
        text=replace(content.text, title="As it is now"),
        etag="",
        actor=EDITOR,
    )

    newsroom.publish(content)
    await published(scheduler)

    shown = newsroom.read(content)
    assert (shown.published_version, shown.external_url) == (2, f"{wordpress.url}/{content.slug}/")
    assert "As it is now" in await wordpress.page(shown.external_url)

    newsroom.unpublish(content)
    await published(scheduler)

    assert newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED
    assert await wordpress.page(shown.external_url) == ""


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


async def test_readers_get_a_clean_address_and_the_pictures_of_the_text(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    content = paper.approved(title="Clean: 100% & <b>more</b>", pictures=2, excerpt="In short [gallery].")

    placed = await paper.target().publish(paper.delivery(content))

    assert placed.external_url == f"{wordpress.url}/{content.slug}/"
    page = await wordpress.page(placed.external_url)
    assert "Clean: 100% &#038; &lt;b&gt;more&lt;/b&gt;" in page or "Clean: 100% &amp; &lt;b&gt;" in page
    assert f"{wordpress.url}/wp-content/uploads/" in page
    assert 'alt="Leaves &quot;1&quot; &#091;gallery&#093;"' in page or "Leaves &quot;1&quot; &#91;" in page


async def test_a_picture_of_two_articles_is_uploaded_once(paper: Paper, wordpress: RunningWordPress) -> None:
    target = paper.target()
    shared = picture("shared")
    for title in ("First with it", "Second with it"):
        content = paper.newsroom.draft(paper.site, title=title)
        paper.add_picture(content, shared, position=0)
        await target.publish(paper.delivery(paper.newsroom.approve(paper.newsroom.submit(content))))

    found = [item for item in await wordpress.media() if shared.sha256[:32] in item["slug"]]

    assert len(found) == 1
    posts = [post for post in await wordpress.posts() if post["featured_media"] == found[0]["id"]]
    assert len(posts) == 2


async def test_pictures_in_the_text_itself_are_brought_along(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    inside = picture("inside")
    text = f'<p>Before</p><h2>One</h2><p><img src="{inside.url}" alt="Inside"></p><p>After "all".</p>'
    other = paper.approved()
    paper.add_picture(other, inside, position=0)

    placed = await paper.target().publish(paper.delivery(paper.approved(html=text, title="With a picture")))

    page = await wordpress.page(placed.external_url)
    assert "/media/" not in page
    assert f"igny8-{inside.sha256[:32]}" in page


async def test_a_title_that_wordpress_has_already_gets_another_address(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    taken = await wordpress.client().post("posts", {"title": "Taken", "slug": "taken", "status": "publish"})
    delivery = paper.delivery(paper.approved(title="Taken"))
    delivery = replace(delivery, content=replace(delivery.content, slug="taken"))

    placed = await paper.target().publish(delivery)

    assert placed.external_url == f"{wordpress.url}/taken-2/"
    assert taken.item["slug"] == "taken"


async def test_an_update_changes_the_post_and_keeps_its_address(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    first = paper.delivery(paper.approved(title="To be updated", tags=("old",)))
    placed = await target.publish(first)
    text = replace(first.content.text, title="Updated", html="<p>Other words.</p>", tags=("new",))

    again = await target.publish(
        replace(first, content=replace(first.content, text=text, slug="another-slug"))
    )

    assert again == placed
    page = await wordpress.page(placed.external_url)
    assert "Other words." in page
    assert "Compost feeds" not in page
    assert [post["title"]["raw"] for post in await wordpress.posts()].count("Updated") == 1


async def test_the_same_again_changes_nothing(paper: Paper, wordpress: RunningWordPress) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Twice", pictures=2, categories=("Twice",)))
    placed = await target.publish(delivery)
    before = (len(await wordpress.posts()), len(await wordpress.media()))

    assert await target.publish(paper.again(delivery)) == placed
    assert (len(await wordpress.posts()), len(await wordpress.media())) == before


async def test_what_is_taken_off_is_no_longer_shown_and_can_come_back(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Off and on"))
    placed = await target.publish(delivery)

    await target.unpublish(delivery)
    await target.unpublish(delivery)

    assert await wordpress.page(placed.external_url) == ""
    assert await target.publish(delivery) == placed
    assert "Off and on" in await wordpress.page(placed.external_url)


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


async def test_an_author_publishes_in_the_categories_that_are_there(
    newsroom: Newsroom, wordpress: RunningWordPress
) -> None:
    await wordpress.client().post("categories", {"name": "R&D", "slug": "research"})
    paper = Paper.at(newsroom, wordpress.author)

    placed = await paper.target().publish(
        paper.delivery(paper.approved(title="A & B", pictures=1, categories=("r&d",), tags=("by an author",)))
    )

    post = (await wordpress.client().get(f"posts/{placed.external_id}")).item
    category = (await wordpress.client().get(f"categories/{post['categories'][0]}")).item
    assert (category["slug"], post["title"]["raw"]) == ("research", "A &amp; B")


async def test_an_author_is_told_of_a_category_that_is_not_there(
    newsroom: Newsroom, wordpress: RunningWordPress
) -> None:
    paper = Paper.at(newsroom, wordpress.author)

    with pytest.raises(DeliveryRefused, match="may not create the category Unheard of") as refused:
        await paper.target().publish(paper.delivery(paper.approved(categories=("Unheard of",))))

    assert refused.value.cause is Cause.RIGHTS_MISSING


async def test_a_user_who_may_not_publish_loses_the_connection(
    newsroom: Newsroom, wordpress: RunningWordPress
) -> None:
    paper = Paper.at(newsroom, await wordpress.user("contributor"))

    with pytest.raises(AccessRefused, match="may not publish posts") as refused:
        await paper.target().publish(paper.delivery(paper.approved()))

    assert refused.value.cause.loses_connection


async def test_a_password_that_was_revoked_is_named(newsroom: Newsroom, wordpress: RunningWordPress) -> None:
    paper = Paper.at(newsroom, replace(wordpress.admin, password="revoked"))

    with pytest.raises(AccessRefused, match="does not accept the application password of admin") as refused:
        await paper.target().publish(paper.delivery(paper.approved()))

    assert refused.value.cause is Cause.PASSWORD_WRONG


async def test_maintenance_is_waited_for(paper: Paper, wordpress: RunningWordPress) -> None:
    delivery = paper.delivery(paper.approved(title="After maintenance"))

    with wordpress.in_maintenance(), pytest.raises(TargetUnavailable) as unavailable:
        await paper.target().publish(delivery)

    assert unavailable.value.cause is Cause.MAINTENANCE
    assert unavailable.value.retry_after_seconds == 600
    assert await paper.target().publish(paper.again(delivery))


async def test_a_wordpress_without_pretty_addresses_is_published_at_too(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    plain = "add_filter('option_permalink_structure', fn() => ''); add_filter('option_rewrite_rules', fn() => '');"
    target = paper.target()
    delivery = paper.delivery(paper.approved(title="Plain"))

    with wordpress.plugin(plain):
        with pytest.raises(TargetUnavailable):
            await target.publish(delivery)
        placed = await target.publish(paper.again(delivery))
        page = await wordpress.page(placed.external_url)

    assert placed.external_url == f"{wordpress.url}/?p={placed.external_id}"
    assert "Compost feeds the soil." in page


async def test_a_plugin_that_writes_into_the_answers_makes_no_post_twice(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    delivery = paper.delivery(paper.approved(title="With notices", pictures=1, tags=("noticed",)))

    with wordpress.plugin(NOTICES):
        await paper.target().publish(delivery)

    found = [post["status"] for post in await wordpress.posts() if post["title"]["raw"] == "With notices"]
    assert found == ["publish"]


async def test_a_firewall_that_takes_offence_at_an_article_refuses_that_alone(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    with wordpress.plugin(FIREWALL), pytest.raises(DeliveryRefused, match="blocked the call") as refused:
        await paper.target().publish(paper.delivery(paper.approved()))

    assert refused.value.cause is Cause.BLOCKED


async def test_a_sign_in_page_in_place_of_the_api_is_no_answer(
    paper: Paper, wordpress: RunningWordPress
) -> None:
    with wordpress.plugin(SIGN_IN), pytest.raises(AccessRefused) as refused:
        await paper.target().publish(paper.delivery(paper.approved(title="Behind a sign-in")))

    assert refused.value.cause is Cause.REST_SWITCHED_OFF
    assert "Behind a sign-in" not in [post["title"]["raw"] for post in await wordpress.posts()]
