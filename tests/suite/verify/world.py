"""A small suite at rest: one run that went from a keyword to an article with an image, with all its books."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Table, insert, text

from chassis.ids import new_id
from services.ai.store import tables as ai
from services.billing.domain.budget import Scope
from services.billing.domain.quote import QuotedWork
from services.billing.domain.reservation import Purpose
from services.billing.usecases import credits
from services.notifications.store import tables as notifications
from services.publisher.store import tables as publisher
from tests.billing.books import IMAGE_MODEL, TEXT_MODEL, Billing

FUNCTIONS: Final = (
    ("cluster_keywords", "clustering"),
    ("generate_ideas", "idea_generation"),
    ("generate_content", "content_generation"),
    ("generate_image_prompts", "image_prompt_extraction"),
    ("generate_images", "image_generation"),
)
PNG: Final = b"\x89PNG of an apple"
HASH: Final = "0" * 64


@dataclass(frozen=True, kw_only=True)
class World:
    """The ids of what is in it."""

    account_id: str
    site_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class _Builder:
    """Writes rows as the owner, who may write in every schema."""

    owner: Callable[[str], Engine]
    billing: Billing
    account_id: str
    site_id: str
    run_id: str
    now: datetime

    def add(self, table: Table, **values: Any) -> str:
        """A row with what such rows share, and an id unless told."""
        shared = {
            "id": new_id(),
            "account_id": self.account_id,
            "site_id": self.site_id,
            "created_at": self.now,
            "updated_at": self.now,
            "title": "Apples",
            "error": "",
        }
        row = {name: value for name, value in shared.items() if name in table.c} | values
        schema = {ai.metadata: "ai", publisher.metadata: "publisher"}.get(table.metadata, "notifications")
        with self.owner(schema).begin() as connection:
            connection.execute(insert(table).values(row))
        return str(row.get("id", ""))

    def pipeline(self) -> dict[str, str]:
        """The way from a keyword to an image at the publisher; gives the item of each function by its name."""
        self.add(
            publisher.site,
            id=self.site_id,
            name="Garden",
            slug="garden",
            url="",
            description="",
            language="en",
        )
        form = {"content_type": "post", "content_structure": "guide"}
        cluster = self.add(
            publisher.cluster,
            name="apples",
            name_normalised="apples",
            description="",
            keywords_count=2,
            volume=30,
            status="mapped",
        )
        keyword, _ = (
            self.add(
                publisher.keyword,
                keyword=word,
                normalised=word,
                volume=volume,
                volume_is_impressions=False,
                cluster_id=cluster,
                status="mapped",
                disabled=False,
            )
            for word, volume in (("grow apples", 20), ("prune apples", 10))
        )
        idea = self.add(
            publisher.idea,
            cluster_id=cluster,
            description="",
            target_keywords=["grow apples"],
            estimated_word_count=900,
            status="completed",
            **form,
        )
        task = self.add(
            publisher.task,
            idea_id=idea,
            cluster_id=cluster,
            brief="",
            target_keywords=["grow apples"],
            word_count=900,
            status="completed",
            **form,
        )
        words = ("excerpt", "meta_title", "meta_description", "review_note", "publish_error", "external_id")
        article = {
            "html": "<p>Apples</p>",
            "primary_keyword": "grow apples",
            "categories": [],
            "tags": [],
            "model_name": TEXT_MODEL,
            "prompt_version": "v1",
            "images_wanted": True,
            "word_count": 1,
            "version": 1,
            "status": "approved",
            **dict.fromkeys(words, ""),
            **form,
        }
        content = self.add(
            publisher.content,
            task_id=task,
            cluster_id=cluster,
            run_id=self.run_id,
            slug="apples",
            title_normalised="apples",
            site_status="published",
            published_at=self.now,
            published_version=1,
            external_url="/published/garden/apples",
            **article,
        )
        self.add(
            publisher.content,
            slug="pears",
            title_normalised="pears",
            site_status="scheduled",
            scheduled_publish_at=self.now + timedelta(days=40),
            published_version=0,
            external_url="",
            booked_under={"time_zone": "UTC", "day": 1, "week": 1, "month": 1},
            **article,
        )
        self.add(
            publisher.content_version,
            content_id=content,
            version=1,
            html="<p>Apples</p>",
            excerpt="",
            meta_title="",
            meta_description="",
            primary_keyword="grow apples",
            categories=[],
            tags=[],
            edited_by="service:ai",
        )
        self.add(
            publisher.publication,
            content_id=content,
            target="wordpress",
            marker="5eed",
            state="published",
            deliveries=1,
            action="publish",
            attempts=1,
            content_version=1,
            published_version=1,
            external_id="7",
            external_url="/published/garden/apples",
        )
        self.add(
            publisher.connection,
            target="wordpress",
            url="https://garden.example",
            username="author",
            key_id="5eed",
            sealed=b"5eed",
            status="connected",
            reason="",
            loss_told=False,
            version=1,
            actor="user:1",
        )
        self.add(
            publisher.remote_object,
            place="wordpress https://garden.example",
            kind="post",
            key="5eed",
            remote_id="7",
            remote_url="",
        )
        self.add(
            publisher.image_blob,
            sha256=HASH,
            media_type="image/png",
            width=1,
            height=1,
            size=len(PNG),
            data=PNG,
        )
        image = self.add(
            publisher.image,
            content_id=content,
            image_type="featured",
            position=0,
            prompt="an apple",
            alt_text="An apple",
            model_name=IMAGE_MODEL,
            url=f"/media/{HASH}",
            content_hash=HASH,
            media_type="image/png",
            width=1,
            height=1,
            status="generated",
        )
        items = (keyword, cluster, task, content, image)
        return {function: item for (function, _), item in zip(FUNCTIONS, items, strict=True)}

    def execution(self, stage: int, function: str, operation: str, item_id: str) -> None:
        """An item of the run whose task log has one item, charged, and one that failed."""
        task_id = new_id()
        makes_image = function == "generate_images"
        purpose = Purpose(site_id=self.site_id, run_id=self.run_id, ai_task_id=task_id)
        work = QuotedWork(
            operation_type=operation,
            items=1,
            images=int(makes_image),
            expected_tokens=0 if makes_image else 300,
            maximum_tokens=0 if makes_image else 400,
        )
        quote = self.billing.run(
            credits.quote,
            account_id=self.account_id,
            model_name=IMAGE_MODEL if makes_image else TEXT_MODEL,
            work=work,
        )
        taken: dict[str, Any] = {"images": 1} if makes_image else {"input_tokens": 100, "output_tokens": 150}
        reservation = self.billing.reserve_by(quote, purpose=purpose)
        captured = self.billing.capture(reservation, item_id=item_id, **taken)
        self.billing.release(reservation)
        charged = {"credits_used": captured.usage.credits_used, "cost": captured.usage.cost_usd}
        self.add(
            ai.ai_task,
            id=task_id,
            run_id=self.run_id,
            function_name=function,
            operation_type=operation,
            status="success",
            phase="DONE",
            items_total=2,
            items_done=1,
            items_failed=1,
            outputs=1,
            payload={},
            result={},
            reservation_id=reservation.id,
            actor="user:test",
            **charged,
        )
        for position, status in enumerate(("done", "failed")):
            self.add(
                ai.task_item,
                task_id=task_id,
                position=position,
                item_id=item_id if status == "done" else new_id(),
                label="an item",
                input={},
                output={},
                status=status,
                **(charged if status == "done" else {}),
            )
        self.add(
            ai.run_stage,
            run_id=self.run_id,
            stage=stage,
            enabled=True,
            batch_size=1,
            concurrency=1,
            max_items=0,
            inputs=1,
            total=1,
            done=1,
            outputs=1,
            credits_used=charged["credits_used"],
        )
        self.add(
            ai.run_item,
            run_id=self.run_id,
            stage=stage,
            ordinal=1,
            label="an item",
            input_ids=[item_id],
            status="done",
            ai_task_id=task_id,
            credits_used=charged["credits_used"],
        )

    def notifications(self) -> None:
        """Two, of which one is read."""
        for kind, read_at in (("ai_image_success", None), ("ai_content_success", self.now)):
            self.add(
                notifications.notification,
                notification_type=kind,
                message="",
                severity="success",
                count=1,
                related_type="run",
                related_id=self.run_id,
                run_id=self.run_id,
                metadata={},
                read_at=read_at,
            )
        self.add(notifications.unread_counter, unread=1)

    def statistics(self) -> None:
        """publisher has heard of every capture but the last, whose event is still on its way."""
        *heard, _ = self.billing.rows(
            "SELECT event_id, CAST(payload AS jsonb) ->> 'credits_used' AS credits FROM outbox"
            " WHERE subject LIKE '%.captured' ORDER BY id"
        )
        for event in heard:
            self.add(
                publisher.metadata.tables["inbox"], consumer="publisher-charges", event_id=str(event.event_id)
            )
        self.add(
            publisher.site_credits,
            day=self.now.date(),
            credits_used=sum(int(event.credits) for event in heard),
            as_of=self.now,
        )


def build(owner: Callable[[str], Engine], billing: Billing) -> World:
    """Fills four clean schemas."""
    billing.price()
    billing.text_price()
    account_id = billing.account(credits=1_000)
    site_id, run_id = new_id(), new_id()
    make = _Builder(
        owner=owner,
        billing=billing,
        account_id=account_id,
        site_id=site_id,
        run_id=run_id,
        now=billing.clock.now(),
    )
    items = make.pipeline()
    billing.budget(account_id, scope=Scope.RUN, target_id=run_id, credits_limit=1_000)
    billing.budget(account_id, scope=Scope.SITE_DAY, target_id=site_id, credits_limit=1_000)
    make.add(ai.automation_run, id=run_id, status="completed", max_in_article_images=1, actor="user:test")
    for stage, (function, operation) in enumerate(FUNCTIONS, 1):
        make.execution(stage, function, operation, items[function])
    make.notifications()
    make.statistics()
    # Work in progress: a hold that is active, and another account that has nothing to do with the first.
    billing.reserve(account_id, images=2)
    billing.account(credits=10)
    with owner("billing").begin() as connection:
        # The tests' clock stands at some day; a hold is due by the database's clock.
        connection.execute(
            text("UPDATE reservation SET expires_at = now() + interval '1 hour' WHERE status = 'active'")
        )
    return World(account_id=account_id, site_id=site_id, run_id=run_id)
