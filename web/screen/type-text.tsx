import { useState } from 'preact/hooks'
import type { Machine } from '../machine.ts'

/** Types a text on the guest's keyboard, which is taken for an American one. */
export function TypeText({ machine }: { readonly machine: Machine }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const type = async (event: Event): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    if (await machine.type(text)) setText('')
    setBusy(false)
  }
  return (
    <form class="type" onSubmit={type}>
      <label for="text-to-type">Text for the guest's keyboard (a line end is the Enter key)</label>
      <textarea id="text-to-type" rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" disabled={busy || text === ''}>
        {busy ? 'Typing…' : 'Type'}
      </button>
    </form>
  )
}
