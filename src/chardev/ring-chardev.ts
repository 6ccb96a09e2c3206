import { WireDuplex } from '../transport/index.ts'
import type { DeviceLog } from './device-log.ts'
import { RingStore } from './ring-store.ts'
import { SinkWire } from './sink-wire.ts'
import { StreamChardev } from './stream-chardev.ts'

/** A device that keeps what is sent to it, for commands to read. */
export class RingChardev extends StreamChardev {
  readonly store: RingStore

  constructor(
    label: string,
    { type, size }: { readonly type: 'ringbuf' | 'memory'; readonly size: number },
    log?: DeviceLog,
  ) {
    const store = new RingStore(size)
    super(label, type, new WireDuplex(new SinkWire(store), { kind: 'sink' }), log)
    this.store = store
  }
}
