import { type Contract, compileRoutes } from '@keywright/core'
import type { Redact } from '../log/redact.ts'

/** Names for paths that no route of the contract matches: as many in an hour, and `/**` for all others. */
const mostNames = 100

/** Up to two segments that read like words, or a version; what follows is ids. */
const words = /^(?:\/(?:[A-Za-z_-]{1,32}|v\d{1,3})(?=\/|$)){0,2}/

const slash = 0x2f

/**
 * Under which name the requests for a path are counted: the contract's own pattern, else one made from the first
 * segments of the path, such as `/v1/things/**`.
 */
export class RouteNames {
  private readonly match: ReturnType<typeof compileRoutes>['matchRoute'] | null
  private readonly redact: Redact
  private readonly names = new Map<string, string>()
  /** The two segments that were asked for last, and what they are called: most often they are the next as well. */
  private latest = '\0'
  private latestName = ''

  constructor(contract: Contract, redact: Redact) {
    this.redact = redact
    this.match = contract.routes.length === 0 ? null : compileRoutes(contract).matchRoute
  }

  /**
   * '' where no path is known. A stranger (`isKnown` false) makes no names: they could make as many as there are, and
   * leave none for others.
   */
  nameOf(method: string | undefined, path: string | undefined, isKnown: boolean): string {
    if (path === undefined) return ''
    const route = this.match?.(method ?? 'GET', path).route
    if (route) return route.path
    if (path.startsWith(this.latest) && path.charCodeAt(this.latest.length) === slash) return this.latestName
    const second = path.indexOf('/', 1)
    const third = second < 0 ? -1 : path.indexOf('/', second + 1)
    const start = third < 0 ? path : path.slice(0, third)
    const known = this.names.get(start)
    if (known === undefined || third < 0) return known ?? this.nameFrom(start, isKnown)
    this.latest = start
    this.latestName = known
    return known
  }

  /** Each hour begins with none, so that one who made them all up has not done so for good. */
  forget(): void {
    this.names.clear()
    this.latest = '\0'
  }

  private nameFrom(start: string, isKnown: boolean): string {
    const [key = ''] = words.exec(start) ?? []
    const known = this.names.get(key)
    if (known !== undefined) return known
    if (!isKnown || this.names.size === mostNames) return '/**'
    const name = `${this.redact(key)}/**`
    this.names.set(key, name)
    return name
  }
}
