import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { PpmPicture } from './ppm-picture.ts'

/** An X server without a screen of its own (Xvfb), for one viewer. */
export class ViewerScreen implements AsyncDisposable {
  readonly #folder: string
  readonly #display: string
  readonly #end: () => Promise<void>

  private constructor(folder: string, display: string, end: () => Promise<void>) {
    this.#folder = folder
    this.#display = display
    this.#end = end
  }

  static async open({ width, height }: { width: number; height: number }): Promise<ViewerScreen> {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-xvfb-'))
    const options = ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-fbdir', folder, '-nolisten', 'tcp']
    const server = spawn('Xvfb', options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
    const gone = once(server, 'exit')
    const [number] = (await once(server.stdio[3] as Readable, 'data')) as [Buffer]
    return new ViewerScreen(folder, `:${number.toString().trim()}`, async () => {
      server.kill()
      await gone
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    await rm(this.#folder, { recursive: true })
  }

  /**
   * Lets a viewer show a machine until the picture is as wanted: hints that it lays over that go by themselves.
   *
   * @param command - the viewer, with what it is told
   * @param then - what is done while it shows that
   * @throws {Error} with the viewer's log, if it ends before
   */
  async show(
    [program, ...options]: readonly [string, ...string[]],
    wanted: (picture: PpmPicture) => boolean | Promise<boolean>,
    signal: AbortSignal,
    then: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const viewer = spawn(program, options, {
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    viewer.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
    const gone = once(viewer, 'exit')
    try {
      while (!(await wanted(await this.#picture()))) {
        if (viewer.exitCode !== null || signal.aborted) throw new Error(`${program} ${options.join(' ')}: ${log}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await then()
    } finally {
      viewer.kill()
      await gone
    }
  }

  /** Does something to what is shown, as a person would: `xdotool`, with what it is told. */
  async use(...options: readonly string[]): Promise<void> {
    await promisify(execFile)('xdotool', options, { env: this.#environment })
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, DISPLAY: this.#display, HOME: this.#folder }
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
