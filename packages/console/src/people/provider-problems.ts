/** What went wrong on the way back: codes of the server, and no text of anybody else's. */
export const providerProblems: Readonly<Record<string, string>> = {
  provider_refused: 'The other sign-in did not work. Start again here, in one browser and within ten minutes.',
  provider_unavailable: 'The provider gives no answer. Try again later, or sign in another way.',
  provider_email_unverified: 'The provider does not vouch for your address. Verify it there and try again.',
  provider_not_linked: 'There is an account with this address. Sign in as you did so far, and link it in your account.',
  sign_up_closed: 'There is no account of yours here yet. Open the link of your invitation first.',
  invitation_invalid: 'The invitation does not hold any more, or is for another address.',
  conflict: 'Another account is linked with that sign-in already.',
  too_many_attempts: 'This was tried too often. Wait a quarter of an hour.',
  sign_in_failed: 'This account cannot sign in.',
  not_signed_in: 'You have been signed out meanwhile. Sign in, and link it again.',
}
