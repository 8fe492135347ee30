/** What the client needs of the platform. Each part has a default where the platform has one, and can be replaced. */

/** One text that outlives the app. `write` replaces it whole or not at all. */
export interface Storage {
    read(): Promise<string | null> | string | null;
    write(text: string): Promise<void> | void;
}

export interface HttpResponse {
    status: number;
    headers: { get(name: string): string | null };
    text(): Promise<string>;
}

/** As much of `fetch` as is used. */
export type Fetch = (
    url: string,
    init: { method: string; headers: Record<string, string>; body?: string; signal?: never; credentials?: "omit" },
) => Promise<HttpResponse>;

/** `now` is the time of day in milliseconds; it may be wrong. `after` runs something later and returns its cancellation. */
export interface Clock {
    now(): number;
    after(milliseconds: number, run: () => void): () => void;
}

/** `verify` takes the public key as a JWK and a signature of JWS (RFC 7518 s3.4: r and s for ES256). */
export interface Crypto {
    random(bytes: number): Uint8Array;
    sha256(data: Uint8Array): Promise<Uint8Array>;
    verify(algorithm: string, key: object, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

/** A P-256 key that signs with SHA-256. Secure Enclave and Android return `der`, WebCrypto returns `raw` (r and s). */
export interface Signer {
    readonly publicKey: { kty: string; crv: string; x: string; y: string };
    readonly encoding: "raw" | "der";
    sign(data: Uint8Array): Promise<Uint8Array>;
}

/** Lets one holder at a time in, over all tabs or processes that share the storage. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>;

/** As much of WebCrypto as is used; `globalThis.crypto` fits. `never`: its types for bytes differ from platform to platform. */
export interface WebCrypto {
    getRandomValues(array: never): unknown;
    subtle: {
        digest(algorithm: string, data: never): Promise<ArrayBuffer>;
        importKey(
            format: "jwk",
            key: object,
            algorithm: never,
            extractable: boolean,
            usages: "verify"[],
        ): Promise<unknown>;
        exportKey(format: "jwk", key: never): Promise<object>;
        sign(algorithm: never, key: never, data: never): Promise<ArrayBuffer>;
        verify(algorithm: never, key: never, signature: never, data: never): Promise<boolean>;
    };
}

interface Platform {
    fetch?: Fetch;
    crypto?: WebCrypto;
    navigator?: { locks?: { request<T>(name: string, work: () => Promise<T>): Promise<T> } };
    setTimeout(run: () => void, milliseconds: number): unknown;
    clearTimeout(timer: unknown): void;
}

const platform = globalThis as unknown as Platform;

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const ALGORITHMS: Record<string, object> = {
    ES256: ECDSA,
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

export const platformFetch: Fetch = (url, init) => {
    if (!platform.fetch) throw new TypeError("this platform has no fetch: pass one");
    return platform.fetch(url, init);
};

export const systemClock: Clock = {
    now: () => Date.now(),
    after(milliseconds, run) {
        const timer = platform.setTimeout(run, milliseconds);
        return () => platform.clearTimeout(timer);
    },
};

/** Return the cryptography of WebCrypto. React Native has none: pass an object of your own there. */
export function webCrypto(of: WebCrypto | undefined = platform.crypto): Crypto {
    if (!of?.subtle) throw new TypeError("this platform has no WebCrypto: pass `crypto`");
    return {
        random: (bytes) => of.getRandomValues(new Uint8Array(bytes) as never) as Uint8Array,
        sha256: async (data) => new Uint8Array(await of.subtle.digest("SHA-256", data as never)),
        async verify(algorithm, key, signature, data) {
            const how = ALGORITHMS[algorithm];
            if (!how) return false;
            const imported = await of.subtle.importKey("jwk", key, how as never, false, ["verify"]);
            return of.subtle.verify(how as never, imported as never, signature as never, data as never);
        },
    };
}

/** Return a signer of a WebCrypto key pair (ECDSA, P-256); its private half need not be extractable. */
export async function webCryptoSigner(
    pair: { publicKey: unknown; privateKey: unknown },
    of: WebCrypto | undefined = platform.crypto,
): Promise<Signer> {
    if (!of) throw new TypeError("this platform has no WebCrypto");
    const { kty, crv, x, y } = (await of.subtle.exportKey("jwk", pair.publicKey as never)) as Signer["publicKey"];
    return {
        publicKey: { kty, crv, x, y },
        encoding: "raw",
        sign: async (data) =>
            new Uint8Array(await of.subtle.sign(ECDSA as never, pair.privateKey as never, data as never)),
    };
}

/** Return a storage that forgets: for tests, and for scripts. */
export function memoryStorage(text: string | null = null): Storage {
    let kept = text;
    return {
        read: () => kept,
        write: (next) => {
            kept = next;
        },
    };
}

/** Return the lock of this process, and of all tabs where the platform has Web Locks. */
export function platformLock(name: string): Lock {
    const locks = platform.navigator?.locks;
    if (locks) return (work) => locks.request(name, work);
    let last: Promise<unknown> = Promise.resolve();
    return (work) => {
        const next = last.then(work, work);
        last = next.catch(() => undefined);
        return next;
    };
}
