/** The client of serenya-auth: README.md begins with 20 lines that work. */

export type { Action } from "./actions.js";
export type { BackendRequest, BackendResponse } from "./backend.js";
export { AuthClient } from "./client.js";
export {
    AuthError,
    DeclinedError,
    OtherPersonError,
    ServiceError,
    SignedOutError,
    UnreachableError,
} from "./errors.js";
export type { ConsentQuestion, Nonce, Options, ProviderAnswer } from "./options.js";
export {
    type Clock,
    type Crypto,
    type Fetch,
    type HttpResponse,
    type Lock,
    memoryStorage,
    type Signer,
    type Storage,
    systemClock,
    type WebCrypto,
    webCrypto,
    webCryptoSigner,
} from "./ports.js";
export { actionOf, decide, type Received, type Sent, type Step, type Stored } from "./rules.js";
export type { State } from "./store.js";
export type * from "./types.js";
