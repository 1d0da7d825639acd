"""The schema `publisher`: one module per noun; every query a caller causes is filtered by the account."""
