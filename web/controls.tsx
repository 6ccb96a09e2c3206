import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const patienceMs = 4000

/** A button that is pressed twice: the first time it asks. */
export function SureButton({
  children,
  sure,
  act,
  disabled = false,
}: {
  readonly children: ComponentChildren
  /** What it says when it asks. */
  readonly sure: string
  readonly act: () => void
  readonly disabled?: boolean
}) {
  const [asking, ask] = useState(false)
  useEffect(() => {
    if (!asking) return undefined
    const timer = setTimeout(() => ask(false), patienceMs)
    return () => clearTimeout(timer)
  }, [asking])
  const press = (): void => {
    ask(!asking)
    if (asking) act()
  }
  return (
    <button type="button" class={asking ? 'danger' : ''} disabled={disabled} onClick={press}>
      {asking ? sure : children}
    </button>
  )
}

/** A part of the page under a heading. */
export function Panel({
  title,
  children,
  open = true,
}: {
  readonly title: string
  readonly children: ComponentChildren
  readonly open?: boolean
}) {
  return (
    <details class="panel" open={open}>
      <summary>
        <h2>{title}</h2>
      </summary>
      <div class="inside">{children}</div>
    </details>
  )
}
