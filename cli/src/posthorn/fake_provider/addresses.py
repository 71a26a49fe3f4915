"""Where the fake provider stands in for each source: the variables that lead Posthorn to it."""

import re
from collections.abc import Collection

from posthorn.fake_provider.wires import WIRES
from sources.registry import adapter_of, adapters
from sources.settings import variable_of

#: A place of the address that is a label of the host name of its own, such as the board in {board}.recruitee.com.
_LABEL = re.compile(r"(?:(?<=//)|(?<=\.))\{(\w+)\}(?=\.)")

_UNSPARED = "60000"


def base_url(source: str, url: str) -> str:
    """The address that stands in for the source's own; "" for a source that is not on the web."""
    own = adapter_of(source).settings.base_url
    if not own.startswith("http") and source not in WIRES:
        return ""
    return "/".join([f"{url}/{source}", *(f"{{{name}}}" for name in _LABEL.findall(own))])


def key_of(source: str, need: str) -> str:
    """A made-up credential."""
    return f"fake-{source}-{need}".replace("_", "-")


def environment(url: str, only: Collection[str] = ()) -> dict[str, str]:
    """The variables of these sources (none named: all): address, credentials, and that it need not be spared."""
    found: dict[str, str] = {}
    for name, adapter in adapters().items():
        if (address := base_url(name, url)) and (not only or name in only):
            found |= {variable_of(name, "base_url"): address, variable_of(name, "quotas"): "none"}
            found[variable_of(name, "requests_per_minute")] = _UNSPARED
            found |= {variable_of(name, need): key_of(name, need) for need in adapter.settings.needs}
    return found
