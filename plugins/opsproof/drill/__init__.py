"""A restore that is tried: the newest dump into a scratch database, measured, examined and taken away again."""
