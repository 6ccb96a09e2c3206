import type { Probe, SteppedTime } from '../../probe.ts'
import type { CallArguments, CallName, CallResult } from '../wire.ts'

type Call = <N extends CallName>(name: N, ...args: CallArguments<N>) => Promise<CallResult<N>>

/** Addresses of 32 bits; nothing answers above. */
const busEnd = 1n << 32n
const nanoseconds = 1e6

/** The host's side of a board's probe. */
export class HostProbe implements Probe {
  readonly time: SteppedTime | undefined
  readonly #call: Call

  constructor(call: Call, stepped: boolean) {
    this.#call = call
    if (!stepped) return
    this.time = {
      now: async () => inNanoseconds(await call('guestTime')),
      goTo: async (point) => inNanoseconds(await call('stepTo', Number(point) / nanoseconds)),
      goToNextEvent: async () => inNanoseconds(await call('stepTo', undefined)),
    }
  }

  async read(address: bigint, length: number): Promise<Uint8Array> {
    const there = onBus(address, length)
    if (there === length) return this.#call('readBus', Number(address), length)
    const bytes = new Uint8Array(length)
    if (there > 0) bytes.set(await this.#call('readBus', Number(address), there))
    return bytes
  }

  async write(address: bigint, bytes: Uint8Array): Promise<void> {
    const there = onBus(address, bytes.length)
    if (there > 0) await this.#call('writeBus', Number(address), bytes.subarray(0, there))
  }

  watchInterrupts(): Promise<void> {
    return this.#call('watchInterrupts')
  }

  setInterrupt(line: number, asserted: boolean): Promise<void> {
    return this.#call('setInterrupt', line, asserted)
  }
}

const inNanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * nanoseconds))

function onBus(address: bigint, length: number): number {
  const left = busEnd - address
  return left <= 0n ? 0 : left < BigInt(length) ? Number(left) : length
}
