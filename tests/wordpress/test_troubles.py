"""Users without rights, plugins and firewalls: what a WordPress of every day does to a delivery."""

from dataclasses import replace

import pytest

from services.publisher.domain.cause import Cause
from services.publisher.domain.delivery import AccessRefused, DeliveryRefused, TargetUnavailable
from tests.publisher.newsroom import Newsroom
from tests.wordpress.paper import Paper
from tests.wordpress.running import RunningWordPress

NOTICES = """add_filter('rest_pre_serve_request', function ($served) {
    echo "<br />\\n<b>Notice</b>: Undefined [x] in <b>/wp-content/x.php</b> on line <b>3</b><br />\\n";
    return $served;
});"""
FIREWALL = "if ($_SERVER['REQUEST_METHOD'] === 'POST') { http_response_code(403); die('<h1>Blocked</h1>'); }"
SIGN_IN = """if (str_contains($_SERVER['REQUEST_URI'], 'wp-json') || isset($_GET['rest_route'])) {
    header('Location: /wp-login.php', true, 302); exit;
}"""
"""Plugins of every day."""


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
