import type { KeyRecord, SecretVersion } from '../../key/record.ts'
import type { MemberRecord, OrganizationRecord, ProjectRecord, ServiceKeyRecord } from '../../store/records.ts'

export const created = new Date('2026-11-20T08:00:00.001Z')

export function anOrganization(change: Partial<OrganizationRecord> = {}): OrganizationRecord {
  return {
    id: 'acme',
    name: 'Acme',
    plan: null,
    namespaces: null,
    monthlyQuota: null,
    state: 'active',
    createdAt: created,
    ...change,
  }
}

export function aProject(change: Partial<ProjectRecord> = {}): ProjectRecord {
  return { id: idOf('prj', 1), organization: 'acme', name: 'Rockets', createdAt: created, ...change }
}

export function aMember(change: Partial<MemberRecord> = {}): MemberRecord {
  return { organization: 'acme', user: 'usr_1', role: 'member', createdAt: created, ...change }
}

/** The `number`-th key, whose one version has the digest `digestOf(number)`. */
export function aKey(number: number, change: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: keyId(number),
    organization: 'acme',
    project: null,
    createdBy: null,
    name: `Key ${number}`,
    kind: 'secret',
    environment: 'live',
    permissions: null,
    namespaces: null,
    allowedIps: null,
    limits: null,
    limitsBeside: false,
    metadata: {},
    createdAt: created,
    expiresAt: null,
    suspendedAt: null,
    revokedAt: null,
    revokedReason: null,
    deletedAt: null,
    versions: [aVersion(number)],
    ...change,
  }
}

export function aVersion(digest: number, change: Partial<SecretVersion> = {}): SecretVersion {
  return { number: 1, digest: digestOf(digest), hint: 'kw_live_…a3F9', createdAt: created, retiresAt: null, ...change }
}

export function aServiceKey(number: number, change: Partial<ServiceKeyRecord> = {}): ServiceKeyRecord {
  return {
    id: idOf('svc', number),
    name: `Service key ${number}`,
    digest: digestOf(number),
    hint: 'kwo_…a3F9',
    permissions: ['verify'],
    organization: null,
    createdAt: created,
    revokedAt: null,
    ...change,
  }
}

export function keyId(number: number): string {
  return idOf('key', number)
}

export function digestOf(number: number): string {
  return number.toString(16).padStart(64, 'd0')
}

function idOf(prefix: string, number: number): string {
  return `${prefix}_${String(number).padStart(26, '0')}`
}
