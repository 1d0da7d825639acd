"""Between a site's automation settings and their messages; what publisher decides is shown beside them."""

from dataclasses import replace
from datetime import datetime, time

from igny8.ai import v1 as ai
from igny8.publisher import v1 as publisher

from chassis.plain import maybe_instant_to_proto
from chassis.refusal import FieldFault, RequestInvalid
from services.ai.domain.config import AutomationConfig
from services.ai.domain.schedule import Frequency, Schedule
from services.ai.domain.stages import BATCHED, DEFAULTS, Stage, StageConfig


def config_to_proto(
    config: AutomationConfig, settings: publisher.PublishingSettings, *, now: datetime
) -> ai.AutomationConfig:
    """The settings, with the next run on the clock the site has now."""
    shown = config.in_zone(settings.time_zone)
    schedule = shown.schedule
    next_run_at = shown.next_run_at
    if next_run_at is not None and next_run_at <= now:
        next_run_at = schedule.next_after(now)
    return ai.AutomationConfig(
        site_id=config.site_id,
        stages=[
            ai.StageConfig(
                stage=int(stage),
                enabled=config.stages[stage].enabled,
                batch_size=config.batch_size(stage),
                concurrency=config.stages[stage].concurrency,
                max_items_per_run=config.stages[stage].max_items_per_run,
            )
            for stage in Stage
        ],
        max_credits_per_run=config.max_credits_per_run,
        max_in_article_images=config.max_in_article_images,
        text_model=config.text_model,
        image_model=config.image_model,
        auto_approve_content=settings.auto_approve_content,
        auto_schedule=settings.auto_schedule,
        etag=config.etag,
        enabled=config.scheduled,
        frequency=ai.AutomationConfig.Frequency.Value(f"FREQUENCY_{schedule.frequency.name}"),
        scheduled_time=f"{schedule.clock:%H:%M}",
        scheduled_weekday=schedule.weekday,
        scheduled_month_day=schedule.month_day,
        time_zone=schedule.time_zone,
        next_run_at=maybe_instant_to_proto(next_run_at),
    )


def config_from_proto(message: ai.AutomationConfig, *, site_id: str, time_zone: str) -> AutomationConfig:
    """A stage that is left out, what is left out or 0 in one, and what is left out of the schedule take the default.

    Raises RequestInvalid, by field, for a stage that is given twice and for a batch where the stage has none.
    """
    _check_stages(message)
    stages = dict(DEFAULTS)
    for given in message.stages:
        stage = Stage(given.stage)
        stages[stage] = StageConfig(
            enabled=given.enabled if given.HasField("enabled") else DEFAULTS[stage].enabled,
            batch_size=given.batch_size or DEFAULTS[stage].batch_size,
            concurrency=given.concurrency or DEFAULTS[stage].concurrency,
            max_items_per_run=given.max_items_per_run,
        )
    return AutomationConfig(
        site_id=site_id,
        stages=stages,
        max_credits_per_run=message.max_credits_per_run,
        max_in_article_images=message.max_in_article_images,
        text_model=message.text_model,
        image_model=message.image_model,
        scheduled=message.enabled,
        schedule=_schedule(message, time_zone),
    )


def _check_stages(message: ai.AutomationConfig) -> None:
    faults, first = [], dict[int, int]()
    for index, given in enumerate(message.stages):
        path = f"config.stages[{index}]"
        if first.setdefault(given.stage, index) != index:
            said = f"stage {given.stage} is given twice, first in stages[{first[given.stage]}]; give it once"
            faults.append(FieldFault(f"{path}.stage", said))
        if given.batch_size > 1 and Stage(given.stage) not in BATCHED:
            batched = " and ".join(str(int(stage)) for stage in sorted(BATCHED))
            said = (
                f"must be 0 or 1: a job of stage {given.stage} has one input, only those of {batched} have batches."
                " Set concurrency to do more at once"
            )
            faults.append(FieldFault(f"{path}.batch_size", said))
    if faults:
        raise RequestInvalid(*faults)


def _schedule(message: ai.AutomationConfig, time_zone: str) -> Schedule:
    default = Schedule(time_zone=time_zone)
    word = ai.AutomationConfig.Frequency.Name(message.frequency).removeprefix("FREQUENCY_")
    return replace(
        default,
        frequency=Frequency[word] if message.frequency else default.frequency,
        clock=time.fromisoformat(message.scheduled_time) if message.scheduled_time else default.clock,
        weekday=message.scheduled_weekday or default.weekday,
        month_day=message.scheduled_month_day or default.month_day,
    )
