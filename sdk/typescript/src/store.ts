/** What the app keeps, in one text: written whole before any of it is used. */

import type { Storage } from "./ports.js";
import type { Stored } from "./rules.js";
import type { ErasureReceipt, Tokens } from "./types.js";

/** `device_id` outlives sessions: signing in again on a device ends its earlier session. */
export interface State {
    version: 1;
    device_id: string;
    session: Tokens | null;
    erasure?: ErasureReceipt;
}

export class Store {
    #newDevice: string | undefined;

    constructor(
        private readonly storage: Storage,
        private readonly newId: () => string,
    ) {}

    /** Return what is stored now. It is read each time: another tab may have written. */
    async read(): Promise<State> {
        const text = await this.storage.read();
        const state = text ? parsed(text) : undefined;
        if (state) return state;
        this.#newDevice ??= this.newId();
        return { version: 1, device_id: this.#newDevice, session: null };
    }

    /** Store the device's name before it is used, if there is none yet. */
    async begin(): Promise<void> {
        if (!(await this.storage.read())) await this.write(await this.read());
    }

    async write(state: State): Promise<void> {
        await this.storage.write(JSON.stringify(state));
    }
}

function parsed(text: string): State | undefined {
    try {
        const state = JSON.parse(text) as State;
        return state.version === 1 ? state : undefined;
    } catch {
        return undefined; // half a text, or another program's: the person signs in
    }
}

/** Return the tokens by which the rules decide. */
export function stored({ session }: State): Stored | null {
    return (
        session && { access_token: session.access_token, refresh_token: session.refresh_token, user: session.user.id }
    );
}
