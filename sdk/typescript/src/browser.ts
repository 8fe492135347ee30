/** What a browser adds: its storage, and a key that no script can read. Node and React Native don't load this file. */

import { type Signer, type Storage, webCryptoSigner } from "./ports.js";

const STORE = "keys";

/** Return a storage in `localStorage`, which all tabs of the origin share. */
export function browserStorage(name = "serenya-auth"): Storage {
    return {
        read: () => localStorage.getItem(name),
        write: (text) => localStorage.setItem(name, text),
    };
}

/** Return the signer of this browser: a key that isn't extractable, made once and kept in IndexedDB. */
export async function browserSigner(name = "serenya-auth"): Promise<Signer> {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await done(opening);
    const find = () => done<CryptoKeyPair | undefined>(database.transaction(STORE).objectStore(STORE).get("dpop"));
    let pair = await find();
    if (!pair) {
        const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
        const adding = database.transaction(STORE, "readwrite").objectStore(STORE).add(made, "dpop");
        await done(adding).catch(() => undefined); // another tab made one first
        pair = await find();
    }
    database.close();
    if (!pair) throw new TypeError("IndexedDB kept no key");
    return webCryptoSigner(pair);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = (event) => {
            event.preventDefault();
            reject(request.error);
        };
    });
}
