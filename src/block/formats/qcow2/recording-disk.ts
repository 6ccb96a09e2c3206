import { MemoryDriver } from '../../index.ts'

const sector = 512

export type DiskEvent = { readonly offset: number; readonly bytes: Uint8Array } | { readonly length: number } | 'flush'

/** For tests: a disk that remembers what came to it in which order. */
export class RecordingDisk extends MemoryDriver {
  readonly events: DiskEvent[] = []

  override async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.events.push({ offset, bytes: bytes.slice() })
    await super.write(offset, bytes)
  }

  override async truncate(length: number): Promise<void> {
    this.events.push({ length })
    await super.truncate(length)
  }

  override async flush(): Promise<void> {
    this.events.push('flush')
  }
}

/** What a disk holds that loses power after some events: of those that came after the last flush, some arrive. */
export async function remains(
  events: readonly DiskEvent[],
  arrives: (index: number) => boolean,
): Promise<Uint8Array<ArrayBufferLike>> {
  const disk = new MemoryDriver(new Uint8Array(0))
  const lastFlush = events.lastIndexOf('flush')
  for (const [index, event] of events.entries()) {
    if (event === 'flush' || (index > lastFlush && !arrives(index))) continue
    if ('length' in event) await disk.truncate(event.length)
    else {
      const end = Math.ceil((event.offset + event.bytes.length) / sector) * sector
      if (end > disk.length) await disk.truncate(end)
      await disk.write(event.offset, event.bytes)
    }
  }
  return disk.bytes
}
