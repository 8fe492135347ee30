"""The rules that every message to a person keeps, in one place."""

import re
from collections.abc import Callable, Mapping

import pytest

from chalicelib.domain.errors import leaves
from chalicelib.routes.language import Locale, preferred_locale
from chalicelib.routes.messages import MESSAGES

WORDS = range(6, 16)
BLAME = {
    Locale.en: r"you(?:'ve)? (?:failed|did|entered|made|forgot|need|should|can't|cannot)"
    r"|your fault|invalid|wrong|incorrect|illegal|mistake|bad|denied|forbidden|rejected|refused"
    r"|not allowed|must",
    Locale.es: r"falló|fallaste|culpa|inválid\w+|incorrect\w+|equivocad\w+|mal|denegad\w+|prohibid\w+"
    r"|rechazad\w+|debe\w*|tiene que|su error",
}
JARGON = {
    Locale.en: r"tokens?|session|nonce|servers?|requests?|json|http|api|database|error|codes?|credentials?"
    r"|authenticat\w+|authori\w+|fields?|payload|header|scope|refresh|expired|endpoint|id",
    Locale.es: r"tokens?|nonce|servidor\w*|solicitud\w*|petici\w+|json|http|api|base de datos|error|códigos?"
    r"|credencial\w*|autentica\w+|autoriza\w+|campos?|cabecera|caduc\w+|expir\w+|id",
}
ALARM = r"[!¡]|[A-ZÁÉÍÓÚÑ]{2,}|\b(?:fatal|critical|danger|warning|alert|urgente?|peligro|alerta|grave)\b"
WE = {
    Locale.en: r"\b(?:we|we're|we've|we'll|our|us)\b",
    Locale.es: r"\b(?:\w+mos|nos|nuestr\w+)\b",
}
NEXT_STEP = {Locale.en: r"\bplease \w+", Locale.es: r"\bpor favor, \w+"}
ALL = [
    pytest.param(locale, message.text(locale), id=f"{code}-{locale}")
    for code, message in MESSAGES.items()
    for locale in Locale
]


def _whole_words(patterns: Mapping[Locale, str], locale: Locale) -> str:
    return rf"\b(?:{patterns[locale]})\b"


RULES: Mapping[str, Callable[[Locale, str], bool]] = {
    "6 to 15 words": lambda _, text: len(text.split()) in WORDS,
    "says 'we'": lambda locale, text: bool(re.search(WE[locale], text, re.IGNORECASE)),
    "says what happens next": lambda locale, text: bool(re.search(NEXT_STEP[locale], text, re.IGNORECASE)),
    "never blames": lambda locale, text: not re.search(_whole_words(BLAME, locale), text, re.IGNORECASE),
    "no jargon": lambda locale, text: not re.search(_whole_words(JARGON, locale), text, re.IGNORECASE),
    "calm": lambda _, text: not re.search(ALARM, text),
    "whole sentences": lambda _, text: text.endswith(".") and text[0].isupper(),
    "no detail": lambda _, text: not re.search(r"[0-9_{}<>/\\]", text),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("locale", "text"), ALL)
def test_every_message_keeps_every_rule(locale: Locale, text: str, rule: str) -> None:
    assert RULES[rule](locale, text), text


@pytest.mark.parametrize(
    ("rule", "locale", "text"),
    [
        ("6 to 15 words", Locale.en, "Please try again."),
        ("says 'we'", Locale.en, "Something went astray here. Please try again."),
        ("says what happens next", Locale.es, "Tenemos dificultades para abrir esta página ahora."),
        ("never blames", Locale.en, "We saw an invalid password. Please try again."),
        ("never blames", Locale.es, "Vimos que la clave es incorrecta. Por favor, repita."),
        ("no jargon", Locale.en, "We couldn't read your token. Please try again."),
        ("calm", Locale.en, "We lost it! Please try again right NOW."),
        ("no detail", Locale.en, "We answered with 500 again. Please wait."),
    ],
)
def test_the_rules_notice_what_breaks_them(rule: str, locale: Locale, text: str) -> None:
    assert not RULES[rule](locale, text)


def test_every_error_has_a_message_and_no_message_is_left_over() -> None:
    assert set(MESSAGES) == {error.code for error in leaves()}


def test_every_message_is_translated() -> None:
    assert all(message.en != message.es for message in MESSAGES.values())


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, Locale.en),
        ("", Locale.en),
        ("es", Locale.es),
        ("ES-mx", Locale.es),
        ("es-419,es;q=0.9,en;q=0.8", Locale.es),
        ("en-US,en;q=0.9,es;q=0.8", Locale.en),
        ("fr-CA, es;q=0.5 , en;q=0.4", Locale.es),
        ("fr,de", Locale.en),
        ("en;q=0.1,es;q=0.2", Locale.es),
        ("en;q=0, *;q=0.5", Locale.es),
        ("es;q=0", Locale.en),
        ("*", Locale.en),
        ("es;q=2", Locale.en),
        ("es;q=0.1234", Locale.en),
        ("es\x00", Locale.en),
        ("es, <script>", Locale.es),  # what is no range is ignored alone
        ("de;q=high, es-x-!, es;q=0.4, en;q=0.3", Locale.es),
        ("es_419,en_US;q=0.5", Locale.es),
        ("es-US-u-mu-celsius-x-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd", Locale.es),
        ("es," * 200, Locale.es),
        ("fr," * 170 + "es" * 99, Locale.en),
        (",".join(["fr"] * 17 + ["es"]), Locale.en),
    ],
)
def test_the_language_is_the_best_one_of_ours(header: str | None, locale: Locale) -> None:
    assert preferred_locale(header) is locale
