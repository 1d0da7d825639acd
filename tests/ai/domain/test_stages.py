"""How items flow from stage to stage."""

import pytest

from services.ai.domain.stages import Output, Stage, images_wanted, next_stage, plan

ALL = frozenset(Stage)


def outputs(count: int) -> list[Output]:
    return [Output(id=str(number), label=f"label {number}") for number in range(count)]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.REVIEW])
def test_with_every_stage_on_each_flows_into_the_next(stage: Stage) -> None:
    assert next_stage(stage, ALL) == stage + 1


def test_nothing_follows_the_review() -> None:
    assert next_stage(Stage.REVIEW, ALL) is None


def test_articles_go_straight_to_review_when_no_images_are_wanted() -> None:
    enabled = ALL - {Stage.IMAGE_PROMPTS, Stage.IMAGES}

    assert not images_wanted(enabled)
    assert next_stage(Stage.CONTENT, enabled) is Stage.REVIEW


def test_outputs_stay_in_the_inventory_when_the_next_stage_is_off() -> None:
    assert next_stage(Stage.IDEAS, ALL - {Stage.TASKS}) is None


def test_keywords_are_planned_in_batches_and_none_is_left_out() -> None:
    items = plan(Stage.CLUSTER, outputs(5), batch_size=2)

    assert [item.input_ids for item in items] == [("0", "1"), ("2", "3"), ("4",)]
    assert items[0].label == "2 keywords"


def test_clusters_are_planned_one_by_one_under_their_names() -> None:
    items = plan(Stage.IDEAS, outputs(2), batch_size=50)

    assert [(item.input_ids, item.label) for item in items] == [(("0",), "label 0"), (("1",), "label 1")]


def test_every_stage_has_a_title_and_says_what_it_makes() -> None:
    assert all(stage.title and stage.outputs_noun for stage in Stage)
