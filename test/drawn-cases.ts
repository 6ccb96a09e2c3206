/**
 * Which cases generated tests draw: the same in every run, so that a run can be repeated; `VMON_SEED=7` draws others, and
 * `VMON_SEED=random` other ones each time. tools/test.ts loads this before every test file.
 */
import fc from 'fast-check'

const asked = process.env['VMON_SEED'] ?? '1'

/** An integer of 31 bits. */
export const seed = asked === 'random' ? Date.now() & 0x7fffffff : Number(asked)

fc.configureGlobal({ seed })
if (asked === 'random') console.log(`VMON_SEED=${seed}`)
