/** What an app tells the client, and what the client asks of it. */

import type { AuthClient } from "./client.js";
import type { SignedOutError } from "./errors.js";
import type { Clock, Crypto, Fetch, Lock, Signer, Storage } from "./ports.js";
import type { ConsentAnswer, ConsentDocument, DeviceDescription, MissingConsent } from "./types.js";

/** A nonce in the two forms that providers take: docs/providers.md says which client id takes which. */
export interface Nonce {
    raw: string;
    sha256: string;
}

/** What the provider's library returned; Apple's `user` and `authorization_code` go along. */
export interface ProviderAnswer {
    id_token: string;
    user?: { name: { given_name?: string; family_name?: string } };
    authorization_code?: string;
}

export interface ConsentQuestion {
    /** Why it is asked: at sign-up, or because the token's scope is limited. */
    reason: "sign_up" | "limited_scope";
    missing: readonly MissingConsent[];
    /** Every document in force, the optional ones too. */
    documents: readonly ConsentDocument[];
}

export interface Options {
    /** Where the service is, stage included: `https://api.example.com/v1`. */
    url: string;
    storage: Storage;
    device: DeviceDescription;
    /** Shows documents and returns the person's answers; null if they decline. */
    consents?: (question: ConsentQuestion) => Promise<ConsentAnswer[] | null>;
    /** Proves presence by `client.signIn` or `client.proveDeviceKey`; raises if the person declines. */
    stepUp?: (client: AuthClient) => Promise<void>;
    /** Is called once when a session has ended. */
    signedOut?: (error: SignedOutError) => void;
    /** The key that sessions are bound to (DPoP). */
    signer?: Signer;
    language?: string;
    fetch?: Fetch;
    clock?: Clock;
    crypto?: Crypto;
    lock?: Lock;
}
