"""What publisher does, each function one transaction: gRPC methods, event consumers and loops call the same ones."""
