"""Mistakes in how servers are asked: pace, identity, redaction, deadlines."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

COLLECT = (
    Slip(
        "facts are kept as they came",
        f"{_P}/collect/collection.py",
        "redacted = self.redactor.json(part)",
        "redacted = part",
        "collect",
    ),
    Slip(
        "failures are told as they came",
        f"{_P}/collect/collection.py",
        "message=self.redactor.text(failure.message))",
        "message=failure.message)",
        "collect transport contract",
    ),
    Slip(
        "keys are blanked, too",
        f"{_P}/collect/redaction.py",
        "        if match[1] is not None:\n            return match[0]\n",
        "",
        "collect",
    ),
    Slip(
        "a secret is blanked within words",
        f"{_P}/collect/redaction.py",
        "kept = known.blanked(text, BLANK, whole=True)",
        "kept = known.blanked(text, BLANK)",
        "collect",
    ),
    Slip(
        "base64 of a secret is let through",
        f"{_P}/collect/secret_forms.py",
        "cores = {core for part in long for core in _cores(part)}",
        "cores: set[str] = set()",
        "collect",
    ),
    Slip(
        "requests are not recorded redacted",
        f"{_P}/collect/collection.py",
        "        request.path = self.redactor.text(request.path)\n",
        "",
        "collect",
    ),
    Slip(
        "another server than the declared one is asked",
        f"{_P}/collect/collection.py",
        "            if found != declared:\n",
        "            if found is None:\n",
        "collect",
    ),
    Slip(
        "an identity that the server does not tell is proven",
        f"{_P}/collect/collection.py",
        "            if found != declared:\n",
        "            if found is not None and found != declared:\n",
        "collect",
    ),
    Slip(
        "a probe of an unproven server counts",
        f"{_P}/collect/collection.py",
        "            if ask.probing:\n                self._require_proof(target, link)\n",
        "",
        "collect",
    ),
    Slip(
        "the pin is not checked on the connection",
        f"{_P}/transport/web_connection.py",
        'require(cast("Secured", self.sock), pin)',
        "pass",
        "transport collect sources/http",
    ),
    Slip(
        "pacing is off",
        f"{_P}/collect/collection.py",
        "        time.sleep(max(0.0, free_at - time.monotonic()))\n",
        "",
        "collect contract",
    ),
    Slip(
        "what one ask may receive is not counted",
        f"{_P}/transport/web.py",
        "        link.read(len(chunk))\n",
        "",
        "transport contract collect",
    ),
    Slip(
        "a drip is waited for",
        f"{_P}/transport/web.py",
        "            if dog.bitten:  # cut off, which may look like an end\n                raise late\n",
        "",
        "transport contract sources/http",
    ),
    Slip(
        "429 is an answer",
        f"{_P}/transport/web.py",
        "if response.status not in {429, 503}:",
        "if response.status != 503:",
        "transport contract sources",
    ),
    Slip(
        "redirects are followed",
        f"{_P}/transport/web.py",
        "        stream=True, allow_redirects=False,\n    ) as answer:",
        "        stream=True, allow_redirects=bool(setattr(type(client), 'get_redirect_target', "
        "requests.Session.get_redirect_target)) or True,\n    ) as answer:",
        "transport contract sources",
    ),
    Slip(
        "the surrounding shell has a say",
        f"{_P}/transport/web.py",
        "made.trust_env = False",
        "made.trust_env = True",
        "transport sources contract",
    ),
    Slip(
        "headers go to every host",
        f"{_P}/sources/http/settings.py",
        "            if _belongs(url, place):\n",
        "            if True:\n",
        "sources/http",
    ),
    Slip(
        "headers go over plain http",
        f"{_P}/sources/http/settings.py",
        'return (scheme if found else "https"), ',
        'return (scheme if found else "http"), ',
        "sources/http",
    ),
    Slip(
        "a token goes over plain http",
        f"{_P}/environment/settings.py",
        'return parts.scheme == "http" and not loopback(parts.hostname)',
        "return False",
        "environment",
    ),
    Slip(
        "a kubeconfig's token goes over plain http",
        f"{_P}/sources/kubernetes/login.py",
        "if found.authorization and settings.would_tell(found.server):",
        "if False:",
        "sources/kubernetes",
    ),
    Slip(
        "of two kubeconfigs the last entry of a name wins",
        f"{_P}/sources/kubernetes/kubeconfig.py",
        "for file in files:\n        names",
        "for file in reversed(files):\n        names",
        "sources/kubernetes/test_kubeconfigs.py",
    ),
)
