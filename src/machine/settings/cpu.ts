import { OptionError } from '../../keyval/index.ts'
import { cpuModels } from '../models.ts'
import { holds } from '../processor/expansion.ts'

/**
 * Checks the value of `-cpu`: a model, and properties of it, which are to be as they are: nothing switches them.
 *
 * @throws {OptionError} if there is no such model or property, or it is not so
 */
export function checkCpu(text: string): void {
  const [name = '', ...features] = text.split(',')
  if (name === '') throw new OptionError('-cpu option cannot be empty')
  if (name === 'host') throw new OptionError("CPU model 'host' requires KVM or HVF")
  const model = cpuModels.find((each) => each.name === name)
  if (model === undefined) throw new OptionError(`unable to find CPU model '${name}'`)
  for (const feature of features) {
    const [, sign, property = '', value = sign === '-' ? 'off' : 'on'] =
      /^([-+]?)([^=]*)(?:=(.*))?$/s.exec(feature) ?? []
    const held = holds(property, value)
    if (held === true) continue
    const why = `Property '${model.typename}.${property}' ${held === undefined ? 'not found' : 'is not writable'}`
    throw new OptionError(sign === '' ? `can't apply global ${model.typename}.${property}=${value}: ${why}` : why)
  }
}

/** What `-cpu help` prints. */
export const cpuHelp = `Available CPUs:\n${cpuModels.map(({ name, description }) => `x86 ${name.padEnd(20)}  ${description}\n`).join('')}`
