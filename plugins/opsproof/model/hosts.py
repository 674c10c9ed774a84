"""Host names and addresses as the network writes them."""

from __future__ import annotations

import ipaddress


def ascii_host(host: str) -> str:
    """`host` in lower case, as A-label where it has letters beyond ASCII; without brackets and last dot.

    A name that no registry could hold (`_dmarc`, an empty label) stays as it is: the resolver says what is wrong.
    """
    plain = host.strip("[]").rstrip(".").lower()
    if plain.isascii():
        return plain
    import idna  # its tables are large, and few names need them

    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return plain


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, with or without brackets; None for a name."""
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def with_port(host: str, port: int) -> str:
    """`example.org:443`, `[::1]:443`."""
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
