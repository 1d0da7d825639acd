"""`python -m services.ai [--check]`: the ai server. Workers: `python -m services.ai.worker`."""

from chassis.entry import run_service
from services.ai.app import serve
from services.ai.settings import AiSettings

if __name__ == "__main__":
    run_service(AiSettings, serve)
