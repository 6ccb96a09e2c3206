import type { Emulator } from '../emulator.ts'
import { readBus, writeBus } from '../memory/bus-access.ts'
import { readPort, writePort } from '../ports/port-access.ts'
import type { Notice, WorkerCalls } from '../wire.ts'

type ProbeCalls = Pick<
  WorkerCalls,
  'readPort' | 'writePort' | 'readBus' | 'writeBus' | 'watchInterrupts' | 'setInterrupt' | 'stepTo'
>

/** What can be done to the devices from outside. */
export function probeCalls(emulator: Emulator, tell: (notice: Notice) => void): ProbeCalls {
  const { cpu, memory } = emulator
  return {
    readPort: (port, size) => emulator.access(() => readPort(cpu, port, size)),
    writePort: (port, size, value) => emulator.access(() => writePort(cpu, port, size, value)),
    readBus: (address, length) => emulator.access(() => readBus(cpu, memory, address, length)),
    writeBus: (address, bytes) => emulator.access(() => writeBus(cpu, memory, address, bytes)),
    watchInterrupts: () => {
      emulator.lineRises.changed = (line, asserted) => tell({ type: 'interruptLine', line, asserted })
    },
    setInterrupt: (line, asserted) => {
      if (asserted) cpu.device_raise_irq(line)
      else cpu.device_lower_irq(line)
    },
    stepTo: async (milliseconds) => {
      await emulator.stepTo(milliseconds)
      return emulator.guestTime
    },
  }
}
