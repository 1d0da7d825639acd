"""What every service stands on; knows no product noun."""

import os

# Before anything imports grpc: its C core otherwise writes lines of its own, past our logs, for every lost connection.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
