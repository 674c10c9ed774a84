"""Every reference to a secret is found, however a kind of target holds it."""

from __future__ import annotations

import pytest

from opsproof.collect.secrets import secrets_of
from opsproof.environment.references import SecretRef
from opsproof.environment.settings import TargetSettings, secrets
from opsproof.environment.shape import Shape
from opsproof.model.target import Target


class Login(Shape):
    password: SecretRef


class BrokerSettings(TargetSettings):
    """Someone else's kind of target, with secrets in a list, a mapping and a part of its own."""

    keys: list[SecretRef] = []
    headers: dict[str, dict[str, SecretRef]] = {}
    logins: tuple[Login, ...] = ()


SETTINGS = BrokerSettings(
    keys=[SecretRef(env="KEY_ONE"), SecretRef(env="KEY_TWO")],
    headers={"broker.example.com": {"X-Key": SecretRef(env="KEY_THREE")}},
    logins=(Login(password=SecretRef(env="KEY_FOUR")),),
)


def test_a_secret_is_found_in_lists_mappings_and_parts() -> None:
    """With the place where it stands."""
    assert {path: reference.env for path, reference in secrets(SETTINGS)} == {
        ("keys", "0"): "KEY_ONE",
        ("keys", "1"): "KEY_TWO",
        ("headers", "broker.example.com", "X-Key"): "KEY_THREE",
        ("logins", "0", "password"): "KEY_FOUR",
    }


def test_all_of_them_are_known_to_the_redactor(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {f"KEY_{name}": f"value-of-{name}" for name in ("ONE", "TWO", "THREE", "FOUR")}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    target = Target(role="broker", kind="broker", id="broker:x", settings=SETTINGS)
    assert secrets_of([target]) == frozenset(values.values())
