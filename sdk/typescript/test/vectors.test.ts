/** The rules that every client keeps, in any language: sdk/vectors. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
    type AuthClient,
    decide,
    type Lock,
    OtherPersonError,
    type Received,
    type Sent,
    ServiceError,
    SignedOutError,
    type Step,
    type Stored,
    UnreachableError,
} from "../src/index.js";
import { type Script, scripted, signer, type TokenNames } from "./scripted.js";

interface Case {
    name: string;
    sent?: Partial<Sent>;
    received: Received;
    stored?: Stored | null;
    step: Step;
}

interface Journal {
    name: string;
    stored: TokenNames | null;
    store_fails?: boolean;
    calls: string[];
    times?: number;
    tabs?: number;
    responses: Script;
    journal?: string[];
    counts?: Record<string, number>;
    results: string[];
}

const folder = process.env.VECTORS ?? new URL("../../../vectors/", import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const steps: { defaults: { sent: Sent; stored: Stored }; cases: Case[] } = read("steps.json");
const journals: { journals: Journal[] } = read("journals.json");

for (const { name, sent, received, stored = steps.defaults.stored, step } of steps.cases) {
    test(`step: ${name}`, () => {
        assert.deepEqual(decide({ ...steps.defaults.sent, ...sent }, received, stored), step);
    });
}

for (const each of journals.journals) {
    test(`journal: ${each.name}`, async () => {
        const bound = each.stored?.token_type === "DPoP" ? { signer: await signer() } : {};
        const { tab, journal } = await scripted(each.stored, each.responses, {
            storeFails: each.store_fails ?? false,
            ...bound,
            lock: oneLock(),
        });
        const calls = each.calls.flatMap((call) => Array<string>(each.times ?? 1).fill(call));
        const tabs = Array.from({ length: each.tabs ?? 1 }, tab);
        const results = await Promise.all(tabs.flatMap((client) => calls.map((call) => resultOf(client, call))));
        assert.deepEqual([...new Set(results)], each.results);
        if (each.journal) assert.deepEqual(journal, each.journal);
        if (each.counts) assert.deepEqual(counted(journal), each.counts);
    });
}

/** Return the lock that tabs share. */
function oneLock(): Lock {
    let last: Promise<unknown> = Promise.resolve();
    return (work) => {
        const next = last.then(work, work);
        last = next.catch(() => undefined);
        return next;
    };
}

async function resultOf(client: AuthClient, call: string): Promise<string> {
    const [method, path] = call.split(" ");
    try {
        await client.call(method as never, path as never);
        return "ok";
    } catch (error) {
        if (error instanceof SignedOutError) return "signed_out";
        if (error instanceof ServiceError) return error.action;
        if (error instanceof OtherPersonError) return "other_person";
        return error instanceof UnreachableError ? "unreachable" : (error as Error).message;
    }
}

function counted(lines: string[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const line of lines) counts[line] = (counts[line] ?? 0) + 1;
    return counts;
}
