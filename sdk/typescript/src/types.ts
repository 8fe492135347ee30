/** The shapes of the API by name. `schema.ts` is generated from /openapi.json: `npm run generate`. */

import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];

/** What sign-in, refresh and a proof of a device key return. */
export type Tokens = Schemas["Tokens"];
export type User = Schemas["User"];
export type Problem = Schemas["Problem"];
export type MissingConsent = Schemas["MissingConsent"];
export type ConsentDocument = Schemas["ConsentDocument"];
export type ConsentAnswer = Schemas["ConsentAnswer"];
export type ConsentGrant = Schemas["ConsentGrant"];
export type DeviceKey = Schemas["BiometricRegistration"];
export type ErasureReceipt = Schemas["ErasureReceipt"];
export type Erasure = Schemas["Erasure"];
export type AccountExport = Schemas["AccountExport"];
export type Identity = Schemas["Identity"];
export type LinkedProvider = Schemas["IdentityLink"]["provider"];
export type PublicKey = Schemas["PublicKey"];
export type Jwks = Schemas["Jwks"];
export type DeviceDescription = Omit<Schemas["DeviceRequest"], "id">;

type Verb = "get" | "post" | "patch" | "delete";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;

export type Path = keyof paths;
export type Method<P extends Path> = { [V in Verb]: paths[P][V] extends object ? Uppercase<V> : never }[Verb];
type Operation<P extends Path, M> = paths[P][Lowercase<M & string> & keyof paths[P]];

/** The body of the response to a route: `undefined` where it is 204. */
export type Response<P extends Path, M> =
    Operation<P, M> extends { responses: infer R } ? Json<R[200 & keyof R]> : never;

/** The body that a route takes. */
export type Body<P extends Path, M> =
    Operation<P, M> extends { requestBody?: infer B } ? Json<NonNullable<B>> : undefined;
