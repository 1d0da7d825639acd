"""An estimate of a run as its message."""

from igny8.ai import v1 as ai

from services.ai.automation.estimating import Prospect


def prospect_to_proto(prospect: Prospect) -> ai.RunEstimate:
    estimate = prospect.estimate
    return ai.RunEstimate(
        stages=[
            ai.StageEstimate(
                stage=int(stage.stage),
                name=stage.stage.title,
                waiting=stage.waiting,
                inputs=stage.inputs,
                left_waiting=stage.left_waiting,
                note=stage.note,
                items=stage.items,
                credits=stage.credits,
                credits_low=stage.credits_low,
                credits_high=stage.credits_high,
                basis=stage.basis,
            )
            for stage in estimate.stages
        ],
        credits=estimate.credits,
        credits_low=estimate.credits_low,
        credits_high=estimate.credits_high,
        seconds=estimate.seconds if estimate.past_runs else None,
        past_runs=estimate.past_runs,
        available=prospect.available,
        available_after=prospect.available - estimate.credits,
        max_credits=prospect.max_credits,
        stops=[
            ai.EstimateStop(
                reason=stop.reason,
                detail=stop.detail,
                certain=stop.certain,
                run_id=stop.run_id,
                scope=stop.scope,
            )
            for stop in prospect.stops
        ],
    )
