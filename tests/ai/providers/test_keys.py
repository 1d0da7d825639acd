"""Keys that a process remembers for a moment: read once in it, and replaced soon."""

from services.ai.providers.keys import REMEMBERED_MAX, REMEMBERED_SECONDS, AccountKey, AccountKeys


class Store:
    """Counts its reads."""

    def __init__(self) -> None:
        self.key: AccountKey | None = AccountKey(secret="sk-canary", last4="nary")
        self.reads = 0
        self.now = 0.0

    async def read(self, account_id: str, provider: str) -> AccountKey | None:
        self.reads += 1
        return self.key


def keys_of(store: Store) -> AccountKeys:
    return AccountKeys(store.read, now=lambda: store.now)


async def test_a_key_is_read_once_in_a_while() -> None:
    store = Store()
    keys = keys_of(store)

    assert [await keys("a", "openai") for _ in range(3)] == [store.key] * 3
    assert store.reads == 1


async def test_a_replaced_key_is_seen_after_five_seconds() -> None:
    store = Store()
    keys = keys_of(store)
    await keys("a", "openai")

    store.key, store.now = None, REMEMBERED_SECONDS

    assert await keys("a", "openai") is None


async def test_no_key_is_remembered_as_well() -> None:
    store = Store()
    store.key = None
    keys = keys_of(store)

    await keys("a", "openai")
    await keys("a", "openai")

    assert store.reads == 1


async def test_accounts_and_providers_are_told_apart() -> None:
    store = Store()
    keys = keys_of(store)

    for account, provider in (("a", "openai"), ("b", "openai"), ("a", "runware")):
        await keys(account, provider)

    assert store.reads == 3


async def test_only_so_many_are_remembered() -> None:
    store = Store()
    keys = keys_of(store)
    for number in range(REMEMBERED_MAX + 1):
        await keys(f"account-{number}", "openai")

    await keys("account-0", "openai")

    assert store.reads == REMEMBERED_MAX + 2


def test_a_key_does_not_show_itself() -> None:
    assert "canary" not in repr(Store().key)
