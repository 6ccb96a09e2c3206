import type { ChardevSet } from '../../chardev/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import type { Interpreter } from '../../hmp/index.ts'
import { type Dispatcher, type EventHub, HumanMonitor, QmpMonitor } from '../../monitor/index.ts'
import { qemuVersion } from '../../qapi/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import { type Duplex, memoryPair } from '../../transport/index.ts'
import type { AbruptEnd } from '../abrupt-end.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly chardevs: ChardevSet
  readonly dispatcher: Dispatcher
  readonly interpreter: Interpreter
  readonly events: EventHub
  readonly runControl: RunControl
  readonly fdSets: FdSets
  readonly abruptEnd: AbruptEnd
}

/** The monitors that were asked for, each on its character device, and one for programs in this process. */
export function monitors(needs: Needs): { readonly connect: () => Duplex } {
  const { config, scope, chardevs, dispatcher, interpreter, events, runControl, fdSets, abruptEnd, log } = needs
  const opened = <M extends QmpMonitor | HumanMonitor>(monitor: M): M => {
    abruptEnd.add(monitor)
    return scope.own(monitor)
  }
  const qmp = (pretty: boolean): QmpMonitor =>
    opened(
      new QmpMonitor({
        clients: fdSets,
        dispatcher,
        events,
        version: qemuVersion,
        pretty,
        signal: runControl.signal,
        log,
      }),
    )
  for (const asked of config.monitors) {
    const frontend =
      asked.mode === 'control'
        ? { concurrent: true, ...bound(qmp(asked.pretty)) }
        : opened(new HumanMonitor({ clients: fdSets, language: interpreter, version: versionText(qemuVersion) }))
    chardevs.find(asked.chardev).attach(frontend)
  }
  const inProcess = bound(qmp(false))
  const connect = (): Duplex => {
    const [ours, theirs] = memoryPair()
    inProcess.connection(ours)
    return theirs
  }
  return { connect }
}

const bound = (monitor: QmpMonitor) => ({ connection: (duplex: Duplex) => monitor.connection(duplex) })

function versionText({ qemu }: typeof qemuVersion): string {
  return `${qemu.major}.${qemu.minor}.${qemu.micro}`
}
