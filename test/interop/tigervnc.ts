import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { PpmPicture } from './ppm-picture.ts'

export const tigervncPrograms = ['Xvfb', 'xtigervncviewer'] as const

/** An X server without a screen of its own (Xvfb), of the size of a guest's picture, for TigerVNC's viewer. */
export class TigervncScreen implements AsyncDisposable {
  readonly #folder: string
  readonly #display: string
  readonly #end: () => Promise<void>

  private constructor(folder: string, display: string, end: () => Promise<void>) {
    this.#folder = folder
    this.#display = display
    this.#end = end
  }

  static async open({ width, height }: PpmPicture): Promise<TigervncScreen> {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-xvfb-'))
    const options = ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-fbdir', folder, '-nolisten', 'tcp']
    const server = spawn('Xvfb', options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
    const gone = once(server, 'exit')
    const [number] = (await once(server.stdio[3] as Readable, 'data')) as [Buffer]
    return new TigervncScreen(folder, `:${number.toString().trim()}`, async () => {
      server.kill()
      await gone
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    await rm(this.#folder, { recursive: true })
  }

  /**
   * Lets the viewer show a machine until the picture is as wanted: the hint that it lays over that goes by itself.
   *
   * @throws {Error} with the viewer's log, if it ends before
   */
  async show(options: readonly string[], wanted: (picture: PpmPicture) => boolean, signal: AbortSignal): Promise<void> {
    const viewer = spawn('xtigervncviewer', ['-Shared', '-AutoSelect=0', '-FullScreen', ...options], {
      env: { ...process.env, DISPLAY: this.#display, HOME: this.#folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    viewer.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
    const gone = once(viewer, 'exit')
    try {
      while (!wanted(await this.#picture())) {
        if (viewer.exitCode !== null || signal.aborted) throw new Error(`the viewer (${options.join(' ')}): ${log}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    } finally {
      viewer.kill()
      await gone
    }
  }

  /** What the X server shows: an XWD file, with 32 bits a pixel, blue first. */
  async #picture(): Promise<PpmPicture> {
    const file = await readFile(join(this.#folder, 'Xvfb_screen0'))
    const [header, width, height, lineBytes, colours] = [0, 16, 20, 48, 76].map((at) => file.readUInt32BE(at)) as [
      ...[number, number, number, number, number],
    ]
    const pixels = file.subarray(header + 12 * colours)
    const rgb = Buffer.alloc(3 * width * height)
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0, from = y * lineBytes; x < width; x++, from += 4) {
        for (const part of [2, 1, 0]) rgb[to++] = pixels[from + part]!
      }
    }
    return { width, height, rgb }
  }
}
