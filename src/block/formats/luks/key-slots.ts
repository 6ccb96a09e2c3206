import { randomFillSync } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import { reasonOf } from '../../block-reason.ts'
import type { FormatRequest } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { defaultTime, lockKey } from './lock-key.ts'
import { encodeLuksHeader, type KeySlot, type LuksHeader, slotCount } from './luks-header.ts'
import { requiredSecret } from './required-secret.ts'
import { parseCipher } from './sector-cipher.ts'
import { checkInside, findKey, type LuksArea, slotHasPassword } from './unlock.ts'

/** What becomes of key slots (QAPI's QCryptoBlockAmendOptionsLUKS). */
export interface KeySlotChange {
  readonly state: 'active' | 'inactive'
  /** Its number. Default: a free one, or all that fit the old password. */
  readonly keyslot: number | undefined
  /** Names of secrets. */
  readonly oldSecret: string | undefined
  readonly newSecret: string | undefined
  /** By which the master key is found. Default: that with which the image was opened. */
  readonly secret: string | undefined
  readonly milliseconds: bigint | undefined
}

/** How often key material is overwritten that is to be gone, as in QEMU. */
const eraseTurns = 40

export const keySlotOptions = ['state', 'keyslot', 'old-secret', 'new-secret', 'iter-time', 'secret'] as const

/** An encrypted image whose key slots change. */
export interface KeySlotPlace extends LuksArea {
  readonly header: LuksHeader
  readonly secret: FormatRequest['secret']
  /** Name of the secret with which the image was opened. */
  readonly keySecret: string | undefined
  /** Hears what the header says now, each time that it changes. */
  headerChanged(header: LuksHeader): void
}

/** Takes out what is said of key slots. @throws {BlockError} kind `invalid`, in QEMU's words */
export function takeKeySlotChange(options: OptionBag, prefix = ''): KeySlotChange {
  const take = (name: (typeof keySlotOptions)[number]): string | undefined => options.takeString(`${prefix}${name}`)
  const state = take('state')
  if (state === undefined) throw new BlockError('invalid', "Parameter 'state' is missing", { option: 'state' })
  if (state !== 'active' && state !== 'inactive') {
    throw new BlockError('invalid', `Parameter 'state' does not accept value '${state}'`, { option: 'state' })
  }
  return {
    state,
    keyslot: options.takeInteger(`${prefix}keyslot`),
    oldSecret: take('old-secret'),
    newSecret: take('new-secret'),
    secret: take('secret'),
    milliseconds: options.takeWideInteger(`${prefix}iter-time`),
  }
}

/**
 * Gives a password a key slot, or erases slots. Nobody else may change slots of the image meanwhile.
 *
 * @param force - overwrites slots that are in use, and erases the last one: then the data is lost
 * @throws {BlockError} in QEMU's words. If the file cannot be written, slots may have changed: `headerChanged()` has
 *   told which
 */
export function changeKeySlots(place: KeySlotPlace, change: KeySlotChange, force: boolean): Promise<void> {
  return change.state === 'active' ? addKeySlot(place, change, force) : eraseKeySlots(place, change, force)
}

async function addKeySlot(place: KeySlotPlace, change: KeySlotChange, force: boolean): Promise<void> {
  const { file, header, keySecret } = place
  const { newSecret, oldSecret, keyslot, milliseconds = defaultTime } = change
  if (newSecret === undefined) throw invalid("'new-secret' is required to activate a keyslot")
  if (oldSecret !== undefined) throw invalid("'old-secret' must not be given when activating keyslots")
  // QEMU tells this number without a sign.
  if (keyslot !== undefined) checkSlotNumber(keyslot, keyslot >>> 0)
  const index = keyslot ?? header.slots.findIndex(({ active }) => !active)
  if (index === -1) throw invalid("Can't add a keyslot - all keyslots are in use")
  const slot = header.slots[index]!
  if (slot.active && !force) throw invalid(`Refusing to overwrite active keyslot ${index} - please erase it first`)
  const password = await requiredSecret(place.secret, 'key-secret', change.secret ?? keySecret)
  const key = await findKey(place, { header, password })
  const fresh = await requiredSecret(place.secret, 'new-secret', newSecret)
  const { hash } = header
  const toLock = { key, cipher: parseCipher(header), hash, milliseconds }
  const locked = await inSlot('write to', index, async () => {
    const made = await lockKey(toLock, fresh)
    checkInside(place, slot.offset, made.material.byteLength)
    return made
  })
  // A slot is used when its key material is there.
  if (slot.active) await writeSlots(place, header, [index], { active: false })
  await writeThere(place, slot.offset, locked.material)
  await file.flush()
  const { iterations, salt } = locked
  await writeSlots(place, header, [index], { active: true, iterations, salt })
}

