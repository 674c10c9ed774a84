"""moto's server, a stand-in for Amazon's APIs, and what tests have it say in place of its own answers.

python -m tests.testbed.services.aws_server PORT FILE
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

Start = Callable[..., Any]
_ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>told so</Message></Error>"
    "<RequestId>testbed</RequestId></ErrorResponse>"
)


class Otherwise:
    """An application whose answers are changed by the rules of a file, which is read with every request.

    A rule names an action of the API. With `status` and `code` the request is refused so, `times` times if that is
    given; with `pattern` what it matches in the answer becomes `by`, `count` times (0: everywhere).
    """

    def __init__(self, application: Any, file: Path) -> None:
        self._application = application
        self._file = file
        self._refused: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        asked = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(asked)
        action = parse_qs(asked.decode("latin-1")).get("Action", [""])[0]
        rules = [rule for rule in self._rules() if rule["action"] == action]
        for rule in rules:
            if "status" in rule and self._refuses(rule):
                return _answered(start, rule["status"], [], _ERROR.format(code=rule["code"]).encode())
        told: list[Any] = []
        content = b"".join(
            self._application(environ, lambda status, headers, *_: told.extend((status, headers)))
        )
        for rule in rules:
            if "pattern" in rule:
                changed = re.sub(
                    rule["pattern"], rule["by"], content.decode(), count=rule["count"], flags=re.DOTALL
                )
                content = changed.encode()
        return _answered(start, told[0], told[1], content)

    def _rules(self) -> list[dict[str, Any]]:
        return json.loads(self._file.read_text()) if self._file.exists() else []

    def _refuses(self, rule: dict[str, Any]) -> bool:
        name = json.dumps(rule, sort_keys=True)
        self._refused[name] += 1
        return rule["times"] is None or self._refused[name] <= rule["times"]


def _answered(start: Start, status: str, headers: list[tuple[str, str]], content: bytes) -> Iterable[bytes]:
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start(status, [*kept, ("Content-Length", str(len(content)))])
    return [content]


def main(port: str, file: str) -> None:
    application = Otherwise(DomainDispatcherApplication(create_backend_app), Path(file))
    run_simple("127.0.0.1", int(port), application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(*sys.argv[1:])
