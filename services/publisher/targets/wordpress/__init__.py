"""WordPress by its REST API: one article is one post, however often and however badly its delivery went."""
