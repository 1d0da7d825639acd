"""Which of a site's articles belong beside another."""

from igny8.publisher import v1 as publisher

from services.ai.functions.related import LINKS_MAX, related_links, related_titles


def page(title: str, url: str = "https://example.org/a", keyword: str = "") -> publisher.Content:
    return publisher.Content(title=title, external_url=url, primary_keyword=keyword)


def test_the_nearest_articles_come_first_and_strangers_not_at_all() -> None:
    pages = [page("Worm farms"), page("Compost bins"), page("Tumbling compost bins compared")]

    links = related_links("Compost bins for tumbling fans", pages)

    assert [link.title for link in links] == ["Tumbling compost bins compared", "Compost bins"]


def test_only_addresses_that_an_article_may_link_to_are_offered() -> None:
    urls = ["", "http://example.org/a", "javascript:alert(1)", "//evil.example", "https://", "/published/a/b"]

    links = related_links("Compost", [page("Compost", url) for url in urls])

    assert [link.external_url for link in links] == ["/published/a/b"]


def test_no_more_than_a_handful_is_offered() -> None:
    assert len(related_links("Compost", [page("Compost")] * 30)) == LINKS_MAX


def test_other_titles_are_named_once_and_its_own_never() -> None:
    titles = ["Compost bins", "Compost heaps", "Compost heaps", "Roses"]

    assert related_titles("Compost bins", titles, but="Compost bins") == ["Compost heaps"]
