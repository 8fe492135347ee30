/**
 * Many phones with this client on bad networks, and thieves who copy a refresh token of some: prints what became of
 * them. Time is made up, the service is real. Every second phone has a key in its hardware.
 */

import {
    AuthClient,
    type Fetch,
    memoryStorage,
    type Options,
    ServiceError,
    SignedOutError,
    type Storage,
    UnreachableError,
    webCrypto,
} from "../src/index.js";
import { agreeToRequired, newKey, provider, serviceTime, url } from "./stage.js";
import { chances, Timeline } from "./timeline.js";

const PHONES = Number(process.env.PHONES ?? 200);
const ACTS = Number(process.env.ACTS ?? 4);
const SEED = Number(process.env.SEED ?? 7);
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const LOST = 0.15; // of requests, and of responses
const DUPLICATED = 0.15;
const UNAVAILABLE = 0.05;
// Of one exchange, so that it ends within the 30 s in which a lost response can be had again; proofs take more rounds.
const TROUBLES_MAX = { unbound: 3, bound: 2 };
const DELAY = SECOND;
const KILLED = 0.1; // of the writes that follow at most one trouble
const CLOCK_WRONG = 3600 * SECOND;

const timeline = new Timeline(await serviceTime());
const { next, between } = chances(SEED);
const chance = (probability: number) => next() < probability;
const real = webCrypto();
const crypto = { ...real, sha256: (data: Uint8Array) => timeline.real(() => real.sha256(data)) };

const report = {
    sign_ups: 0,
    calls: 0,
    refreshes: 0,
    kills: 0,
    step_ups: 0,
    tunnels: 0,
    thefts: 0,
    robbed: 0,
    gave_up: 0,
    signed_out: [] as string[], // honest phones that lost their session
    survivors: [] as string[], // stolen tokens that still open something
    broken: [] as string[], // what no phone should meet
};
const robbed = new Set<string>(); // sessions whose token a thief has used without a key

/** Return one response of the service, whole. */
async function deliver(...[to, init]: Parameters<Fetch>): ReturnType<Fetch> {
    return timeline.real(async () => {
        const headers = { ...init.headers, "X-Simulated-Now": String(timeline.now) };
        const { signal: _, ...rest } = init;
        const response = await fetch(to, { ...rest, headers });
        const text = await response.text();
        return { status: response.status, headers: response.headers, text: async () => text };
    });
}

const never = () => new Promise<never>(() => undefined);

class Phone {
    readonly kept = memoryStorage();
    client!: AuthClient;
    #troubles = new Map<string, number>();
    #dies = false;
    #isCalm = false;
    #signer: Options["signer"];
    #wrong = between(-CLOCK_WRONG, CLOCK_WRONG);

    constructor(
        readonly email: string,
        readonly isBound: boolean,
    ) {}

    async make(): Promise<this> {
        if (this.isBound) {
            const key = await newKey();
            this.#signer = { ...key, sign: (data) => timeline.real(() => key.sign(data)) };
        }
        this.start();
        return this;
    }

