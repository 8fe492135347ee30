/** Bytes as text, and the two encodings of an ECDSA signature. */

interface TextCoders {
    TextEncoder: new () => { encode(text: string): Uint8Array };
    TextDecoder: new () => { decode(bytes: Uint8Array): string };
    btoa(text: string): string;
    atob(text: string): string;
}

const platform = globalThis as unknown as TextCoders;
const HALF = 32; // bytes of r, and of s, on P-256

export const utf8 = {
    encode: (text: string) => new platform.TextEncoder().encode(text),
    decode: (bytes: Uint8Array) => new platform.TextDecoder().decode(bytes),
};

/** Return bytes as base64url without padding (RFC 7515 s2). */
export function base64url(bytes: Uint8Array): string {
    const text = platform.btoa(String.fromCharCode(...bytes));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text: string): Uint8Array {
    return Uint8Array.from(platform.atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}

export function hex(bytes: Uint8Array): string {
    return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

/** Return a signature of r and s as DER (RFC 3279 s2.2.3): what device keys are checked in. */
export function rawToDer(raw: Uint8Array): Uint8Array {
    const parts = [raw.subarray(0, HALF), raw.subarray(HALF)].map((half) => {
        const digits = [...half.subarray(Math.min(half.findIndex(Boolean) >>> 0, HALF - 1))];
        if ((digits[0] as number) > 0x7f) digits.unshift(0); // else it is negative
        return [2, digits.length, ...digits];
    });
    const body = parts.flat();
    return Uint8Array.of(0x30, body.length, ...body);
}

/** Return a signature in DER as r and s, 32 bytes each: what a JWS has (RFC 7518 s3.4). */
export function derToRaw(der: Uint8Array): Uint8Array {
    const raw = new Uint8Array(2 * HALF);
    let at = 2;
    for (const end of [HALF, 2 * HALF]) {
        const length = der[at + 1] as number;
        const digits = der.subarray(at + 2, at + 2 + length).slice(-HALF);
        raw.set(digits, end - digits.length);
        at += 2 + length;
    }
    return raw;
}