async function eraseKeySlots(place: KeySlotPlace, change: KeySlotChange, force: boolean): Promise<void> {
  const { file, header } = place
  for (const [name, value] of [
    ['new-secret', change.newSecret],
    ['iter-time', change.milliseconds],
    ['secret', change.secret],
  ]) {
    if (value !== undefined) throw invalid(`'${name}' must not be given when erasing keyslots`)
  }
  const erased = await slotsToErase(place, change, force)
  const bytes = (index: number): number => header.keyBytes * header.slots[index]!.stripes
  for (const index of erased) {
    await inSlot('erase', index, async () => checkInside(place, header.slots[index]!.offset, bytes(index)))
  }
  await writeSlots(place, header, erased, { active: false, iterations: 0, salt: new Uint8Array(32) })
  for (const index of erased) {
    const noise = new Uint8Array(bytes(index))
    for (let turn = 0; turn < eraseTurns; turn++) {
      await writeThere(place, header.slots[index]!.offset, randomFillSync(noise))
    }
  }
  await file.flush()
}

async function slotsToErase(
  place: KeySlotPlace,
  { keyslot, oldSecret }: KeySlotChange,
  force: boolean,
): Promise<readonly number[]> {
  const { header, secret } = place
  const password = oldSecret === undefined ? undefined : await requiredSecret(secret, 'old-secret', oldSecret)
  const active = [...header.slots.keys()].filter((index) => header.slots[index]!.active)
  const fits = async (index: number): Promise<boolean> =>
    active.includes(index) && (await slotHasPassword(place, { header, index, password: password! }))
  if (keyslot !== undefined) {
    checkSlotNumber(keyslot)
    if (password !== undefined && !(await fits(keyslot))) {
      throw invalid(`Given keyslot ${keyslot} doesn't contain the given old password for erase operation`)
    }
    if (!force && !active.includes(keyslot)) throw invalid(`Given keyslot ${keyslot} is already erased (inactive) `)
    if (!force && active.length === 1) {
      throw invalid(`Attempt to erase the only active keyslot ${keyslot} which ${lost}`)
    }
    return [keyslot]
  }
  if (password === undefined) {
    const text = 'either explicit keyslot index or the password currently contained in them must be given'
    throw invalid(`To erase keyslot(s), ${text}`)
  }
  const found: number[] = []
  for (const index of active) if (await fits(index)) found.push(index)
  if (found.length === 0) throw invalid('No keyslots match given (old) password for erase operation')
  if (!force && found.length === active.length) {
    throw invalid(`All the active keyslots match the (old) password that was given and erasing them ${lost}`)
  }
  return found
}

const lost = 'will erase all the data in the image irreversibly - refusing operation'

/** Writes the header with other slots. */
async function writeSlots(
  place: KeySlotPlace,
  header: LuksHeader,
  changed: readonly number[],
  slot: Partial<KeySlot>,
): Promise<void> {
  const slots = header.slots.map((before, index) => (changed.includes(index) ? { ...before, ...slot } : before))
  const after = { ...header, slots }
  await writeThere(place, 0, encodeLuksHeader(after))
  place.headerChanged(after)
  await place.file.flush()
}

async function writeThere({ file, offset }: KeySlotPlace, at: number, bytes: Uint8Array): Promise<void> {
  try {
    await file.write(offset + at, bytes)
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Could not write encryption header: ${reasonOf(cause)}`, cause.context, { cause })
  }
}

/** Does what concerns a slot; if it fails, the error's hint says with which. */
async function inSlot<T>(what: 'write to' | 'erase', index: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    const context = { ...cause.context, hint: `Failed to ${what} keyslot ${index}` }
    throw new BlockError(cause.kind, cause.message, context, { cause })
  }
}

function checkSlotNumber(number: number, told = number): void {
  if (number >= 0 && number < slotCount) return
  throw invalid(`Invalid keyslot ${told} specified, must be between 0 and ${slotCount - 1}`)
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
