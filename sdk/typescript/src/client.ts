/** What an app calls. `docs/tokens.md` has the rules; the engine keeps them. */

import { type BackendRequest, type BackendResponse, callBackend } from "./backend.js";
import { base64url, hex, utf8 } from "./bytes.js";
import { Engine, keepTokens } from "./engine.js";
import { AuthError, DeclinedError, ServiceError } from "./errors.js";
import type { Call, Wire } from "./http.js";
import type { ConsentQuestion, Nonce, Options, ProviderAnswer } from "./options.js";
import { platformFetch, platformLock, type Signer, systemClock, webCrypto } from "./ports.js";
import { signatureAs, uuid, verified } from "./signatures.js";
import { type State, Store } from "./store.js";
import type {
    AccountExport,
    Body,
    ConsentAnswer,
    ConsentDocument,
    ConsentGrant,
    DeviceKey,
    Erasure,
    ErasureReceipt,
    Identity,
    Jwks,
    LinkedProvider,
    Method,
    MissingConsent,
    Path,
    Response,
    Tokens,
} from "./types.js";

type Parameters<P extends Path, M> = {
    path?: Record<string, string>;
    query?: Record<string, string | number | undefined>;
    body?: Body<P, M>;
};

const RESTARTS = 1;
const RECEIPT = "erasure-receipt+jwt";

export class AuthClient {
    readonly #engine: Engine;
    readonly #options: Options;

