"""Where an installation without servers keeps its data, and the secret its passwords are made from."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def home() -> Path:
    """POSTHORN_HOME, or `posthorn` in the user's data folder."""
    chosen = os.environ.get("POSTHORN_HOME")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(chosen).absolute() if chosen else Path(data) / "posthorn"


def database_passwords(folder: Path, services: tuple[str, ...]) -> dict[str, str]:
    """A password for each service's role, derived from a secret that only the owner of the folder can read."""
    file = folder / "secret"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(secrets.token_hex(32))
    key = file.read_text().strip().encode()
    derived = {s: hmac.new(key, s.encode(), hashlib.sha256).hexdigest() for s in services}
    # Services that run elsewhere (docker-compose.yml) have theirs from the environment: EXTRACTOR_DATABASE_PASSWORD …
    return {s: os.environ.get(f"{s.upper()}_DATABASE_PASSWORD") or derived[s] for s in services}
