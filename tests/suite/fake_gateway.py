"""A tiny gateway for the suite's tests: its /readyz is on PORT."""

import os

from tests.suite.fake_service import main

if __name__ == "__main__":
    main(int(os.environ["PORT"]))
