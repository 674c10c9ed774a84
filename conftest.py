"""Registers the plugin, nothing more."""

pytest_plugins = ["opsproof.plugin"]
