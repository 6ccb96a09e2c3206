import { SureButton } from '../controls.tsx'
import type { Machine, Migration } from '../machine.ts'
import { sizeText } from '../size-text.ts'

const over = ['completed', 'failed', 'cancelled']

/** How far the machine has moved. */
export function MigrationPanel({ machine, migration }: { readonly machine: Machine; readonly migration: Migration }) {
  const { status, total, remaining, error } = migration
  const sent = status === 'completed' ? total : total - remaining
  return (
    <>
      <div class="row">
        <span class="status">{status}</span>
        <progress aria-label="Progress of the migration" value={sent} max={Math.max(total, 1)} />
        <span class="dim">
          {sizeText(sent)} of {sizeText(total)}
        </span>
      </div>
      {error !== undefined && <p class="complaint">{error}</p>}
      {machine.mayControl && !over.includes(status) && (
        <SureButton sure="Really cancel?" act={() => void machine.run('migrate_cancel')}>
          Cancel
        </SureButton>
      )}
    </>
  )
}
