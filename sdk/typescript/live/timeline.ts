/** Time that is made up: it passes only when nothing real is under way, from one event to the next. */

import type { Clock } from "../src/index.js";

const immediate = () => new Promise<void>((done) => setImmediate(done));
const CALM = 4; // turns of the event loop in which nothing began

interface Event {
    at: number;
    run: () => void;
}

export class Timeline {
    readonly #events: Event[] = []; // the next one last
    #busy = 0;
    #idle: () => void = () => undefined;

    constructor(public now: number) {}

    after(milliseconds: number, run: () => void): () => void {
        const event = { at: this.now + milliseconds, run };
        let [least, most] = [0, this.#events.length];
        while (least < most) {
            const middle = (least + most) >> 1;
            if ((this.#events[middle] as Event).at > event.at) least = middle + 1;
            else most = middle;
        }
        this.#events.splice(least, 0, event);
        return () => {
            event.run = () => undefined;
        };
    }

    wait(milliseconds: number): Promise<void> {
        return new Promise((done) => void this.after(milliseconds, done));
    }

    /** Do something that takes real time, during which no other time passes. */
    async real<T>(work: () => Promise<T>): Promise<T> {
        this.#busy += 1;
        try {
            return await work();
        } finally {
            this.#busy -= 1;
            if (!this.#busy) this.#idle();
        }
    }

    /** Return the clock of a phone, which is wrong by so many milliseconds. */
    clock(wrong: number): Clock {
        return { now: () => this.now + wrong, after: (milliseconds, run) => this.after(milliseconds, run) };
    }

    /** Let time pass until nothing is to happen any more. */
    async run(): Promise<void> {
        for (;;) {
            await this.#quiet();
            const event = this.#events.pop();
            if (!event) return;
            this.now = Math.max(this.now, event.at);
            event.run();
        }
    }

    async #quiet(): Promise<void> {
        for (let calm = 0; calm < CALM; calm++) {
            await immediate();
            if (!this.#busy) continue;
            calm = 0;
            await new Promise<void>((idle) => {
                this.#idle = idle;
            });
        }
    }
}

/** Return a source of chance that a seed decides (mulberry32). */
export function chances(seed: number): { next(): number; between(least: number, most: number): number } {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
    return { next, between: (least, most) => least + (most - least) * next() };
}