    constructor(options: Options) {
        const crypto = options.crypto ?? webCrypto();
        const wire: Wire = {
            url: options.url.replace(/\/+$/, ""),
            fetch: options.fetch ?? platformFetch,
            clock: options.clock ?? systemClock,
            crypto,
            signer: options.signer,
            language: options.language,
        };
        const { stepUp } = options;
        this.#options = options;
        this.#engine = new Engine(
            wire,
            new Store(options.storage, () => uuid(crypto)),
            options.lock ?? platformLock(`serenya-auth ${wire.url}`),
            {
                stepUp: stepUp && (() => stepUp(this)),
                agree: (missing) => this.#agree(missing),
                signedOut: (error) => options.signedOut?.(error),
            },
        );
    }

    /** Return what is stored: the person, the session and its tokens; null when nobody is signed in. */
    async session(): Promise<Tokens | null> {
        return (await this.#engine.store.read()).session;
    }

    /** Call a route of the service. */
    call<P extends Path, M extends Method<P>>(
        method: M,
        path: P,
        more: Parameters<P, M> = {},
    ): Promise<Response<P, M>> {
        const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(more.path?.[name] ?? ""));
        const body = more.body as object | undefined;
        return this.#engine.run({ method, path: filled, query: more.query, auth: "access", body: () => body });
    }

    /**
     * Sign in or up. `ask` shows the provider's sign-in with the nonce and returns its ID token; it is asked again
     * where the service wants a new one. With a `purpose`, the nonce is for that purpose.
     */
    signIn(
        provider: string,
        ask: (nonce: Nonce) => Promise<ProviderAnswer>,
        { purpose }: { purpose?: string } = {},
    ): Promise<Tokens> {
        let consents: ConsentAnswer[] = [];
        return this.#restarting(async () => {
            const [nonce, answer] = await this.#asked(ask, purpose, "none");
            await this.#engine.begin();
            for (let round = 0; ; round++) {
                try {
                    return await this.#engine.run<Tokens>({
                        method: "POST",
                        path: `/auth/${provider}`,
                        auth: "none",
                        binds: true,
                        own: ["accept_consents"],
                        body: ({ device_id }) => ({
                            ...answer,
                            nonce,
                            device: { ...this.#options.device, id: device_id },
                            consents,
                        }),
                        keep: (now, session: Tokens) => ({ ...now, session }),
                    });
                } catch (error) {
                    if (!asksForConsents(error) || round > RESTARTS) throw error;
                    consents = await this.#answers("sign_up", error.problem.consents_missing ?? []);
                }
            }
        });
    }

    /** Add a way to sign in to the account. */
    link(provider: LinkedProvider, ask: (nonce: Nonce) => Promise<ProviderAnswer>): Promise<Identity> {
        return this.#restarting(async () => {
            const [nonce, { id_token }] = await this.#asked(ask, "link_identity", "access");
            return this.call("POST", "/account/identities", { body: { provider, id_token, nonce } });
        });
    }

    /** Register a key of the phone's hardware, by which the person proves presence later. */
    registerDeviceKey(key: Signer, name?: string): Promise<DeviceKey> {
        const public_key = key.publicKey;
        return this.#restarting(async () => {
            const { challenge } = await this.call("POST", "/auth/biometric/register", { body: { public_key } });
            const signature = await signed(key, challenge);
            const body = { public_key, challenge, signature, ...(name && { name }) };
            return this.call("POST", "/auth/biometric/complete", { body });
        });
    }

    /** Prove presence with a registered key: for 5 minutes every sensitive act is open. */
    proveDeviceKey(registration_id: string, key: Signer): Promise<Tokens> {
        return this.#restarting(async () => {
            const { challenge } = await this.call("POST", "/auth/biometric/challenge");
            const signature = await signed(key, challenge);
            return this.#engine.run<Tokens>({
                method: "POST",
                path: "/auth/biometric/verify",
                auth: "access",
                body: ({ session }) => ({
                    registration_id,
                    challenge,
                    signature,
                    refresh_token: session?.refresh_token,
                }),
                keep: keepTokens,
            });
        });
    }

    /** Let the person agree, until the token has a scope (`app`, `ai`). Raises DeclinedError if it still hasn't. */
    async requireScope(scope: string): Promise<void> {
        const has = async () => (await this.session())?.scope.split(" ").includes(scope);
        if (await has()) return;
        await this.#engine.agree((await this.session())?.consents_missing ?? []);
        if (!(await has())) throw new DeclinedError(`the scope ${scope} needs consents that were not given`);
    }

    /** Return the documents in force; nobody need be signed in. */
    async documents(): Promise<ConsentDocument[]> {
        const call: Call = { method: "GET", path: "/consents/documents", auth: "none" };
        return (await this.#engine.run<{ documents: ConsentDocument[] }>(call)).documents;
    }

    /** Record answers to documents; the token's scope follows at once. */
    answerConsents(consents: ConsentAnswer[]): Promise<ConsentGrant> {
        const own = ["accept_consents"]; // an old version: the caller shows the documents again
        return this.#grant({ method: "POST", path: "/consents", auth: "access", own, body: () => ({ consents }) });
    }

    /** Withdraw a consent. */
    withdrawConsent(document: string): Promise<ConsentGrant> {
        return this.#grant({ method: "DELETE", path: `/consents/${encodeURIComponent(document)}`, auth: "access" });
    }

    /** Return everything that is held about the person, part by part. */
    async *exportAccount(): AsyncGenerator<AccountExport> {
        for (let part = 1, parts = 1; part <= parts; part++) {
            const one: AccountExport = await this.call("GET", "/account/export", { query: { part } });
            parts = one.parts;
            yield one;
        }
    }

    /** Erase the account. The receipt is stored before anything else, then its signature is verified. */
    async erase(): Promise<ErasureReceipt & { verified: boolean }> {
        const done = await this.#engine.run<ErasureReceipt>({
            method: "DELETE",
            path: "/account",
            auth: "access",
            body: () => ({ confirm: true }),
            keep: (now, erasure: ErasureReceipt, before) => ({ ...ended(now, before), erasure }),
        });
        const call: Call = { method: "GET", path: "/.well-known/jwks.json", auth: "none" };
        const { keys } = await this.#engine.run<Jwks>(call).catch(() => ({ keys: [] })); // it is erased all the same
        const claims = await verified(done.receipt, RECEIPT, keys, this.#engine.wire.crypto);
        return { ...done, verified: claims?.erasure_id === done.erasure.id };
    }

    /** Return how far an erasure is, by its receipt; the stored one if none is given. */
    async erasure(of?: ErasureReceipt): Promise<Erasure> {
        const receipt = of ?? (await this.#engine.store.read()).erasure;
        if (!receipt) throw new AuthError("nothing was erased here");
        const path = `/account/erasures/${receipt.erasure.id}`;
        const call: Call = { method: "GET", path, auth: "none", bearer: receipt.secret };
        return (await this.#engine.run<{ erasure: Erasure }>(call)).erasure;
    }

    /** End the session, or all of the person's, and drop the tokens. */
    async logout({ all_devices = false }: { all_devices?: boolean } = {}): Promise<void> {
        if (!(await this.session())) return;
        await this.#engine.run({
            method: "POST",
            path: "/auth/logout",
            auth: "refresh",
            body: ({ session }) => ({ refresh_token: session?.refresh_token, all_devices }),
            keep: (now, _: never, before) => ended(now, before),
        });
    }

    /**
     * Call a backend of the app with the access token, refreshed where that is needed. Only what its 401 or 403 says
     * of the token is acted on; every other response is returned as it is, with its text.
     */
    fetch(url: string, request: BackendRequest = {}): Promise<BackendResponse> {
        return callBackend(this.#engine, url, request);
    }

    /** Ask a provider with a new nonce; return the nonce and what the provider answered. */
    async #asked(
        ask: (nonce: Nonce) => Promise<ProviderAnswer>,
        purpose: string | undefined,
        auth: "none" | "access",
    ): Promise<[string, ProviderAnswer]> {
        const body = () => (purpose ? { purpose } : {});
        const { nonce } = await this.#engine.run<{ nonce: string }>({
            method: "POST",
            path: "/auth/challenge",
            auth,
            body,
        });
        const sha256 = hex(await this.#engine.wire.crypto.sha256(utf8.encode(nonce)));
        return [nonce, await ask({ raw: nonce, sha256 })];
    }

    /** Begin a flow again with a new challenge where the service says so. */
    async #restarting<T>(flow: () => Promise<T>): Promise<T> {
        for (let restarts = 0; ; restarts++) {
            try {
                return await flow();
            } catch (error) {
                const isToRestart = error instanceof ServiceError && error.action === "restart";
                if (!isToRestart || restarts >= RESTARTS) throw error;
            }
        }
    }

    async #agree(missing: readonly MissingConsent[]): Promise<void> {
        for (let round = 0; ; round++) {
            try {
                await this.answerConsents(await this.#answers("limited_scope", missing));
                return;
            } catch (error) {
                if (!asksForConsents(error) || round >= RESTARTS) throw error;
            }
        }
    }

    async #answers(reason: ConsentQuestion["reason"], missing: readonly MissingConsent[]): Promise<ConsentAnswer[]> {
        const documents = await this.documents();
        const answers = await this.#options.consents?.({ reason, missing, documents });
        if (!answers) throw new DeclinedError("the documents were not agreed to");
        return answers;
    }

    /** Store the token that an answer to documents brings; the refresh token stays the same. */
    #grant(call: Call): Promise<ConsentGrant> {
        return this.#engine.run({
            ...call,
            keep: (now, { access_token, token_type, expires_in, scope, consents_missing }: ConsentGrant, before) => {
                const session = isSame(now, before) && now.session;
                const granted = { access_token, token_type, expires_in, scope, consents_missing };
                return session ? { ...now, session: { ...session, ...granted } } : now;
            },
        });
    }
}

function isSame(now: State, before: State): boolean {
    return now.session?.session.id === before.session?.session.id;
}

/** Return the state after the session of `before` has ended. */
function ended(now: State, before: State): State {
    return isSame(now, before) ? { ...now, session: null } : now;
}

async function signed(key: Signer, challenge: string): Promise<string> {
    return base64url(await signatureAs("der", key, utf8.encode(challenge)));
}

function asksForConsents(error: unknown): error is ServiceError {
    return error instanceof ServiceError && error.action === "accept_consents";
}
