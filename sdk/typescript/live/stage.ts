/** The service that tests/sdk/stage.py serves, and people who sign in to it. */

import assert from "node:assert/strict";
import {
    AuthClient,
    type Clock,
    type ConsentAnswer,
    type ConsentQuestion,
    type Fetch,
    memoryStorage,
    type Nonce,
    type Options,
    type ProviderAnswer,
    type Signer,
    systemClock,
    webCryptoSigner,
} from "../src/index.js";

export const url = process.env.AUTH_URL ?? "";
const control = process.env.CONTROL_URL ?? "";

async function lever<T>(path: string, form?: Record<string, string>): Promise<T> {
    const response = await fetch(control + path, form && { method: "POST", body: new URLSearchParams(form) });
    assert.equal(response.status, 200);
    return (await response.json()) as T;
}

export const advance = (seconds: number) => lever("/advance", { seconds: String(seconds) });
export const serviceTime = async () => (await lever<{ now: number }>("/time")).now;

/** Return how somebody signs in at a development provider, with the nonce in the form that it takes. */
export function provider(name: string, email: string): (nonce: Nonce) => Promise<ProviderAnswer> {
    return ({ raw }) => lever<ProviderAnswer>("/token", { provider: name, email, nonce: raw });
}

export async function agreeToRequired({ documents }: ConsentQuestion): Promise<ConsentAnswer[]> {
    return documents
        .filter((each) => each.required)
        .map(({ document, version }) => ({ document, version, granted: true }));
}

export async function newKey(): Promise<Signer> {
    return webCryptoSigner(await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]));
}

export interface Wire {
    /** What was sent, with the status that came back. */
    log: string[];
    /** Names of requests (`POST /auth/refresh`) whose next response gets lost. */
    lose: string[];
    fetch: Fetch;
}

/** Return a fetch that keeps a log, and loses the responses that it is told to lose. */
export function wire(): Wire {
    const log: string[] = [];
    const lose: string[] = [];
    return {
        log,
        lose,
        async fetch(to, init) {
            const response = await fetch(to, init);
            const text = await response.text();
            const name = `${init.method} ${new URL(to).pathname}`;
            const lost = lose.indexOf(name);
            log.push(`${name} ${lost < 0 ? response.status : "lost"}`);
            if (lost >= 0) {
                lose.splice(lost, 1);
                throw new TypeError("the response was lost");
            }
            return { status: response.status, headers: response.headers, text: async () => text };
        },
    };
}

const TIMEOUT_MS = 8000;
const PATIENCE = 30; // a busy machine is no bad network

/** The system's clock, on which a request that takes long isn't lost. */
export const patientClock: Clock = {
    ...systemClock,
    after: (milliseconds, run) => systemClock.after(milliseconds * (milliseconds === TIMEOUT_MS ? PATIENCE : 1), run),
};

/** Return a client that agrees to what is required. */
export function phone(options: Partial<Options> = {}): AuthClient {
    return new AuthClient({
        url,
        storage: memoryStorage(),
        device: { platform: "ios" },
        consents: agreeToRequired,
        clock: patientClock,
        ...options,
    });
}

let people = 0;

/** Return an address that nobody had. */
export function somebody(): string {
    people += 1;
    return `person-${process.pid}-${people}@example.com`;
}

export function count(log: readonly string[], line: string): number {
    return log.filter((each) => each === line).length;
}
