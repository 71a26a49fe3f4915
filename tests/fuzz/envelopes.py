"""Mutated messages: how they are made, and what may come of reading one."""

import copy
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import zstandard

from common.contracts import Event, UnreadableBodyError, decode, encode
from common.contracts.codec import MAX_BODY_BYTES
from common.messaging.rabbit_message import from_amqp
from tests.fuzz.events import KINDS, as_json, example, message
from tests.fuzz.mutations import Mutator, chosen

#: What a consumer catches when headers are not ours (see RabbitSubscription and PostgresSubscription).
FOREIGN = (msgspec.ValidationError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it lies in a queue whose consumer reads `kind`; `sound` if nothing was done to it."""

    kind: type[Event]
    headers: Mapping[str, Any]
    body: bytes
    sound: bool


@dataclass
class Tally:
    """How many envelopes ended how, and what should not have happened."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.ends.update(other.ends)
        self.wrong += other.wrong

    @property
    def total(self) -> int:
        return self.ends.total()


def packed(text: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(text)


def mutated(seed: str, kind: type[Event] | None = None) -> Envelope:
    """The envelope of this seed: about one in fifty is left as it was."""
    chance = Mutator(seed)
    kind = kind or chance.random.choice(KINDS)
    whole = message(example(kind), seed)
    headers = msgspec.to_builtins(whole.headers)
    if chance.odds(0.02):
        return Envelope(kind, headers, whole.body, sound=True)
    body, in_headers = whole.body, chance.odds(0.3)
    if not in_headers or chance.odds(0.3):
        body = chosen(chance.random, _BODIES)(chance, kind, whole.body)
        # Most damage happens before a sender signs it; what happens on the way is found by the digest.
        headers["sha256"] = "0" * 64 if chance.odds(0.04) else hashlib.sha256(body).hexdigest()
    if in_headers:
        headers = _changed_headers(chance, headers)
    return Envelope(kind, headers, body, sound=False)


def _changed_value(chance: Mutator, kind: type[Event], body: bytes) -> bytes:
    return packed(chance.json(chance.changed(copy.deepcopy(as_json(kind)))))


def _damaged_text(chance: Mutator, kind: type[Event], body: bytes) -> bytes:
    return packed(chance.damaged(msgspec.json.encode(example(kind))))


def _damaged_frame(chance: Mutator, kind: type[Event], body: bytes) -> bytes:
    return chance.damaged(body)


def _other_event(chance: Mutator, kind: type[Event], body: bytes) -> bytes:
    return encode(example(chance.random.choice(KINDS)))[0]


def _odd_frame(chance: Mutator, kind: type[Event], body: bytes) -> bytes:
    """Frames without a size, with a false one, two in a row, bombs, none at all."""
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(msgspec.json.encode(example(kind)))
    bomb = chance.random.choice((_BOMB, _LARGE)) if chance.odds(0.02) else _BOMB
    return chance.random.choice((streamed, bomb, body + body, b"", b"\x28\xb5\x2f\xfd", chance.random.randbytes(200)))


#: 40 MB of blanks in 4 KB, over the limit; and 16 MB, under it.
_BOMB, _LARGE = packed(b" " * (MAX_BODY_BYTES + 2**23)), packed(b" " * 2**24)
_BODIES = {_changed_value: 45, _damaged_text: 35, _damaged_frame: 10, _other_event: 4, _odd_frame: 6}


def _changed_headers(chance: Mutator, headers: dict[str, Any]) -> dict[str, Any]:
    changed = chance.changed(headers)
    if isinstance(changed, dict) and chance.odds(0.2):
        changed = {**changed, "x-death": [{"count": 3, "queue": "q"}], "event_type": chance.odd()}
    return changed if isinstance(changed, dict) else {"not": changed}


def read(envelope: Envelope) -> str:
    """How reading ends, as a consumer and a stage do it; raises what they do not expect."""
    try:
        headers = from_amqp(envelope.headers)
    except FOREIGN:
        return "foreign headers"
    try:
        event = decode(envelope.kind, envelope.body, headers.sha256)
    except UnreadableBodyError as error:
        return _reason(str(error))
    # What could be read can be sent on.
    encode(event)
    return "read, sound" if envelope.sound else "read, though changed"


def _reason(error: str) -> str:
    if "sha256" in error:
        return "unreadable: digest"
    if "outside 0" in error:
        return "unreadable: size"
    return "unreadable: compression" if "zstd" in error or "decompress" in error else "unreadable: schema"


def read_many(seed: str, count: int) -> Tally:
    """Read `count` mutated envelopes; whatever is raised is wrong, and so is a sound one that is refused."""
    tally = Tally()
    for number in range(count):
        name = f"{seed}:{number}"
        envelope = mutated(name)
        try:
            end = read(envelope)
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            end = f"raised {type(error).__name__}"
            tally.wrong.append(f"envelope {name} ({envelope.kind.event_type}): {error!r}"[:300])
        if envelope.sound and end != "read, sound":
            tally.wrong.append(f"envelope {name} is sound and ended as: {end}")
        tally.ends[end] += 1
    return tally
