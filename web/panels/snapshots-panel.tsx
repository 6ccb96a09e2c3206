import { useState } from 'preact/hooks'
import { SureButton } from '../controls.tsx'
import type { Drive, Machine, Snapshot } from '../machine.ts'
import { sizeText } from '../size-text.ts'

/** What the images hold. */
interface Kept {
  /** States of the machine, in the images of all its drives under one name. */
  readonly states: readonly Snapshot[]
  /** Of one drive alone. */
  readonly alone: readonly { readonly drive: Drive; readonly snapshot: Snapshot }[]
}

function keptIn(drives: readonly Drive[]): Kept {
  const all = drives.flatMap((drive) => drive.snapshots.map((snapshot) => ({ drive, snapshot })))
  const states = all.map(({ snapshot }) => snapshot).filter(({ stateBytes }) => stateBytes > 0)
  const names = new Set(states.map(({ name }) => name))
  return { states, alone: all.filter(({ snapshot }) => !names.has(snapshot.name)) }
}

/** States of the machine and snapshots of single drives, inside the images. */
export function SnapshotsPanel({ machine, drives }: { readonly machine: Machine; readonly drives: readonly Drive[] }) {
  const [name, setName] = useState('')
  const { states, alone } = keptIn(drives)
  // The human monitor says what goes wrong, and nothing else.
  const run = async (line: string): Promise<boolean> => {
    const said = (await machine.human(line)).trim()
    if (said !== '') machine.complain(said)
    return said === ''
  }
  const save = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (await run(`savevm ${name}`)) setName('')
  }
  return (
    <>
      {states.length + alone.length === 0 && <p class="dim">None</p>}
      <ul class="things">
        {states.map((snapshot) => (
          <li key={snapshot.name} class="row" data-snapshot={snapshot.name}>
            <strong>{snapshot.name}</strong>
            <span class="dim">
              {snapshot.date.toLocaleString()}, {sizeText(snapshot.stateBytes)}
            </span>
            {machine.mayControl && /^[\w.-]+$/.test(snapshot.name) && (
              <span class="buttons">
                <SureButton sure="Really go back?" act={() => void run(`loadvm ${snapshot.name}`)}>
                  Load
                </SureButton>
                <SureButton sure="Really delete?" act={() => void run(`delvm ${snapshot.name}`)}>
                  Delete
                </SureButton>
              </span>
            )}
          </li>
        ))}
        {alone.map(({ drive, snapshot }) => (
          <li key={`${drive.name} ${snapshot.name}`} class="row" data-snapshot={snapshot.name}>
            <strong>{snapshot.name}</strong>
            <span class="dim">
              {snapshot.date.toLocaleString()}, {drive.name} alone
            </span>
            {machine.mayControl && 'device' in drive.target && (
              <span class="buttons">
                <SureButton
                  sure="Really delete?"
                  act={() =>
                    void machine.run('blockdev-snapshot-delete-internal-sync', { ...drive.target, name: snapshot.name })
                  }
                >
                  Delete
                </SureButton>
              </span>
            )}
          </li>
        ))}
      </ul>
      {machine.mayControl && (
        <form class="row" onSubmit={save}>
          <input
            type="text"
            aria-label="Name of the snapshot"
            placeholder="name"
            pattern="[A-Za-z0-9_.\-]+"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit">Save</button>
        </form>
      )}
    </>
  )
}
