/** One attempt over the network: worded anew each time, bounded in time, and read to its end. */

import { base64url, utf8 } from "./bytes.js";
import { AuthError, OtherPersonError, SignedOutError } from "./errors.js";
import type { Clock, Crypto, Fetch, HttpResponse, Signer } from "./ports.js";
import { type Received, type Sent, TIMEOUT_MS } from "./rules.js";
import { proof } from "./signatures.js";
import type { State } from "./store.js";
import type { Problem } from "./types.js";

export interface Call {
    method: string;
    path: string;
    query?: Record<string, string | number | undefined> | undefined;
    auth: Sent["auth"];
    /** Of a credential that isn't the session's. */
    bearer?: string;
    /** Sends a proof though no token is sent: the session that this begins is bound to the key. */
    binds?: boolean;
    body?: (state: State) => object | undefined;
    /** Returns what is stored after success, of what is stored now, the response, and what was stored before. */
    keep?: (now: State, body: never, before: State) => State;
    /** Tells, under the lock, that there is nothing to do any more. */
    unless?: (state: State) => boolean;
    /** Steps that the caller takes itself. */
    own?: readonly string[];
}

export interface Reply {
    received: Received;
    body: unknown;
}

interface AbortControllers {
    AbortController: new () => { readonly signal: never; abort(): void };
}

export interface Wire {
    url: string;
    fetch: Fetch;
    clock: Clock;
    crypto: Crypto;
    signer?: Signer | undefined;
    language?: string | undefined;
}

export class Http {
    readonly #nonces = new Map<string, string>(); // the newest of each server

    constructor(private readonly wire: Wire) {}

    /** Send one attempt with the tokens of the state. No response in time, or none of this service, is null. */
    async send(call: Call, sent: Sent, state: State): Promise<Reply> {
        const headers: Record<string, string> = { Accept: "application/json" };
        const content = call.body?.(state);
        if (content) headers["Content-Type"] = "application/json";
        if (this.wire.language) headers["Accept-Language"] = this.wire.language;
        if (call.bearer) headers.Authorization = `Bearer ${call.bearer}`;
        const url = this.wire.url + call.path;
        Object.assign(headers, await this.authorization(call.method, url, call, sent, state));
        const reply = await this.timed(url + query(call.query), {
            method: call.method,
            headers,
            ...(content && { body: JSON.stringify(content) }),
        });
        return reply ? understood(reply.response, reply.text) : { received: null, body: undefined };
    }

    /** Return the headers that prove who calls, and note in `sent` which token that was. */
    async authorization(
        method: string,
        url: string,
        call: Pick<Call, "auth" | "binds">,
        sent: Sent,
        { session }: State,
    ): Promise<Record<string, string>> {
        const { signer, crypto, clock } = this.wire;
        if (call.auth === "none" && !(call.binds && signer)) return {};
        const headers: Record<string, string> = {};
        let ath: string | undefined;
        if (call.auth !== "none") {
            if (!session) throw new SignedOutError(401, "sign_in", {});
            sent.user ??= session.user.id;
            if (sent.user !== session.user.id) throw new OtherPersonError("another person is signed in now");
            sent.token = session[`${call.auth}_token`];
            if (call.auth === "access") headers.Authorization = `${session.token_type} ${sent.token}`;
            if (session.token_type !== "DPoP") return headers;
            if (call.auth === "access") ath = base64url(await crypto.sha256(utf8.encode(sent.token)));
        }
        if (!signer) throw new AuthError("the session is bound to a key: pass its signer");
        const nonce = this.#nonces.get(origin(url));
        headers.DPoP = await proof(signer, { htm: method, htu: url.split(/[?#]/)[0], ath, nonce }, crypto, clock);
        return headers;
    }

    /** Return a response and its text, or null when they didn't come in time. */
    timed(
        url: string,
        init: { method: string; headers: Record<string, string>; body?: string },
        timeout = TIMEOUT_MS,
    ): Promise<{ response: HttpResponse; text: string } | null> {
        return new Promise((resolve) => {
            const controller = new (globalThis as unknown as AbortControllers).AbortController();
            const cancel = this.wire.clock.after(timeout, () => {
                resolve(null);
                controller.abort();
            });
            const exchange = async () => {
                const response = await this.wire.fetch(url, {
                    ...init,
                    credentials: "omit",
                    signal: controller.signal,
                });
                const nonce = response.headers.get("DPoP-Nonce");
                if (nonce) this.#nonces.set(origin(url), nonce);
                return { response, text: await response.text() };
            };
            exchange()
                .then(resolve, () => resolve(null))
                .finally(cancel);
        });
    }
}

/** Return what a response says. A success that isn't JSON is none of this service (a captive portal), so it is null. */
export function understood(response: HttpResponse, text: string): Reply {
    const { status } = response;
    const body = json(text);
    if (status < 400) {
        const isOurs = status === 204 || body !== undefined;
        return { received: isOurs ? { status } : null, body };
    }
    const problem = (typeof body === "object" && body ? body : {}) as Partial<Problem>;
    const after = Number(response.headers.get("Retry-After") ?? problem.retry_after);
    const received: NonNullable<Received> = { status };
    if (typeof problem.code === "string") received.code = problem.code;
    if (typeof problem.action === "string") received.action = problem.action;
    if (after > 0) received.retry_after = after;
    return { received, body: problem };
}

function json(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function origin(url: string): string {
    return url.split("/").slice(0, 3).join("/");
}

function query(values: Call["query"] = {}): string {
    const pairs = Object.entries(values).filter(([, value]) => value !== undefined);
    const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
    return text && `?${text}`;
}
