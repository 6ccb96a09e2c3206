import { useEffect, useState } from 'preact/hooks'
import type { Machine, MachineState } from './machine.ts'

/** The machine's state, and a new picture whenever it changes. */
export function useMachine(machine: Machine): MachineState {
  const [state, set] = useState(machine.state)
  useEffect(() => {
    set(machine.state)
    return machine.subscribe(() => set(machine.state))
  }, [machine])
  return state
}
