/** The client against the real handler: what an app does from its first sign-in to its last. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
    type AuthClient,
    memoryStorage,
    OtherPersonError,
    ServiceError,
    SignedOutError,
    type Storage,
} from "../src/index.js";
import {
    advance,
    agreeToRequired,
    count,
    newKey,
    patientClock,
    phone,
    provider,
    serviceTime,
    somebody,
    wire,
} from "./stage.js";

const EXPIRED = 16 * 60; // seconds: an access token is good for 15 min
const NOT_RECENT = 6 * 60; // a sign-in opens sensitive acts for 5 min
const HOUR = 3_600_000;

test("somebody signs up, with the documents in between, and reads their account", async () => {
    const { log, fetch } = wire();
    const questions: string[] = [];
    const email = somebody();
    const ana = phone({
        fetch,
        consents: (question) => {
            questions.push(question.reason, ...question.missing.map((each) => each.document));
            return agreeToRequired(question);
        },
    });
    const tokens = await ana.signIn("google", provider("google", email));
    assert.equal(tokens.is_new_user, true);
    assert.equal(questions[0], "sign_up");
    assert.ok(questions.includes("terms_of_service"));
    assert.deepEqual(
        log.filter((line) => line.startsWith("POST")),
        ["POST /auth/challenge 200", "POST /auth/google 403", "POST /auth/google 200"],
    );
    assert.equal((await ana.call("GET", "/account")).email, email);
    assert.equal((await ana.call("PATCH", "/account", { body: { display_name: "Anita" } })).display_name, "Anita");
});

test("a hundred calls meet an expired token: one refresh", async () => {
    const { log, fetch } = wire();
    const ana = phone({ fetch });
    await ana.signIn("google", provider("google", somebody()));
    await advance(EXPIRED);
    const read = await Promise.all(Array.from({ length: 100 }, () => ana.call("GET", "/account")));
    assert.equal(new Set(read.map((each) => each.id)).size, 1);
    assert.equal(count(log, "POST /auth/refresh 200"), 1);
    assert.equal(count(log, "GET /account 401"), 100);
    assert.equal(count(log, "GET /account 200"), 100);
});

for (const bound of [false, true]) {
    const kind = bound ? "bound" : "unbound";

    test(`a lost response of a refresh: the same token again (${kind})`, async () => {
        const { log, lose, fetch } = wire();
        const ana = phone({ fetch, ...(bound && { signer: await newKey() }) });
        const first = await ana.signIn("google", provider("google", somebody()));
        assert.equal(first.token_type, bound ? "DPoP" : "Bearer");
        await advance(EXPIRED);
        lose.push("POST /auth/refresh", "POST /auth/refresh");
        await ana.call("GET", "/account");
        assert.deepEqual(
            log.filter((line) => line.startsWith("POST /auth/refresh") && !line.endsWith("401")),
            ["POST /auth/refresh lost", "POST /auth/refresh lost", "POST /auth/refresh 200"],
        );
        assert.notEqual((await ana.session())?.refresh_token, first.refresh_token);
    });

    test(`killed between response and write, it goes on (${kind})`, async () => {
        const kept = memoryStorage();
        let dies = false;
        const storage: Storage = {
            read: () => kept.read(),
            write(text) {
                if (dies) throw new Error("killed");
                return kept.write(text);
            },
        };
        const signer = bound ? { signer: await newKey() } : {};
        const ana = phone({ storage, ...signer });
        await ana.signIn("google", provider("google", somebody()));
        await advance(EXPIRED);
        dies = true;
        await assert.rejects(ana.call("GET", "/account"), /killed/);
        await advance(20);
        const again = phone({ storage: kept, ...signer });
        assert.ok((await again.call("GET", "/account")).id);
        await advance(EXPIRED);
        assert.ok((await again.call("GET", "/account")).id);
    });

    test(`a clock that is an hour wrong changes nothing (${kind})`, async () => {
        for (const wrong of [-HOUR, HOUR]) {
            const now = () => serviceNow + wrong;
            let serviceNow = await serviceTime();
            const ana = phone({ clock: { ...patientClock, now }, ...(bound && { signer: await newKey() }) });
            await ana.signIn("google", provider("google", somebody()));
            assert.ok((await ana.call("GET", "/account")).id);
            await advance(EXPIRED);
            serviceNow = await serviceTime();
            assert.ok((await ana.call("GET", "/account")).id);
            await ana.logout();
        }
    });

    test(`two tabs on one storage, with a lock over both and without (${kind})`, async () => {
        for (const shared of [true, false]) {
            const { log, fetch } = wire();
            const key = bound ? { signer: await newKey() } : {};
            let last: Promise<unknown> = Promise.resolve();
            const lock = <T>(work: () => Promise<T>): Promise<T> => {
                const next = last.then(work, work);
                last = next.catch(() => undefined);
                return next;
            };
            const options = { fetch, storage: memoryStorage(), ...key, ...(shared && { lock }) };
            const tabs = [phone(options), phone(options)] as const;
            await tabs[0].signIn("google", provider("google", somebody()));
            for (let round = 0; round < 3; round++) {
                await advance(EXPIRED);
                await Promise.all([...tabs, ...tabs].map((tab) => tab.call("GET", "/sessions")));
            }
            const refreshes = count(log, "POST /auth/refresh 200");
            assert.ok(shared ? refreshes === 3 : refreshes <= 6, String(refreshes));
            assert.deepEqual(await tabs[0].session(), await tabs[1].session());
            await tabs[1].logout();
            await assert.rejects(tabs[0].call("GET", "/account"), SignedOutError);
        }
    });
}

/** Return what fails of many calls that are begun while something replaces the session. */
async function around(ana: AuthClient, replace: () => Promise<unknown>): Promise<unknown[]> {
    const failures: unknown[] = [];
    const one = () => ana.call("GET", "/account").catch((error) => failures.push(error));
    const calls = Array.from({ length: 10 }, one);
    const replacing = replace();
    calls.push(...Array.from({ length: 10 }, one));
    await Promise.all([...calls, replacing]);
    return failures;
}

