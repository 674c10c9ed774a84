"""The statements of each ask, and its facts from their rows: only SELECTs of the system's catalogs and views."""
