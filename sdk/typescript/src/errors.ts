/** What a call can end with, apart from its result. */

import type { Problem } from "./types.js";

/** Every error of this client. */
export class AuthError extends Error {
    override name = "AuthError";
}

/** The service refused. `action` says what the app does now; `problem.user_message` may be shown. */
export class ServiceError extends AuthError {
    override name = "ServiceError";

    constructor(
        readonly status: number,
        readonly action: string,
        readonly problem: Partial<Problem>,
    ) {
        super(`${status} ${problem.code ?? "without a code"}`);
    }

    get code(): string {
        return this.problem.code ?? "";
    }
}

/** Nobody is signed in: the session has ended, or there was none. Let the person sign in. */
export class SignedOutError extends ServiceError {
    override name = "SignedOutError";
}

/** No response came, however often it was tried. The tokens stay: try again later. */
export class UnreachableError extends AuthError {
    override name = "UnreachableError";
}

/** Another person signed in, in another tab or process, while a call was under way. It was not sent again. */
export class OtherPersonError extends AuthError {
    override name = "OtherPersonError";
}

/** The person, or the app, declined: to agree to documents, or to prove presence. */
export class DeclinedError extends AuthError {
    override name = "DeclinedError";
}
