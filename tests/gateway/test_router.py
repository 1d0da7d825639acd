"""How a path finds what serves it."""

import pytest

from chassis.refusal import RequestInvalid
from gateway.router import Router, variables_of


def _router() -> Router[str]:
    router: Router[str] = Router()
    router.add("GET", "/sites", "list")
    router.add("POST", "/sites", "create")
    router.add("GET", "/sites/{site_id}", "one")
    router.add("GET", "/sites/new", "form")
    router.add("POST", "/sites/{site_id}/keywords:import", "import")
    router.add("GET", "/calendar/{token}.ics", "calendar")
    return router


@pytest.mark.parametrize(
    ("path", "target", "values"),
    [
        (b"/sites", "list", ()),
        (b"/sites/new", "form", ()),
        (b"/sites/%6eew", "form", ()),
        (b"/sites/7", "one", ("7",)),
        (b"/sites/a%2Fb", "one", ("a/b",)),
        (b"/sites/%C3%A9", "one", ("é",)),
        (b"/sites/..", "one", ("..",)),
        (b"/calendar/a.b.ics", "calendar", ("a.b",)),
    ],
)
def test_a_path_leads_to_its_target(path: bytes, target: str, values: tuple[str, ...]) -> None:
    match = _router().match(path)

    assert match is not None
    assert match.targets["GET"] == (target, values)


@pytest.mark.parametrize(
    "path", [b"/", b"", b"/site", b"/sites/", b"/sites//", b"//sites", b"/calendar/.ics", b"/SITES"]
)
def test_an_unknown_path_leads_nowhere(path: bytes) -> None:
    assert _router().match(path) is None


def test_a_path_knows_its_verbs() -> None:
    match = _router().match(b"/sites")

    assert match is not None
    assert match.verbs == ["GET", "HEAD", "OPTIONS", "POST"]


def test_a_literal_does_not_hide_the_verbs_of_a_variable() -> None:
    router = _router()
    router.add("DELETE", "/sites/{site_id}", "remove")

    match = router.match(b"/sites/new")

    assert match is not None
    assert match.targets["DELETE"] == ("remove", ("new",))


def test_a_path_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        _router().match(b"/sites/%ff")


def test_the_same_verb_and_path_cannot_be_served_twice() -> None:
    with pytest.raises(ValueError, match="served twice"):
        _router().add("GET", "/sites/{other}", "again")


def test_the_variables_of_a_template_are_known_in_order() -> None:
    assert variables_of("/a/{one}/b/{two.three}.ics") == ("one", "two.three")
