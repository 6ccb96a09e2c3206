/**
 * How many bytes a second go from an image to the thread that executes the board, and back: the calls of the board's disk
 * controllers, without a guest that waits for them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { connectPcDrives, DriveSet, driveFromOptions } from '../../src/block/index.ts'
import { HostRequests } from '../../src/board/v86/thread/host-requests.ts'
import { Media } from '../../src/board/v86/thread/media.ts'
import type { DiskRequest, ToWorker } from '../../src/board/v86/wire.ts'
import { atLeast, type Row } from './report.ts'

const mebibyte = 2 ** 20
const imageSize = 64 * mebibyte
/** As much as one command of an IDE disk moves with 28-bit addresses, and then some. */
const length = 128 * 1024
const rounds = 4

interface Rates {
  readonly read: number
  readonly write: number
}

if (!isMainThread) await controller()

/** The rows for the table of the board. */
export async function diskPath(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  try {
    const image = join(folder, 'disk.raw')
    writeFileSync(image, new Uint8Array(imageSize).fill(1))
    const drives = new DriveSet()
    const drive = await drives.add(driveFromOptions({ file: image, format: 'raw' }))
    await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
    const slot = { bus: 'ide', channel: 0, unit: 0 } as const
    const media = new Media([{ slot, kind: 'disk', medium: drive.medium! } as never])
    const { id } = media.shapeOf(slot)!
    const worker = new Worker(new URL(import.meta.url))
    const rates = await new Promise<Rates>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', (message: DiskRequest | Rates) => {
        if ('read' in message) return resolve(message)
        void media.serve({ ...message, medium: id }).then((answer) => {
          worker.postMessage(answer, answer.data === undefined ? [] : [answer.data.buffer as ArrayBuffer])
        })
      })
    })
    await worker.terminate()
    await drives.close()
    const target = atLeast(300, ' MB/s')
    return [
      { name: 'from an image to the board, 128 KiB at a time', unit: 'MB/s', ours: rates.read, target },
      { name: 'from the board to an image', unit: 'MB/s', ours: rates.write, target },
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** In the worker: one request after the other, as a disk controller has them. */
async function controller(): Promise<void> {
  const port = parentPort!
  const requests = new HostRequests((message, transfer) => port.postMessage(message, transfer ?? []))
  port.on('message', (message: Extract<ToWorker, { type: 'disk' }>) => requests.settle(message))
  const rate = async (request: (offset: number) => Promise<unknown>): Promise<number> => {
    const begin = performance.now()
    for (let round = 0; round < rounds; round++) {
      for (let offset = 0; offset < imageSize; offset += length) await request(offset)
    }
    return (rounds * imageSize) / 1000 / (performance.now() - begin)
  }
  const read = await rate((offset) => requests.read(0, offset, length))
  const write = await rate((offset) => requests.write(0, offset, new Uint8Array(length)))
  port.postMessage({ read, write } satisfies Rates)
}
