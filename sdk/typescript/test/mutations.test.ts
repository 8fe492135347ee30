/** Each rule of the client, broken in turn: a vector notices. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(build, "broken-"));
after(() => rmSync(scratch, { recursive: true }));

const RULES: Record<string, { file: string; from: RegExp; to: string }> = {
    "a response is stored before it is used": {
        file: "engine",
        from: /await this\.store\.write\(kept\)/,
        to: "setTimeout(() => this.store.write(kept), 50)",
    },
    "a token that was replaced isn't refreshed again": {
        file: "engine",
        from: /session\?\.access_token !== used/,
        to: "false",
    },
    "all callers share one refresh": {
        file: "engine",
        from: /this\.#running\.get\(what\) \?\? /,
        to: "",
    },
    "no response is no reason to sign out": {
        file: "rules",
        from: /return again\(sent, undefined, "unreachable"\)/,
        to: 'return { do: "sign_out" }',
    },
    "tokens that were replaced aren't dropped": {
        file: "rules",
        from: /if \(replaced\)/,
        to: "if (false)",
    },
    "nothing is sent as another person": {
        file: "rules",
        from: /if \(stored\.user !== sent\.user\)/,
        to: "if (false)",
    },
    "the nonce of a response is in the next proof": {
        file: "http",
        from: /if \(nonce\)/,
        to: "if (false)",
    },
    "a refused proof is made anew": {
        file: "rules",
        from: /if \(PROOF_REFUSED\.has\(code\)\)/,
        to: "if (false)",
    },
    "a request that takes too long is sent again": {
        file: "http",
        from: /resolve\(null\);\s+controller\.abort\(\);/,
        to: "controller.abort();",
    },
    "a page that isn't JSON is no response": {
        file: "http",
        from: /isOurs \? \{ status \} : null/,
        to: "{ status }",
    },
    "newer tokens of another process stay": {
        file: "engine",
        from: /return isNewer \? now :/,
        to: "return",
    },
    "an unknown action signs nobody out": {
        file: "rules",
        from: /return status >= 500 .*;/,
        to: 'return status === 401 ? "sign_in" : status >= 500 ? "retry" : "none";',
    },
};

for (const [rule, { file, from, to }] of Object.entries(RULES)) {
    test(`without its rule the client fails a vector: ${rule}`, () => {
        const copy = join(scratch, rule.replaceAll(/\W/g, "-"));
        for (const part of ["src", "test"]) cpSync(join(build, part), join(copy, part), { recursive: true });
        const path = join(copy, "src", `${file}.js`);
        const text = readFileSync(path, "utf8");
        assert.match(text, from);
        writeFileSync(path, text.replace(from, to));
        const env: NodeJS.ProcessEnv = { ...process.env, VECTORS: new URL("../../../vectors/", import.meta.url).href };
        delete env.NODE_TEST_CONTEXT;
        const done = spawnSync(process.execPath, [join(copy, "test", "vectors.test.js")], { env, encoding: "utf8" });
        assert.notEqual(done.status, 0, done.stdout);
        assert.match(done.stdout, /^# pass [1-9]/m); // it runs: only what the rule is about fails
    });
}
