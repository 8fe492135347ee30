/** A platform of which everything is written down: what is sent, what is stored, and in which order. */

import {
    AuthClient,
    type Fetch,
    memoryStorage,
    type Options,
    type Signer,
    webCrypto,
    webCryptoSigner,
} from "../src/index.js";

export interface TokenNames {
    access: string;
    refresh: string;
    user: string;
    token_type?: string;
}

export interface ScriptedResponse {
    status: number;
    code?: string;
    action?: string;
    retry_after?: number;
    nonce?: string;
    body?: object;
    text?: string;
    tokens?: TokenNames;
    meanwhile?: TokenNames;
}

export type Script = Record<string, ("lost" | "silent" | ScriptedResponse)[]>;

/** Return a whole response of a sign-in, of which only the names matter. */
export function tokens({ access, refresh, user, token_type = "Bearer" }: TokenNames): object {
    return {
        access_token: access,
        refresh_token: refresh,
        token_type,
        expires_in: 900,
        refresh_expires_in: 604800,
        scope: "account app consents logout sessions",
        is_new_user: false,
        user: { id: user },
        session: { id: `session of ${user}` },
        consents_missing: [],
    };
}

export function stateOf(names: TokenNames | null): string {
    return JSON.stringify({ version: 1, device_id: "device-1", session: names && tokens(names) });
}

export async function signer(): Promise<Signer> {
    const made = crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    return webCryptoSigner(await made);
}

/** Return what a request is called in a script: method, path, token, and the nonce of its proof. */
function named(url: string, init: Parameters<Fetch>[1]): string {
    const { Authorization = "", DPoP } = init.headers;
    const body = init.body ? JSON.parse(init.body) : {};
    const token = Authorization.split(" ")[1] ?? body.refresh_token;
    const claims = DPoP && JSON.parse(Buffer.from(DPoP.split(".")[1] ?? "", "base64url").toString());
    const parts = [init.method, new URL(url).pathname, token, claims && "proof", claims?.nonce];
    return parts.filter(Boolean).join(" ");
}

export async function scripted(
    names: TokenNames | null,
    script: Script,
    { storeFails = false, ...options }: Partial<Options> & { storeFails?: boolean } = {},
): Promise<{ client: AuthClient; tab: () => AuthClient; journal: string[]; kept: () => string | null }> {
    const journal: string[] = [];
    const left = new Map(Object.entries(script).map(([name, responses]) => [name, [...responses]]));
    const storage = memoryStorage(stateOf(names));
    const read = () => storage.read() as string | null;
    const timeouts = new Set<() => void>();

    const fetch: Fetch = async (url, init) => {
        const name = named(url, init);
        journal.push(`send ${name}`);
        const responses = left.get(name);
        const response = responses && responses.length > 1 ? responses.shift() : responses?.[0];
        if (!response) throw new Error(`the script has no response to ${name}`);
        await new Promise(setImmediate); // others are sent before this one is heard
        if (response === "lost") throw new TypeError("network");
        if (response === "silent") {
            for (const run of timeouts) setImmediate(run);
            return new Promise(() => undefined);
        }
        const { status, tokens: brought, meanwhile, nonce, text, body, retry_after, ...problem } = response;
        if (meanwhile) storage.write(stateOf(meanwhile));
        const content = body ?? (brought ? tokens(brought) : problem);
        const headers = new Map(Object.entries({ "Retry-After": retry_after?.toString(), "DPoP-Nonce": nonce }));
        return {
            status,
            headers: { get: (header) => headers.get(header) ?? null },
            text: async () => text ?? JSON.stringify(content),
        };
    };
    const make = () =>
        new AuthClient({
            url: "https://auth.test",
            device: { platform: "web" },
            fetch,
            crypto: webCrypto(),
            clock: {
                now: () => 0,
                after(milliseconds, run) {
                    if (milliseconds !== 8000) setImmediate(run);
                    else timeouts.add(run);
                    return () => timeouts.delete(run);
                },
            },
            storage: {
                read,
                write(text) {
                    if (storeFails) throw new Error("the storage is full");
                    const { session } = JSON.parse(text);
                    journal.push(session ? `store ${session.access_token} ${session.refresh_token}` : "store nothing");
                    storage.write(text);
                },
            },
            ...options,
        });
    return { client: make(), tab: make, journal, kept: read };
}
