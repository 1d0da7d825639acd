"""Model providers behind one port: who answers an AI function's prompt."""
