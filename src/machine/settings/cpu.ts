import { OptionError } from '../../keyval/index.ts'
import { cpuModels } from '../models.ts'

/**
 * Checks the value of `-cpu`: a model, and features, of which the models here have none.
 *
 * @throws {OptionError} if there is no such model or feature
 */
export function checkCpu(text: string): void {
  const [name = '', ...features] = text.split(',')
  if (name === '') throw new OptionError('-cpu option cannot be empty')
  if (name === 'host') throw new OptionError("CPU model 'host' requires KVM or HVF")
  const model = cpuModels.find((each) => each.name === name)
  if (model === undefined) throw new OptionError(`unable to find CPU model '${name}'`)
  const [feature] = features
  if (feature === undefined) return
  const [, sign, property = '', value = 'on'] = /^([-+]?)([^=]*)(?:=(.*))?$/s.exec(feature) ?? []
  const missing = `Property '${model.typename}.${property}' not found`
  throw new OptionError(sign === '' ? `can't apply global ${model.typename}.${property}=${value}: ${missing}` : missing)
}

/** What `-cpu help` prints. */
export const cpuHelp = `Available CPUs:\n${cpuModels.map(({ name, description }) => `x86 ${name.padEnd(20)}  ${description}\n`).join('')}`
