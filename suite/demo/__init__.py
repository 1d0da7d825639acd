"""`igny8 demo`: the main job on a keyword list, through the gateway's REST API as any client would do it."""
