"""What reading costs at least: the same pages over the same kind of connection, thrown away unread.

usage: python raw_get.py KUBECONFIG PATH...
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import requests

IN_FLIGHT = 4  # as opsproof's default budget of a target
_TOKEN = re.compile(rb'"continue":"([^"]*)"')  # stands before the items


def main(kubeconfig: str, *paths: str) -> None:
    config = json.loads(Path(kubeconfig).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    began = time.monotonic(), time.process_time()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = cluster["certificate-authority"]
        session.cert = (user["client-certificate"], user["client-key"])
        session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            sizes = [*pool.map(lambda path: sum(map(len, _pages(session, cluster["server"], path))), paths)]
    work = {"wall": time.monotonic() - began[0], "cpu": time.process_time() - began[1]}
    told = {"work": work, "bytes": sum(sizes)}
    Path(os.environ["OPSPROOF_BENCH_STAGES"]).write_text(json.dumps(told))


def _pages(session: requests.Session, server: str, path: str) -> Iterator[bytes]:
    token = b""
    while True:
        more = f"&continue={quote(token.decode(), safe='')}" if token else ""
        body = session.get(server + path + more, timeout=60).content
        yield body
        found = _TOKEN.search(body[:4096])
        token = found[1] if found else b""
        if not token:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
