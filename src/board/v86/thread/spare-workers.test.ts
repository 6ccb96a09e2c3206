import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { keepSpareWorkers, takeWorker } from './spare-workers.ts'

/** A program that tells the number of its thread when it is asked. */
const program = new URL(
  `data:text/javascript,${encodeURIComponent(
    "import { parentPort, threadId } from 'node:worker_threads'; parentPort.on('message', () => parentPort.postMessage(threadId))",
  )}`,
)

async function numberOf(worker: Worker): Promise<number> {
  worker.postMessage('ask')
  const [number] = (await once(worker, 'message')) as [number]
  return number
}

test('threads wait for boards, each for one, and there is one more where none waits', async (t) => {
  const first = takeWorker(program)
  const workers = [first]
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())))
  const number = await numberOf(first)
  keepSpareWorkers(program, 2)
  keepSpareWorkers(program, 2)
  for (let index = 0; index < 3; index++) workers.push(takeWorker(program))
  const numbers = await Promise.all(workers.map(numberOf))
  assert.deepEqual(
    [...numbers].sort(),
    [0, 1, 2, 3].map((index) => number + index),
  )
})

test('a thread that has made something ready is for boards that want it, and no others', async (t) => {
  const told = new URL(
    `data:text/javascript,${encodeURIComponent(
      "import { parentPort } from 'node:worker_threads'; let first; parentPort.on('message', (message) => parentPort.postMessage((first ??= message)))",
    )}`,
  )
  const answer = async (worker: Worker): Promise<unknown> => {
    t.after(() => worker.terminate())
    const [said] = (await once(worker, 'message')) as [unknown]
    return said
  }
  keepSpareWorkers(told, 1, { key: 'large', message: 'be large' })
  const other = takeWorker(told, 'small')
  other.postMessage('build')
  assert.equal(await answer(other), 'build')
  const fitting = takeWorker(told, 'large')
  fitting.postMessage('build')
  assert.equal(await answer(fitting), 'be large')
  const late = takeWorker(told, 'large')
  late.postMessage('build')
  assert.equal(await answer(late), 'build')
})

test('a thread that has ended waits no more', async (t) => {
  const ending = new URL('data:text/javascript,setTimeout(() => process.exit(), 0)')
  keepSpareWorkers(ending, 1)
  const worker = takeWorker(ending)
  await once(worker, 'exit')
  const after = takeWorker(ending)
  t.after(() => after.terminate())
  assert.notEqual(after, worker)
})

test('threads that wait keep no program from its end', async () => {
  const own = JSON.stringify(new URL('spare-workers.js', import.meta.url).href)
  const waiting = `
    import { once } from 'node:events'
    import { keepSpareWorkers, takeWorker } from ${own}
    const program = new URL(${JSON.stringify(program.href)})
    keepSpareWorkers(program, 2)
    const worker = takeWorker(program)
    worker.postMessage('ask')
    await once(worker, 'message')
    await worker.terminate()
    console.log('done')`
  const words = ['--input-type=module', '-e', waiting]
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 50_000 }) // they wait for a minute
  assert.equal(stdout, 'done\n')
})
