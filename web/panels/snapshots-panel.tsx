import { useState } from 'preact/hooks'
import { SureButton } from '../controls.tsx'
import type { Drive, Machine } from '../machine.ts'
import { sizeText } from '../size-text.ts'

/** States of the machine, inside its images. */
export function SnapshotsPanel({ machine, drives }: { readonly machine: Machine; readonly drives: readonly Drive[] }) {
  const [name, setName] = useState('')
  const snapshots = drives.find((drive) => drive.snapshots.length > 0)?.snapshots ?? []
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
      {snapshots.length === 0 && <p class="dim">None</p>}
      <ul class="things">
        {snapshots.map((snapshot) => (
          <li key={snapshot.name} class="row" data-snapshot={snapshot.name}>
            <strong>{snapshot.name}</strong>
            <span class="dim">
              {snapshot.date.toLocaleString()}
              {snapshot.stateBytes > 0 && `, ${sizeText(snapshot.stateBytes)}`}
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
