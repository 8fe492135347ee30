"""Answers to consent documents, as sign-in and the settings of an app send them."""

from chalicelib.domain.consents import ConsentAnswer
from chalicelib.routes.fields import Flag, Text
from chalicelib.routes.language import Spoken
from chalicelib.routes.route import Call
from chalicelib.routes.schema import Items, Record, optional, required

ANSWERS_MAX = 32
METHOD = Text(
    max_chars=64,
    pattern="onboarding|settings|prompt|bundle:[a-z0-9_]+",
    description="How the person answered; bundle:NAME where one box stands for several documents.",
)
ANSWER = Record(
    "ConsentAnswer",
    {
        "document": required(Text(max_chars=64)),
        "version": required(Text(max_chars=32)),
        "granted": required(Flag(description="A missing field is not consent.")),
        "locale": optional(Spoken(description="The language shown; Accept-Language if absent.")),
        "method": optional(METHOD),
    },
)
ANSWERS = Items(of=ANSWER, max_items=ANSWERS_MAX)
SOME_ANSWERS = Items(of=ANSWER, min_items=1, max_items=ANSWERS_MAX)


def read_answers(call: Call, *, default_method: str) -> tuple[ConsentAnswer, ...]:
    """Return the answers in a body's `consents`."""
    return tuple(
        ConsentAnswer(
            document=answer["document"],
            version=answer["version"],
            granted=answer["granted"],
            locale=str(answer["locale"] or call.locale),
            method=answer["method"] or default_method,
        )
        for answer in call.body["consents"] or ()
    )
