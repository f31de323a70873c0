/** Why an instance does not start, for the person who started it. `hint` says what to do next. */
export class StartError extends Error {
  readonly hint: string
  /** 2: the command line or the settings are wrong. 1: everything else. */
  readonly exitCode: 1 | 2

  constructor(message: string, hint: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.name = 'StartError'
    this.hint = hint
    this.exitCode = exitCode
  }
}

/** A setting that is not known, or not usable. */
export class SettingError extends StartError {
  constructor(message: string, hint: string) {
    super(message, hint, 2)
    this.name = 'SettingError'
  }
}
