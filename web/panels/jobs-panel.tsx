import type { Job, Machine } from '../machine.ts'
import { sizeText } from '../size-text.ts'

/** What can be done to a job in a state. */
const verbs: readonly { readonly verb: string; readonly label: string; readonly states: readonly string[] }[] = [
  { verb: 'job-pause', label: 'Pause', states: ['running', 'ready'] },
  { verb: 'job-resume', label: 'Resume', states: ['paused', 'standby'] },
  { verb: 'job-complete', label: 'Complete', states: ['ready'] },
  {
    verb: 'job-cancel',
    label: 'Cancel',
    states: ['created', 'running', 'paused', 'ready', 'standby', 'waiting', 'pending'],
  },
  { verb: 'job-finalize', label: 'Finalize', states: ['pending'] },
  { verb: 'job-dismiss', label: 'Dismiss', states: ['concluded'] },
]

/** Long work on images and snapshots. */
export function JobsPanel({ machine, jobs }: { readonly machine: Machine; readonly jobs: readonly Job[] }) {
  if (jobs.length === 0) return <p class="dim">No jobs</p>
  return (
    <ul class="things">
      {jobs.map((job) => (
        <li key={job.id} data-job={job.id}>
          <div class="row">
            <strong>{job.id}</strong> <span class="dim">{job.type}</span> <span class="status">{job.status}</span>
          </div>
          <div class="row">
            <progress aria-label={`Progress of ${job.id}`} value={job.done} max={Math.max(job.total, 1)} />
            <span class="dim">
              {sizeText(job.done)} of {sizeText(job.total)}
            </span>
          </div>
          {job.error !== undefined && <p class="complaint">{job.error}</p>}
          {machine.mayControl && (
            <div class="buttons">
              {verbs
                .filter(({ states }) => states.includes(job.status))
                .map(({ verb, label }) => (
                  <button key={verb} type="button" onClick={() => void machine.run(verb, { id: job.id })}>
                    {label}
                  </button>
                ))}
            </div>
          )}
        </li>
      ))}
    </ul>
  )
}
