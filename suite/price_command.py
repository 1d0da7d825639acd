"""Loading a price list into a running suite, as the operator."""

from pathlib import Path

from igny8.billing import v1 as billing

from suite import bootstrap, prices
from suite.stack import StackFile


async def load_into(data_dir: Path, running: StackFile, file: Path) -> int:
    """Puts every price of the file; returns how many there are. Raises OSError, ValueError, Refusal."""
    listed = prices.read(file)
    target = running.grpc["billing"]
    async with bootstrap.as_operator(data_dir, target) as channels:
        await prices.load(channels.stub("billing", target, billing.PricingServiceStub), listed)
    return len(listed.models)
