"""The commands behind the Makefile; `parser` declares them all."""

import argparse
import contextlib
import json
import os
import sys
from datetime import UTC, datetime

from chalicelib.domain.providers import GOOGLE, PROVIDERS
from local import cleaning, keys_options, operate_options
from local.audit_options import add_parsers
from local.command_line import CommandLine, whole_number
from local.dev_providers import DevProviders
from local.places import LOCAL, StackError, explained
from local.running import AlreadyRunning, Stopped, stop_run, stop_signals
from local.shell import forget_foreign
from local.standard_output import BROKEN_PIPE, be_silent, reader_is_gone


def main(arguments: list[str]) -> int:
    """Carry out a command; returns the exit code."""
    forget_foreign()
    options = parser().parse_args(arguments)
    commands = {
        "run": run,
        "stop": stop,
        "token": token,
        "clean": clean,
        "consents": consents,
        "drill": drill,
        "keys": keys,
        "operate": operate,
        "restore": restore,
    }
    commands |= dict.fromkeys(("audit-seal", "audit-verify", "audit-export"), audited)
    try:
        commands[options.command](options)
        sys.stdout.flush()
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        be_silent()
        return BROKEN_PIPE
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 2
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if (sentence := explained(error)) is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    top = CommandLine(prog="python -m local", description="The local stack of serenya-auth.")
    commands = top.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("run", help="bring everything up and serve until Ctrl-C")
    serving.add_argument(
        "--network", choices=("good", "bad"), default="good", help="bad: it loses and delays"
    )
    serving.add_argument("--seed", type=whole_number(), default=7, help="which troubles a bad network makes")
    commands.add_parser("stop", help="end what `run` started, from another shell")
    commands.add_parser("clean", help="remove what `run` and the tests made")
    keys_options.add_parser(commands)
    commands.add_parser("restore", help="make the database ready after it was restored from a backup")
    commands.add_parser("drill", help="rehearse the restore of a backup from before an erasure")
    person = commands.add_parser("token", help="print a fresh ID token of a development provider")
    person.add_argument("--provider", choices=tuple(PROVIDERS), default=GOOGLE.name)
    person.add_argument("--name", default="Ana Diaz")
    person.add_argument("--email", default="ana@example.com")
    person.add_argument(
        "--subject", help="the account at the provider; by default always the same for an e-mail"
    )
    person.add_argument("--client", help="the client id the token is for")
    person.add_argument("--nonce", help="what the app had the provider put into the token")
    coverage = commands.add_parser("consents", help="count how people stand on the consent documents")
    coverage.add_argument("--document", help="with --version: as if that version took effect now")
    coverage.add_argument("--version")
    coverage.add_argument("--json", action="store_true", help="for scripts")
    operate_options.add_parser(commands)
    add_parsers(commands)
    return top


def run(options: argparse.Namespace) -> None:
    """Bring everything up and serve."""
    with stop_signals(), contextlib.suppress(Stopped):
        from local import stack  # noqa: PLC0415 -- a second of imports: not for `token`, and Ctrl-C ends them too

        stack.run(os.environ, options.seed if options.network == "bad" else None)


def stop(_: argparse.Namespace) -> None:
    """End the stack that runs in this checkout."""
    print("Stopped." if stop_run() else "Nothing is running.")


def clean(_: argparse.Namespace) -> None:
    """Remove what the stack and the tests made."""
    cleaning.clean()


def drill(_: argparse.Namespace) -> None:
    """Rehearse the restore of a backup."""
    from local.drill import run as perform  # noqa: PLC0415 -- a second of imports, for this command alone

    perform()


def token(options: argparse.Namespace) -> None:
    """Print an ID token, and nothing else, for the person and client that the options name."""
    client = {"audience": options.client} if options.client else {}
    told = {"nonce": options.nonce, "now": datetime.now(UTC), **client}
    people = DevProviders.within(LOCAL)
    subject = options.subject or people.subject(options.provider, options.email)
    print(people.token(options.provider, subject=subject, email=options.email, name=options.name, **told))


def consents(options: argparse.Namespace) -> None:
    """Print the coverage of the consent documents on the running stack."""
    from local.invoke import coverage_table, invoke  # noqa: PLC0415 -- a second of imports, for this command alone

    answer = invoke("consent_coverage", {"document": options.document, "version": options.version})
    print(json.dumps(answer) if options.json else coverage_table(answer))


def operate(options: argparse.Namespace) -> None:
    """Find a person, or act on their account, as an operator."""
    from local.operate import operate as perform  # noqa: PLC0415 -- a second of imports, for this command alone

    perform(options)


def restore(_: argparse.Namespace) -> None:
    """Bring the running stack's database up to date after it was restored, and print what that took."""
    from local.invoke import invoke  # noqa: PLC0415 -- a second of imports, for this command alone

    print(json.dumps(invoke("restore", {})))


def keys(options: argparse.Namespace) -> None:
    """Show the keys of the running stack, or change one."""
    from local.keys import keys as perform  # noqa: PLC0415 -- a second of imports, for this command alone

    perform(options)


def audited(options: argparse.Namespace) -> None:
    """Seal, verify or export the audit record."""
    from local import audit  # noqa: PLC0415 -- a second of imports, for these commands alone

    {"audit-seal": audit.seal, "audit-verify": audit.verify, "audit-export": audit.export}[options.command](
        options
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
