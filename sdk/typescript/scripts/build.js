/** Builds what is published: minified modules, and the declarations beside them. Fails above 8 kB gzipped. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const GZIPPED_MAX = 8_000;

rmSync("dist", { recursive: true, force: true });
await build({
    entryPoints: ["src/index.ts", "src/browser.ts"],
    outdir: "dist",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
});
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
const modules = readdirSync("dist").filter((name) => name.endsWith(".js"));
const size = modules.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/${name}`)).length, 0);
console.log(`${modules.length} modules, ${size} bytes minified and gzipped`);
if (size > GZIPPED_MAX) throw new Error(`more than ${GZIPPED_MAX} bytes`);
