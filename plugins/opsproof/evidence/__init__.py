"""What a run leaves behind, so that others can believe it: journal, facts, requests, manifest."""
