import { SureButton } from '../controls.tsx'
import type { Machine, MachineState } from '../machine.ts'
import type { About } from '../main.tsx'
import { toggleTheme } from '../theme.ts'

/** Its name, whether it runs, and what can be done about that. */
export function RunStateBar({
  about,
  machine,
  state: { status, connection, version },
}: {
  readonly about: About
  readonly machine: Machine
  readonly state: MachineState
}) {
  const running = status === 'running'
  const run = (command: string) => (): void => void machine.run(command)
  const away = connection !== 'open'
  return (
    <header>
      <h1>{about.name}</h1>
      <span class={`status ${running ? 'good' : ''}`} role="status" aria-label="Run state" data-status={status}>
        {status}
      </span>
      {version !== '' && <span class="dim">QMP {version}</span>}
      {machine.mayControl ? (
        <div class="buttons" role="toolbar" aria-label="Machine">
          <button type="button" disabled={away || !running} onClick={run('stop')}>
            Stop
          </button>
          <button type="button" disabled={away || running} onClick={run('cont')}>
            Continue
          </button>
          <SureButton sure="Really reset?" disabled={away} act={run('system_reset')}>
            Reset
          </SureButton>
          {status === 'suspended' ? (
            <button type="button" onClick={run('system_wakeup')}>
              Wake up
            </button>
          ) : (
            <SureButton sure="Press the power button?" disabled={away} act={run('system_powerdown')}>
              Power
            </SureButton>
          )}
          <SureButton sure="Really send an NMI?" disabled={away} act={run('inject-nmi')}>
            NMI
          </SureButton>
          <SureButton sure="Really quit?" disabled={away} act={run('quit')}>
            Quit
          </SureButton>
        </div>
      ) : (
        <span class="dim">For looking only</span>
      )}
      <button type="button" class="theme" onClick={toggleTheme}>
        Light/dark
      </button>
    </header>
  )
}
