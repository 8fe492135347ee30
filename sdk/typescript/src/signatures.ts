/** Signatures: proofs of the phone's key (RFC 9449), device keys, and the receipt of an erasure. */

import { base64url, derToRaw, fromBase64url, hex, rawToDer, utf8 } from "./bytes.js";
import type { Clock, Crypto, Signer } from "./ports.js";

/** Return a random UUID (RFC 9562 s5.4). */
export function uuid(crypto: Crypto): string {
    const bytes = crypto.random(16);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Return the claims of a JWS whose type and signature are right, and undefined of any other. */
export async function verified(
    jws: string,
    type: string,
    keys: readonly { kid?: string }[],
    crypto: Crypto,
): Promise<Record<string, unknown> | undefined> {
    try {
        const [head = "", claims = "", signature = ""] = jws.split(".");
        const { alg, kid, typ } = JSON.parse(utf8.decode(fromBase64url(head)));
        const key = keys.find((each) => each.kid === kid);
        if (typ !== type || !key) return undefined;
        const signed = utf8.encode(`${head}.${claims}`);
        if (!(await crypto.verify(alg, key, fromBase64url(signature), signed))) return undefined;
        return JSON.parse(utf8.decode(fromBase64url(claims)));
    } catch {
        return undefined;
    }
}

/** Return a proof of the key for one request (RFC 9449 s4.2). */
export async function proof(
    signer: Signer,
    claims: Record<string, string | number | undefined>,
    crypto: Crypto,
    clock: Clock,
): Promise<string> {
    const head = { typ: "dpop+jwt", alg: "ES256", jwk: signer.publicKey };
    const body = { jti: uuid(crypto), iat: Math.floor(clock.now() / 1000), ...claims };
    const text = [head, body].map((part) => base64url(utf8.encode(JSON.stringify(part)))).join(".");
    return `${text}.${base64url(await signatureAs("raw", signer, utf8.encode(text)))}`;
}

/** Return a signature over the data in the encoding that is needed. */
export async function signatureAs(wanted: "raw" | "der", signer: Signer, data: Uint8Array): Promise<Uint8Array> {
    const signature = await signer.sign(data);
    if (signer.encoding === wanted) return signature;
    return wanted === "der" ? rawToDer(signature) : derToRaw(signature);
}
