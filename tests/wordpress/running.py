"""A real WordPress on loopback, what tests look at in it, and how they put it out of order."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from chassis.outgoing import Outgoing
from chassis.testing import until
from services.publisher.targets.wordpress.client import Account, WordPressClient
from suite.embedded.ports import reserve_port

SETTING: Final = "IGNY8_WORDPRESS_UP"
TOOL: Final = Path(__file__).parents[3] / "shared" / "tools" / "wordpress-up"
"""Where it is unless the setting names another; beside this repository."""

START_SECONDS_MAX: Final = 420
"""The first time it installs the packages of WordPress, PHP and MariaDB."""


@dataclass(frozen=True, kw_only=True)
class RunningWordPress:
    """A stock WordPress with an administrator and an author."""

    url: str
    admin: Account
    author: Account
    data: Path

    def client(self, account: Account | None = None) -> WordPressClient:
        """The API, as the administrator unless said otherwise."""
        return WordPressClient(Outgoing(allow_private=True), account or self.admin)

    async def all(self, route: str, **parameters: str | int) -> list[dict[str, Any]]:
        """Everything at a route, whatever its state."""
        found: list[dict[str, Any]] = []
        for page in count(1):
            reply = await self.client().get(
                route, per_page=100, page=page, orderby="id", order="asc", **parameters
            )
            found += reply.items
            if page >= int(reply.headers["x-wp-totalpages"]):
                break
        return found

    async def posts(self) -> list[dict[str, Any]]:
        """Every post, in the trash too."""
        return await self.all("posts", status="any,trash")

    async def media(self) -> list[dict[str, Any]]:
        """Every file."""
        return await self.all("media")

    async def page(self, link: str) -> str:
        """What a visitor sees there; empty where there is nothing for visitors."""
        answered = await Outgoing(allow_private=True).call("GET", link, follow_redirects=True)
        return answered.body.decode() if answered.status == 200 else ""

    async def trash(self, post_id: str) -> None:
        """As a person does."""
        answered = await Outgoing(allow_private=True).call(
            "DELETE",
            self.client().address(f"posts/{post_id}", {}),
            headers={"Authorization": self.admin.authorization},
        )
        assert answered.status == 200

    async def user(self, role: str) -> Account:
        """A new user of this role."""
        name = f"{role}-{os.urandom(4).hex()}"
        made = await self.client().post(
            "users",
            {
                "username": name,
                "email": f"{name}@example.test",
                "password": os.urandom(9).hex(),
                "roles": [role],
            },
        )
        password = await self.client().post(
            f"users/{made.item['id']}/application-passwords", {"name": "igny8"}
        )
        return Account(url=self.url, user=name, password=password.item["password"])

    @contextmanager
    def in_maintenance(self) -> Iterator[None]:
        """As while it is being updated."""
        with _file(self.data / "www" / ".maintenance", "<?php $upgrading = time(); ?>"):
            yield

    @contextmanager
    def plugin(self, code: str) -> Iterator[None]:
        """With a plugin of this PHP code."""
        folder = self.data / "www" / "wp-content" / "mu-plugins"
        folder.mkdir(exist_ok=True)
        # PHP looks at a file it knows again only after some seconds, so each has a name of its own.
        with _file(folder / f"{os.urandom(4).hex()}.php", f"<?php {code}"):
            yield

    @asynccontextmanager
    async def without_local_environment(self) -> AsyncIterator[None]:
        """As if it did not say that it is for development only; it then takes application passwords by https alone."""
        config = self.data / "www" / "wp-config.php"
        before = config.read_text()
        config.write_text(
            before.replace("'WP_ENVIRONMENT_TYPE', 'local'", "'WP_ENVIRONMENT_TYPE', 'production'")
        )
        try:
            await until(lambda: self._takes_passwords(False))
            yield
        finally:
            config.write_text(before)
            await until(lambda: self._takes_passwords(True))

    async def _takes_passwords(self, expected: bool) -> bool:
        """PHP looks at a file it knows again only after some seconds."""
        client = self.client()
        index = (await client.look(client.address("", {"_fields": "authentication"}))).item
        return ("application-passwords" in index["authentication"]) is expected


@contextmanager
def running_wordpress() -> Iterator[RunningWordPress]:
    """A new one, gone when the block ends. Raises AssertionError when the tool is not there or fails."""
    tool = Path(os.environ.get(SETTING, TOOL))
    assert os.access(tool, os.X_OK), (
        f"There is no program at {tool}. Set {SETTING} to the program that starts a WordPress (wordpress-up)."
    )
    # Its database's socket wants a short path.
    data = Path(tempfile.mkdtemp(prefix="igny8-wp-", dir="/tmp"))
    try:
        with reserve_port() as reserved:
            started = subprocess.run(
                [tool, "start", "--data", data, "--port", str(reserved.port)],
                capture_output=True,
                text=True,
                timeout=START_SECONDS_MAX,
                check=False,
            )
        assert started.returncode == 0, f"{tool} failed:\n{started.stderr[-2000:]}"
        told = json.loads(started.stdout)
        yield RunningWordPress(
            url=told["url"],
            admin=Account(url=told["url"], user=told["admin_user"], password=told["admin_app_password"]),
            author=Account(url=told["url"], user=told["author_user"], password=told["author_app_password"]),
            data=data,
        )
    finally:
        subprocess.run([tool, "stop", "--data", data], capture_output=True, timeout=120, check=False)
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def _file(path: Path, text: str) -> Iterator[None]:
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()
