/** A machine that asks to act as a person, and waits for one to say so. */
export interface DeviceLogin {
  id: string
  /** What calls itself so: `holocron-cli`. Nothing checks that it is. */
  client: string
  /** The machine's name for itself; null where it has told none. */
  device: string | null
  scope: string | null
  /** Where it asked from. */
  address: string | null
  createdAt: Date
  expiresAt: Date
  state: 'pending' | 'approved' | 'denied' | 'redeemed'
  /** The one session that has looked at it, and the only one that may decide; null: none has. */
  session: string | null
  /** Of that session. */
  user: string | null
}

interface NewDeviceLogin extends Pick<DeviceLogin, 'id' | 'client' | 'device' | 'scope' | 'address'> {
  deviceDigest: string
  userDigest: string
  createdAt: Date
  expiresAt: Date
  intervalSeconds: number
}

/** Every step is atomic: of two who come at the same time one gets what there is. */
export interface DeviceLogins {
  /** Forgets those that are over. */
  add(login: NewDeviceLogin): Promise<void>
  /** The last one with this user code that has not expired. */
  byUserCode(userDigest: string, now: Date): Promise<DeviceLogin | undefined>
  /** Binds it to the session, unless another has it. Whether it is this session's now. */
  bind(id: string, session: string, user: string): Promise<boolean>
  /** Whether it was pending and bound to this session. */
  decide(id: string, session: string, state: 'approved' | 'denied', now: Date): Promise<boolean>
  /** Counts a poll: `tooSoon` before the time, which moves the next one `slowerBySeconds` further away for good. */
  poll(
    deviceDigest: string,
    slowerBySeconds: number,
    now: Date,
  ): Promise<{ login: DeviceLogin; tooSoon: boolean } | undefined>
  /** Whether it was approved and not redeemed before. */
  redeem(id: string): Promise<boolean>
}
