"""The pages of the built-in target: published articles and the index of a site, as HTML without scripts."""
