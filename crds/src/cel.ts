// CEL validation rules as schema metadata: the API server evaluates them, so a bad manifest is refused in kubectl's output.

/** One entry of `x-kubernetes-validations`. `message` says what is wrong and what to do. */
export interface CelRule {
  rule: string
  message: string
  /** JSON path, relative to the rule's place, of the field the error is shown at. */
  fieldPath?: string
}

/** Metadata that carries `rules` into the generated CRD. Without rules: nothing. */
export function cel(rules: readonly CelRule[]): Record<string, unknown> {
  return rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }
}

const HOW_TO_CHANGE = 'once the session exists; delete the session and create another one'

/** Refuses a change of a field that always has a value (required or defaulted). Sits on the field itself. */
export function fixed(field: string, why: string = HOW_TO_CHANGE): CelRule {
  return { rule: 'self == oldSelf', message: `${field} cannot be changed ${why}` }
}

/** Refuses adding, removing or changing an optional field. Sits on the object that holds the field. */
export function fixedOptional(field: string): CelRule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot be changed ${HOW_TO_CHANGE}`,
    fieldPath: `.${field}`,
  }
}