test("calls around a step-up by sign-in aren't signed out, and the step-up opens the export", async () => {
    const { log, fetch } = wire();
    const email = somebody();
    let steps = 0;
    let out = 0;
    const ana = phone({
        fetch,
        signedOut: () => out++,
        stepUp: async (client) => {
            steps++;
            await client.signIn("google", provider("google", email));
        },
    });
    await ana.signIn("google", provider("google", email));
    await advance(NOT_RECENT);
    const parts: unknown[] = [];
    const exporting = async () => {
        for await (const part of ana.exportAccount()) parts.push(part);
    };
    assert.deepEqual(await around(ana, () => Promise.all([exporting(), exporting()])), []);
    assert.deepEqual([steps, out, parts.length], [1, 0, 2]);
    assert.equal(count(log, "POST /auth/google 200"), 2);
});

test("a sign-in whose response is lost replaces the session under way, and nobody is signed out", async () => {
    const { lose, fetch } = wire();
    const email = somebody();
    const ana = phone({ fetch });
    await ana.signIn("google", provider("google", email));
    lose.push("POST /auth/google");
    assert.deepEqual(await around(ana, () => ana.signIn("google", provider("google", email))), []);
});

test("a device key is registered and steps up, with signatures in either encoding", async () => {
    const email = somebody();
    const key = await newKey();
    let id = "";
    const ana = phone({ stepUp: async (client) => void (await client.proveDeviceKey(id, key)) });
    await ana.signIn("google", provider("google", email));
    id = (await ana.registerDeviceKey(key, "Ana's thumb")).id;
    await advance(NOT_RECENT);
    const other = await ana.registerDeviceKey(await newKey());
    assert.equal((await ana.session())?.session.acr, "aal2");
    await ana.call("DELETE", "/auth/biometric/registrations/{registration_id}", {
        path: { registration_id: other.id },
    });
    const { registrations } = await ana.call("GET", "/auth/biometric/registrations");
    assert.deepEqual(
        registrations.map((each) => each.name),
        ["Ana's thumb"],
    );
});

test("a withdrawn consent limits the scope; one callback widens it again", async () => {
    const reasons: string[] = [];
    const ana = phone({
        consents: (question) => {
            reasons.push(question.reason);
            return agreeToRequired(question);
        },
    });
    await ana.signIn("google", provider("google", somebody()));
    const narrow = await ana.withdrawConsent("terms_of_service");
    assert.ok(!narrow.scope.split(" ").includes("app"));
    assert.equal((await ana.session())?.access_token, narrow.access_token);
    await Promise.all([ana.requireScope("app"), ana.call("GET", "/account")]);
    assert.ok((await ana.session())?.scope.split(" ").includes("app"));
    assert.deepEqual(reasons, ["sign_up", "limited_scope"]);
});

