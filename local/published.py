"""Keep the register of published consent texts, `published.txt`: people agreed to exactly these bytes.

Its lines are those of sha256sum over whole files, front matter included: `sha256sum -c published.txt` agrees.
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from chalicelib.clients.documents import DOCUMENTS, load_documents
from chalicelib.domain.consents import ConsentDocument

REGISTER = "published.txt"


def in_force(documents: Iterable[ConsentDocument], now: datetime) -> dict[str, ConsentDocument]:
    """Return the text of each kind that is in force, in any one language."""
    begun = sorted(
        (each for each in documents if each.effective_at <= now), key=lambda each: each.effective_at
    )
    return {each.kind: each for each in begun}


def agreements(now: datetime, root: Path = DOCUMENTS) -> list[dict[str, object]]:
    """Return what a sign-up agrees to: every required document that is in force."""
    return [
        {"document": each.kind, "version": each.version, "granted": True}
        for each in in_force(load_documents(root), now).values()
        if each.required
    ]


def broken_promises(root: Path) -> tuple[str, ...]:
    """Return what is wrong with texts that were published, one sentence each with what to do."""
    there = _there(root)
    return tuple(
        f"{name} is published and was {'changed' if name in there else 'removed'}. People agreed to the old"
        f" words: restore it from git, and write a new version: {Path(name).parent}/<new version>.<locale>.md"
        for name, digest in _registered(root).items()
        if there.get(name) != digest
    )


def unregistered(root: Path) -> tuple[str, ...]:
    """Return the texts that are not published yet."""
    return tuple(name for name in _there(root) if name not in _registered(root))


def register(root: Path) -> tuple[str, ...]:
    """Add the new texts to the register, and return their names.

    Raises:
        InvalidDocuments: some text is not well-formed; nothing is registered.
    """
    load_documents(root)
    new = unregistered(root)
    lines = {**{name: _there(root)[name] for name in new}, **_registered(root)}
    (root / REGISTER).write_text(
        "".join(f"{lines[name]}  {name}\n" for name in sorted(lines)), encoding="utf-8"
    )
    return new


def _there(root: Path) -> Mapping[str, str]:
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.glob("*/[!.]*"))
    }


def _registered(root: Path) -> Mapping[str, str]:
    path = root / REGISTER
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


if __name__ == "__main__":
    if problems := broken_promises(DOCUMENTS):
        sys.exit("\n".join(problems))
    print("\n".join(f"registered {name}" for name in register(DOCUMENTS)) or "nothing new")
