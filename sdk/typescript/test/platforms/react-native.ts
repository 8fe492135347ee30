/** Compiled only, against the types of React Native: what the README says for it. */

import { AuthClient, type Crypto, type Signer, type Storage } from "../../src/index.js";

/** As much of react-native-keychain as is used. */
declare const Keychain: {
    getGenericPassword(options: { service: string }): Promise<{ password: string } | false>;
    setGenericPassword(name: string, password: string, options: { service: string }): Promise<unknown>;
};

/** As much of expo-crypto as is used; `verify` is for the receipt of an erasure. */
declare const ExpoCrypto: {
    getRandomBytes(bytes: number): Uint8Array;
    digest(algorithm: "SHA-256", data: Uint8Array): Promise<ArrayBuffer>;
};

/** A key in Secure Enclave or StrongBox, by a native module of the app. */
declare const hardwareKey: { publicKey: Signer["publicKey"]; sign(data: Uint8Array): Promise<Uint8Array> };

const service = "serenya-auth";

const storage: Storage = {
    async read() {
        const kept = await Keychain.getGenericPassword({ service });
        return kept ? kept.password : null;
    },
    async write(text) {
        await Keychain.setGenericPassword("session", text, { service });
    },
};

const crypto: Crypto = {
    random: (bytes) => ExpoCrypto.getRandomBytes(bytes),
    sha256: async (data) => new Uint8Array(await ExpoCrypto.digest("SHA-256", data)),
    verify: async () => false,
};

export const auth = new AuthClient({
    url: "https://api.example.com/v1",
    storage,
    crypto,
    signer: { publicKey: hardwareKey.publicKey, encoding: "der", sign: (data) => hardwareKey.sign(data) },
    device: { platform: "ios" },
    fetch: (url, init) => fetch(url, init),
});
