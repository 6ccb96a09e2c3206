import type { Line } from '../../chardev/index.ts'
import { type Duplex, memoryPair } from '../../transport/index.ts'
import type { VncDisplay } from '../../vnc/index.ts'
import { ConsoleServer, serialService } from '../../web-console/index.ts'
import { asked, type Start } from './start.ts'

interface Needs extends Start {
  readonly connect: () => Duplex
  readonly serialPorts: readonly (Line | undefined)[]
  /** Shows the screen to who comes by the page; undefined without one. */
  readonly pageDisplay: VncDisplay | undefined
}

/** By which the page is opened: for everything, or for looking only. */
export interface ConsoleLinks {
  readonly control: string
  readonly watch: string
}

/** The page for browsers. */
export async function consolePage({
  config,
  scope,
  signal,
  inform,
  log,
  connect,
  serialPorts,
  pageDisplay,
}: Needs): Promise<{ readonly consolePage: ConsoleLinks | undefined }> {
  const address = config.consolePage
  if (address === undefined) return { consolePage: undefined }
  const serial = serialPorts.flatMap((port, index) =>
    port === undefined ? [] : [{ name: `COM${index + 1}`, open: serialService(port) }],
  )
  const screen =
    pageDisplay &&
    (() => {
      const [ours, theirs] = memoryPair()
      pageDisplay.addClient(ours, true)
      return theirs
    })
  const services = { name: config.name ?? 'vmon', qmp: connect, screen, serial }
  const server = await asked(
    address,
    () =>
      ConsoleServer.open(address, {
        services,
        log: (what, error) => log.log('web', what, { error }),
      }),
    signal,
  )
  scope.own(server)
  const links = { control: server.url('control'), watch: server.url('watch') }
  inform?.(`Console page: ${links.control}`)
  inform?.(`For looking only: ${links.watch}`)
  return { consolePage: links }
}
