"""The gRPC doors of the ai service: unpack, one use case, pack."""

from typing import Any

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
