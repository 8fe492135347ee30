/**
 * Sends a call by the rules: one refresh for all callers, one write before any use, one judge of every error.
 *
 * Whatever replaces tokens (sign-in, refresh, a proof of a device key, consents, logout, erasure) holds one lock
 * from before it is sent until its response is stored. Nobody is signed out except under that lock, so a 401 that
 * overtakes the response of a sign-in does no harm.
 */

import { OtherPersonError, ServiceError, SignedOutError, UnreachableError } from "./errors.js";
import { type Call, Http, type Reply, type Wire } from "./http.js";
import type { Lock } from "./ports.js";
import { decide, type Received, type Sent, type Step } from "./rules.js";
import { type State, type Store, stored } from "./store.js";
import type { MissingConsent, Problem, Tokens } from "./types.js";

export interface Handlers {
    stepUp?: (() => Promise<void>) | undefined;
    agree(missing: readonly MissingConsent[]): Promise<void>;
    signedOut(error: SignedOutError): void;
}

const USE_STORED_MAX = 8; // other tabs that replace tokens while one call is under way

export class Engine {
    readonly http: Http;
    readonly #running = new Map<string, Promise<void>>();

    constructor(
        readonly wire: Wire,
        readonly store: Store,
        private readonly lock: Lock,
        private readonly handlers: Handlers,
    ) {
        this.http = new Http(wire);
    }

    /** Return the body of the response to a call. Raises: errors.ts. */
    async run<Body>(call: Call): Promise<Body> {
        const sent: Sent = { method: call.method, auth: call.auth, attempt: 1, proofs: 0, rounds: {} };
        for (;;) {
            const attempt = () => this.#attempts(call, sent);
            const [reply, step] = await (call.keep ? this.lock(attempt) : attempt());
            if (step.do === "return") return reply.body as Body;
            if (step.do === "use_stored" && call.unless) return undefined as Body;
            await this.next(step, sent, reply, call.own);
        }
    }

    /** Take the step that an answer demands before the call is sent again; raise where it isn't. */
    async next(step: Step, sent: Sent, { received, body }: Reply, own: Call["own"] = []): Promise<void> {
        const problem = (body ?? {}) as Partial<Problem>;
        const settled = step.do === "sign_out" ? await this.#signOut(sent, received, problem) : step;
        const rounds = (sent.rounds[settled.do] ?? 0) + 1;
        sent.rounds[settled.do] = rounds;
        const fails = settled.do === "fail" || own.includes(settled.do) || rounds > USE_STORED_MAX;
        if (fails) throw failure(settled, received, problem);
        if (settled.do === "refresh") await this.refresh(sent.token);
        if (settled.do === "accept_consents") await this.agree(problem.consents_missing ?? []);
        if (settled.do === "step_up") {
            const { stepUp } = this.handlers;
            if (!stepUp) throw failure(settled, received, problem);
            await this.#shared("step_up", stepUp);
        }
    }

    /** Replace this access token, unless it was replaced already: once, however many ask. */
    refresh(used: string | undefined): Promise<void> {
        return this.#shared("refresh", () =>
            this.run({
                method: "POST",
                path: "/auth/refresh",
                auth: "refresh",
                unless: ({ session }) => session?.access_token !== used,
                body: ({ session }) => ({ refresh_token: session?.refresh_token }),
                keep: keepTokens,
            }),
        );
    }

    /** Let the person agree to documents: once for all who need it. */
    agree(missing: readonly MissingConsent[]): Promise<void> {
        return this.#shared("agree", () => this.handlers.agree(missing));
    }

    /** Be the only one who changes what is stored. */
    begin(): Promise<void> {
        return this.lock(() => this.store.begin());
    }

    /** Wait between a least and a most number of seconds. */
    pause([least, most]: readonly [number, number]): Promise<void> {
        const { crypto, clock } = this.wire;
        const seconds = least + ((most - least) * (crypto.random(1)[0] as number)) / 255;
        return seconds ? new Promise((done) => void clock.after(seconds * 1000, done)) : Promise.resolve();
    }

    /** Send until something other than a repetition is due, and store what success brings before it is used. */
    async #attempts(call: Call, sent: Sent): Promise<[Reply, Step]> {
        for (;;) {
            const before = await this.store.read();
            if (call.unless?.(before)) return [{ received: null, body: undefined }, { do: "use_stored" }];
            const reply = await this.http.send(call, sent, before);
            const now = await this.store.read();
            const step = decide(sent, reply.received, stored(now));
            if (step.do !== "resend") {
                const kept = step.do === "return" && call.keep ? call.keep(now, reply.body as never, before) : now;
                if (kept !== now) await this.store.write(kept);
                return [reply, step];
            }
            const isProof = step.wait[1] === 0;
            sent[isProof ? "proofs" : "attempt"] += 1;
            if (reply.received?.status === 401 && !isProof && !call.keep) await this.lock(async () => undefined); // the response of a sign-in is on its way
            await this.pause(step.wait);
        }
    }

    /** Drop the tokens, unless they were replaced meanwhile; return the step that is due then. */
    async #signOut(sent: Sent, received: Received, problem: Partial<Problem>): Promise<Step> {
        const step = await this.lock(async () => {
            const state = await this.store.read();
            const due = decide(sent, received, stored(state));
            if (due.do === "sign_out" && state.session) await this.store.write({ ...state, session: null });
            return due;
        });
        if (step.do !== "sign_out") return step;
        const error = new SignedOutError(received?.status ?? 401, "sign_in", problem);
        this.handlers.signedOut(error);
        throw error;
    }

    /** Do something once for all who want it now. */
    #shared(what: string, work: () => Promise<void>): Promise<void> {
        const running = this.#running.get(what) ?? work().finally(() => this.#running.delete(what));
        this.#running.set(what, running);
        return running;
    }
}

/** Store a whole response, unless another process stored newer tokens while it was on its way. */
export function keepTokens(now: State, session: Tokens, before: State): State {
    const isNewer = now.session?.refresh_token !== before.session?.refresh_token;
    return isNewer ? now : { ...now, session };
}

function failure(step: Step, received: Received, problem: Partial<Problem>): Error {
    if (step.do === "fail" && step.action === "other_person")
        return new OtherPersonError("another person is signed in now");
    if (received === null) return new UnreachableError("no response came");
    const action = step.do === "fail" ? step.action : step.do;
    return new ServiceError(received.status, action === "use_stored" ? "none" : action, problem);
}
