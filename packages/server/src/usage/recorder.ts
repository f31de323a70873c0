import type { Attempt, Contract, Outcome, Verifier } from '@keywright/core'
import type { Redact } from '../log/redact.ts'
import type { Decision } from './decision.ts'
import { DecisionRing } from './decision-ring.ts'
import { RouteNames } from './route-names.ts'
import { Tallies } from './tallies.ts'
import { userAgentOf } from './user-agent.ts'

export interface RecorderOptions {
  contract: Contract
  redact: Redact
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Decisions kept in memory, allowed ones included. */
  decisions?: number
  /** Lines that may wait to be written. */
  mostLines?: number
}

export interface Recorder {
  /** The same verifier; what it decides is counted. */
  recording(verifier: Verifier): Verifier
  /** Waiting to be written down. */
  tallies: Tallies
  /** The latest of this process, newest first. */
  recent(): Iterable<Decision>
  /** Of what is recent, that of an organization which is no more. */
  forget(organization: string): void
}

/** Counts in memory, and waits for nothing: a verification is as good as decided when it comes here. */
export function createRecorder({
  contract,
  redact,
  now = Date.now,
  decisions = 1000,
  mostLines,
}: RecorderOptions): Recorder {
  const ring = new DecisionRing(decisions)
  const routes = new RouteNames(contract, redact)
  const tallies = new Tallies(mostLines)

  function record(attempt: Attempt, outcome: Outcome): Outcome {
    const { principal } = outcome
    // Where no credential is asked for, nobody has used anything.
    if (principal === null && outcome.allowed) return outcome
    const nowMs = now()
    if (tallies.turn(nowMs)) routes.forget()
    const route = routes.nameOf(attempt.method, attempt.path, principal !== null)
    const userAgent = userAgentOf(attempt.headers)
    const number = ring.add(nowMs, outcome, attempt, route, userAgent)
    tallies.count(outcome, route, attempt.ip ?? '', userAgent, nowMs, outcome.allowed ? null : ring.at(number))
    return outcome
  }

  /** Asked with a path, it is about a request, which a denial ends; a request that is let on is verified still. */
  function recordDenial(attempt: Attempt, outcome: Outcome): Outcome {
    return outcome.allowed || attempt.path === undefined ? outcome : record(attempt, outcome)
  }

  return {
    recording: (verifier) => ({
      ...verifier,
      verify(attempt) {
        const outcome = verifier.verify(attempt)
        return outcome instanceof Promise ? outcome.then((later) => record(attempt, later)) : record(attempt, outcome)
      },
      authenticate(attempt) {
        const outcome = verifier.authenticate(attempt)
        return outcome instanceof Promise
          ? outcome.then((later) => recordDenial(attempt, later))
          : recordDenial(attempt, outcome)
      },
    }),
    tallies,
    recent: () => ring.newestFirst(),
    forget: (organization) => ring.forget(organization),
  }
}
