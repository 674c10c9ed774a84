"""Objects of the API server, as far as a check may need them."""
