"""What a person says of themselves, in the app: no provider's word ever overwrites it (decision 0020)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from chalicelib.domain.formats import Format, optional, text_or_none


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Chosen:
    """The fields that a person may set; None is what they never set, or took back.

    ``language`` is a tag of BCP 47, ``time_zone`` a name of the IANA database.
    """

    display_name: str | None = None
    language: str | None = None
    time_zone: str | None = None

    def __repr__(self) -> str:
        """Show that something may be chosen, not what: a repr ends up in logs and test reports."""
        return "Chosen(***)"

    def __bool__(self) -> bool:
        """Tell whether anything is chosen; nothing is not worth a ciphertext."""
        return self != NOTHING

    def changed(self, changes: Mapping[str, str | None]) -> "Chosen":
        """Return what is chosen after these changes, each by the name of its field."""
        return replace(self, **changes)

    def differences(self, other: "Chosen") -> tuple[str, ...]:
        """Return the names of the fields that differ."""
        mine, others = asdict(self), asdict(other)
        return tuple(name for name in mine if mine[name] != others[name])

    def to_bytes(self) -> bytes:
        """Return the one spelling that is encrypted."""
        return CHOSEN.write_record(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Chosen":
        """Return what `to_bytes` wrote, in any release. Raises IntegrityFailure."""
        return cls(**CHOSEN.read_json(raw))


CHOSEN = Format(
    "chosen",
    {
        "display_name": optional(text_or_none),
        "language": optional(text_or_none),
        "time_zone": optional(text_or_none),
    },
)
NOTHING = Chosen()
