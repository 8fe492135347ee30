"""The consent texts: well-formed, complete, never changed once published (G1, GDPR art. 7(1))."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from chalicelib.clients.documents import DOCUMENTS, LOCALES, InvalidDocuments, load_documents
from local.published import broken_promises, register, unregistered

REQUIRED = {
    "terms_of_service",
    "privacy_policy",
    "medical_disclaimer",
    "healthcare_consultation",
    "emergency_care_limitation",
}
TERMS = "terms_of_service/1.0.en.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a copy of the shipped texts that a test may spoil."""
    return Path(shutil.copytree(DOCUMENTS, tmp_path / "documents"))


def edit(root: Path, old: str, new: str, name: str = TERMS) -> None:
    path = root / name
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def faults(root: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidDocuments) as caught:
        load_documents(root)
    return caught.value.faults


def test_no_published_text_was_changed_or_removed() -> None:
    assert not broken_promises(DOCUMENTS), "\n".join(broken_promises(DOCUMENTS))


def test_every_text_is_registered_as_published() -> None:
    assert not unregistered(DOCUMENTS), f"New texts: run `make documents`: {unregistered(DOCUMENTS)}"


def test_the_shipped_kinds_exist_in_every_language() -> None:
    shipped = {(d.kind, d.locale) for d in load_documents()}
    assert shipped == {(kind, locale) for kind in REQUIRED | {"ai_processing"} for locale in LOCALES}


def test_only_processing_by_ai_is_optional_and_rests_on_explicit_consent() -> None:  # G2
    optional = {d.kind: d.legal_basis for d in load_documents() if not d.required}
    assert optional == {"ai_processing": "GDPR art. 9(2)(a)"}


def test_shipped_texts_say_that_they_are_samples() -> None:
    marks = {"en": "**SAMPLE TEXT.**", "es": "**TEXTO DE EJEMPLO.**"}
    assert all(marks[d.locale] in d.text for d in load_documents())


def test_a_text_is_read_with_all_that_its_front_matter_says() -> None:
    terms = next(d for d in load_documents() if (d.kind, d.locale) == ("terms_of_service", "en"))
    assert (terms.version, terms.title, terms.required) == ("1.0", "Terms of Service", True)
    assert terms.effective_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert terms.grace == timedelta(days=30)


def test_the_hash_is_that_of_the_bytes_behind_the_front_matter() -> None:
    terms = next(d for d in load_documents() if (d.kind, d.locale) == ("terms_of_service", "en"))
    _, _, words = (DOCUMENTS / TERMS).read_bytes().split(b"---\n", 2)
    assert terms.sha256 == sha256(words).hexdigest()


def test_one_changed_letter_in_a_published_text_is_noticed_with_what_to_do(root: Path) -> None:
    edit(root, "Fair use", "Fair Use")
    (problem,) = broken_promises(root)
    assert TERMS in problem
    assert "new version" in problem


def test_changed_front_matter_of_a_published_text_is_noticed(root: Path) -> None:
    edit(root, "required: true", "required: false")
    assert len(broken_promises(root)) == 1


def test_a_removed_published_text_is_noticed(root: Path) -> None:
    (root / TERMS).unlink()
    assert "removed" in broken_promises(root)[0]


def test_a_new_version_is_unregistered_until_it_is_registered(root: Path) -> None:
    for locale in LOCALES:
        source = root / f"terms_of_service/1.0.{locale}.md"
        words = (
            source.read_text()
            .replace("version: 1.0", "version: 9.0", 1)
            .replace("2026-01-01", "2099-01-01", 1)
        )
        (root / f"terms_of_service/9.0.{locale}.md").write_text(words)
    new = ("terms_of_service/9.0.en.md", "terms_of_service/9.0.es.md")
    assert unregistered(root) == new
    assert register(root) == new
    assert not unregistered(root)


def test_registering_again_never_blesses_a_changed_text(root: Path) -> None:
    edit(root, "Fair use", "Fair Use")
    register(root)
    assert broken_promises(root)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("---\n", "", "does not begin with front matter"),
        ("kind: ", "sort: ", "kind is missing"),
        ("kind: ", "sort: ", "'sort' is not a field"),
        ("version: 1.0", "version: 1.0\nversion: 1.0", "version stands there twice"),
        ("version: 1.0", "version: one", "version can't be 'one'"),
        ("version: 1.0", "version: 1.1", "its path is not"),
        ("locale: en", "locale: xx", "locale can't be 'xx'"),
        ("title: Terms of Service", "title: ", "title can't be ''"),
        ("2026-01-01T00:00:00Z", "2026-01-01", "effective_at can't be"),
        ("2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "effective_at: month must be"),
        ("required: true", "required: yes", "required can't be 'yes'"),
        ("grace_days: 30", "grace_days: -1", "grace_days can't be '-1'"),
        ("legal_basis: GDPR", "legal_basis: GPDR", "legal_basis can't be"),
        ("Fair use", "Fair\tuse", "control character"),
        ("legal_basis: GDPR art. 6(1)(b)", "legal_basis: GDPR art. 6(1)(c)", "its languages differ"),
    ],
)
def test_a_malformed_text_is_refused(root: Path, old: str, new: str, fault: str) -> None:
    edit(root, old, new)
    assert any(fault in found for found in faults(root)), faults(root)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda path: path.write_bytes(b"\xff" + path.read_bytes()), "not UTF-8"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")), "control character"),
        (lambda path: path.write_text(path.read_text() + "x" * 100_000), "longer than 100000 bytes"),
        (lambda path: path.write_text(path.read_text().rstrip("\n")), "lacks the newline"),
        (lambda path: path.rename(path.with_name("1.0.fr.md")), "its path is not"),
        (lambda path: path.unlink(), "terms_of_service 1.0: lacks a valid text in en"),
    ],
)
def test_a_file_that_is_no_document_is_refused(
    root: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    spoil(root / TERMS)
    assert any(fault in found for found in faults(root)), faults(root)


def test_two_versions_can_not_take_effect_at_the_same_moment(root: Path) -> None:
    for locale in LOCALES:
        words = (
            (root / f"terms_of_service/1.0.{locale}.md")
            .read_text()
            .replace("version: 1.0", "version: 9.9", 1)
        )
        (root / f"terms_of_service/9.9.{locale}.md").write_text(words)
    assert any("same moment" in fault for fault in faults(root))


def test_every_fault_of_every_file_is_named_at_once(root: Path) -> None:
    edit(root, "kind: ", "sort: ")
    edit(root, "grace_days: 30", "grace_days: soon")
    edit(root, "required: true", "required: maybe", "privacy_policy/1.0.es.md")
    assert len(faults(root)) == 6, faults(root)  # four of the fields, and two kinds now lack a language


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path)
