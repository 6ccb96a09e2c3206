import { fileURLToPath } from 'node:url'
import { connectQmp, type QmpClient } from '../../src/index.ts'
import { Server } from '../oracle/server.ts'
import { debianOptions, networks } from './debian-guest.ts'

const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))

/** A vmon of its own that has the Debian guest's machine with two networks. */
export class VmonProcess {
  readonly qmp: QmpClient
  readonly #server: Server

  private constructor(server: Server, qmp: QmpClient) {
    this.#server = server
    this.qmp = qmp
  }

  /** @param opened - a file that it has open as descriptor 9, to read and to write */
  static async start(
    files: { readonly disk: string; readonly serial: string },
    words: readonly string[],
    opened = '/dev/null',
  ): Promise<VmonProcess> {
    const { memory, kernel, initrd, append, hda, serial } = await debianOptions(files)
    const server = await Server.start([
      ...['/bin/sh', '-c', `exec "$@" 9<>${opened}`, 'sh', process.execPath, vmon, '-display', 'none'],
      ...['-m', String(memory), '-kernel', kernel, '-initrd', initrd, '-append', append, '-hda', hda],
      ...['-serial', serial, '-qmp', 'unix:qmp,server=on,wait=off'],
      ...networks.netdevs.flatMap((netdev) => ['-netdev', netdev]),
      ...networks.devices.flatMap((device) => ['-device', device]),
      ...words,
    ])
    try {
      await server.listening('qmp')
      return new VmonProcess(server, await connectQmp(`unix:${server.path('qmp')}`))
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#server.stop()
    await this.#server[Symbol.asyncDispose]()
  }
}
