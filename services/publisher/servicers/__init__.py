"""The gRPC doors of publisher: one class per service, one method per RPC: unpack, one use case, pack."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
"""What gRPC hands a method besides its request."""