    /** Start the app anew, on what is stored. */
    start(): void {
        let isAlive = true;
        const storage: Storage = {
            read: () => (isAlive ? this.kept.read() : never()),
            write: (text) => {
                if (!isAlive) return never();
                if (!this.#dies) return this.kept.write(text);
                isAlive = this.#dies = false;
                report.kills += 1;
                timeline.after(between(0, 2 * SECOND), () => this.restart());
                return never();
            },
        };
        this.client = new AuthClient({
            url,
            storage,
            crypto,
            clock: timeline.clock(this.#wrong),
            device: { platform: "ios" },
            consents: agreeToRequired,
            fetch: (to, init) => (isAlive ? this.#send(to, init) : never()),
            stepUp: async () => void (await this.signIn()),
            ...(this.#signer && { signer: this.#signer }),
        });
    }

    restart: () => void = () => undefined;

    signIn() {
        return this.client.signIn("google", (nonce) => timeline.real(() => provider("google", this.email)(nonce)));
    }

    /** Send over a network that loses requests and responses, delivers some twice, and isn't always there. */
    async #send(...[to, init]: Parameters<Fetch>): ReturnType<Fetch> {
        const exchange = `${init.method} ${to}`;
        const trouble = (probability: number) => {
            const troubles = this.#troubles.get(exchange) ?? 0;
            const happens =
                !this.#isCalm && troubles < TROUBLES_MAX[this.isBound ? "bound" : "unbound"] && chance(probability);
            if (happens) this.#troubles.set(exchange, troubles + 1);
            return happens;
        };
        if (trouble(LOST)) return never();
        await timeline.wait(between(0, DELAY));
        if (trouble(UNAVAILABLE)) {
            const headers = new Map([["Retry-After", "2"]]);
            return { status: 503, headers: { get: (name) => headers.get(name) ?? null }, text: async () => "busy" };
        }
        let response = await deliver(to, init);
        if (trouble(DUPLICATED)) response = await deliver(to, init);
        if (trouble(LOST)) return never();
        await timeline.wait(between(0, DELAY));
        const isFast = (this.#troubles.get(exchange) ?? 0) <= 1;
        if (exchange.endsWith("/auth/refresh") && response.status === 200) {
            report.refreshes += 1;
            this.#dies = isFast && !this.#isCalm && chance(KILLED);
            this.#isCalm = this.#dies; // the app comes back in time: within the 30 s
        }
        this.#troubles.delete(exchange);
        return response;
    }
}

/** Live the life of one phone: sign up, and then now and then an act. */
async function live(phone: Phone): Promise<void> {
    await timeline.wait(between(0, 120 * SECOND));
    await insistently(phone, () => phone.signIn());
    report.sign_ups += 1;
    for (let act = 0; act < ACTS; act++) {
        const isTunnel = chance(0.05);
        report.tunnels += Number(isTunnel);
        await timeline.wait(isTunnel ? between(DAY, 3 * DAY) : between(60 * SECOND, 1200 * SECOND));
        const kind = next();
        const calls: Promise<unknown>[] = Array.from({ length: 1 + Math.floor(between(0, 4)) }, () =>
            insistently(phone, () => phone.client.call("GET", chance(0.5) ? "/account" : "/sessions")),
        );
        if (kind < 0.1) {
            report.step_ups += 1;
            calls.push(insistently(phone, () => phone.signIn()));
        }
        await Promise.all(calls);
        if (kind > 0.95) {
            await insistently(phone, () => phone.client.logout());
            await insistently(phone, () => phone.signIn());
        }
    }
}

/** Do something until it is done, also by an app that was killed meanwhile; sign in where the session was lost. */
async function insistently(phone: Phone, work: () => Promise<unknown>): Promise<void> {
    for (;;) {
        const before = await phone.client.session();
        const killed = new Promise<"killed">((resolve) => {
            const others = phone.restart;
            phone.restart = () => {
                others();
                resolve("killed");
            };
        });
        try {
            report.calls += 1;
            if ((await Promise.race([work(), killed])) !== "killed") return;
        } catch (error) {
            if (error instanceof SignedOutError) {
                const session = before?.session.id ?? "none";
                if (error.status === 401 && error.code && !robbed.has(session))
                    report.signed_out.push(
                        `${phone.email} ${phone.isBound ? "bound" : "unbound"} ${session}: ${error.code}`,
                    );
                await signInOnce(phone);
            } else if (
                error instanceof UnreachableError ||
                (error instanceof ServiceError && error.action === "retry")
            ) {
                report.gave_up += 1;
                await timeline.wait(between(SECOND, 2 * SECOND));
            } else {
                report.broken.push(`${phone.email}: ${error}`);
                return;
            }
        }
    }
}

const signingIn = new Map<Phone, Promise<unknown>>();

/** Sign in again, once for all calls of a phone that found its session gone. */
async function signInOnce(phone: Phone): Promise<void> {
    if (await phone.client.session()) return;
    const running =
        signingIn.get(phone) ?? insistently(phone, () => phone.signIn()).finally(() => signingIn.delete(phone));
    signingIn.set(phone, running);
    await running;
}

interface Theft {
    session: string;
    tokens: string[];
}

/** Copy the refresh token of a phone, use it some time later, and what it yields. */
async function steal(phones: Phone[], thefts: Theft[]): Promise<void> {
    await timeline.wait(between(180 * SECOND, 3600 * SECOND));
    const victim = phones[Math.floor(next() * phones.length)] as Phone;
    const stored = JSON.parse((await victim.kept.read()) || "{}").session;
    if (!stored) return;
    report.thefts += 1;
    const theft = { session: stored.session.id, tokens: [stored.refresh_token] };
    thefts.push(theft);
    for (let use = 0; use < 3; use++) {
        await timeline.wait(between(0, 600 * SECOND));
        if (stored.token_type !== "DPoP") robbed.add(theft.session);
        if (!(await present(theft, theft.tokens.at(-1) ?? ""))) return;
    }
}

async function present(theft: Theft, token: string): Promise<boolean> {
    const response = await deliver(`${url}/auth/refresh`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ refresh_token: token }),
    });
    if (response.status === 200) theft.tokens.push(JSON.parse(await response.text()).refresh_token);
    return response.status === 200;
}

/** Let every victim refresh, and every thief try each token once more. */
async function confront(phones: Phone[], thefts: Theft[]): Promise<void> {
    for (const phone of phones) {
        const { session } = JSON.parse((await phone.kept.read()) || "{}");
        const theft = thefts.find((each) => each.session === session?.session.id);
        if (theft && session.token_type !== "DPoP") await present({ ...theft, tokens: [] }, session.refresh_token);
    }
    timeline.now += 360 * SECOND;
    for (const theft of thefts)
        for (const token of [...theft.tokens]) if (await present(theft, token)) report.survivors.push(theft.session);
}

const phones = await Promise.all(
    Array.from({ length: PHONES }, (_, number) => new Phone(`phone-${number}@example.com`, number % 2 === 1).make()),
);
for (const phone of phones) phone.restart = () => phone.start();
const thefts: Theft[] = [];
const lives = phones.map((phone) => live(phone));
lives.push(...Array.from({ length: Math.ceil(PHONES / 5) }, () => steal(phones, thefts)));
let ended = 0;
for (const life of lives) life.finally(() => ended++);
await timeline.run();
if (ended < lives.length) report.broken.push(`${lives.length - ended} lives never ended`);
await confront(phones, thefts);
report.robbed = robbed.size;
console.log(JSON.stringify(report));
process.exit(0);
