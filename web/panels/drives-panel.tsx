import { useState } from 'preact/hooks'
import { SureButton } from '../controls.tsx'
import type { Drive, Machine } from '../machine.ts'
import { sizeText } from '../size-text.ts'

/** Drives with their media, and what is read and written. */
export function DrivesPanel({ machine, drives }: { readonly machine: Machine; readonly drives: readonly Drive[] }) {
  if (drives.length === 0) return <p class="dim">No drives</p>
  return (
    <ul class="things">
      {drives.map((drive) => (
        <li key={drive.name}>
          <DriveRow machine={machine} drive={drive} />
        </li>
      ))}
    </ul>
  )
}

function DriveRow({ machine, drive }: { readonly machine: Machine; readonly drive: Drive }) {
  const { name, medium, open, locked, rates, removable } = drive
  const state = [open ? 'tray open' : '', locked ? 'locked' : '', medium?.readOnly === true ? 'read only' : '']
  return (
    <>
      <div class="row">
        <strong>{name}</strong>
        <span class="dim">{state.filter((text) => text !== '').join(', ')}</span>
        {medium !== undefined && (
          <span class="rates">
            <span title="read a second">↓ {sizeText(rates.read)}/s</span>{' '}
            <span title="written a second">↑ {sizeText(rates.written)}/s</span>
          </span>
        )}
      </div>
      <div class="file" data-drive={name}>
        {medium === undefined ? (
          <span class="dim">empty</span>
        ) : (
          <>
            <span class="path">{medium.file}</span>{' '}
            <span class="dim">
              {medium.format}, {sizeText(medium.bytes)}
            </span>
          </>
        )}
      </div>
      {removable && machine.mayControl && <MediumForm machine={machine} drive={drive} />}
    </>
  )
}

function MediumForm({
  machine,
  drive: { name, target, medium, open },
}: {
  readonly machine: Machine
  readonly drive: Drive
}) {
  const [filename, setFilename] = useState('')
  const insert = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (await machine.run('blockdev-change-medium', { ...target, filename })) setFilename('')
  }
  const eject = (): void => void machine.run('eject', { ...target, force: false })
  const close = (): void => void machine.run('blockdev-close-tray', target)
  return (
    <form class="row" onSubmit={insert}>
      <input
        type="text"
        aria-label={`Image for ${name}`}
        placeholder="path of an image"
        value={filename}
        onInput={(event) => setFilename(event.currentTarget.value)}
      />
      <button type="submit" disabled={filename === ''}>
        Insert
      </button>
      {open && medium === undefined ? (
        <button type="button" onClick={close}>
          Close tray
        </button>
      ) : (
        <SureButton sure="Really eject?" disabled={medium === undefined && open} act={eject}>
          Eject
        </SureButton>
      )}
    </form>
  )
}
