/** Compiled only, against the types of browsers: what the README says for them. */

import { browserSigner, browserStorage } from "../../src/browser.js";
import { AuthClient, webCrypto } from "../../src/index.js";

export async function made(): Promise<AuthClient> {
    return new AuthClient({
        url: "https://api.example.com/v1",
        storage: browserStorage(),
        signer: await browserSigner(),
        device: { platform: "web", name: navigator.userAgent },
        fetch: (url, init) => fetch(url, init),
        crypto: webCrypto(crypto),
    });
}
