"""What reads a table from end to end is found, by the act that sent it; small tables may be read so."""

from collections.abc import Iterator

from bench.parts import Parts
from bench.plans import whole_reads
from local.database import connected

READS = {
    "by nothing that has an index": "SELECT id\nFROM sessions WHERE client_id = 'ios'",
    "in a later message": "SELECT 1",
    "of few rows": "SELECT * FROM consent_documents",
    "inside a change": "UPDATE sessions SET jkt = NULL WHERE user_id IN (SELECT user_id FROM devices)",
}


def acts(parts: Parts) -> Iterator[str]:
    for name, statement in READS.items():
        with connected(parts.owner_url) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(statement)
            cursor.execute("ROLLBACK")
        yield name


def test_what_reads_a_whole_table_is_named_with_the_act_that_sent_it(bench_parts: Parts) -> None:
    found = list(whole_reads(bench_parts.owner_url, bench_parts.postgres.log_file, acts(bench_parts)))
    assert sorted(found) == [
        "by nothing that has an index: sessions",
        "inside a change: devices",
        "inside a change: sessions",
    ]
