import { useEffect, useRef, useState } from 'preact/hooks'
import { socketUrl } from '../socket-url.ts'

/** A serial port in a terminal. */
export function SerialPanel({
  name,
  path,
  mayType,
}: {
  readonly name: string
  readonly path: string
  readonly mayType: boolean
}) {
  const place = useRef<HTMLDivElement>(null)
  const [lost, setLost] = useState(false)
  const [round, setRound] = useState(0)
  useEffect(() => {
    let end: (() => void) | undefined
    let gone = false
    const open = async (): Promise<void> => {
      const { openTerminal } = await import('./terminal.ts')
      if (gone) return
      setLost(false)
      end = openTerminal({
        place: place.current!,
        url: socketUrl(path),
        mayType,
        ended: () => setLost(true),
      })
    }
    // A terminal measures its place: it is made when that is seen.
    const details = place.current!.closest('details')
    const begin = (): void => {
      if (details?.open === false || end !== undefined) return
      void open()
    }
    details?.addEventListener('toggle', begin)
    begin()
    return () => {
      gone = true
      details?.removeEventListener('toggle', begin)
      end?.()
    }
  }, [path, mayType, round])
  return (
    <>
      <section ref={place} class="terminal" aria-label={`Terminal at ${name}`} data-testid={path} />
      {lost && (
        <p class="dim">
          The connection is lost.{' '}
          <button type="button" onClick={() => setRound(round + 1)}>
            Connect again
          </button>
        </p>
      )}
    </>
  )
}
