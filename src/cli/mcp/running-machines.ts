import { type RunningMachine, startMachine } from '../../embedding/index.ts'
import type { ForkOptions, MachineOptions } from '../../machine/index.ts'
import { ManagedMachine } from './managed-machine.ts'
import type { McpOptions } from './mcp-options.ts'

/** RAM of a PC that was asked for without a size, in MiB. */
const usualMemory = 128
/** Names stand in addresses of resources and in lists: no control characters, no half of a character. */
const nameForm = /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u

export interface NewMachine {
  readonly name: string | undefined
  readonly memory: number | undefined
  readonly options: MachineOptions
  readonly savedState: string | undefined
  /** Gives up the start. */
  readonly signal: AbortSignal
}

/** The machines of this server, by their names: no more, and with no more memory, than its user has allowed. */
export class RunningMachines implements AsyncDisposable {
  readonly #limits: Pick<McpOptions, 'machines' | 'memory'>
  readonly #machines = new Map<string, ManagedMachine>()
  /** Names and memory of those that are about to start. */
  readonly #coming = new Map<string, number>()
  #named = 0

  constructor(limits: Pick<McpOptions, 'machines' | 'memory'>) {
    this.#limits = limits
  }

  get all(): readonly ManagedMachine[] {
    return [...this.#machines.values()]
  }

  /**
   * @param name - may be left out where there is one machine only
   * @throws {Error} with a text for the client
   */
  find(name: string | undefined): ManagedMachine {
    const names = [...this.#machines.keys()]
    const known = names.length === 0 ? 'there is no machine' : `there are: ${names.join(', ')}`
    if (name === undefined && names.length !== 1) throw new Error(`which machine? ${known}`)
    const found = this.#machines.get(name ?? names[0]!)
    if (found === undefined) throw new Error(`there is no machine ${name}; ${known}`)
    return found
  }

  /** @throws {Error} with a text for the client; as `startMachine` */
  async start({ name, memory = usualMemory, options, savedState, signal }: NewMachine): Promise<ManagedMachine> {
    // To the machine's own options no memory is the usual memory.
    if (memory === 0) throw new Error('a machine needs memory: at least 1 MiB')
    const surroundings = { signal, ...(savedState !== undefined && { savedState }) }
    return this.#add(name, memory, (chosen) => startMachine({ ...options, name: chosen, memory }, surroundings))
  }

  /** @throws {Error} with a text for the client; as `fork` of a machine */
  fork(machine: ManagedMachine, name: string | undefined, options: ForkOptions): Promise<ManagedMachine> {
    return this.#add(name, machine.memory, (chosen) => machine.vm.fork({ ...options, name: chosen }))
  }

  async #add(
    wanted: string | undefined,
    memory: number,
    begin: (name: string) => Promise<RunningMachine>,
  ): Promise<ManagedMachine> {
    const name = wanted ?? this.#freeName()
    if (!nameForm.test(name)) throw new Error('a name is 1 to 100 characters that can be printed')
    const old = this.#machines.get(name)
    if (this.#coming.has(name) || (old !== undefined && old.ending === undefined))
      throw new Error(`there is a machine ${name} already`)
    const living = this.all.filter(({ ending }) => ending === undefined)
    if (living.length + this.#coming.size >= this.#limits.machines)
      throw new Error(`there are ${this.#limits.machines} machines already, and no more are allowed`)
    const used = [...living.map((one) => one.memory), ...this.#coming.values()].reduce((sum, one) => sum + one, 0)
    if (used + memory > this.#limits.memory)
      throw new Error(`${memory} MiB are not there: ${this.#limits.memory} are allowed, ${used} are used`)
    this.#coming.set(name, memory)
    try {
      const machine = new ManagedMachine(name, memory, await begin(name))
      this.#machines.set(name, machine)
      return machine
    } finally {
      this.#coming.delete(name)
    }
  }

  #freeName(): string {
    for (;;) {
      const name = `vm${++this.#named}`
      if (!this.#machines.has(name) && !this.#coming.has(name)) return name
    }
  }

  /** Ends a machine and forgets it. */
  async end(machine: ManagedMachine): Promise<void> {
    await machine.vm.close()
    if (this.#machines.get(machine.name) === machine) this.#machines.delete(machine.name)
  }

  /** For a process that cannot wait: brings to storage what images hold. @returns what has failed */
  async saveImages(): Promise<readonly Error[]> {
    return (await Promise.all(this.all.map(({ vm }) => vm.machine.saveImages()))).flat()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((machine) => this.end(machine)))
  }
}
