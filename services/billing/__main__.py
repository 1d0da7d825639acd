"""`python -m services.billing [--check]`."""

from chassis.entry import run_service
from services.billing.app import serve
from services.billing.settings import BillingSettings

if __name__ == "__main__":
    run_service(BillingSettings, serve)
