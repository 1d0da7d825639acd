"""Publisher: sites, the content pipeline, review, the calendar and the targets."""
