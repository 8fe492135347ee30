/**
 * The rules of the client as one pure function: what was sent, what came back and what is stored now decide the
 * next step. `sdk/vectors/steps.json` holds the same rules for clients in other languages.
 */

import { ACTIONS, type Action } from "./actions.js";

export const ATTEMPTS = 4; // with the time-out and the pauses, all within the 30 s in which a lost response can be had again
export const TIMEOUT_MS = 8_000;
export const WAIT_SECONDS_MAX = 30; // a longer Retry-After is the app's to wait for
const ROUNDS = 3; // of refreshing, stepping up and agreeing in one call: more is a loop
const PROOFS = 5; // refused in one call: an unknown nonce, an old one, and what a network delivered twice
const PROOF_REFUSED: ReadonlySet<string> = new Set(["use_dpop_nonce", "invalid_dpop_proof"]);
const OF_TOKENS: ReadonlySet<string> = new Set(["refresh", "sign_in", "step_up", "accept_consents"]);

/** The tokens that are stored now, and whose they are. */
export interface Stored {
    access_token: string;
    refresh_token: string;
    user: string;
}

/** One attempt. `token` is the one that it carried, of the kind that `auth` names. */
export interface Sent {
    method: string;
    auth: "access" | "refresh" | "none";
    token?: string;
    user?: string;
    attempt: number; // from 1; a refused proof doesn't count
    proofs: number; // refused so far
    rounds: Partial<Record<Step["do"], number>>; // steps that were taken for this call
}

/** What came back; null: nothing did. */
export type Received = { status: number; code?: string; action?: string; retry_after?: number } | null;

export type Step =
    | { do: "return" }
    | { do: "resend"; wait: [least: number, most: number] } // seconds; with the same token and a new proof
    | { do: "use_stored" } // go on with the tokens that are stored now
    | { do: "refresh" }
    | { do: "step_up" }
    | { do: "accept_consents" }
    | { do: "sign_out" } // drop the tokens, then fail
    | { do: "fail"; action: Action | "unreachable" | "other_person" };

/** Return what the app does, also where the action is unknown or missing. */
export function actionOf(received: { status: number; action?: string }): Action {
    const { status, action } = received;
    if (action !== undefined && ACTIONS.has(action)) return action as Action;
    return status >= 500 || (status === 429 && action === undefined) ? "retry" : "none";
}

/** Return the next step. */
export function decide(sent: Sent, received: Received, stored: Stored | null): Step {
    if (received === null) return again(sent, undefined, "unreachable");
    const { status, code = "" } = received;
    if (status < 400) return { do: "return" };
    if (status === 404 && sent.method === "DELETE" && sent.attempt > 1) return { do: "return" }; // an earlier attempt did it
    const action = actionOf(received);
    if (sent.auth !== "none" && OF_TOKENS.has(action)) {
        const replaced = replacement(sent, stored);
        if (replaced) return replaced;
    }
    switch (action) {
        case "retry":
            if (PROOF_REFUSED.has(code))
                return sent.proofs < PROOFS ? { do: "resend", wait: [0, 0] } : { do: "fail", action: "retry" };
            if (status === 401 && replacement(sent, stored)?.do === "use_stored") return { do: "use_stored" };
            return again(sent, received.retry_after, "retry");
        case "sign_in":
            return sent.auth === "none" ? { do: "fail", action } : { do: "sign_out" };
        case "refresh":
            return sent.auth === "access" ? once(sent, action) : { do: "fail", action };
        case "step_up":
        case "accept_consents":
            return once(sent, action);
        default:
            return { do: "fail", action };
    }
}

/** Return what to do where other tokens are stored now than the ones that were sent; undefined where they are the same. */
function replacement(sent: Sent, stored: Stored | null): Step | undefined {
    if (!stored || sent.auth === "none") return undefined;
    if (stored.user !== sent.user) return { do: "fail", action: "other_person" };
    return stored[`${sent.auth}_token`] === sent.token ? undefined : { do: "use_stored" };
}

/** Return to send again: after Retry-After and up to a quarter more, or after a pause that grows. */
function again(sent: Sent, retryAfter: number | undefined, action: "retry" | "unreachable"): Step {
    if (sent.attempt >= ATTEMPTS || (retryAfter ?? 0) > WAIT_SECONDS_MAX) return { do: "fail", action };
    const pause = 2 ** (sent.attempt - 2); // 0.5, 1 and 2 s
    return { do: "resend", wait: retryAfter ? [retryAfter, retryAfter * 1.25] : [pause / 2, pause] };
}

function once(sent: Sent, step: "refresh" | "step_up" | "accept_consents"): Step {
    return (sent.rounds[step] ?? 0) < ROUNDS ? { do: step } : { do: "fail", action: step };
}
