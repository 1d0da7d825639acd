"""Everything that can stand between us and a WordPress has its own name, and a sentence with the way out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chassis.outgoing import Outgoing
from services.publisher.targets.wordpress.client import Account, WordPressClient
from services.publisher.targets.wordpress.faults import Trouble, WordPressFault
from services.publisher.targets.wordpress.preflight import check
from tests.wordpress.running import RunningWordPress

NO_REST = "add_filter('rest_authentication_errors', fn() => new WP_Error('rest_disabled', 'No.', ['status' => 401]));"
TELLS = "add_filter('rest_authentication_errors', function ($result) { is_user_logged_in(); return $result; }, 10);"
"""What many plugins do, and with it WordPress names a wrong user and a wrong password."""
WRITERS = """add_action('init', fn() => add_role('writer', 'Writer',
    ['read' => true, 'edit_posts' => true, 'publish_posts' => true]));"""
"""A role that may publish and not upload."""


@contextlib.asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[str]:
    """The address of a server that answers everything so; nothing at all for empty bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if not answer:
                await reader.read()
            writer.write(answer)
            await writer.drain()
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"


def saying(body: bytes, *, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + head + b"\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body


def at(url: str) -> Account:
    return Account(url=url, user="admin", password="abcd efgh")


async def fault(client: WordPressClient) -> WordPressFault:
    with pytest.raises(WordPressFault) as found:
        await check(client)
    return found.value


async def test_a_stock_wordpress_is_ready_for_an_administrator(wordpress: RunningWordPress) -> None:
    ready = await check(wordpress.client())

    assert (ready.site_name, ready.plain, ready.may_create_categories) == ("Loopback", False, True)


async def test_an_author_is_ready_and_may_not_create_categories(wordpress: RunningWordPress) -> None:
    ready = await check(wordpress.client(wordpress.author))

    assert not ready.may_create_categories


@pytest.mark.parametrize("end", ["/", "/wp-json/", "/wp-admin/", "/wp-login.php"])
async def test_the_address_may_be_given_as_people_copy_it(wordpress: RunningWordPress, end: str) -> None:
    ready = await check(wordpress.client(replace(wordpress.admin, url=wordpress.url + end)))

    assert ready.site_name == "Loopback"


async def test_the_password_may_be_given_with_the_spaces_that_wordpress_shows(
    wordpress: RunningWordPress,
) -> None:
    password = " ".join(wordpress.admin.password[start : start + 4] for start in range(0, 24, 4))

    assert await check(wordpress.client(replace(wordpress.admin, password=password)))


async def test_a_wordpress_without_pretty_addresses_is_found_by_its_query(
    wordpress: RunningWordPress,
) -> None:
    with wordpress.plugin(
        "add_filter('option_permalink_structure', fn() => ''); add_filter('option_rewrite_rules', fn() => '');"
    ):
        ready = await check(wordpress.client())

    assert ready.plain


async def test_a_wrong_password_is_told_from_a_wrong_user(wordpress: RunningWordPress) -> None:
    wrong = await fault(wordpress.client(replace(wordpress.admin, password="wrong")))

    assert wrong.trouble is Trouble.PASSWORD_WRONG
    assert "Make a new one there under Users > Profile > Application Passwords" in wrong.sentence


async def test_a_wrong_user_is_told_from_a_wrong_password(wordpress: RunningWordPress) -> None:
    unknown = await fault(wordpress.client(replace(wordpress.admin, user="nobody")))

    assert unknown.trouble is Trouble.USERNAME_UNKNOWN
    assert "knows no user nobody" in unknown.sentence


@pytest.mark.parametrize(
    ("user", "trouble"),
    [
        ("admin", Trouble.PASSWORD_WRONG),
        ("nobody", Trouble.USERNAME_UNKNOWN),
        ("nobody@example.test", Trouble.USERNAME_UNKNOWN),
    ],
)
async def test_a_wordpress_that_names_what_is_wrong_is_believed(
    wordpress: RunningWordPress, user: str, trouble: Trouble
) -> None:
    with wordpress.plugin(TELLS):
        found = await fault(wordpress.client(replace(wordpress.admin, user=user, password="wrong")))

    assert found.trouble is trouble


async def test_a_page_that_is_no_wordpress_is_told_so() -> None:
    async with server(saying(b"<h1>Hello</h1>")) as url:
        found = await fault(WordPressClient(Outgoing(allow_private=True), at(url)))

    assert found.trouble is Trouble.NOT_WORDPRESS
    assert "Enter the address where WordPress is installed" in found.sentence


async def test_without_tls_only_a_local_wordpress_takes_application_passwords(
    wordpress: RunningWordPress,
) -> None:
    async with wordpress.without_local_environment():
        found = await fault(wordpress.client())

    assert found.trouble is Trouble.HTTPS_NEEDED
    assert "Enter the site's https address" in found.sentence


async def test_maintenance_is_named_and_passes_by_itself(wordpress: RunningWordPress) -> None:
    with wordpress.in_maintenance():
        found = await fault(wordpress.client())

    assert found.trouble is Trouble.MAINTENANCE
    assert await check(wordpress.client())


@pytest.mark.parametrize(
    ("role", "trouble", "way_out"),
    [
        ("contributor", Trouble.MAY_NOT_PUBLISH, "Give it the role Author or Editor"),
        ("subscriber", Trouble.MAY_NOT_PUBLISH, "Give it the role Author or Editor"),
    ],
)
async def test_a_user_without_the_right_to_publish_is_told_so(
    wordpress: RunningWordPress, role: str, trouble: Trouble, way_out: str
) -> None:
    found = await fault(wordpress.client(await wordpress.user(role)))

    assert found.trouble is trouble
    assert way_out in found.sentence


async def test_a_user_without_the_right_to_upload_is_told_so(wordpress: RunningWordPress) -> None:
    with wordpress.plugin(WRITERS):
        writer = await wordpress.user("writer")

    found = await fault(wordpress.client(writer))

    assert found.trouble is Trouble.MAY_NOT_UPLOAD


async def test_a_rest_api_that_is_switched_off_is_told_from_no_wordpress(
    wordpress: RunningWordPress,
) -> None:
    with wordpress.plugin(NO_REST):
        found = await fault(wordpress.client())

    assert found.trouble is Trouble.REST_SWITCHED_OFF
    assert "Allow /wp-json/" in found.sentence


async def test_a_firewall_before_a_wordpress_is_told_from_no_wordpress(wordpress: RunningWordPress) -> None:
    blocks = "if (str_contains($_SERVER['REQUEST_URI'], 'wp-json') || isset($_GET['rest_route'])) { http_response_code(403); die('<h1>Blocked</h1>'); }"
    with wordpress.plugin(blocks):
        found = await fault(wordpress.client())

    assert found.trouble is Trouble.REST_SWITCHED_OFF


async def test_an_address_that_redirects_names_where_to(wordpress: RunningWordPress) -> None:
    moved = saying(b"", head=b"301 Moved\r\nlocation: " + wordpress.url.encode() + b"/wp-json/")
    async with server(moved) as url:
        found = await fault(WordPressClient(Outgoing(allow_private=True), at(url)))

    assert found.trouble is Trouble.REDIRECTED
    assert f"redirects to {wordpress.url}. Enter that address" in found.sentence


async def test_an_address_inside_is_refused() -> None:
    found = await fault(WordPressClient(Outgoing(), at("https://127.0.0.1")))

    assert found.trouble is Trouble.ADDRESS_FORBIDDEN


async def test_a_name_that_leads_nowhere_is_told_so() -> None:
    found = await fault(WordPressClient(Outgoing(allow_private=True), at("https://blog.invalid")))

    assert found.trouble is Trouble.NAME_UNKNOWN


async def test_a_host_without_tls_is_told_so(wordpress: RunningWordPress) -> None:
    found = await fault(wordpress.client(at(wordpress.url.replace("http://", "https://"))))

    assert found.trouble is Trouble.TLS_FAULT


async def test_a_host_that_does_not_answer_is_told_so() -> None:
    async with server(b"") as url:
        found = await fault(WordPressClient(Outgoing(allow_private=True), at(url), patience=0.05))

    assert found.trouble is Trouble.TOO_SLOW


async def test_a_host_that_is_not_there_is_told_so(port: int) -> None:
    found = await fault(WordPressClient(Outgoing(allow_private=True), at(f"http://127.0.0.1:{port}")))

    assert found.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("head", "trouble"),
    [
        (b"429 Too Many Requests\r\nretry-after: 30", Trouble.RATE_LIMITED),
        (b"502 Bad Gateway", Trouble.TARGET_FAULT),
        (b"503 Service Unavailable", Trouble.TARGET_FAULT),
        (b"503 Service Unavailable\r\nretry-after: 600", Trouble.MAINTENANCE),
    ],
)
async def test_a_server_with_troubles_of_its_own_is_told_so(head: bytes, trouble: Trouble) -> None:
    async with server(saying(b"<h1>Oh</h1>", head=head)) as url:
        found = await fault(WordPressClient(Outgoing(allow_private=True), at(url)))

    assert found.trouble is trouble


async def test_no_sentence_holds_the_password(wordpress: RunningWordPress) -> None:
    found = await fault(wordpress.client(replace(wordpress.admin, password="secret-word")))

    assert "secret-word" not in found.sentence
