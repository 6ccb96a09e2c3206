import type { Resource, Resources } from '../../mcp/index.ts'
import type { ManagedMachine } from './managed-machine.ts'
import type { RunningMachines } from './running-machines.ts'

const scheme = 'vmon://machines/'

/** What machines show and send, as resources: `vmon://machines/NAME/screen.txt`, `screen.png`, `serial0.txt`. */
export function machineResources(machines: RunningMachines): Resources {
  return {
    list: () => machines.all.filter(({ ending }) => ending === undefined).flatMap(resourcesOf),
    async read(uri) {
      const [name, what, ...rest] = uri.startsWith(scheme) ? uri.slice(scheme.length).split('/') : []
      const machine = machines.all.find((one) => encodeURIComponent(one.name) === name)
      if (machine === undefined || rest.length > 0) return undefined
      const { vm } = machine
      if (what === 'screen.txt') return { mimeType: 'text/plain', text: (await vm.screen.text()) ?? '' }
      if (what === 'screen.png')
        return { mimeType: 'image/png', blob: Buffer.from(await vm.screenshot()).toString('base64') }
      const port = vm.serial[Number(/^serial([0-3])\.txt$/.exec(what ?? '')?.[1])]
      return port && { mimeType: 'text/plain', text: port.text }
    },
  }
}

function resourcesOf({ name, vm }: ManagedMachine): Resource[] {
  const at = (file: string, description: string, mimeType: string): Resource => ({
    uri: `${scheme}${encodeURIComponent(name)}/${file}`,
    name: `${name} ${file}`,
    description,
    mimeType,
  })
  return [
    at('screen.txt', 'the text that the screen shows', 'text/plain'),
    at('screen.png', 'a picture of the screen', 'image/png'),
    ...vm.serial.flatMap((port, index) =>
      port === undefined ? [] : [at(`serial${index}.txt`, 'what the guest has sent over the port', 'text/plain')],
    ),
  ]
}
