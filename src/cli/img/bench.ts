import { BlockError, reasonOf } from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { largestCount, readCount, readInteger, readNumber } from './numbers.ts'
import { graphFor, type OpenImage, openImage, readCache } from './open.ts'

const largestBuffer = { max: BigInt(largestCount) }

/** Requests of one kind, one behind the other. */
interface Load {
  readonly count: number
  readonly depth: number
  readonly offset: bigint
  readonly size: number
  readonly step: number
  readonly writes: boolean
  readonly pattern: number
  /** A flush after so many writes; 0: none. */
  readonly flushInterval: number
  /** Whether what comes behind a flush waits for it. */
  readonly drains: boolean
}

/** `vmon img bench`: says how long so many requests take. */
export async function bench(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(
    argv,
    'c= d= f= flush-interval= i= n no-drain o= pattern= q s= S= t= w U:force-share image-opts object=',
    'bench',
  )
  const load = readLoad(args)
  const cache = readBenchCache(args.value('t'))
  const aio = args.has('n') ? 'native' : args.value('i')
  if (aio !== undefined && !['threads', 'native', 'io_uring'].includes(aio)) {
    throw new ProgramError(`Invalid aio option: ${aio}`)
  }
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  checkFlushes(load)
  if (aio === 'native' && cache !== 'none' && cache !== 'off' && cache !== 'directsync') {
    const reason = 'aio=native was specified, but it requires cache.direct=on, which was not specified.'
    throw new ProgramError(`Could not open '${filename}': ${reason}`)
  }
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
    writable: load.writes,
    ...(cache === undefined ? {} : { cache }),
  })
  output.out(describe(load))
  const begin = performance.now()
  try {
    await new Bench(image, load).run()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`Failed request: ${error.kind === 'range' ? 'Input/output error' : reasonOf(error)}`)
  }
  output.out(`Run completed in ${((performance.now() - begin) / 1000).toFixed(3)} seconds.\n`)
  return 0
}

/** @throws {ProgramError} in QEMU's words */
function readLoad(args: Arguments): Load {
  const text = (name: string, otherwise: string): string => args.value(name) ?? otherwise
  const count = readCount('request count', text('c', '75000'))
  const depth = readCount('queue depth', text('d', '64'), { min: 1 })
  const offset = readInteger('offset', text('o', '0'))
  const size = readNumber('buffer size', text('s', '4096'), largestBuffer)
  const step = readNumber('step_size', text('S', '0'), largestBuffer)
  const pattern = readCount('pattern byte', text('pattern', '0'), { max: 255 })
  const flushInterval = readCount('flush interval', text('flush-interval', '0'))
  return {
    count,
    depth,
    offset,
    size,
    step: step === 0 ? size : step,
    writes: args.has('w'),
    pattern,
    flushInterval,
    drains: !args.has('no-drain'),
  }
}

/** @throws {ProgramError} */
function readBenchCache(word: string | undefined): ReturnType<typeof readCache> {
  try {
    return readCache(word, 'cache option')
  } catch (error) {
    throw error instanceof ProgramError ? new ProgramError('Invalid cache mode') : error
  }
}

/** @throws {ProgramError} in QEMU's words */
function checkFlushes({ writes, flushInterval, depth }: Load): void {
  if (flushInterval === 0) return
  if (!writes) throw new ProgramError('--flush-interval is only available in write tests')
  if (flushInterval < depth) throw new ProgramError("Flush interval can't be smaller than depth")
}

function describe({ count, writes, size, depth, offset, step, flushInterval }: Load): string {
  const requests =
    `Sending ${count} ${writes ? 'write' : 'read'} requests, ${size} bytes each, ${depth} in parallel ` +
    `(starting at offset ${offset}, step size ${step})\n`
  return flushInterval === 0 ? requests : `${requests}Sending flush every ${flushInterval} requests\n`
}

/** Runs a load: as many requests at once as it says, which go round the image together. */
class Bench {
  readonly #image: OpenImage
  readonly #load: Load
  readonly #running = new Set<Promise<void>>()
  /** Flushes that nobody waits for, until the end. */
  readonly #flushes: Promise<unknown>[] = []
  #sent = 0
  #offset: number
  /** A flush that everybody waits for. */
  #draining: Promise<void> | undefined

  constructor(image: OpenImage, load: Load) {
    this.#image = image
    this.#load = load
    this.#offset = Number(load.offset)
  }

  /** @throws {BlockError} of a request that has failed */
  async run(): Promise<void> {
    const { depth, count } = this.#load
    const workers = Array.from({ length: Math.min(depth, count) }, () => this.#work())
    const results = await Promise.allSettled(workers)
    const failed = results.find((result) => result.status === 'rejected')
    const failure: unknown = failed?.reason ?? (await Promise.all(this.#flushes)).find((error) => error !== undefined)
    if (failure !== undefined) throw failure
  }

  async #work(): Promise<void> {
    const { size, pattern, count, flushInterval } = this.#load
    const buffer = Buffer.allocUnsafeSlow(size).fill(pattern)
    for (;;) {
      if (this.#draining !== undefined) await this.#draining
      else if (this.#sent === count) return
      else if (flushInterval === 0) await this.#send(buffer)
      else await this.#sendWithFlush(buffer)
    }
  }

  #send(buffer: Uint8Array): Promise<void> {
    const { node, target } = this.#image
    const offset = this.#offset
    this.#sent++
    this.#offset = (offset + this.#load.step) % node.length
    return this.#load.writes ? target.write(offset, buffer) : node.readInto(offset, buffer)
  }

  /** Sends a request, and a flush if it is time: behind all that have been sent, or at once. */
  async #sendWithFlush(buffer: Uint8Array): Promise<void> {
    const request = this.#send(buffer)
    this.#running.add(request)
    if (this.#sent % this.#load.flushInterval === 0) {
      if (this.#load.drains) this.#draining = this.#drain()
      else this.#flushes.push(this.#image.target.flush().catch((error: unknown) => error))
    }
    try {
      await request
    } finally {
      this.#running.delete(request)
    }
  }

  async #drain(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.#image.target.flush()
    this.#draining = undefined
  }
}
