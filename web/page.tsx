import { Panel } from './controls.tsx'
import type { Machine } from './machine.ts'
import type { About } from './main.tsx'
import { DrivesPanel } from './panels/drives-panel.tsx'
import { EventsPanel } from './panels/events-panel.tsx'
import { JobsPanel } from './panels/jobs-panel.tsx'
import { MigrationPanel } from './panels/migration-panel.tsx'
import { MonitorPanel } from './panels/monitor-panel.tsx'
import { RunStateBar } from './panels/run-state-bar.tsx'
import { SerialPanel } from './panels/serial-panel.tsx'
import { SnapshotsPanel } from './panels/snapshots-panel.tsx'
import { ScreenPanel } from './screen/screen-panel.tsx'
import { useMachine } from './use-machine.ts'

/** All of the page. */
export function Page({ about, machine }: { readonly about: About; readonly machine: Machine }) {
  const state = useMachine(machine)
  return (
    <>
      <RunStateBar about={about} machine={machine} state={state} />
      <main>
        {state.connection === 'lost' && (
          <p class="notice" role="status">
            The connection is lost. Trying again…
          </p>
        )}
        {state.complaint !== undefined && (
          <p class="notice complaint" role="alert">
            {state.complaint}{' '}
            <button type="button" onClick={() => machine.complain(undefined)}>
              Dismiss
            </button>
          </p>
        )}
        <div class="columns">
          <div class="column wide">
            {about.screen && <ScreenPanel about={about} machine={machine} running={state.status === 'running'} />}
            {about.serial.map((name, index) => (
              <Panel key={name} title={name} open={index === 0 && !about.screen}>
                <SerialPanel name={name} path={`serial/${index}`} mayType={machine.mayControl} />
              </Panel>
            ))}
            {machine.mayControl && (
              <Panel title="Monitor" open={false}>
                <MonitorPanel machine={machine} />
              </Panel>
            )}
          </div>
          <div class="column">
            <Panel title="Drives">
              <DrivesPanel machine={machine} drives={state.drives} />
            </Panel>
            <Panel title="Jobs">
              <JobsPanel machine={machine} jobs={state.jobs} />
            </Panel>
            {state.migration !== undefined && (
              <Panel title="Migration">
                <MigrationPanel machine={machine} migration={state.migration} />
              </Panel>
            )}
            <Panel title="Snapshots" open={false}>
              <SnapshotsPanel machine={machine} drives={state.drives} />
            </Panel>
            <Panel title="Events">
              <EventsPanel events={state.events} />
            </Panel>
          </div>
        </div>
      </main>
    </>
  )
}
