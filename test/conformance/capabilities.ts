/** What a vmon says that it can do: the source of everything that is pending. */
import { PlainClient } from '../interop/plain-client.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

export interface Capabilities {
  readonly commands: ReadonlySet<string>
  /** Options of the command line, without their dashes. */
  readonly options: ReadonlySet<string>
}

/** Asks query-commands and `-help`. */
export async function askCapabilities(): Promise<Capabilities> {
  const options = [
    '-accel',
    'none',
    '-display',
    'none',
    '-nodefaults',
    '-S',
    '-qmp',
    'unix:qmp.sock,server=on,wait=off',
  ]
  await using server = await Server.start([...vmon.command, ...options])
  await server.listening('qmp.sock')
  using client = await PlainClient.open(server.path('qmp.sock'))
  const commands = (await client.execute('query-commands')) as { name: string }[]
  const { output } = await server.shell(vmon.command.map((word) => `'${word}'`).join(' ') + ' -help')
  return {
    commands: new Set(commands.map(({ name }) => name)),
    options: new Set([...output.matchAll(/^-+([\w-]+)/gm)].map((match) => match[1]!)),
  }
}