test("a backend of the app gets the token, and its refusals are acted on", async () => {
    const ana = phone();
    await ana.signIn("google", provider("google", somebody()));
    await ana.withdrawConsent("terms_of_service");
    const seen: number[] = [];
    const backend = createServer((request, response) => {
        const [, claims = ""] = (request.headers.authorization ?? "").split(".");
        const { scope, sub } = JSON.parse(Buffer.from(claims, "base64url").toString());
        const allowed = scope.split(" ").includes("app");
        seen.push(allowed ? 200 : 403);
        if (!allowed) response.setHeader("WWW-Authenticate", 'Bearer error="insufficient_scope"');
        response.writeHead(allowed ? 200 : 403).end(JSON.stringify({ sub }));
    });
    await new Promise<void>((listening) => backend.listen(0, "127.0.0.1", listening));
    const { port } = backend.address() as AddressInfo;
    const reply = await ana.fetch(`http://127.0.0.1:${port}/appointments`);
    backend.close();
    assert.deepEqual(seen, [403, 200]);
    assert.equal(JSON.parse(reply.text).sub, (await ana.session())?.user.id);
});

test("an identity at another provider is linked, and removed when it is there no more", async () => {
    const { lose, fetch } = wire();
    const email = somebody();
    const ana = phone({ fetch });
    await ana.signIn("google", provider("google", email));
    const linked = await ana.link("apple", provider("apple", email));
    assert.equal(linked.provider, "apple");
    lose.push(`DELETE /account/identities/${linked.id}`);
    await ana.call("DELETE", "/account/identities/{identity_id}", { path: { identity_id: linked.id } });
    assert.equal((await ana.call("GET", "/account/identities")).identities.length, 1);
});

test("an account is erased: the receipt is stored, verified and asked again", async () => {
    const { lose, fetch } = wire();
    const storage = memoryStorage();
    const ana = phone({ fetch, storage });
    await ana.signIn("google", provider("google", somebody()));
    lose.push("DELETE /account");
    const erased = await ana.erase();
    assert.equal(erased.verified, true);
    assert.equal(await ana.session(), null);
    assert.equal(JSON.parse((await storage.read()) ?? "").erasure.receipt, erased.receipt);
    assert.equal((await ana.erasure()).id, erased.erasure.id);
    await assert.rejects(ana.call("GET", "/account"), SignedOutError);
});

test("all of a person's sessions end, and the other device learns of it", async () => {
    const email = somebody();
    const out: string[] = [];
    const [one, two] = [phone(), phone({ signedOut: (error) => out.push(error.code) })] as const;
    await one.signIn("google", provider("google", email));
    await two.signIn("google", provider("google", email));
    await one.logout({ all_devices: true });
    assert.equal(await one.session(), null);
    await Promise.all([1, 2, 3].map(() => assert.rejects(two.call("GET", "/account"), SignedOutError)));
    assert.equal(out[0], "session_revoked");
    assert.equal(await two.session(), null);
});

test("a call isn't sent again as another person who signed in meanwhile", async () => {
    const storage = memoryStorage();
    const [one, two] = [phone({ storage }), phone({ storage })] as const;
    await one.signIn("google", provider("google", somebody()));
    const anas = await storage.read();
    const { log, fetch } = wire();
    const late = phone({
        storage,
        fetch: async (to, init) => {
            await two.logout();
            await two.signIn("google", provider("google", somebody()));
            return fetch(to, init);
        },
    });
    assert.ok(anas);
    await assert.rejects(late.call("DELETE", "/sessions"), OtherPersonError);
    assert.deepEqual(log, ["DELETE /sessions 401"]);
});

test("a refusal is a typed error with words for people", async () => {
    const ana = phone();
    await ana.signIn("google", provider("google", somebody()));
    await assert.rejects(
        ana.call("DELETE", "/sessions/{session_id}", { path: { session_id: crypto.randomUUID() } }),
        (error) => error instanceof ServiceError && error.code === "not_found" && Boolean(error.problem.user_message),
    );
});
