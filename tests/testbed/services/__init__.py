"""The servers beside Kubernetes: Prometheus and its exporter, Alertmanager, PostgreSQL, Redis, nginx."""
