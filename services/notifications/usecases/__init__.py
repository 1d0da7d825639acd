"""One function, one transaction; both doors call them."""
