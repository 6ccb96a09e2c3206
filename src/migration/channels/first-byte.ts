import { untilAborted } from '../../async/index.ts'
import type { Channel } from './channel.ts'

/**
 * Waits until something comes out of a pipe. If it ends before, nothing ever will: nobody is told, as with QEMU.
 *
 * @returns the pipe, with that still to be read
 * @throws the signal's reason
 */
export async function afterFirstByte(pipe: Channel, signal: AbortSignal): Promise<Channel> {
  let first: Buffer | undefined = await pipe.read(1)
  if (first.length === 0) await untilAborted(new Promise(() => undefined), signal)
  const read = async (length: number): Promise<Buffer> => {
    const before = first
    if (before === undefined || length === 0) return pipe.read(length)
    first = undefined
    return Buffer.concat([before, await pipe.read(length - 1)])
  }
  return {
    ...{ answers: pipe.answers, write: pipe.write, read },
    finish: () => pipe.finish(),
    destroy: (reason) => pipe.destroy(reason),
  }
}
