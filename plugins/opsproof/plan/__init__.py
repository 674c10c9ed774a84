"""Plan: from files alone to what a run could decide."""
