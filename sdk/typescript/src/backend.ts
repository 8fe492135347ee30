/** Calls to backends of the app: with the access token, and with an ear for what they say of it. */

import type { Engine } from "./engine.js";
import { UnreachableError } from "./errors.js";
import { understood } from "./http.js";
import { decide, type Sent } from "./rules.js";
import { stored } from "./store.js";

export interface BackendRequest {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    /** Milliseconds. */
    timeout?: number;
}

export interface BackendResponse {
    status: number;
    headers: { get(name: string): string | null };
    text: string;
}

/** Return the response of a backend after what its 401 or 403 says of the token was acted on. */
export async function callBackend(
    engine: Engine,
    url: string,
    { timeout = 60_000, ...init }: BackendRequest,
): Promise<BackendResponse> {
    const { http, store } = engine;
    const method = init.method ?? "GET";
    const sent: Sent = { method, auth: "access", attempt: 1, proofs: 0, rounds: {} };
    for (;;) {
        const state = await store.read();
        const authorization = await http.authorization(method, url, sent, sent, state);
        const headers = { ...init.headers, ...authorization };
        const reply = await http.timed(url, { ...init, method, headers }, timeout);
        if (!reply) throw new UnreachableError(`${url} did not respond`);
        const { response, text } = reply;
        const { received, body } = understood(response, text);
        const about = received && challenged(received, response.headers);
        if (!about) return { status: response.status, headers: response.headers, text };
        const step = decide(sent, about, stored(await store.read()));
        if (step.do === "resend") sent.proofs += 1;
        else await engine.next(step, sent, { received: about, body });
    }
}

/** Return what a backend's refusal says of the token: by the members of a problem, or by its challenge (RFC 6750, 9449, 9470). */
function challenged(
    received: { status: number; code?: string; action?: string },
    headers: { get(name: string): string | null },
): { status: number; code?: string; action: string } | null {
    const { status } = received;
    if (status !== 401 && status !== 403) return null;
    const challenge = headers.get("WWW-Authenticate") ?? headers.get("x-amzn-Remapped-WWW-Authenticate") ?? "";
    const code = received.code ?? /error="(\w+)"/.exec(challenge)?.[1] ?? (status === 401 ? "invalid_token" : "");
    const action = BY_CHALLENGE[code];
    return action ? { status, code, action } : null;
}

const BY_CHALLENGE: Record<string, string> = {
    token_expired: "refresh",
    invalid_token: "refresh",
    missing_token: "refresh",
    use_dpop_nonce: "retry",
    invalid_dpop_proof: "retry",
    insufficient_scope: "accept_consents",
    insufficient_user_authentication: "step_up",
};
