"""Read the consent texts that ship with the service, and refuse a set that is not entirely well-formed.

A text is `<kind>/<version>.<locale>.md`: front matter of `key: value` lines between two `---` lines, then the
words. Its SHA-256 is taken over exactly the bytes behind the second `---` line (UTF-8, each newline one LF):
`awk 'n >= 2; /^---$/ {n++}' FILE | sha256sum`
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Final

from chalicelib.domain.consents import ConsentDocument

DOCUMENTS: Final = Path(__file__).resolve().parent.parent / "documents"
LOCALES: Final = frozenset({"en", "es"})  # every text exists in every language that error messages speak
FILE_BYTES_MAX: Final = 100_000  # a dozen texts stay far below what Lambda may answer (6 MB)

HALVES: Final = re.compile(r"---\n((?:.*\n)*?)---\n((?s:.*))")
WORDS: Final = re.compile(r"\S.*\S")
FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "kind": re.compile(r"(?!(?:documents|receipt)$)[a-z][a-z_]*"),
    "version": re.compile(r"[1-9][0-9]*\.[0-9]+"),
    "locale": re.compile("|".join(sorted(LOCALES))),
    "title": WORDS,
    "effective_at": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
    "legal_basis": re.compile(r"GDPR art\. [0-9]\S*( \S+)*"),
    "required": re.compile("true|false"),
    "purpose": WORDS,
    "grace_days": re.compile(r"[0-9]{1,3}"),
    "changes": WORDS,
}
CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")  # a CR would change the hash unseen


class InvalidDocuments(Exception):
    """The set can't be published; `faults` names every reason, one sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(("The consent documents can't be read:", *self.faults)))


class _Faulty(Exception):
    """One file is not a document."""


def load_documents(root: Path = DOCUMENTS) -> tuple[ConsentDocument, ...]:
    """Return every text below `root`, ordered by kind, version and language.

    Raises:
        InvalidDocuments: with every fault of every file at once.
    """
    documents: list[ConsentDocument] = []
    faults: list[str] = []
    for path in sorted(root.glob("*/[!.]*")):
        name = path.relative_to(root).as_posix()
        try:
            documents.append(_document(name, path.read_bytes()))
        except _Faulty as faulty:
            faults += [f"{name}: {fault}" for fault in faulty.args]
    faults += _disagreements(documents)
    if faults or not documents:
        raise InvalidDocuments(faults or [f"{root.name}: there are none"])
    return tuple(documents)


def _document(name: str, raw: bytes) -> ConsentDocument:
    head, text = _halves(raw)
    fields = _fields(head)
    if name != "{kind}/{version}.{locale}.md".format_map(fields):
        raise _Faulty("its path is not <kind>/<version>.<locale>.md of its own front matter")
    try:
        effective_at = datetime.fromisoformat(fields["effective_at"])
    except ValueError as error:
        raise _Faulty(f"effective_at: {error}") from error
    return ConsentDocument(
        kind=fields["kind"],
        version=fields["version"],
        locale=fields["locale"],
        title=fields["title"],
        sha256=sha256(text.encode()).hexdigest(),
        legal_basis=fields["legal_basis"],
        required=fields["required"] == "true",
        purpose=fields["purpose"],
        effective_at=effective_at,
        grace=timedelta(days=int(fields["grace_days"])),
        changes=fields["changes"],
        text=text,
    )


def _halves(raw: bytes) -> tuple[str, str]:
    if len(raw) > FILE_BYTES_MAX:
        raise _Faulty(f"longer than {FILE_BYTES_MAX} bytes")
    try:
        content = raw.decode()
    except UnicodeDecodeError as error:
        raise _Faulty("not UTF-8") from error
    if CONTROLS.search(content):
        raise _Faulty("holds a tab, a CR or another control character; only LF is allowed")
    halves = HALVES.fullmatch(content)
    if halves is None:
        raise _Faulty("does not begin with front matter between two --- lines")
    head, text = halves.groups()
    if not text.strip() or not text.endswith("\n"):
        raise _Faulty("its text is empty or lacks the newline at its end")
    return head, text


def _fields(head: str) -> dict[str, str]:
    pairs = [line.partition(": ") for line in head.split("\n")[:-1]]
    names = [name for name, _, _ in pairs]
    faults = [f"{name!r} is not a field" for name in names if name not in FORMS]
    faults += [f"{name} is missing" for name in FORMS if name not in names]
    faults += [f"{name} stands there twice" for name in sorted(set(names)) if names.count(name) > 1]
    faults += [f"{name} can't be {value!r}" for name, _, value in pairs if not _fits(name, value)]
    if faults:
        raise _Faulty(*faults)
    return {name: value for name, _, value in pairs}


def _fits(name: str, value: str) -> bool:
    return name not in FORMS or FORMS[name].fullmatch(value) is not None


def _disagreements(documents: Iterable[ConsentDocument]) -> Iterator[str]:
    effective: dict[tuple[str, datetime], str] = {}
    for (kind, version), translations in groupby(documents, key=lambda d: (d.kind, d.version)):
        same = list(translations)
        missing = LOCALES - {document.locale for document in same}
        if missing:
            yield f"{kind} {version}: lacks a valid text in {', '.join(sorted(missing))}"
        if len({(d.required, d.legal_basis, d.effective_at, d.grace) for d in same}) > 1:
            yield f"{kind} {version}: its languages differ in required, basis, effective_at or grace"
        other = effective.setdefault((kind, same[0].effective_at), version)
        if other != version:
            yield f"{kind} {version}: takes effect at the same moment as {other}; neither is current"
