import type { PastEvent } from '../machine.ts'

/** What has happened since the page was opened, the newest first. */
export function EventsPanel({ events }: { readonly events: readonly PastEvent[] }) {
  if (events.length === 0) return <p class="dim">Nothing yet</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the keyboard
    <ol class="events" tabIndex={0} aria-label="Events, the newest first">
      {events.map(({ number, time, name, data }) => (
        <li key={number}>
          <time dateTime={time.toISOString()}>{time.toLocaleTimeString()}</time> <strong>{name}</strong>{' '}
          {data !== '{}' && <code>{data}</code>}
        </li>
      ))}
    </ol>
  )
}
