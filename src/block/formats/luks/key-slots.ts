import { randomFillSync } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { FormatRequest } from '../../open/driver.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { defaultTime, lockKey } from './lock-key.ts'
import { encodeLuksHeader, type KeySlot, type LuksHeader, slotCount } from './luks-header.ts'
import { requiredSecret } from './required-secret.ts'
import { parseCipher } from './sector-cipher.ts'
import { findKey, slotHasPassword } from './unlock.ts'

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
  readonly milliseconds: number | undefined
}

export const keySlotOptions = ['state', 'keyslot', 'old-secret', 'new-secret', 'iter-time', 'secret'] as const

/** An encrypted image whose key slots change. */
export interface KeySlotPlace {
  readonly file: BlockNode
  /** Where the header begins. */
  readonly offset: number
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
    milliseconds: options.takeInteger(`${prefix}iter-time`),
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
  const { file, offset, header, keySecret } = place
  const { newSecret, oldSecret, keyslot, milliseconds = defaultTime } = change
  if (newSecret === undefined) throw invalid("'new-secret' is required to activate a keyslot")
  if (oldSecret !== undefined) throw invalid("'old-secret' must not be given when activating keyslots")
  checkSlotNumber(keyslot === undefined ? undefined : keyslot >>> 0)
  const index = keyslot ?? header.slots.findIndex(({ active }) => !active)
  if (index === -1) throw invalid("Can't add a keyslot - all keyslots are in use")
  const slot = header.slots[index]!
  if (slot.active && !force) throw invalid(`Refusing to overwrite active keyslot ${index} - please erase it first`)
  const password = await requiredSecret(place.secret, 'key-secret', change.secret ?? keySecret)
  const key = await findKey(file, offset, { header, password })
  const fresh = await requiredSecret(place.secret, 'new-secret', newSecret)
  const { hash } = header
  const locked = await lockKey({ key, cipher: parseCipher(header), hash, milliseconds }, fresh)
  // A slot is used when its key material is there.
  if (slot.active) await writeSlots(place, header, [index], { active: false })
  await file.write(offset + slot.offset, locked.material)
  await file.flush()
  const { iterations, salt } = locked
  await writeSlots(place, header, [index], { active: true, iterations, salt })
}

async function eraseKeySlots(place: KeySlotPlace, change: KeySlotChange, force: boolean): Promise<void> {
  const { file, offset, header } = place
  for (const [name, value] of [
    ['new-secret', change.newSecret],
    ['iter-time', change.milliseconds],
    ['secret', change.secret],
  ]) {
    if (value !== undefined) throw invalid(`'${name}' must not be given when erasing keyslots`)
  }
  const erased = await slotsToErase(place, change, force)
  await writeSlots(place, header, erased, { active: false, iterations: 0, salt: new Uint8Array(32) })
  for (const index of erased) {
    const { stripes } = header.slots[index]!
    const noise = randomFillSync(new Uint8Array(header.keyBytes * stripes))
    await file.write(offset + header.slots[index]!.offset, noise)
  }
  await file.flush()
}

async function slotsToErase(
  { file, offset, header, secret }: KeySlotPlace,
  { keyslot, oldSecret }: KeySlotChange,
  force: boolean,
): Promise<readonly number[]> {
  const password = oldSecret === undefined ? undefined : await requiredSecret(secret, 'old-secret', oldSecret)
  const active = [...header.slots.keys()].filter((index) => header.slots[index]!.active)
  const fits = async (index: number): Promise<boolean> =>
    active.includes(index) && (await slotHasPassword(file, offset, { header, index, password: password! }))
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
  { file, offset, headerChanged }: KeySlotPlace,
  header: LuksHeader,
  changed: readonly number[],
  slot: Partial<KeySlot>,
): Promise<void> {
  const slots = header.slots.map((before, index) => (changed.includes(index) ? { ...before, ...slot } : before))
  const after = { ...header, slots }
  await file.write(offset, encodeLuksHeader(after))
  headerChanged(after)
  await file.flush()
}

function checkSlotNumber(number: number | undefined): void {
  if (number === undefined || (number >= 0 && number < slotCount)) return
  throw invalid(`Invalid keyslot ${number} specified, must be between 0 and ${slotCount - 1}`)
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
