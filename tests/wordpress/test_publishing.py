"""Articles at a real WordPress: published by the publisher at their time, updated, taken off."""

import html
from dataclasses import replace
from datetime import timedelta

from chassis.testing import until
from services.publisher.domain.content import SiteStatus
from services.publisher.usecases import editing
from tests.kit.tasks import cancelled_at_the_end
from tests.publisher.newsroom import EDITOR, published
from tests.wordpress.paper import Paper, picture
from tests.wordpress.running import RunningWordPress

ARTICLES = 20


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
        said = newsroom.read(content)
        assert (post["status"], post["link"], str(post["id"])) == (
            "publish",
            said.external_url,
            said.external_id,
        )
        assert [terms[term] for term in post["categories"]] == ["Garden & Home", f"Plot {number % 3}"]
        assert [terms[term] for term in post["tags"]] == ["compost", f"week {number % 5}"]
        assert media[post["featured_media"]]["alt_text"] == 'Leaves "0" [gallery]'
        page = await wordpress.page(post["link"])
        assert f"<title>Twenty {number} " in page
        assert page.count("Compost feeds the soil.") == 100
    shown = [post["title"]["raw"] for post in posts.values() if post["status"] == "publish"]
    assert sorted(title for title in shown if title.startswith("Twenty ")) == sorted(
        content.title for content in contents
    )
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
